//! Paying: a hold and a balance become a receipt, once (SPEC rules 20 to 24).

use std::{collections::HashMap, sync::Arc};

use async_trait::async_trait;
use time::OffsetDateTime;

use crate::{
    balance::{Account, Insufficient, LedgerEntry},
    catalogue::ShortText,
    id::{EntryId, IdGenerator, PaymentId, ReservationId, ScheduleId, TokenId, UserId},
    idempotency::{Earlier, IdempotencyKey, KeyReused, Outcome},
    money::Money,
    page::{Page, PageRequest},
    queue::{EndReason, LineView, Pass, QueueToken, TokenRefusal, TokenState, admits},
    reservations::{CalledOff, OnSale, Reservation, ReservationStatus},
    seats::SeatNumbers,
    storage::StorageError,
};

/// The record of a paid reservation, with the reservation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Which payment.
    pub id: PaymentId,
    /// What was paid.
    pub amount: Money,
    /// The balance after it.
    pub balance_after: Money,
    /// When.
    pub paid_at: OffsetDateTime,
    /// What it was for; its owner paid.
    pub reservation: Reservation,
}

/// Somebody pays a reservation.
#[derive(Clone, Debug)]
pub struct PayRequest {
    /// The id the payment gets.
    pub payment_id: PaymentId,
    /// The id the ledger entry gets.
    pub entry_id: EntryId,
    /// Who pays, and by which queue token.
    pub pass: Pass,
    /// What for.
    pub reservation_id: ReservationId,
    /// The seats that the reservation must have, if the payer names them (rule 20).
    pub seats: Option<SeatNumbers>,
    /// Makes a retry safe.
    pub key: Option<IdempotencyKey>,
}

/// Why a reservation could not be paid.
#[derive(Clone, Debug, thiserror::Error)]
pub enum PayError {
    /// The queue token's turn has not come.
    #[error("the turn of the queue token has not come")]
    TokenNotActive,
    /// The queue token is over.
    #[error("the queue token has ended")]
    TokenEnded,
    /// No such reservation of this user, or with other seats (rule 20).
    #[error("no such reservation")]
    ReservationNotFound,
    /// Rule 21.
    #[error("the hold is over")]
    ReservationExpired,
    /// It was cancelled.
    #[error("the reservation was cancelled")]
    ReservationCancelled,
    /// Its date was called off, and it will be cancelled.
    #[error("the schedule is cancelled")]
    ScheduleCancelled {
        /// Why, if the operator said so.
        reason: Option<ShortText>,
    },
    /// Rule 24.
    #[error("the reservation is paid already")]
    AlreadyPaid {
        /// By which payment.
        payment_id: PaymentId,
    },
    /// Rule 22.
    #[error(transparent)]
    Insufficient(#[from] Insufficient),
    /// Rule 25.
    #[error(transparent)]
    KeyReused(#[from] KeyReused),
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Why a payment could not be shown.
#[derive(Clone, Debug, thiserror::Error)]
pub enum PaymentError {
    /// No such payment of this user.
    #[error("no such payment")]
    NotFound,
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// All that a batch of payments is decided on, loaded under the locks. Holds that were over have
/// been expired before (rule 21).
#[derive(Debug, Default)]
pub struct Till {
    /// The reservations to be paid, as they are now.
    pub reservations: HashMap<ReservationId, Reservation>,
    /// Their schedules.
    pub schedules: HashMap<ScheduleId, OnSale>,
    /// The accounts of those who pay.
    pub accounts: HashMap<UserId, Account>,
    /// Their queue tokens.
    pub tokens: HashMap<TokenId, QueueToken>,
    /// What earlier requests with the same idempotency keys paid.
    pub earlier: Earlier<Receipt>,
}

/// What one payment changes, all in one transaction (rule 23).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// The payment; its reservation becomes paid, its seats sold.
    pub receipt: Receipt,
    /// The debit.
    pub entry: LedgerEntry,
    /// The queue token that is spent.
    pub token: QueueToken,
}

/// Decides a batch of payments in the order of the requests. The second list is what to store.
pub fn settle_all(
    now: OffsetDateTime,
    till: &mut Till,
    requests: &[PayRequest],
) -> (Vec<Result<Outcome<Receipt>, PayError>>, Vec<Settlement>) {
    let mut settled = Vec::new();
    let mut pay = |request: &PayRequest| {
        let (user, key) = (request.pass.user_id, request.key.as_ref());
        if let Some(earlier) = till.earlier.find(user, key)? {
            return Ok(earlier);
        }
        let settlement = settle(now, till, request)?;
        let receipt = settlement.receipt.clone();
        settled.push(settlement);
        Ok(till.earlier.fresh(user, key, receipt))
    };
    let answers = requests.iter().map(&mut pay).collect();
    (answers, settled)
}

/// Decides one payment. That a reservation is paid already is told before anything about the queue
/// token: paying has spent it, and the payer who asks again should learn that all is well.
fn settle(
    now: OffsetDateTime,
    till: &mut Till,
    request: &PayRequest,
) -> Result<Settlement, PayError> {
    let reservation = till
        .reservations
        .get_mut(&request.reservation_id)
        .filter(|r| r.user_id == request.pass.user_id && names_its_seats(request, r))
        .ok_or(PayError::ReservationNotFound)?;
    if let ReservationStatus::Paid { payment_id } = reservation.status {
        return Err(PayError::AlreadyPaid { payment_id });
    }
    let token = till.tokens.get_mut(&request.pass.token_id);
    admits(&request.pass, token.as_deref(), now)?;
    match reservation.status {
        ReservationStatus::Cancelled | ReservationStatus::Refunded { .. } => {
            return Err(PayError::ReservationCancelled);
        }
        ReservationStatus::PendingPayment if !reservation.is_over(now) => {}
        _ => return Err(PayError::ReservationExpired),
    }
    let schedule = till.schedules.get(&reservation.schedule_id);
    if let Some(CalledOff { reason }) = schedule.and_then(|show| show.called_off.clone()) {
        return Err(PayError::ScheduleCancelled { reason });
    }
    let account = till.accounts.get_mut(&request.pass.user_id);
    let (Some(account), Some(token)) = (account, token) else {
        return Err(PayError::ReservationNotFound);
    };
    let (payment_id, amount) = (request.payment_id, reservation.amount);
    let entry = account.debit(now, request.entry_id, payment_id, amount)?;
    reservation.status = ReservationStatus::Paid { payment_id };
    let settlement = Settlement {
        receipt: Receipt {
            id: payment_id,
            amount,
            balance_after: entry.balance_after,
            paid_at: now,
            reservation: reservation.clone(),
        },
        entry,
        token: *token,
    };
    token.state = TokenState::Ended(EndReason::Paid);
    Ok(settlement)
}

fn names_its_seats(request: &PayRequest, reservation: &Reservation) -> bool {
    request.seats.as_ref().is_none_or(|named| {
        reservation
            .seat_numbers()
            .eq(named.as_slice().iter().copied())
    })
}

impl From<TokenRefusal> for PayError {
    fn from(refusal: TokenRefusal) -> Self {
        match refusal {
            TokenRefusal::Waiting => Self::TokenNotActive,
            TokenRefusal::Ended => Self::TokenEnded,
        }
    }
}

/// Takes payments and keeps their records.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait Cashier: Send + Sync {
    /// Pays a reservation: balance, ledger, payment, reservation, seats, schedule and queue token in
    /// one transaction (rule 23). Batched with others. A hold found to be over is released, and
    /// stays so although the payment fails (rule 21).
    async fn pay(&self, request: PayRequest) -> Result<Outcome<Receipt>, PayError>;
    /// A payment of `owner`.
    async fn find(&self, id: PaymentId, owner: UserId) -> Result<Option<Receipt>, StorageError>;
    /// The payments of `owner`, newest first.
    async fn list(
        &self,
        owner: UserId,
        page: PageRequest<PaymentId>,
    ) -> Result<Page<Receipt, PaymentId>, StorageError>;
}

/// What handlers can ask about payments.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait Payments: Send + Sync {
    /// Pays the reservation of the owner of an active queue token.
    async fn pay(
        &self,
        pass: Pass,
        reservation: ReservationId,
        seats: Option<SeatNumbers>,
        key: Option<IdempotencyKey>,
    ) -> Result<Outcome<Receipt>, PayError>;
    /// The caller's payment.
    async fn find(&self, caller: UserId, id: PaymentId) -> Result<Receipt, PaymentError>;
    /// The caller's payments, newest first.
    async fn list(
        &self,
        caller: UserId,
        page: PageRequest<PaymentId>,
    ) -> Result<Page<Receipt, PaymentId>, PaymentError>;
}

/// [`Payments`] over a [`Cashier`].
pub struct PaymentService {
    cashier: Arc<dyn Cashier>,
    line: Arc<dyn LineView>,
    ids: Arc<dyn IdGenerator>,
}

impl PaymentService {
    /// A service over these ports.
    pub fn new(
        cashier: Arc<dyn Cashier>,
        line: Arc<dyn LineView>,
        ids: Arc<dyn IdGenerator>,
    ) -> Self {
        Self { cashier, line, ids }
    }
}

#[async_trait]
impl Payments for PaymentService {
    async fn pay(
        &self,
        pass: Pass,
        reservation_id: ReservationId,
        seats: Option<SeatNumbers>,
        key: Option<IdempotencyKey>,
    ) -> Result<Outcome<Receipt>, PayError> {
        let payment_id = PaymentId::new(self.ids.next());
        let entry_id = EntryId::new(self.ids.next());
        let request = PayRequest {
            payment_id,
            entry_id,
            pass,
            reservation_id,
            seats,
            key,
        };
        let paid = self.cashier.pay(request).await?;
        if !paid.replayed {
            // The token is spent: whoever has the receipt in hand finds the shop closed.
            self.line.ended(&pass);
        }
        Ok(paid)
    }

    async fn find(&self, caller: UserId, id: PaymentId) -> Result<Receipt, PaymentError> {
        self.cashier
            .find(id, caller)
            .await?
            .ok_or(PaymentError::NotFound)
    }

    async fn list(
        &self,
        caller: UserId,
        page: PageRequest<PaymentId>,
    ) -> Result<Page<Receipt, PaymentId>, PaymentError> {
        Ok(self.cashier.list(caller, page).await?)
    }
}

#[cfg(test)]
mod tests;
