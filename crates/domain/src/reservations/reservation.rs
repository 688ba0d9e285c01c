//! Reservations and what they claim.

use time::OffsetDateTime;

use crate::{
    id::{PaymentId, ReservationId, ScheduleId, SeatId, UserId},
    money::Money,
    seats::{Seat, SeatNumber},
};

/// How far a reservation has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReservationStatus {
    /// Its seats are held until `held_until`.
    PendingPayment,
    /// Its seats are owned.
    Paid {
        /// By which payment.
        payment_id: PaymentId,
    },
    /// It was given up before it was paid.
    Cancelled,
    /// It was given up when it was paid, and the money went back. To all who need not know, it is
    /// cancelled.
    Refunded {
        /// By which payment it was paid.
        payment_id: PaymentId,
        /// When the money went back.
        at: OffsetDateTime,
    },
    /// It was not paid in time.
    Expired,
}

/// A seat of a reservation. Of a seat nothing but its status ever changes, so this is what it was when
/// it was reserved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReservedSeat {
    /// Which.
    pub id: SeatId,
    /// Its number.
    pub number: SeatNumber,
    /// Its grade.
    pub grade: String,
    /// Its price. What is paid is the amount of the reservation.
    pub price: Money,
}

impl ReservedSeat {
    /// The seat as it is now.
    pub fn of(seat: &Seat) -> Self {
        let Seat {
            id,
            number,
            ref grade,
            price,
            ..
        } = *seat;
        Self {
            id,
            number,
            grade: grade.clone(),
            price,
        }
    }
}

/// One to four seats of one schedule, held for or owned by a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reservation {
    /// Which.
    pub id: ReservationId,
    /// Whose.
    pub user_id: UserId,
    /// Of which schedule.
    pub schedule_id: ScheduleId,
    /// When its show starts.
    pub starts_at: OffsetDateTime,
    /// The seats, by number.
    pub seats: Vec<ReservedSeat>,
    /// What they cost together.
    pub amount: Money,
    /// When they were held.
    pub created_at: OffsetDateTime,
    /// When the hold ends unless it is paid.
    pub held_until: OffsetDateTime,
    /// How far it has come, as stored.
    pub status: ReservationStatus,
}

impl Reservation {
    /// Whether its hold has ended unpaid by `now`, swept or not (rule 16).
    pub fn is_over(&self, now: OffsetDateTime) -> bool {
        self.status == ReservationStatus::PendingPayment && self.held_until <= now
    }

    /// As it is at `now`: expired if its hold is over. Its seats are to be released then.
    pub fn at(self, now: OffsetDateTime) -> Self {
        if self.is_over(now) {
            Self {
                status: ReservationStatus::Expired,
                ..self
            }
        } else {
            self
        }
    }

    /// The numbers of its seats, ascending.
    pub fn seat_numbers(&self) -> impl Iterator<Item = SeatNumber> + '_ {
        self.seats.iter().map(|seat| seat.number)
    }
}

/// What a pending or paid reservation takes of its owner's limit (rule 14).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// How many seats.
    pub seats: u32,
    /// Until when, unless it is paid.
    pub held_until: OffsetDateTime,
    /// How far it has come, as stored.
    pub status: ReservationStatus,
}

impl Claim {
    /// The claim of `reservation`.
    pub fn of(reservation: &Reservation) -> Self {
        let Reservation {
            held_until, status, ..
        } = *reservation;
        let seats = u32::try_from(reservation.seats.len()).unwrap_or(u32::MAX);
        Self {
            seats,
            held_until,
            status,
        }
    }

    /// Whether it counts at `now`: paid for good, pending until its hold is over.
    pub fn is_live(&self, now: OffsetDateTime) -> bool {
        match self.status {
            ReservationStatus::Paid { .. } => true,
            ReservationStatus::PendingPayment => now < self.held_until,
            ReservationStatus::Cancelled
            | ReservationStatus::Refunded { .. }
            | ReservationStatus::Expired => false,
        }
    }
}
