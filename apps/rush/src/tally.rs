//! What is counted while the fans are on their way.

use std::{collections::BTreeMap, time::Duration};

use hdrhistogram::Histogram;
use load_client::latency;
use serde::Serialize;

use crate::{codes, fairness::Place, wire::Answer};

/// What a fan does over the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Signs up.
    SignUp,
    /// Charges money.
    Charge,
    /// Takes a place in the queue.
    Join,
    /// Asks for the place.
    Poll,
    /// Reads the list of concerts.
    Concerts,
    /// Reads the dates.
    Dates,
    /// Reads the seat map.
    Map,
    /// Holds seats.
    Hold,
    /// Pays.
    Pay,
    /// Gives a hold up.
    Cancel,
    /// Leaves the queue.
    Leave,
    /// Looks at what was bought.
    LookBack,
}

impl Step {
    /// All, in the order of the journey.
    pub const ALL: [Self; 12] = [
        Self::SignUp,
        Self::Charge,
        Self::Join,
        Self::Poll,
        Self::Concerts,
        Self::Dates,
        Self::Map,
        Self::Hold,
        Self::Pay,
        Self::Cancel,
        Self::Leave,
        Self::LookBack,
    ];

    /// For people.
    pub fn name(self) -> &'static str {
        match self {
            Self::SignUp => "sign up",
            Self::Charge => "charge",
            Self::Join => "join the queue",
            Self::Poll => "ask for the place",
            Self::Concerts => "list concerts",
            Self::Dates => "list dates",
            Self::Map => "seat map",
            Self::Hold => "hold",
            Self::Pay => "pay",
            Self::Cancel => "cancel a hold",
            Self::Leave => "leave",
            Self::LookBack => "my reservations",
        }
    }
}

/// Where a fan is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whereabouts {
    /// Not there yet, or gone home.
    Away,
    /// In the queue.
    Waiting,
    /// In the shop without seats.
    Shopping,
    /// In the shop with seats held.
    Holding,
}

/// How fans went home.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// With tickets.
    Bought,
    /// They lost patience in the queue.
    Left,
    /// They closed the page in the queue.
    Vanished,
    /// They let their hold run out.
    LetExpire,
    /// They had too little money and gave up.
    TooPoor,
    /// There were no seats left for them.
    SoldOut,
    /// Their place in the queue or their hold ended before they were done.
    TooSlow,
    /// Something went wrong that should not.
    WentWrong,
}

impl Outcome {
    /// For people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bought => "bought tickets",
            Self::Left => "left the queue",
            Self::Vanished => "closed the page",
            Self::LetExpire => "let the hold run out",
            Self::TooPoor => "had too little money",
            Self::SoldOut => "found no seats left",
            Self::TooSlow => "were too slow",
            Self::WentWrong => "met a defect",
        }
    }
}

/// Numbers of a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Fans who have come so far.
    pub arrived: u64,
    /// In the queue now.
    pub waiting: u64,
    /// In the shop now without seats.
    pub shopping: u64,
    /// In the shop now with seats held.
    pub holding: u64,
    /// Holds granted so far.
    pub holds: u64,
    /// Reservations paid so far.
    pub sold: u64,
    /// Seats of them.
    pub seats_sold: u64,
    /// Fans who have gone home.
    pub finished: u64,
    /// Answers so far.
    pub answers: u64,
    /// Requests that were sent again, as their connection was closed before they were read.
    pub resent: u64,
}

impl Counts {
    fn at(&mut self, whereabouts: Whereabouts) -> Option<&mut u64> {
        match whereabouts {
            Whereabouts::Away => None,
            Whereabouts::Waiting => Some(&mut self.waiting),
            Whereabouts::Shopping => Some(&mut self.shopping),
            Whereabouts::Holding => Some(&mut self.holding),
        }
    }

    /// Those admitted who are still there.
    pub fn active(&self) -> u64 {
        self.shopping + self.holding
    }
}

/// The counts at a time.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Sample {
    /// Seconds from the opening.
    pub at: f64,
    /// The numbers.
    #[serde(flatten)]
    pub counts: Counts,
}

/// A problem as it was answered.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Problem {
    /// Its code; what came instead if there was none.
    pub code: String,
    /// Its status; 0 when there was no answer.
    pub status: u16,
    /// On which step.
    pub step: Step,
}

impl Problem {
    /// Whether the contract has it.
    pub fn is_known(&self) -> bool {
        codes::is_known(&self.code, self.status)
    }
}

/// All that is counted.
pub struct Tally {
    /// The numbers now.
    pub counts: Counts,
    /// The numbers over time.
    pub timeline: Vec<Sample>,
    /// How often each problem was answered.
    pub problems: BTreeMap<Problem, u64>,
    /// How many fans went home how.
    pub outcomes: BTreeMap<Outcome, u64>,
    /// What went wrong, the first few in words.
    pub wrong: Vec<String>,
    /// When fans came into the queue and were let in, as they were told.
    pub places: Vec<Place>,
    latency: [Histogram<u64>; Step::ALL.len()],
}

/// So many defects are told in words.
const TOLD: usize = 20;

impl Tally {
    /// Nothing yet.
    pub fn new() -> Self {
        Self {
            counts: Counts::default(),
            timeline: Vec::new(),
            problems: BTreeMap::new(),
            outcomes: BTreeMap::new(),
            wrong: Vec::new(),
            places: Vec::new(),
            latency: std::array::from_fn(|_| latency::microseconds()),
        }
    }

    /// Something was answered, maybe with a problem.
    pub fn answered(&mut self, step: Step, answer: &Answer) {
        self.counts.answers += 1;
        if !answer.is_good() {
            let code = answer.body["code"].as_str();
            self.met(step, code.unwrap_or("no problem document"), answer.status);
        }
    }

    /// A fan was served, so long after they wanted to be.
    pub fn served(&mut self, step: Step, took: Duration) {
        latency::record(&mut self.latency[step as usize], took);
    }

    /// How long a step took.
    pub fn latency(&self, step: Step) -> &Histogram<u64> {
        &self.latency[step as usize]
    }

    /// A problem was answered.
    pub fn met(&mut self, step: Step, code: &str, status: u16) {
        let code = code.to_owned();
        *self
            .problems
            .entry(Problem { code, status, step })
            .or_default() += 1;
    }

    /// A reservation of so many seats was paid.
    pub fn sells(&mut self, seats: usize) {
        self.counts.sold += 1;
        self.counts.seats_sold += seats as u64;
    }

    /// A fan goes from one place to another.
    pub fn moves(&mut self, from: Whereabouts, to: Whereabouts) {
        if let Some(there) = self.counts.at(from) {
            *there = there.saturating_sub(1);
        }
        if let Some(there) = self.counts.at(to) {
            *there += 1;
        }
    }

    /// A fan has gone home.
    pub fn goes_home(&mut self, outcome: Outcome) {
        self.counts.finished += 1;
        *self.outcomes.entry(outcome).or_default() += 1;
    }

    /// Something happened that must not.
    pub fn goes_wrong(&mut self, what: String) {
        if self.wrong.len() < TOLD {
            self.wrong.push(what);
        }
    }

    /// Notes the numbers as they are so long after the opening.
    pub fn sample(&mut self, after: Duration) {
        self.timeline.push(Sample {
            at: after.as_secs_f64(),
            counts: self.counts,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fan_is_in_one_place_at_a_time() {
        let mut tally = Tally::new();
        tally.moves(Whereabouts::Away, Whereabouts::Waiting);
        tally.moves(Whereabouts::Waiting, Whereabouts::Shopping);
        tally.moves(Whereabouts::Shopping, Whereabouts::Holding);
        let Counts {
            waiting,
            shopping,
            holding,
            ..
        } = tally.counts;
        assert_eq!((waiting, shopping, holding), (0, 0, 1));
        assert_eq!(tally.counts.active(), 1);
        tally.moves(Whereabouts::Holding, Whereabouts::Away);
        assert_eq!(tally.counts, Counts::default());
    }

    #[test]
    fn steps_are_kept_apart() {
        let mut tally = Tally::new();
        for step in Step::ALL {
            tally.served(step, Duration::from_millis(step as u64 + 1));
        }
        for step in Step::ALL {
            assert_eq!(tally.latency(step).len(), 1);
        }
        tally.met(Step::Hold, "seat_unavailable", 409);
        tally.met(Step::Pay, "internal_error", 500);
        let known: Vec<_> = tally.problems.keys().map(Problem::is_known).collect();
        assert_eq!(known, [false, true]);
    }
}
