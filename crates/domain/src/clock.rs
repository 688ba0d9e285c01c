//! The only source of the current time.

use time::OffsetDateTime;

/// Tells the time that every decision is made by.
///
/// The real one carries the database's time forward with the monotonic clock, so that all server
/// processes agree and a stepped wall clock changes nothing. Values are UTC, whole microseconds,
/// which is what PostgreSQL can store.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
pub trait Clock: Send + Sync {
    /// The current time.
    fn now(&self) -> OffsetDateTime;
}

/// A clock that stands still until it is moved, for tests.
#[cfg(any(test, feature = "mock"))]
#[derive(Debug)]
pub struct FixedClock(std::sync::Mutex<OffsetDateTime>);

#[cfg(any(test, feature = "mock"))]
impl FixedClock {
    /// A clock that shows `at`.
    pub fn at(at: OffsetDateTime) -> Self {
        Self(std::sync::Mutex::new(at))
    }

    /// Moves the clock on by `step`.
    #[allow(
        clippy::unwrap_used,
        reason = "a poisoned clock means that a test has failed already"
    )]
    pub fn advance(&self, step: time::Duration) {
        *self.0.lock().unwrap() += step;
    }
}

#[cfg(any(test, feature = "mock"))]
impl Clock for FixedClock {
    #[allow(
        clippy::unwrap_used,
        reason = "a poisoned clock means that a test has failed already"
    )]
    fn now(&self) -> OffsetDateTime {
        *self.0.lock().unwrap()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::{Duration, macros::datetime};

    #[test]
    fn a_fixed_clock_shows_what_it_is_moved_to() {
        let noon = datetime!(2026-01-01 12:00 UTC);
        let clock = FixedClock::at(noon);
        clock.advance(Duration::SECOND);
        assert_eq!(clock.now(), noon + Duration::SECOND);
    }
}
