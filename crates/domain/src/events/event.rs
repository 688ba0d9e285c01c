//! What happens, and what is told of it.

use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    id::{EventId, UserId},
    payment::Receipt,
    queue::Ticket,
    reservations::Reservation,
};

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident $name:literal),+ $(,)?) => {
        /// What kind of thing happened.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum EventKind {
            $($(#[$doc])* $kind),+
        }

        impl EventKind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$kind),+];

            /// The name that it is told by, the `type` of an event.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$kind => $name),+ }
            }
        }
    };
}

kinds! {
    /// Seats were held.
    ReservationHeld "reservation.held",
    /// A reservation was paid.
    ReservationPaid "reservation.paid",
    /// A hold ended unpaid.
    ReservationExpired "reservation.expired",
    /// A hold was given up.
    ReservationCancelled "reservation.cancelled",
    /// A paid reservation was given back, and its money with it.
    ReservationRefunded "reservation.refunded",
    /// Money was taken for a reservation.
    PaymentCompleted "payment.completed",
    /// Somebody may shop now.
    QueueAdmitted "queue.admitted",
}

impl EventKind {
    /// The kind with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }
}

/// Something that happens now, with all that others need to act on it. (That a hold ends without a
/// payment is told by the statement that ends it.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happening<'a> {
    /// Seats are held.
    Held(&'a Reservation),
    /// A reservation is paid.
    Paid(&'a Receipt),
    /// A paid reservation is given back, and its amount with it.
    Refunded(&'a Reservation),
    /// Money is taken.
    Completed(&'a Receipt),
    /// Somebody may shop.
    Admitted {
        /// Who.
        user: UserId,
        /// Their number in the line.
        ticket: Ticket,
        /// Until when.
        until: OffsetDateTime,
    },
}

impl<'a> Happening<'a> {
    /// What a payment tells: first of the reservation, then of the money.
    pub fn of_payment(receipt: &'a Receipt) -> [Self; 2] {
        [Self::Paid(receipt), Self::Completed(receipt)]
    }

    /// Its kind.
    pub const fn kind(&self) -> EventKind {
        match self {
            Self::Held(_) => EventKind::ReservationHeld,
            Self::Paid(_) => EventKind::ReservationPaid,
            Self::Refunded(_) => EventKind::ReservationRefunded,
            Self::Completed(_) => EventKind::PaymentCompleted,
            Self::Admitted { .. } => EventKind::QueueAdmitted,
        }
    }

    /// What it is about: events of one subject are delivered in order.
    pub const fn subject(&self) -> Uuid {
        match self {
            Self::Held(reservation) | Self::Refunded(reservation) => reservation.id.get(),
            Self::Paid(receipt) | Self::Completed(receipt) => receipt.reservation.id.get(),
            Self::Admitted { user, .. } => user.get(),
        }
    }
}

/// An event as it is told, whoever asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Its place among all events: 1, 2, 3, …
    pub position: u64,
    /// Which event.
    pub id: EventId,
    /// Its kind, by its name: a newer process may have written one that this one does not know.
    pub kind: String,
    /// What it is about.
    pub subject: Uuid,
    /// When it happened.
    pub occurred_at: OffsetDateTime,
    /// What there is to know, a JSON object, exactly as it was written.
    pub data: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_known_by_its_name() {
        for kind in EventKind::ALL {
            assert_eq!(EventKind::named(kind.name()), Some(*kind));
        }
        assert_eq!(EventKind::named("reservation.lost"), None);
    }
}
