//! What became of the wishes of a phase.

use std::time::Duration;

use crate::{
    durations::{Durations, count},
    http::Connection,
};

/// How a wish was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// 201.
    Granted,
    /// `server_busy`, and when to come again.
    Busy,
    /// `service_unavailable`, and when to come again.
    Unavailable,
    /// Whatever else, in words.
    Wrong(String),
}

impl Answer {
    /// The last answer on `connection`, which had this status.
    pub fn of(status: u16, connection: &Connection) -> Self {
        if status == 201 {
            return Self::Granted;
        }
        let body = connection.json().unwrap_or_default();
        let after = connection.header("retry-after");
        let after = after.and_then(|seconds| seconds.parse::<u32>().ok());
        match (status, body["code"].as_str(), after) {
            (503, Some("server_busy"), Some(_)) => Self::Busy,
            (503, Some("service_unavailable"), Some(_)) => Self::Unavailable,
            _ => Self::Wrong(format!("{status}, Retry-After {after:?}: {body}")),
        }
    }
}

/// A wish and its answer; all times from the start of the phase.
#[derive(Clone, Debug)]
pub struct Record {
    /// When it was to be sent.
    pub due: Duration,
    /// When the generator came to it.
    pub begun: Duration,
    /// When there was a connection for it.
    pub sent: Duration,
    /// When its answer was there.
    pub answered: Duration,
    /// The answer.
    pub answer: Answer,
}

impl Record {
    fn is_refusal(&self) -> bool {
        matches!(self.answer, Answer::Busy | Answer::Unavailable)
    }

    /// From when it was due to its answer: what its fan waits.
    fn latency(&self) -> Duration {
        self.answered.saturating_sub(self.due)
    }
}

/// All that was wished for in a phase.
#[derive(Default)]
pub struct Tally {
    /// How long wishes came.
    span: Duration,
    records: Vec<Record>,
    missed: usize,
}

/// Goodput is counted from here on: before, the lane fills.
const SETTLED: Duration = Duration::from_secs(1);

impl Tally {
    /// What came within so long.
    pub fn new(span: Duration, records: Vec<Record>) -> Self {
        Self {
            span,
            records,
            missed: 0,
        }
    }

    /// Counts an arrival that was not sent, as there were too many connections.
    pub fn miss(&mut self) {
        self.missed += 1;
    }

    /// How many arrivals were not sent.
    pub fn missed(&self) -> usize {
        self.missed
    }

    /// Adds what came of one more.
    pub fn add(&mut self, record: Record) {
        self.records.push(record);
    }

    /// How many wishes there were.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// How many were offered a second.
    pub fn offered(&self) -> f64 {
        count(self.records.len()) / self.span.as_secs_f64()
    }

    /// Successes a second, from the first second to the end of the phase.
    pub fn steady_goodput(&self) -> f64 {
        self.goodput(SETTLED, self.span)
    }

    /// The fewest successes in a whole second, of those but the first.
    pub fn worst_second(&self) -> f64 {
        let seconds = (1..self.span.as_secs()).map(Duration::from_secs);
        seconds
            .map(|from| self.goodput(from, from + Duration::from_secs(1)))
            .fold(f64::INFINITY, f64::min)
    }

    fn goodput(&self, from: Duration, to: Duration) -> f64 {
        let within = |record: &&Record| {
            record.answer == Answer::Granted && (from..to).contains(&record.answered)
        };
        let successes = self.records.iter().filter(within).count();
        count(successes) / to.saturating_sub(from).as_secs_f64()
    }

    /// How many were answered so.
    pub fn answered(&self, answer: &Answer) -> usize {
        let same = |record: &&Record| record.answer == *answer;
        self.records.iter().filter(same).count()
    }

    /// The answers that must not be.
    pub fn wrong(&self) -> Vec<&str> {
        let wrong = self
            .records
            .iter()
            .filter_map(|record| match &record.answer {
                Answer::Wrong(words) => Some(words.as_str()),
                Answer::Granted | Answer::Busy | Answer::Unavailable => None,
            });
        wrong.collect()
    }

    /// From when the granted were due to when they were answered.
    pub fn latency(&self) -> Durations {
        let granted = self.granted();
        granted.map(Record::latency).collect()
    }

    /// The same for those that were due from the first second on.
    pub fn steady_latency(&self) -> Durations {
        let granted = self.granted().filter(|record| record.due >= SETTLED);
        granted.map(Record::latency).collect()
    }

    fn granted(&self) -> impl Iterator<Item = &Record> {
        let granted = |record: &&Record| record.answer == Answer::Granted;
        self.records.iter().filter(granted)
    }

    /// From when the refused were sent to when they were answered.
    pub fn refusals(&self) -> Durations {
        let refused = self.records.iter().filter(|record| record.is_refusal());
        refused
            .map(|record| record.answered.saturating_sub(record.sent))
            .collect()
    }

    /// How late the generator came to each wish.
    pub fn lag(&self) -> Durations {
        let lag = |record: &Record| record.begun.saturating_sub(record.due);
        self.records.iter().map(lag).collect()
    }

    /// How long those took that had to open a connection first, or nearly nothing.
    pub fn connecting(&self) -> Durations {
        let connecting = |record: &Record| record.sent.saturating_sub(record.begun);
        self.records.iter().map(connecting).collect()
    }

    /// For each whole second in which wishes were due: the p99 of the granted, and how many were
    /// not granted.
    pub fn by_second(&self) -> Vec<(Duration, usize)> {
        let second = |second: u64| {
            let due = |record: &&Record| record.due.as_secs() == second;
            let due: Vec<_> = self.records.iter().filter(due).collect();
            let granted = due.iter().filter(|r| r.answer == Answer::Granted);
            let latency: Durations = granted.map(|record| record.latency()).collect();
            (latency.p99(), due.len() - latency.len())
        };
        (0..self.span.as_secs()).map(second).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(due: u64, answered: u64, answer: Answer) -> Record {
        let (due, answered) = (Duration::from_millis(due), Duration::from_millis(answered));
        Record {
            due,
            begun: due,
            sent: due,
            answered,
            answer,
        }
    }

    fn tally() -> Tally {
        let mut tally = Tally::new(Duration::from_secs(3), Vec::new());
        for (due, answered) in [(0, 100), (900, 1_100), (1_000, 1_200), (2_000, 2_900)] {
            tally.add(record(due, answered, Answer::Granted));
        }
        tally.add(record(2_500, 2_501, Answer::Busy));
        tally.add(record(2_990, 4_000, Answer::Granted));
        tally
    }

    #[test]
    fn goodput_counts_what_was_answered_from_the_first_second_to_the_end() {
        let tally = tally();
        assert!((tally.steady_goodput() - 1.5).abs() < 1e-9);
        assert!((tally.worst_second() - 1.0).abs() < 1e-9);
        assert!((tally.offered() - 2.0).abs() < 1e-9);
    }

    #[test]
    fn refusals_are_counted_apart() {
        let tally = tally();
        assert_eq!(tally.answered(&Answer::Busy), 1);
        assert_eq!(tally.refusals().max(), Duration::from_millis(1));
        assert_eq!(tally.latency().max(), Duration::from_millis(1_010));
        let seconds = tally.by_second();
        assert_eq!(seconds[0], (Duration::from_millis(200), 0));
        assert_eq!(seconds[2], (Duration::from_millis(1_010), 1));
    }
}
