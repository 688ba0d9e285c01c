//! What came of an opening night.

use std::{collections::BTreeMap, time::Duration};

use hdrhistogram::Histogram;
use serde::Serialize;

use crate::{
    fairness::{Fairness, Place},
    tally::{Counts, Outcome, Sample, Step, Tally},
};

/// What the audit said.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case", tag = "result", content = "said")]
pub enum Audit {
    /// Every promise is kept.
    Clean(String),
    /// Not so.
    Failed(String),
    /// Nobody asked.
    NotAsked,
}

/// How a step went.
#[derive(Clone, Debug, Serialize)]
pub struct StepView {
    /// Its name.
    pub step: &'static str,
    /// How often it was done.
    pub number: u64,
    /// Percentiles of the latency in milliseconds.
    pub p50: f64,
    /// 90 %.
    pub p90: f64,
    /// 99 %.
    pub p99: f64,
    /// The longest.
    pub max: f64,
    /// How many took up to so many milliseconds and longer than the one before.
    pub buckets: Vec<(f64, u64)>,
}

/// How often a problem was answered.
#[derive(Clone, Debug, Serialize)]
pub struct ProblemView {
    /// Its code.
    pub code: String,
    /// Its status; 0 when there was no answer.
    pub status: u16,
    /// On which step.
    pub step: &'static str,
    /// How often.
    pub number: u64,
    /// Whether the API has it.
    pub known: bool,
}

/// What came of a night.
#[derive(Clone, Debug, Serialize)]
pub struct Evening {
    /// The concert.
    pub title: String,
    /// How many seats there were.
    pub seats: usize,
    /// Seconds until the last fan had gone home.
    pub seconds: f64,
    /// The last numbers.
    pub counts: Counts,
    /// How fans went home.
    pub outcomes: Vec<(&'static str, u64)>,
    /// The numbers over time.
    pub timeline: Vec<Sample>,
    /// How many were let in in each second, by the server's clock, from the first arrival on.
    pub admissions: Vec<u64>,
    /// The steps that were done.
    pub steps: Vec<StepView>,
    /// The problems that were answered.
    pub problems: Vec<ProblemView>,
    /// Defects in words.
    pub wrong: Vec<String>,
    /// Whether everyone was let in in order.
    pub fairness: Vec<Fairness>,
    /// What the audit said.
    pub audit: Audit,
    /// What must not be; empty when all is well.
    pub reasons: Vec<String>,
}

impl Evening {
    /// Puts together what was counted of a concert with so many seats. `stored` are the places as the
    /// database has them, if it was asked.
    pub fn tell(
        title: &str,
        seats: usize,
        tally: &Tally,
        stored: Option<Vec<Place>>,
        audit: Audit,
        needs_audit: bool,
    ) -> Self {
        let mut fairness = vec![Fairness::of(
            "what the fans were told",
            tally.places.clone(),
        )];
        fairness.extend(stored.map(|stored| Fairness::of("what the database has", stored)));
        let mut evening = Self {
            title: title.to_owned(),
            seats,
            seconds: tally.timeline.last().map_or(0.0, |sample| sample.at),
            counts: tally.counts,
            outcomes: named(&tally.outcomes),
            timeline: tally.timeline.clone(),
            admissions: admissions(&tally.places),
            steps: steps(tally),
            problems: problems(tally),
            wrong: tally.wrong.clone(),
            fairness,
            audit,
            reasons: Vec::new(),
        };
        evening.reasons = evening.judge(&tally.outcomes, needs_audit);
        evening
    }

    /// What must not be.
    fn judge(&self, outcomes: &BTreeMap<Outcome, u64>, needs_audit: bool) -> Vec<String> {
        let mut reasons = Vec::new();
        for problem in self.problems.iter().filter(|problem| !problem.known) {
            let ProblemView {
                code,
                status,
                step,
                number,
                ..
            } = problem;
            reasons.push(format!(
                "{number} × {status} {code} ({step}) is no problem of the API"
            ));
        }
        if let Some(number) = outcomes.get(&Outcome::WentWrong) {
            reasons.push(format!("{number} fans met a defect"));
        }
        for fairness in self.fairness.iter().filter(|fairness| !fairness.holds()) {
            let Fairness {
                source,
                judged,
                overtaken,
                ..
            } = fairness;
            reasons.push(format!(
                "{overtaken} of {judged} fans were let in after someone who had come later ({source})"
            ));
        }
        match &self.audit {
            Audit::Failed(_) => reasons.push("the audit found a promise broken".to_owned()),
            Audit::NotAsked if needs_audit => reasons.push("there was no audit".to_owned()),
            Audit::Clean(_) | Audit::NotAsked => {}
        }
        reasons
    }

    /// Whether all is well.
    pub fn is_well(&self) -> bool {
        self.reasons.is_empty()
    }

    /// How a step went, if it was done.
    pub fn step(&self, step: Step) -> Option<&StepView> {
        self.steps.iter().find(|view| view.step == step.name())
    }
}

fn named(outcomes: &BTreeMap<Outcome, u64>) -> Vec<(&'static str, u64)> {
    let named = outcomes
        .iter()
        .map(|(outcome, number)| (outcome.name(), *number));
    named.collect()
}

fn admissions(places: &[Place]) -> Vec<u64> {
    const SECOND: i128 = 1_000_000_000;
    let Some(first) = places.iter().map(|place| place.arrival).min() else {
        return Vec::new();
    };
    let mut seconds = Vec::new();
    for place in places {
        let second = usize::try_from((place.admission - first) / SECOND).unwrap_or(0);
        if seconds.len() <= second {
            seconds.resize(second + 1, 0);
        }
        seconds[second] += 1;
    }
    seconds
}

fn steps(tally: &Tally) -> Vec<StepView> {
    let done = Step::ALL
        .into_iter()
        .filter(|step| !tally.latency(*step).is_empty());
    done.map(|step| view(tally, step)).collect()
}

fn view(tally: &Tally, step: Step) -> StepView {
    let latency = tally.latency(step);
    let at = |quantile| in_millis(latency.value_at_quantile(quantile));
    StepView {
        step: step.name(),
        number: latency.len(),
        p50: at(0.5),
        p90: at(0.9),
        p99: at(0.99),
        max: in_millis(latency.max()),
        buckets: buckets(latency),
    }
}

fn buckets(latency: &Histogram<u64>) -> Vec<(f64, u64)> {
    let bounds = bounds();
    let mut counts = vec![0; bounds.len()];
    for recorded in latency.iter_recorded() {
        let at = bounds.partition_point(|bound| *bound < recorded.value_iterated_to());
        counts[at.min(bounds.len() - 1)] += recorded.count_since_last_iteration();
    }
    let bounds = bounds.into_iter().map(in_millis);
    bounds.zip(counts).collect()
}

/// From 100 µs to more than a minute, six bounds to a factor of ten, in microseconds.
fn bounds() -> Vec<u64> {
    const FIRST: f64 = 100.0;
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 100 and 10^8"
    )]
    let bound = |at: i32| (FIRST * 10_f64.powf(f64::from(at) / 6.0)).round() as u64;
    (0..=35).map(bound).collect()
}

fn in_millis(micros: u64) -> f64 {
    Duration::from_micros(micros).as_secs_f64() * 1_000.0
}

fn problems(tally: &Tally) -> Vec<ProblemView> {
    let problems = tally.problems.iter().map(|(problem, number)| ProblemView {
        code: problem.code.clone(),
        status: problem.status,
        step: problem.step.name(),
        number: *number,
        known: problem.is_known(),
    });
    problems.collect()
}

#[cfg(test)]
mod tests;
