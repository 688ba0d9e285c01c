//! The ids of new things.

use std::sync::{Arc, Mutex, PoisonError};

use domain::{clock::Clock, id::IdGenerator};
use uuid::{ContextV7, Timestamp, Uuid};

/// [`IdGenerator`] by the port [`Clock`]: the ids of one process are strictly ascending, those of
/// several ascend with the time they share.
pub struct UuidV7Ids {
    clock: Arc<dyn Clock>,
    context: Mutex<ContextV7>,
}

impl UuidV7Ids {
    /// Ids with the time of `clock` in them.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let context = Mutex::new(ContextV7::new().with_additional_precision());
        Self { clock, context }
    }
}

impl IdGenerator for UuidV7Ids {
    fn next(&self) -> Uuid {
        let now = self.clock.now();
        let seconds = u64::try_from(now.unix_timestamp()).unwrap_or_default();
        // Nothing can panic while it is locked.
        let context = self.context.lock().unwrap_or_else(PoisonError::into_inner);
        Uuid::new_v7(Timestamp::from_unix(&*context, seconds, now.nanosecond()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::clock::FixedClock;
    use time::{Duration, macros::datetime};

    #[test]
    fn ids_ascend_even_when_the_clock_stands_still() {
        let ids = UuidV7Ids::new(Arc::new(FixedClock::at(datetime!(2026-05-01 12:00 UTC))));
        let made: Vec<_> = (0..10_000).map(|_| ids.next()).collect();
        assert!(made.is_sorted_by(|one, next| one < next));
    }

    #[test]
    fn an_id_is_a_uuid_of_version_7_with_the_time_of_the_port() {
        let noon = datetime!(2026-05-01 12:00 UTC);
        let clock = Arc::new(FixedClock::at(noon));
        let ids = UuidV7Ids::new(clock.clone());
        clock.advance(Duration::MILLISECOND);
        let id = ids.next();
        assert_eq!(id.get_version_num(), 7);
        let (seconds, nanos) = id.get_timestamp().unwrap().to_unix();
        assert_eq!(i64::try_from(seconds).unwrap(), noon.unix_timestamp());
        assert_eq!(nanos, 1_000_000);
    }
}
