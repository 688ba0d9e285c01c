//! The figures of a run.

use std::{collections::HashMap, fmt, time::Duration};

use super::{
    entry::{Doubt, Entry, Outcome},
    judge::Verdict,
    venue::Blow,
};

/// What has happened so far.
#[derive(Debug, Default)]
pub struct Tally {
    /// How long it took until all was back, blow by blow.
    pub recoveries: HashMap<Blow, Vec<Duration>>,
    /// How long stopped processes took to end.
    pub stops: Vec<Duration>,
    /// Requests that were acknowledged.
    pub ok: usize,
    /// Requests that were refused.
    pub failed: usize,
    /// Requests with an unknown outcome, by the reason.
    pub unknown: HashMap<Doubt, usize>,
    /// How many of the unknown had been done; the others were done when they were asked for again,
    /// or refused.
    pub done: usize,
    /// What was acknowledged and is not there.
    pub lost: Vec<String>,
    /// Every other broken promise.
    pub violations: Vec<String>,
}

impl Tally {
    /// Counts what clients were told.
    pub fn count(&mut self, entries: &[Entry]) {
        for entry in entries {
            match entry.outcome {
                Outcome::Ok(_) => self.ok += 1,
                Outcome::Failed(_) => self.failed += 1,
                Outcome::Unknown(doubt) => *self.unknown.entry(doubt).or_default() += 1,
            }
        }
    }

    /// Adds what was found wrong.
    pub fn add(&mut self, verdict: Verdict) {
        self.lost.extend(verdict.lost);
        self.violations.extend(verdict.wrong);
    }

    /// Whether every promise was kept.
    pub fn is_clean(&self) -> bool {
        self.lost.is_empty() && self.violations.is_empty()
    }

    /// How many requests had an outcome that their client did not know.
    pub fn unknowns(&self) -> usize {
        self.unknown.values().sum()
    }

    /// How many blows there were.
    pub fn blows(&self) -> usize {
        self.recoveries.values().map(Vec::len).sum()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let requests = self.ok + self.failed + self.unknowns();
        writeln!(f, "blows               {}", self.blows())?;
        for (blow, name) in [
            (Blow::ServerKill, "servers killed"),
            (Blow::PostgresKill, "PostgreSQL killed"),
            (Blow::BackendKill, "backends killed"),
            (Blow::ServerStop, "servers stopped"),
        ] {
            if let Some(times) = self.recoveries.get(&blow) {
                let (count, times) = (times.len(), spread(times));
                writeln!(f, "  {name:<17} {count}, both serve again after {times}")?;
            }
        }
        if !self.stops.is_empty() {
            writeln!(f, "  time to end       {}", spread(&self.stops))?;
        }
        writeln!(f, "requests            {requests}")?;
        writeln!(f, "  ok                {}", self.ok)?;
        writeln!(f, "  failed            {}", self.failed)?;
        let (unknown, done) = (self.unknowns(), self.done);
        writeln!(
            f,
            "  unknown           {unknown}, {done} of which had been done"
        )?;
        for (doubt, name) in [
            (Doubt::Unreached, "not sent"),
            (Doubt::Unanswered, "no answer"),
            (Doubt::Truncated, "cut answer"),
            (Doubt::Unavailable, "unavailable"),
            (Doubt::InternalError, "defect"),
        ] {
            if let Some(count) = self.unknown.get(&doubt) {
                writeln!(f, "    {name:<15} {count}")?;
            }
        }
        writeln!(f, "acknowledged lost   {}", self.lost.len())?;
        write!(f, "other violations    {}", self.violations.len())
    }
}

/// The median and the most.
fn spread(times: &[Duration]) -> String {
    let mut times = times.to_vec();
    times.sort_unstable();
    let (median, most) = (times[times.len() / 2], times[times.len() - 1]);
    format!(
        "{:.2} s (median), {:.2} s (most)",
        median.as_secs_f64(),
        most.as_secs_f64()
    )
}
