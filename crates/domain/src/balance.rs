//! Prepaid money: charging, and the ledger behind each balance (SPEC rules 17 to 19).

use std::{collections::HashMap, sync::Arc};

use async_trait::async_trait;
use time::OffsetDateTime;

use crate::{
    id::{EntryId, IdGenerator, PaymentId, UserId},
    idempotency::{Earlier, IdempotencyKey, KeyReused, Outcome},
    money::Money,
    page::{Page, PageRequest},
    storage::StorageError,
};

/// A user's money: the sum of their ledger entries (rule 18).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account {
    /// Whose.
    pub user_id: UserId,
    /// How much, never below zero.
    pub balance: Money,
    /// How many entries the ledger has; the next one gets the next number.
    pub entries: u64,
}

/// What a ledger entry stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// Money paid in.
    Charge,
    /// A reservation paid for.
    Payment(PaymentId),
    /// What was paid, given back.
    Refund(PaymentId),
}

/// One change of a balance, never edited (rule 18).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LedgerEntry {
    /// Which.
    pub id: EntryId,
    /// Whose.
    pub user_id: UserId,
    /// Its number within the user's ledger, from 1, without gaps.
    pub number: u64,
    /// What for.
    pub kind: EntryKind,
    /// Positive when money came in, negative when it went out.
    pub amount: Money,
    /// The balance after it.
    pub balance_after: Money,
    /// When.
    pub created_at: OffsetDateTime,
}

/// The limits of charges, from the configuration (rule 17).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChargeRules {
    /// The most that one charge adds.
    pub max_charge: Money,
    /// The most that a balance reaches.
    pub max_balance: Money,
}

impl ChargeRules {
    /// Accepts a whole number of won within the limits of one charge.
    pub fn amount(&self, won: i64) -> Result<Money, ChargeError> {
        let fits = (1..=self.max_charge.get()).contains(&won);
        fits.then_some(Money::won(won))
            .ok_or(ChargeError::InvalidAmount)
    }
}

/// The balance does not cover the amount (rule 22).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the balance {balance} does not cover {amount}")]
pub struct Insufficient {
    /// What there is.
    pub balance: Money,
    /// What it costs.
    pub amount: Money,
    /// What is missing.
    pub shortfall: Money,
}

impl Account {
    /// Pays `amount` in.
    pub fn charge(
        &mut self,
        now: OffsetDateTime,
        rules: &ChargeRules,
        id: EntryId,
        amount: Money,
    ) -> Result<LedgerEntry, ChargeError> {
        let balance = self
            .balance
            .checked_add(amount)
            .filter(|sum| *sum <= rules.max_balance);
        let balance = balance.ok_or(ChargeError::LimitExceeded {
            limit: rules.max_balance,
        })?;
        Ok(self.enter(now, id, EntryKind::Charge, amount, balance))
    }

    /// Takes `amount` out for a payment.
    pub fn debit(
        &mut self,
        now: OffsetDateTime,
        id: EntryId,
        payment: PaymentId,
        amount: Money,
    ) -> Result<LedgerEntry, Insufficient> {
        let rest = Money::won(self.balance.get().saturating_sub(amount.get()));
        if rest < Money::ZERO {
            let shortfall = Money::won(rest.get().saturating_neg());
            return Err(Insufficient {
                balance: self.balance,
                amount,
                shortfall,
            });
        }
        let out = Money::won(amount.get().saturating_neg());
        Ok(self.enter(now, id, EntryKind::Payment(payment), out, rest))
    }

    /// Gives `amount` back for a payment that is undone.
    ///
    /// It was this user's money before, and is never lost: the limit of charges (rule 17) does not hold
    /// it back. A balance that is beyond it by that takes no charge until it has gone down. `None`
    /// beyond what 64 bits can hold.
    pub fn refund(
        &mut self,
        now: OffsetDateTime,
        id: EntryId,
        payment: PaymentId,
        amount: Money,
    ) -> Option<LedgerEntry> {
        let balance = self.balance.checked_add(amount)?;
        Some(self.enter(now, id, EntryKind::Refund(payment), amount, balance))
    }

    fn enter(
        &mut self,
        created_at: OffsetDateTime,
        id: EntryId,
        kind: EntryKind,
        amount: Money,
        balance_after: Money,
    ) -> LedgerEntry {
        self.entries += 1;
        self.balance = balance_after;
        let (user_id, number) = (self.user_id, self.entries);
        LedgerEntry {
            id,
            user_id,
            number,
            kind,
            amount,
            balance_after,
            created_at,
        }
    }
}

/// Somebody pays money in.
#[derive(Clone, Debug)]
pub struct ChargeRequest {
    /// The id the ledger entry gets.
    pub entry_id: EntryId,
    /// Whose balance.
    pub user_id: UserId,
    /// How much, within the limits of one charge.
    pub amount: Money,
    /// Makes a retry safe.
    pub key: Option<IdempotencyKey>,
}

/// Why money could not be paid in.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ChargeError {
    /// No such user, or not the caller.
    #[error("no such user")]
    UserNotFound,
    /// Not a whole number of won within the limits of one charge.
    #[error("not an amount that can be charged")]
    InvalidAmount,
    /// The balance would grow too large.
    #[error("a balance is at most {limit}")]
    LimitExceeded {
        /// The most it may be.
        limit: Money,
    },
    /// Rule 25.
    #[error(transparent)]
    KeyReused(#[from] KeyReused),
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Why a balance could not be shown.
#[derive(Clone, Debug, thiserror::Error)]
pub enum BalanceError {
    /// No such user, or not the caller.
    #[error("no such user")]
    UserNotFound,
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Decides a batch of charges in the order of the requests, on accounts loaded under their locks.
pub fn charge_all(
    now: OffsetDateTime,
    rules: &ChargeRules,
    accounts: &mut HashMap<UserId, Account>,
    earlier: &mut Earlier<LedgerEntry>,
    requests: &[ChargeRequest],
) -> Vec<Result<Outcome<LedgerEntry>, ChargeError>> {
    let mut charge = |request: &ChargeRequest| {
        let (user, key) = (request.user_id, request.key.as_ref());
        if let Some(earlier) = earlier.find(user, key)? {
            return Ok(earlier);
        }
        let account = accounts.get_mut(&user).ok_or(ChargeError::UserNotFound)?;
        let entry = account.charge(now, rules, request.entry_id, request.amount)?;
        Ok(earlier.fresh(user, key, entry))
    };
    requests.iter().map(&mut charge).collect()
}

/// Keeps balances and their entries.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait Ledger: Send + Sync {
    /// Pays money in. Batched with others.
    async fn charge(&self, request: ChargeRequest) -> Result<Outcome<LedgerEntry>, ChargeError>;
    /// The user's account.
    async fn find(&self, user: UserId) -> Result<Option<Account>, StorageError>;
    /// The user's entries, newest first; the cursor is an entry's number.
    async fn entries(
        &self,
        user: UserId,
        page: PageRequest<u64>,
    ) -> Result<Page<LedgerEntry, u64>, StorageError>;
}

/// What handlers can ask about balances. What is another user's is answered like what does not
/// exist (rule 19).
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait Balances: Send + Sync {
    /// The balance of `user`, for `caller`.
    async fn balance(&self, caller: UserId, user: UserId) -> Result<Account, BalanceError>;
    /// Pays `won` in for `user`; `None` is a number that is not even whole.
    async fn charge(
        &self,
        caller: UserId,
        user: UserId,
        won: Option<i64>,
        key: Option<IdempotencyKey>,
    ) -> Result<Outcome<LedgerEntry>, ChargeError>;
    /// The ledger of `user`, newest first.
    async fn entries(
        &self,
        caller: UserId,
        user: UserId,
        page: PageRequest<u64>,
    ) -> Result<Page<LedgerEntry, u64>, BalanceError>;
}

/// [`Balances`] over a [`Ledger`].
pub struct BalanceService {
    ledger: Arc<dyn Ledger>,
    ids: Arc<dyn IdGenerator>,
    rules: ChargeRules,
}

impl BalanceService {
    /// A service over these ports.
    pub fn new(ledger: Arc<dyn Ledger>, ids: Arc<dyn IdGenerator>, rules: ChargeRules) -> Self {
        Self { ledger, ids, rules }
    }
}

#[async_trait]
impl Balances for BalanceService {
    async fn balance(&self, caller: UserId, user: UserId) -> Result<Account, BalanceError> {
        if caller != user {
            return Err(BalanceError::UserNotFound);
        }
        self.ledger
            .find(user)
            .await?
            .ok_or(BalanceError::UserNotFound)
    }

    async fn charge(
        &self,
        caller: UserId,
        user: UserId,
        won: Option<i64>,
        key: Option<IdempotencyKey>,
    ) -> Result<Outcome<LedgerEntry>, ChargeError> {
        if caller != user {
            return Err(ChargeError::UserNotFound);
        }
        let amount = self.rules.amount(won.ok_or(ChargeError::InvalidAmount)?)?;
        let entry_id = EntryId::new(self.ids.next());
        self.ledger
            .charge(ChargeRequest {
                entry_id,
                user_id: user,
                amount,
                key,
            })
            .await
    }

    async fn entries(
        &self,
        caller: UserId,
        user: UserId,
        page: PageRequest<u64>,
    ) -> Result<Page<LedgerEntry, u64>, BalanceError> {
        if caller != user {
            return Err(BalanceError::UserNotFound);
        }
        Ok(self.ledger.entries(user, page).await?)
    }
}

#[cfg(test)]
mod tests;
