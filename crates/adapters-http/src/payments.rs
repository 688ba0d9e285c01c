//! Paying, and one's payments (rules 20 to 24).

use actix_web::{HttpResponse, http::header::LOCATION, web::Data};
use domain::{
    id::{PaymentId, ReservationId},
    payment::{PayError, PaymentError, Payments, Receipt},
    queue::Queue,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    auth::{AtDoor, Visitor},
    body::{Body, Whole},
    idempotency::{KeyHeader, created},
    moment::Moment,
    page::{List, Paging, list},
    path::PathId,
    problem::{Code, Problem},
    queue::not_active,
    reservations::{ReservationView, Terms, numbers, numbers_schema, refunded_at, seat_numbers},
    trail::Trail,
};

/// The body of `POST /v1/payments`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPayment {
    reservation_id: Uuid,
    /// Those of the reservation, for whoever wants to be sure.
    #[schema(schema_with = numbers_schema)]
    seat_numbers: Option<Vec<Whole<i64>>>,
}

/// A receipt.
#[derive(Serialize, ToSchema)]
#[schema(as = Payment)]
struct PaymentView<'a> {
    id: Uuid,
    reservation_id: Uuid,
    amount: i64,
    balance_after: i64,
    paid_at: Moment,
    /// When the money went back, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    refunded_at: Option<Moment>,
    reservation: ReservationView<'a>,
}

impl<'a> PaymentView<'a> {
    fn new(receipt: &'a Receipt, terms: Terms) -> Self {
        Self {
            id: receipt.id.get(),
            reservation_id: receipt.reservation.id.get(),
            amount: receipt.amount.get(),
            balance_after: receipt.balance_after.get(),
            paid_at: Moment(receipt.paid_at),
            refunded_at: refunded_at(&receipt.reservation),
            reservation: ReservationView::new(&receipt.reservation, terms),
        }
    }
}

/// Pay a reservation
///
/// Paying spends the queue token. Whoever asks again learns that the reservation is paid, or with the
/// same `Idempotency-Key` gets the same receipt.
#[utoipa::path(
    post,
    path = "/v1/payments",
    tag = "payments",
    responses((status = 201, description = "The receipt", body = PaymentView, headers(("Location" = String, description = "Where it can be read")))),
    extensions(("x-problems" = json!(["reservation_not_found", "reservation_expired", "reservation_cancelled", "schedule_cancelled", "reservation_already_paid", "insufficient_balance"])))
)]
pub(crate) async fn pay(
    // One that is over passes: the decision itself tells that the reservation is paid (rule 24).
    door: AtDoor,
    key: KeyHeader,
    terms: Terms,
    payments: Data<dyn Payments>,
    queue: Data<dyn Queue>,
    trail: Trail,
    Body(wish): Body<NewPayment>,
) -> Result<HttpResponse, Problem> {
    let seats = wish.seat_numbers.as_deref();
    let seats = seats.map(|seats| seat_numbers("/seat_numbers", seats));
    let seats = seats.transpose()?;
    let named = seats.as_ref().map(|seats| numbers(seats.as_slice()));
    let key = key.of("pay", (wish.reservation_id, named))?;
    let reservation = ReservationId::new(wish.reservation_id);
    trail.about(reservation);
    let paid = match payments.pay(door.pass, reservation, seats, key).await {
        Err(PayError::TokenNotActive) => return Err(not_active(&**queue, door.pass).await),
        paid => paid?,
    };
    Ok(created(paid.replayed)
        .insert_header((LOCATION, format!("/v1/payments/{}", paid.value.id)))
        .json(PaymentView::new(&paid.value, terms)))
}

/// One of my receipts
#[utoipa::path(
    get,
    path = "/v1/payments/{id}",
    tag = "payments",
    responses((status = 200, description = "The receipt", body = PaymentView)),
    extensions(("x-problems" = json!(["payment_not_found"])))
)]
pub(crate) async fn find(
    visitor: Visitor,
    id: PathId,
    terms: Terms,
    payments: Data<dyn Payments>,
) -> Result<HttpResponse, Problem> {
    let found = payments.find(visitor.user, id.of(PaymentId::new)).await?;
    Ok(HttpResponse::Ok().json(PaymentView::new(&found, terms)))
}

/// My receipts
#[utoipa::path(
    get,
    path = "/v1/payments",
    tag = "payments",
    responses((status = 200, description = "A page of receipts", body = List<PaymentView>))
)]
pub(crate) async fn mine(
    visitor: Visitor,
    Paging(page): Paging<PaymentId>,
    terms: Terms,
    payments: Data<dyn Payments>,
) -> Result<HttpResponse, Problem> {
    let limit = page.limit;
    let page = payments.list(visitor.user, page).await?;
    Ok(list(&page, limit, |own| PaymentView::new(own, terms)))
}

impl From<PayError> for Problem {
    fn from(error: PayError) -> Self {
        match error {
            PayError::TokenNotActive => Self::new(Code::QueueTokenNotActive),
            PayError::TokenEnded => Self::new(Code::QueueTokenExpired),
            PayError::ReservationNotFound => Self::new(Code::ReservationNotFound),
            PayError::ReservationExpired => Self::new(Code::ReservationExpired),
            PayError::ReservationCancelled => Self::new(Code::ReservationCancelled),
            PayError::ScheduleCancelled { reason } => Self::schedule_cancelled(reason),
            PayError::AlreadyPaid { payment_id } => {
                Self::new(Code::ReservationAlreadyPaid).with("payment_id", payment_id.get())
            }
            PayError::Insufficient(missing) => Self::new(Code::InsufficientBalance)
                .with("balance", missing.balance.get())
                .with("amount", missing.amount.get())
                .with("shortfall", missing.shortfall.get()),
            PayError::KeyReused(_) => Self::new(Code::IdempotencyKeyReused),
            PayError::Storage(error) => error.into(),
        }
    }
}

impl From<PaymentError> for Problem {
    fn from(error: PaymentError) -> Self {
        match error {
            PaymentError::NotFound => Self::new(Code::PaymentNotFound),
            PaymentError::Storage(error) => error.into(),
        }
    }
}

#[cfg(test)]
mod tests;
