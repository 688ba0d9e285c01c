//! Dates that are called off: nothing is sold there from then on, and everyone gets their money back.

use std::{collections::HashMap, sync::Arc};

use async_trait::async_trait;
use time::OffsetDateTime;

use crate::{
    balance::Account,
    catalogue::ShortText,
    id::{EntryId, IdGenerator, ReservationId, ScheduleId, UserId},
    money::Money,
    operators::{Action, Change, Operator},
    reservations::{Refund, RefundCause, Reservation, ReservationStatus},
    storage::StorageError,
};

/// At most so many reservations are ended in one transaction: who buys elsewhere with the same balance
/// waits no longer than for that.
pub const BATCH: usize = 100;

/// A date that was called off, and how far its refunds have come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cancellation {
    /// Which date.
    pub schedule_id: ScheduleId,
    /// Why, if the operator said so.
    pub reason: Option<ShortText>,
    /// When it was called off.
    pub started_at: OffsetDateTime,
    /// When everyone had their money.
    pub finished_at: Option<OffsetDateTime>,
    /// How many reservations are refunded since.
    pub refunded: u64,
    /// How many are paid and not yet refunded.
    pub remaining: u64,
    /// How much went back.
    pub amount_refunded: Money,
}

/// Why a date could not be called off, or its refunds not be shown.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CancellationError {
    /// No such date.
    #[error("no such schedule")]
    ScheduleNotFound,
    /// It takes place.
    #[error("the schedule is not cancelled")]
    NotCancelled,
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// What a batch of a date that was called off changes, all in one transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CalledOffBatch {
    /// The pending reservations: they are cancelled and their seats free.
    pub released: Vec<ReservationId>,
    /// The paid ones.
    pub refunds: Vec<Refund>,
}

/// That a date was called off, for the log.
pub fn called_off(schedule: ScheduleId, reason: Option<&ShortText>) -> Change {
    Change::new(Action::ScheduleCancelled)
        .of("schedule_id", schedule.get())
        .set("reason", reason.map(ShortText::as_str))
}

/// Ends `reservations` of a date that was called off, whatever the rules of refunds say. What has
/// ended already, or expires by itself, is left as it is.
pub fn call_off(
    now: OffsetDateTime,
    reservations: impl IntoIterator<Item = Reservation>,
    accounts: &mut HashMap<UserId, Account>,
    entry_ids: &[EntryId],
) -> CalledOffBatch {
    let mut batch = CalledOffBatch::default();
    let mut ids = entry_ids.iter();
    for reservation in reservations {
        match reservation.status {
            ReservationStatus::PendingPayment if !reservation.is_over(now) => {
                batch.released.push(reservation.id);
            }
            ReservationStatus::Paid { .. } => {
                let Some(id) = ids.next() else { break };
                let refund = Refund::of(now, RefundCause::Schedule, reservation, accounts, *id);
                batch.refunds.extend(refund);
            }
            _ => {}
        }
    }
    batch
}

/// Keeps the dates that were called off.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait CancellationStore: Send + Sync {
    /// Calls a date off, with an entry in the log: from then on nothing can be held or paid there.
    /// Doing it twice is doing it once, and the first reason stays. `false` when there is no such date.
    async fn begin(
        &self,
        operator: Operator,
        schedule: ScheduleId,
        reason: Option<ShortText>,
    ) -> Result<bool, StorageError>;
    /// How far the refunds of a date have come, all from one snapshot.
    async fn find(&self, schedule: ScheduleId) -> Result<Cancellation, CancellationError>;
    /// Ends some reservations of a date that was called off, at most as many as there are ids for ledger
    /// entries, or notes that none is left. Tells how many were ended; none when there is nothing
    /// to do. Any process may do this at any time: each reservation is ended once.
    async fn proceed(&self, entry_ids: Vec<EntryId>) -> Result<u64, StorageError>;
}

/// What can be asked about dates that are called off.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait Cancellations: Send + Sync {
    /// Calls a date off, and tells how far the refunds have come.
    async fn call_off(
        &self,
        operator: Operator,
        schedule: ScheduleId,
        reason: Option<ShortText>,
    ) -> Result<Cancellation, CancellationError>;
    /// How far the refunds of a date have come (the operator).
    async fn progress(&self, schedule: ScheduleId) -> Result<Cancellation, CancellationError>;
    /// Refunds the next few (the scheduler); tells how many reservations were ended.
    async fn proceed(&self) -> Result<u64, StorageError>;
}

/// [`Cancellations`] over a [`CancellationStore`].
pub struct CancellationService {
    store: Arc<dyn CancellationStore>,
    ids: Arc<dyn IdGenerator>,
}

impl CancellationService {
    /// A service over these ports.
    pub fn new(store: Arc<dyn CancellationStore>, ids: Arc<dyn IdGenerator>) -> Self {
        Self { store, ids }
    }
}

#[async_trait]
impl Cancellations for CancellationService {
    async fn call_off(
        &self,
        operator: Operator,
        schedule: ScheduleId,
        reason: Option<ShortText>,
    ) -> Result<Cancellation, CancellationError> {
        if !self.store.begin(operator, schedule, reason).await? {
            return Err(CancellationError::ScheduleNotFound);
        }
        self.store.find(schedule).await
    }

    async fn progress(&self, schedule: ScheduleId) -> Result<Cancellation, CancellationError> {
        self.store.find(schedule).await
    }

    async fn proceed(&self) -> Result<u64, StorageError> {
        let ids = (0..BATCH).map(|_| EntryId::new(self.ids.next()));
        self.store.proceed(ids.collect()).await
    }
}

#[cfg(test)]
mod tests;
