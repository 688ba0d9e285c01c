//! One's balance and ledger (rules 17 to 19).

use actix_web::{HttpResponse, web::Data};
use domain::{
    balance::{BalanceError, Balances, ChargeError, EntryKind, LedgerEntry},
    id::UserId,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    auth::Visitor,
    body::{Anything, Body, whole_number},
    idempotency::{KeyHeader, created},
    moment::Moment,
    page::{Paging, list},
    path::PathId,
    problem::{Code, Problem},
};

/// The body of `POST /v1/users/{id}/balance/charges`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewCharge {
    /// Whatever is no amount is `invalid_amount`, not a wrong form.
    amount: Anything,
}

#[derive(Serialize)]
struct BalanceView {
    user_id: Uuid,
    balance: i64,
    currency: &'static str,
}

#[derive(Serialize)]
struct ChargeView {
    id: Uuid,
    amount: i64,
    balance: i64,
    charged_at: Moment,
}

#[derive(Serialize)]
struct EntryView {
    id: Uuid,
    kind: &'static str,
    amount: i64,
    balance_after: i64,
    created_at: Moment,
    #[serde(skip_serializing_if = "Option::is_none")]
    payment_id: Option<Uuid>,
}

impl From<&LedgerEntry> for EntryView {
    fn from(entry: &LedgerEntry) -> Self {
        let (kind, payment_id) = match entry.kind {
            EntryKind::Charge => ("charge", None),
            EntryKind::Payment(id) => ("payment", Some(id.get())),
            EntryKind::Refund(id) => ("refund", Some(id.get())),
        };
        Self {
            id: entry.id.get(),
            kind,
            amount: entry.amount.get(),
            balance_after: entry.balance_after.get(),
            created_at: Moment(entry.created_at),
            payment_id,
        }
    }
}

/// `GET /v1/users/{id}/balance`
pub(crate) async fn balance(
    visitor: Visitor,
    id: PathId,
    balances: Data<dyn Balances>,
) -> Result<HttpResponse, Problem> {
    let user = id.of(UserId::new);
    let account = balances.balance(visitor.user, user).await?;
    Ok(HttpResponse::Ok().json(BalanceView {
        user_id: account.user_id.get(),
        balance: account.balance.get(),
        currency: "KRW",
    }))
}

/// `POST /v1/users/{id}/balance/charges`
pub(crate) async fn charge(
    visitor: Visitor,
    id: PathId,
    key: KeyHeader,
    balances: Data<dyn Balances>,
    Body(wish): Body<NewCharge>,
) -> Result<HttpResponse, Problem> {
    let user = id.of(UserId::new);
    let won = whole_number(&wish.amount);
    let key = key.of("charge", (user.get(), won))?;
    let charged = balances.charge(visitor.user, user, won, key).await?;
    let entry = charged.value;
    Ok(created(charged.replayed).json(ChargeView {
        id: entry.id.get(),
        amount: entry.amount.get(),
        balance: entry.balance_after.get(),
        charged_at: Moment(entry.created_at),
    }))
}

/// `GET /v1/users/{id}/balance/entries`
pub(crate) async fn entries(
    visitor: Visitor,
    id: PathId,
    paging: Paging,
    balances: Data<dyn Balances>,
) -> Result<HttpResponse, Problem> {
    let (user, page) = (id.of(UserId::new), paging.by_number()?);
    let page = balances.entries(visitor.user, user, page).await?;
    Ok(list(&page, EntryView::from))
}

impl From<BalanceError> for Problem {
    fn from(error: BalanceError) -> Self {
        match error {
            BalanceError::UserNotFound => Self::new(Code::UserNotFound),
            BalanceError::Storage(error) => error.into(),
        }
    }
}

impl From<ChargeError> for Problem {
    fn from(error: ChargeError) -> Self {
        match error {
            ChargeError::UserNotFound => Self::new(Code::UserNotFound),
            ChargeError::InvalidAmount => Self::new(Code::InvalidAmount),
            ChargeError::LimitExceeded { limit } => {
                Self::new(Code::BalanceLimitExceeded).with("limit", limit.get())
            }
            ChargeError::KeyReused(_) => Self::new(Code::IdempotencyKeyReused),
            ChargeError::Storage(error) => error.into(),
        }
    }
}

#[cfg(test)]
mod tests;
