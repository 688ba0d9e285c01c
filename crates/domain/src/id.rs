//! Identities: one type for each kind of thing, so that they cannot be mixed up.

use uuid::Uuid;

/// Makes the ids of new things: `UUIDv7` (RFC 9562), so that ids of one kind sort by age.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
pub trait IdGenerator: Send + Sync {
    /// A new id, never given before.
    fn next(&self) -> Uuid;
}

macro_rules! id {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// The id with this value.
            pub const fn new(value: Uuid) -> Self {
                Self(value)
            }

            /// The value, to be stored or shown.
            pub const fn get(self) -> Uuid {
                self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    )+};
}

id! {
    /// A registered fan.
    UserId,
    /// A place in the queue, from joining to its end.
    TokenId,
    /// A show.
    ConcertId,
    /// One date of a concert.
    ScheduleId,
    /// One seat of a schedule.
    SeatId,
    /// One to four seats, held for or owned by a user.
    ReservationId,
    /// The record of a paid reservation.
    PaymentId,
    /// One change of a balance.
    EntryId,
    /// A key of an operator.
    OperatorKeyId,
    /// Seats that the house keeps.
    BlockId,
    /// One thing that happened, as others are told of it.
    EventId,
    /// A webhook endpoint: where events are sent to.
    EndpointId,
}

/// Counts up from 1, for tests that want to know the ids beforehand.
#[cfg(any(test, feature = "mock"))]
#[derive(Debug, Default)]
pub struct CountingIds(std::sync::atomic::AtomicU64);

#[cfg(any(test, feature = "mock"))]
impl IdGenerator for CountingIds {
    fn next(&self) -> Uuid {
        let count = self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1;
        Uuid::from_u64_pair(0, count)
    }
}
