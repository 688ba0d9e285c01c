//! Histograms of times.

use std::time::Duration;

use hdrhistogram::Histogram;

/// An empty histogram of times from a microsecond to a minute.
pub fn microseconds() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 60_000_000, 3)
        .unwrap_or_else(|_| unreachable!("the bounds are valid"))
}

/// Counts one more; what is out of bounds counts as the bound.
pub fn record(histogram: &mut Histogram<u64>, took: Duration) {
    let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    histogram.saturating_record(micros.max(1));
}
