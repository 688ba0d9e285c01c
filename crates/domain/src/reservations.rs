//! Reservations: held, paid, cancelled or expired (SPEC rules 12 to 16 and 20 to 24).

use std::sync::Arc;

use async_trait::async_trait;
use time::OffsetDateTime;

use crate::{
    id::{IdGenerator, PaymentId, ReservationId, ScheduleId, SeatId, UserId},
    idempotency::{IdempotencyKey, KeyReused, Outcome},
    money::Money,
    page::{Page, PageRequest},
    queue::Pass,
    seats::{HoldRequest, Seat, SeatNumber, SeatNumbers},
    storage::StorageError,
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
    /// Its holder gave it up.
    Cancelled,
    /// It was not paid in time.
    Expired,
}

/// A seat as it was when it was reserved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReservedSeat {
    /// Which.
    pub id: SeatId,
    /// Its number.
    pub number: SeatNumber,
    /// Its grade.
    pub grade: String,
    /// The price that is paid, whatever becomes of the seat's price.
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

    /// Cancelled by its holder (rule 16). Cancelling twice is cancelling once.
    pub fn cancel(self) -> Result<Self, CancelError> {
        match self.status {
            ReservationStatus::PendingPayment | ReservationStatus::Cancelled => Ok(Self {
                status: ReservationStatus::Cancelled,
                ..self
            }),
            ReservationStatus::Expired => Err(CancelError::Expired),
            ReservationStatus::Paid { payment_id } => Err(CancelError::AlreadyPaid { payment_id }),
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
            ReservationStatus::Cancelled | ReservationStatus::Expired => false,
        }
    }
}

/// Why seats could not be held.
#[derive(Clone, Debug, thiserror::Error)]
pub enum HoldError {
    /// The queue token's turn has not come.
    #[error("the turn of the queue token has not come")]
    TokenNotActive,
    /// The queue token is over.
    #[error("the queue token has ended")]
    TokenEnded,
    /// No such schedule, or its show has begun.
    #[error("no such schedule")]
    ScheduleNotFound,
    /// Sales open later.
    #[error("sales open at {opens_at}")]
    SalesNotOpen {
        /// When.
        opens_at: OffsetDateTime,
    },
    /// The schedule has no such seats.
    #[error("no such seats")]
    SeatNotFound {
        /// Those that do not exist.
        numbers: Vec<SeatNumber>,
    },
    /// Someone else was faster (rule 13).
    #[error("seats are held or sold")]
    SeatUnavailable {
        /// Those that are taken.
        numbers: Vec<SeatNumber>,
    },
    /// Rule 14.
    #[error("a user has at most {limit} seats in a schedule")]
    SeatLimitReached {
        /// How many one may have.
        limit: u32,
    },
    /// The prices do not fit into 64 bits.
    #[error("the prices add up to more than can be counted")]
    AmountOverflow,
    /// Rule 25.
    #[error(transparent)]
    KeyReused(#[from] KeyReused),
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Why a reservation could not be cancelled.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CancelError {
    /// No such reservation of this user.
    #[error("no such reservation")]
    NotFound,
    /// Its hold is over; its seats are free already.
    #[error("the hold is over")]
    Expired,
    /// It is paid.
    #[error("the reservation is paid")]
    AlreadyPaid {
        /// By which payment.
        payment_id: PaymentId,
    },
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Why a reservation could not be shown.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ReservationError {
    /// No such reservation of this user.
    #[error("no such reservation")]
    NotFound,
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Keeps seats and the reservations that claim them.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait SeatStore: Send + Sync {
    /// Holds seats, all or none. Batched with others; [`StorageError::Busy`] when too many wait
    /// (rule 15).
    async fn hold(&self, request: HoldRequest) -> Result<Outcome<Reservation>, HoldError>;
    /// Cancels a pending reservation of `owner` and frees its seats. One whose hold is over is
    /// expired, kept so, and answered [`CancelError::Expired`].
    async fn cancel(&self, id: ReservationId, owner: UserId) -> Result<Reservation, CancelError>;
    /// A reservation of `owner`, as it is now.
    async fn find(
        &self,
        id: ReservationId,
        owner: UserId,
    ) -> Result<Option<Reservation>, StorageError>;
    /// The reservations of `owner`, newest first.
    async fn list(
        &self,
        owner: UserId,
        page: PageRequest<ReservationId>,
    ) -> Result<Page<Reservation, ReservationId>, StorageError>;
    /// Frees the seats of holds that are over, and tells how many reservations expired.
    async fn sweep(&self) -> Result<u64, StorageError>;
}

/// What handlers can ask about reservations.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait Reservations: Send + Sync {
    /// Holds seats for the owner of an active queue token.
    async fn hold(
        &self,
        pass: Pass,
        schedule: ScheduleId,
        seats: SeatNumbers,
        key: Option<IdempotencyKey>,
    ) -> Result<Outcome<Reservation>, HoldError>;
    /// Cancels the caller's pending reservation.
    async fn cancel(&self, caller: UserId, id: ReservationId) -> Result<Reservation, CancelError>;
    /// The caller's reservation.
    async fn find(
        &self,
        caller: UserId,
        id: ReservationId,
    ) -> Result<Reservation, ReservationError>;
    /// The caller's reservations, newest first.
    async fn list(
        &self,
        caller: UserId,
        page: PageRequest<ReservationId>,
    ) -> Result<Page<Reservation, ReservationId>, ReservationError>;
}

/// [`Reservations`] over a [`SeatStore`].
pub struct ReservationService {
    store: Arc<dyn SeatStore>,
    ids: Arc<dyn IdGenerator>,
}

impl ReservationService {
    /// A service over these ports.
    pub fn new(store: Arc<dyn SeatStore>, ids: Arc<dyn IdGenerator>) -> Self {
        Self { store, ids }
    }
}

#[async_trait]
impl Reservations for ReservationService {
    async fn hold(
        &self,
        pass: Pass,
        schedule_id: ScheduleId,
        seats: SeatNumbers,
        key: Option<IdempotencyKey>,
    ) -> Result<Outcome<Reservation>, HoldError> {
        let reservation_id = ReservationId::new(self.ids.next());
        self.store
            .hold(HoldRequest {
                reservation_id,
                pass,
                schedule_id,
                seats,
                key,
            })
            .await
    }

    async fn cancel(&self, caller: UserId, id: ReservationId) -> Result<Reservation, CancelError> {
        self.store.cancel(id, caller).await
    }

    async fn find(
        &self,
        caller: UserId,
        id: ReservationId,
    ) -> Result<Reservation, ReservationError> {
        self.store
            .find(id, caller)
            .await?
            .ok_or(ReservationError::NotFound)
    }

    async fn list(
        &self,
        caller: UserId,
        page: PageRequest<ReservationId>,
    ) -> Result<Page<Reservation, ReservationId>, ReservationError> {
        Ok(self.store.list(caller, page).await?)
    }
}

#[cfg(test)]
pub(crate) mod tests;
