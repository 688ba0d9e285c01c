//! How many reads there may be besides those that age asks for.

use std::time::Duration;

use tokio::time::Instant;

/// What may be spent at once, in time.
const PURSE: Duration = Duration::from_secs(1);
/// The least that a read costs, so that there are at most 20 a second in the long run.
const LEAST: Duration = Duration::from_millis(50);
/// What a read costs, as a multiple of what it took, so that it keeps a connection busy for at most a
/// fifth of the time in the long run.
const TIMES: u32 = 5;
/// The most that a read costs: one that took seconds says nothing about the next.
const MOST: Duration = Duration::from_millis(250);

/// An allowance of reads: some at once, and more as time goes by (a leaky bucket, counted in time).
///
/// When a schedule changes now and then, each change is seen at once. When it changes a thousand times a
/// second the reads stay bounded, and so does what they cost the database with 50,000 seats.
#[derive(Default)]
pub(super) struct Budget {
    /// When all that was spent has come in again.
    even: Option<Instant>,
}

impl Budget {
    /// When the next read may begin; `None`: now.
    pub(super) fn closed_until(&self, now: Instant) -> Option<Instant> {
        let opens = self.even?.checked_sub(PURSE)?;
        (opens > now).then_some(opens)
    }

    /// Spends what a read costs that has taken so long.
    pub(super) fn spend(&mut self, now: Instant, took: Duration) {
        let from = self.even.map_or(now, |even| even.max(now));
        self.even = Some(from + (took * TIMES).clamp(LEAST, MOST));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many reads in a row are allowed within `span`, when each takes `took`.
    fn reads(span: Duration, took: Duration) -> u32 {
        let (mut budget, begun, mut reads) = (Budget::default(), Instant::now(), 0);
        let mut now = begun;
        while now < begun + span {
            if let Some(until) = budget.closed_until(now) {
                now = until;
                continue;
            }
            (reads, now) = (reads + 1, now + took);
            budget.spend(now, took);
        }
        reads
    }

    #[test]
    fn a_few_reads_are_free_and_many_are_bounded() {
        let second = Duration::from_secs(1);
        let quick = Duration::from_millis(1);
        assert!((20..=22).contains(&reads(Duration::from_millis(25), quick)));
        assert!((220..=222).contains(&reads(10 * second, quick)));
    }

    #[test]
    fn what_has_hung_for_once_does_not_close_the_budget() {
        let (mut budget, now) = (Budget::default(), Instant::now());
        budget.spend(now, Duration::from_secs(20));
        assert_eq!(budget.closed_until(now), None);
    }

    #[test]
    fn slow_reads_keep_a_connection_busy_for_a_fifth_of_the_time() {
        let (slow, span) = (Duration::from_millis(40), Duration::from_secs(100));
        let busy = slow * reads(span, slow);
        assert!(busy > span / 6 && busy < span / 4, "{busy:?}");
    }
}
