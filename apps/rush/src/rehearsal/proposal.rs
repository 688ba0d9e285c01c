//! What the trials say.

use std::fmt;

use load_client::durations::count;
use serde::Serialize;

use crate::{evening::Evening, options::Own, tally::Step};

/// A hold that takes longer is too slow for a fan who has seats in view.
const BOUND: f64 = 500.0;
/// A sell-through that is less than so much longer than the shortest is as good.
const AS_GOOD: f64 = 1.1;
/// Places come free unevenly: so much more than on average have to be given at a time.
const RESERVE: f64 = 1.25;

/// An opening with one capacity.
#[derive(Clone, Debug, Serialize)]
pub struct Trial {
    /// How many could shop at once.
    pub capacity: u32,
    /// How many were let in a second at most.
    pub batch: u32,
    /// Seats that were sold.
    pub seats_sold: u64,
    /// Seconds until nine tenths of them were.
    pub sell_through: f64,
    /// Holds a second until then.
    pub holds: f64,
    /// How many were let in a second while others waited.
    pub turnover: f64,
    /// 99 % of the holds took at most so many milliseconds.
    pub hold_p99: f64,
    /// The same for payments.
    pub pay_p99: f64,
    /// The part of those let in who lost their place by silence.
    pub no_shows: f64,
    /// Whether nothing was wrong.
    pub well: bool,
}

impl Trial {
    /// What came of an evening, where so many were let in and so many of them lost their place.
    pub fn of(own: &Own, evening: &Evening, (admitted, no_shows): (i64, i64)) -> Self {
        let sold = evening.counts.seats_sold;
        let mut timeline = evening.timeline.iter();
        let most = timeline.find(|sample| sample.counts.seats_sold * 10 >= sold * 9);
        let sell_through = most.map_or(evening.seconds, |sample| sample.at);
        let holds = most.map_or(evening.counts.holds, |sample| sample.counts.holds);
        let p99 = |step| evening.step(step).map_or(0.0, |view| view.p99);
        let number = |number: u64| count(usize::try_from(number).unwrap_or(0));
        let of = |number: i64| count(usize::try_from(number).unwrap_or(0));
        Self {
            capacity: own.capacity,
            batch: own.batch,
            seats_sold: sold,
            sell_through,
            holds: number(holds) / sell_through.max(0.1),
            turnover: turnover(&evening.admissions),
            hold_p99: p99(Step::Hold),
            pay_p99: p99(Step::Pay),
            no_shows: of(no_shows) / of(admitted).max(1.0),
            well: evening.is_well(),
        }
    }

    fn is_good(&self) -> bool {
        self.well && self.hold_p99 <= BOUND
    }
}

/// Admissions a second between the first quarter of them, who found the shop empty, and the last.
fn turnover(admissions: &[u64]) -> f64 {
    let all: u64 = admissions.iter().sum();
    let mut so_far = 0;
    let middle = admissions.iter().filter(|number| {
        so_far += **number;
        so_far * 4 > all && so_far * 4 <= all * 3
    });
    let middle: Vec<_> = middle.copied().collect();
    let sum = usize::try_from(middle.iter().sum::<u64>()).unwrap_or(0);
    count(sum) / count(middle.len().max(1))
}

/// What to set, and why.
#[derive(Clone, Debug, Serialize)]
pub struct Proposal {
    /// The trials, from the smallest capacity to the largest.
    pub trials: Vec<Trial>,
    /// The capacity, if one is good.
    pub capacity: Option<u32>,
    /// How many to let in a second.
    pub batch: Option<u32>,
}

impl Proposal {
    /// The smallest capacity that sells nearly as fast as any, of those with which holds are fast and
    /// nothing is wrong: more in the shop would only find fewer seats.
    pub fn of(mut trials: Vec<Trial>) -> Self {
        trials.sort_by_key(|trial| trial.capacity);
        let good = || trials.iter().filter(|trial| trial.is_good());
        let best = good()
            .map(|trial| trial.sell_through)
            .fold(f64::INFINITY, f64::min);
        let knee = good().find(|trial| trial.sell_through <= best * AS_GOOD);
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a number of fans"
        )]
        let batch = |trial: &Trial| (trial.turnover * RESERVE).ceil().max(1.0) as u32;
        Self {
            capacity: knee.map(|trial| trial.capacity),
            batch: knee.map(batch),
            trials,
        }
    }
}

impl fmt::Display for Proposal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.capacity, self.batch) {
            (Some(capacity), Some(batch)) => write!(
                f,
                "proposed: BOXOFFICE_CAPACITY={capacity} BOXOFFICE_ADMISSION_BATCH={batch}: the smallest \
                 capacity tried that sells nearly as fast as any, with 99 % of holds within {BOUND:.0} ms"
            ),
            _ => write!(
                f,
                "no capacity is proposed: with none of those tried was all well and were 99 % of holds \
                 within {BOUND:.0} ms; try smaller ones with --capacities"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trial(capacity: u32, sell_through: f64, hold_p99: f64) -> Trial {
        Trial {
            capacity,
            batch: 10,
            seats_sold: 50,
            sell_through,
            holds: 5.0,
            turnover: 20.0,
            hold_p99,
            pay_p99: 1.0,
            no_shows: 0.0,
            well: true,
        }
    }

    #[test]
    fn the_smallest_capacity_that_sells_nearly_as_fast_as_any_is_proposed() {
        let trials = vec![
            trial(400, 10.0, 9.0),
            trial(100, 30.0, 2.0),
            trial(200, 10.5, 3.0),
        ];
        let proposal = Proposal::of(trials);
        assert_eq!((proposal.capacity, proposal.batch), (Some(200), Some(25)));
        assert!(proposal.to_string().contains("BOXOFFICE_CAPACITY=200"));
    }

    #[test]
    fn what_is_slow_or_not_well_is_not_proposed() {
        let spoilt = Trial {
            well: false,
            ..trial(100, 5.0, 2.0)
        };
        let proposal = Proposal::of(vec![spoilt, trial(200, 5.0, 900.0), trial(300, 9.0, 9.0)]);
        assert_eq!(proposal.capacity, Some(300));
        let none = Proposal::of(vec![trial(200, 5.0, 900.0)]);
        assert!(none.to_string().contains("no capacity is proposed"));
    }

    #[test]
    fn the_turnover_is_that_of_the_middle() {
        assert!((turnover(&[100, 50, 50, 50, 50, 100]) - 50.0).abs() < 1e-9);
        assert!(turnover(&[]).abs() < 1e-9);
    }
}
