//! How long things took: each one is kept, so that percentiles are exact.

use std::time::Duration;

/// Some durations, sorted.
#[derive(Default)]
pub struct Durations(Vec<Duration>);

impl FromIterator<Duration> for Durations {
    fn from_iter<I: IntoIterator<Item = Duration>>(durations: I) -> Self {
        let mut sorted: Vec<_> = durations.into_iter().collect();
        sorted.sort_unstable();
        Self(sorted)
    }
}

impl Durations {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// So many thousandths of them are at most this long; zero when there are none.
    pub fn permille(&self, permille: usize) -> Duration {
        let place = (self.0.len() * permille).div_ceil(1_000);
        let at = self.0.get(place.saturating_sub(1));
        at.copied().unwrap_or_default()
    }

    /// The one in the middle.
    pub fn p50(&self) -> Duration {
        self.permille(500)
    }

    /// 99 % are at most this long.
    pub fn p99(&self) -> Duration {
        self.permille(990)
    }

    /// The longest; zero when there are none.
    pub fn max(&self) -> Duration {
        self.0.last().copied().unwrap_or_default()
    }

    /// Which part of them, from 0 to 1, is at most `limit` long; all when there are none.
    pub fn share_within(&self, limit: Duration) -> f64 {
        let within = self.0.partition_point(|duration| *duration <= limit);
        if self.0.is_empty() {
            return 1.0;
        }
        count(within) / count(self.0.len())
    }
}

/// A count to reckon with.
#[allow(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
pub fn count(number: usize) -> f64 {
    number as f64
}

/// In milliseconds.
pub fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_the_sorted_durations() {
        let durations: Durations = (1..=200).rev().map(Duration::from_millis).collect();
        assert_eq!(durations.len(), 200);
        assert_eq!(durations.p50(), Duration::from_millis(100));
        assert_eq!(durations.p99(), Duration::from_millis(198));
        assert_eq!(durations.max(), Duration::from_millis(200));
        let share = durations.share_within(Duration::from_millis(50));
        assert!((share - 0.25).abs() < 1e-9);
    }

    #[test]
    fn nothing_takes_no_time() {
        let none = Durations::default();
        assert_eq!((none.p99(), none.max()), (Duration::ZERO, Duration::ZERO));
        assert!(none.share_within(Duration::ZERO) > 0.99);
    }
}
