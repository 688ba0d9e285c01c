//! Paying, and one's payments (rules 20 to 24).

use actix_web::{HttpResponse, http::header::LOCATION, web::Data};
use domain::{
    id::{PaymentId, ReservationId},
    payment::{PayError, PaymentError, Payments, Receipt},
    queue::Queue,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    auth::{AtDoor, Visitor},
    body::Body,
    idempotency::{KeyHeader, created},
    moment::Moment,
    page::{Paging, list},
    path::PathId,
    problem::{Code, Problem},
    queue::not_active,
    reservations::{ReservationView, numbers, seat_numbers},
    trail::Trail,
};

/// The body of `POST /v1/payments`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPayment {
    reservation_id: Uuid,
    seat_numbers: Option<Vec<i64>>,
}

#[derive(Serialize)]
struct PaymentView<'a> {
    id: Uuid,
    reservation_id: Uuid,
    amount: i64,
    balance_after: i64,
    paid_at: Moment,
    reservation: ReservationView<'a>,
}

impl<'a> From<&'a Receipt> for PaymentView<'a> {
    fn from(receipt: &'a Receipt) -> Self {
        Self {
            id: receipt.id.get(),
            reservation_id: receipt.reservation.id.get(),
            amount: receipt.amount.get(),
            balance_after: receipt.balance_after.get(),
            paid_at: Moment(receipt.paid_at),
            reservation: ReservationView::from(&receipt.reservation),
        }
    }
}

/// `POST /v1/payments`. A token that is over passes the door: paying has spent it, and one who asks
/// again learns from the decision itself that the reservation is paid (rule 24).
pub(crate) async fn pay(
    door: AtDoor,
    key: KeyHeader,
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
        .json(PaymentView::from(&paid.value)))
}

/// `GET /v1/payments/{id}`
pub(crate) async fn find(
    visitor: Visitor,
    id: PathId,
    payments: Data<dyn Payments>,
) -> Result<HttpResponse, Problem> {
    let found = payments.find(visitor.user, id.of(PaymentId::new)).await?;
    Ok(HttpResponse::Ok().json(PaymentView::from(&found)))
}

/// `GET /v1/payments`
pub(crate) async fn mine(
    visitor: Visitor,
    paging: Paging,
    payments: Data<dyn Payments>,
) -> Result<HttpResponse, Problem> {
    let page = paging.by_id(PaymentId::new)?;
    let page = payments.list(visitor.user, page).await?;
    Ok(list(&page, PaymentView::from))
}

impl From<PayError> for Problem {
    fn from(error: PayError) -> Self {
        match error {
            PayError::TokenNotActive => Self::new(Code::QueueTokenNotActive),
            PayError::TokenEnded => Self::new(Code::QueueTokenExpired),
            PayError::ReservationNotFound => Self::new(Code::ReservationNotFound),
            PayError::ReservationExpired => Self::new(Code::ReservationExpired),
            PayError::ReservationCancelled => Self::new(Code::ReservationCancelled),
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
