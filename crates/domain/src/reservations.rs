//! Reservations: held, paid, cancelled or expired (SPEC rules 12 to 16 and 20 to 24).

use std::sync::Arc;

use async_trait::async_trait;
use time::OffsetDateTime;

use crate::{
    catalogue::ShortText,
    id::{EntryId, IdGenerator, ReservationId, ScheduleId, UserId},
    idempotency::{IdempotencyKey, KeyReused, Outcome},
    page::{Page, PageRequest},
    queue::Pass,
    seats::{SeatNumber, Wish},
    storage::StorageError,
};

mod allocation;
mod cancelling;
mod refund;
mod reservation;

pub use allocation::{CalledOff, Hall, HoldRequest, HoldRules, OnSale, allocate};
pub use cancelling::{CancelRequest, Cancelled, cancel};
pub use refund::{Refund, RefundCause, RefundRules};
pub use reservation::{Claim, Reservation, ReservationStatus, ReservedSeat};

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
    /// The date was called off.
    #[error("the schedule is cancelled")]
    ScheduleCancelled {
        /// Why, if the operator said so.
        reason: Option<ShortText>,
    },
    /// Sales open later.
    #[error("sales open at {opens_at}")]
    SalesNotOpen {
        /// When.
        opens_at: OffsetDateTime,
    },
    /// The operator has closed the sales.
    #[error("sales are closed")]
    SalesClosed,
    /// The schedule has no such seats.
    #[error("no such seats")]
    SeatNotFound {
        /// Those that do not exist.
        numbers: Vec<SeatNumber>,
    },
    /// Someone else was faster (rule 13), or there are no such seats next to each other.
    #[error("seats are held or sold")]
    SeatUnavailable {
        /// Those that are taken; none when the best seats were asked for.
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
    /// It is paid, and it is too late to give it back, or that is never done.
    #[error("the reservation is paid and cannot be refunded any more")]
    RefundNotAllowed {
        /// Until when it could be given back; `None`: never.
        until: Option<OffsetDateTime>,
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
    /// Cancels a reservation and frees its seats; one that is paid is refunded: ledger entry,
    /// balance, record of the refund, reservation, seats and schedule in one transaction, once. One
    /// whose hold is over is expired, kept so, and answered [`CancelError::Expired`].
    async fn cancel(&self, request: CancelRequest) -> Result<Reservation, CancelError>;
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
        wish: Wish,
        key: Option<IdempotencyKey>,
    ) -> Result<Outcome<Reservation>, HoldError>;
    /// Cancels the caller's reservation, and gives back what was paid for it.
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
        wish: Wish,
        key: Option<IdempotencyKey>,
    ) -> Result<Outcome<Reservation>, HoldError> {
        let reservation_id = ReservationId::new(self.ids.next());
        self.store
            .hold(HoldRequest {
                reservation_id,
                pass,
                schedule_id,
                wish,
                key,
            })
            .await
    }

    async fn cancel(&self, caller: UserId, id: ReservationId) -> Result<Reservation, CancelError> {
        self.store
            .cancel(CancelRequest {
                reservation_id: id,
                user_id: caller,
                entry_id: EntryId::new(self.ids.next()),
            })
            .await
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
