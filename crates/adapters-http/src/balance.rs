//! One's balance and ledger (rules 17 to 19).

use actix_web::{HttpResponse, web::Data};
use domain::{
    balance::{BalanceError, Balances, ChargeError, EntryKind, LedgerEntry},
    id::UserId,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    auth::Visitor,
    body::{Anything, Body, whole_number},
    idempotency::{KeyHeader, created},
    moment::Moment,
    page::{List, Paging, list},
    path::PathId,
    problem::{Code, Problem},
};

/// The body of `POST /v1/users/{id}/balance/charges`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewCharge {
    // Whatever is no amount is `invalid_amount`, not a wrong form.
    /// In whole won.
    #[schema(value_type = i64, minimum = 1)]
    amount: Anything,
}

/// What a user has.
#[derive(Serialize, ToSchema)]
#[schema(as = Balance)]
struct BalanceView {
    user_id: Uuid,
    balance: i64,
    #[schema(pattern = "^KRW$")]
    currency: &'static str,
}

/// Money that was paid in, and the balance after it.
#[derive(Serialize, ToSchema)]
#[schema(as = Charge)]
struct ChargeView {
    id: Uuid,
    amount: i64,
    balance: i64,
    charged_at: Moment,
}

/// A change of a balance.
#[derive(Serialize, ToSchema)]
#[schema(as = LedgerEntry)]
struct EntryView {
    id: Uuid,
    kind: Kind,
    amount: i64,
    balance_after: i64,
    created_at: Moment,
    #[serde(skip_serializing_if = "Option::is_none")]
    payment_id: Option<Uuid>,
}

/// What changed a balance.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = LedgerEntryKind)]
enum Kind {
    Charge,
    Payment,
    Refund,
}

impl From<&LedgerEntry> for EntryView {
    fn from(entry: &LedgerEntry) -> Self {
        let (kind, payment_id) = match entry.kind {
            EntryKind::Charge => (Kind::Charge, None),
            EntryKind::Payment(id) => (Kind::Payment, Some(id.get())),
            EntryKind::Refund(id) => (Kind::Refund, Some(id.get())),
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

/// My balance
#[utoipa::path(
    get,
    path = "/v1/users/{id}/balance",
    tag = "balance",
    responses((status = 200, description = "The balance", body = BalanceView)),
    extensions(("x-problems" = json!(["user_not_found"])))
)]
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

/// Charge my balance
#[utoipa::path(
    post,
    path = "/v1/users/{id}/balance/charges",
    tag = "balance",
    responses((status = 201, description = "The charge", body = ChargeView)),
    extensions(("x-problems" = json!(["user_not_found", "invalid_amount", "balance_limit_exceeded"])))
)]
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

/// My ledger, the newest entry first
#[utoipa::path(
    get,
    path = "/v1/users/{id}/balance/entries",
    tag = "balance",
    responses((status = 200, description = "A page of entries", body = List<EntryView>)),
    extensions(("x-problems" = json!(["user_not_found"])))
)]
pub(crate) async fn entries(
    visitor: Visitor,
    id: PathId,
    Paging(page): Paging<u64>,
    balances: Data<dyn Balances>,
) -> Result<HttpResponse, Problem> {
    let user = id.of(UserId::new);
    let limit = page.limit;
    let page = balances.entries(visitor.user, user, page).await?;
    Ok(list(&page, limit, EntryView::from))
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
