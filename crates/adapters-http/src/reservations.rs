//! Holding seats, and one's reservations (rules 12 to 16).

use actix_web::{HttpResponse, http::header::LOCATION, web::Data};
use domain::{
    id::{ReservationId, ScheduleId},
    queue::Queue,
    reservations::{
        CancelError, HoldError, Reservation, ReservationError, ReservationStatus, Reservations,
        ReservedSeat,
    },
    seats::SeatNumber,
};
use serde::Serialize;
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
    trail::Trail,
};

mod wish;

use wish::meaning;
pub(crate) use wish::{NewReservation, seat_numbers};

/// A reservation as shown.
#[derive(Serialize)]
pub(crate) struct ReservationView<'a> {
    id: Uuid,
    status: &'static str,
    schedule_id: Uuid,
    seats: Vec<SeatView<'a>>,
    amount: i64,
    held_until: Moment,
    created_at: Moment,
}

#[derive(Serialize)]
struct SeatView<'a> {
    id: Uuid,
    number: u32,
    grade: &'a str,
    price: i64,
}

impl<'a> From<&'a ReservedSeat> for SeatView<'a> {
    fn from(seat: &'a ReservedSeat) -> Self {
        Self {
            id: seat.id.get(),
            number: seat.number.get(),
            grade: &seat.grade,
            price: seat.price.get(),
        }
    }
}

impl<'a> From<&'a Reservation> for ReservationView<'a> {
    fn from(reservation: &'a Reservation) -> Self {
        Self {
            id: reservation.id.get(),
            status: status(reservation.status),
            schedule_id: reservation.schedule_id.get(),
            seats: reservation.seats.iter().map(SeatView::from).collect(),
            amount: reservation.amount.get(),
            held_until: Moment(reservation.held_until),
            created_at: Moment(reservation.created_at),
        }
    }
}

const fn status(status: ReservationStatus) -> &'static str {
    match status {
        ReservationStatus::PendingPayment => "pending_payment",
        ReservationStatus::Paid { .. } => "paid",
        ReservationStatus::Cancelled => "cancelled",
        ReservationStatus::Expired => "expired",
    }
}

/// The numbers of `seats`, ascending, to be shown or digested.
pub(crate) fn numbers(seats: &[SeatNumber]) -> Vec<u32> {
    seats.iter().map(|seat| seat.get()).collect()
}

/// `POST /v1/reservations`
pub(crate) async fn hold(
    door: AtDoor,
    key: KeyHeader,
    reservations: Data<dyn Reservations>,
    queue: Data<dyn Queue>,
    trail: Trail,
    Body(new): Body<NewReservation>,
) -> Result<HttpResponse, Problem> {
    // A retry may come after the payment that spent the token, and still gets the first answer.
    if door.over && !key.is_given() {
        return Err(Problem::new(Code::QueueTokenExpired));
    }
    let schedule = ScheduleId::new(new.schedule_id);
    let wish = new.wish()?;
    let key = key.of("hold", (schedule.get(), meaning(&wish)))?;
    let held = match reservations.hold(door.pass, schedule, wish, key).await {
        Err(HoldError::TokenNotActive) => return Err(not_active(&**queue, door.pass).await),
        held => held?,
    };
    trail.about(held.value.id);
    Ok(created(held.replayed)
        .insert_header((LOCATION, format!("/v1/reservations/{}", held.value.id)))
        .json(ReservationView::from(&held.value)))
}

/// `GET /v1/reservations/{id}`
pub(crate) async fn find(
    visitor: Visitor,
    id: PathId,
    trail: Trail,
    reservations: Data<dyn Reservations>,
) -> Result<HttpResponse, Problem> {
    let id = id.of(ReservationId::new);
    trail.about(id);
    let found = reservations.find(visitor.user, id).await?;
    Ok(HttpResponse::Ok().json(ReservationView::from(&found)))
}

/// `GET /v1/reservations`
pub(crate) async fn mine(
    visitor: Visitor,
    paging: Paging,
    reservations: Data<dyn Reservations>,
) -> Result<HttpResponse, Problem> {
    let page = paging.by_id(ReservationId::new)?;
    let page = reservations.list(visitor.user, page).await?;
    Ok(list(&page, ReservationView::from))
}

/// `DELETE /v1/reservations/{id}`
pub(crate) async fn cancel(
    visitor: Visitor,
    id: PathId,
    trail: Trail,
    reservations: Data<dyn Reservations>,
) -> Result<HttpResponse, Problem> {
    let id = id.of(ReservationId::new);
    trail.about(id);
    let cancelled = reservations.cancel(visitor.user, id).await?;
    Ok(HttpResponse::Ok().json(ReservationView::from(&cancelled)))
}

impl From<HoldError> for Problem {
    fn from(error: HoldError) -> Self {
        match error {
            HoldError::TokenNotActive => Self::new(Code::QueueTokenNotActive),
            HoldError::TokenEnded => Self::new(Code::QueueTokenExpired),
            HoldError::ScheduleNotFound => Self::new(Code::ScheduleNotFound),
            HoldError::SalesNotOpen { opens_at } => {
                Self::new(Code::SalesNotOpen).with("opens_at", Moment(opens_at))
            }
            HoldError::SeatNotFound { numbers: seats } => {
                Self::new(Code::SeatNotFound).with("seat_numbers", numbers(&seats))
            }
            HoldError::SeatUnavailable { numbers: seats } => {
                Self::new(Code::SeatUnavailable).with("seat_numbers", numbers(&seats))
            }
            HoldError::SeatLimitReached { limit } => {
                Self::new(Code::SeatLimitReached).with("limit", limit)
            }
            HoldError::AmountOverflow => Self::internal(error),
            HoldError::KeyReused(_) => Self::new(Code::IdempotencyKeyReused),
            HoldError::Storage(error) => error.into(),
        }
    }
}

impl From<CancelError> for Problem {
    fn from(error: CancelError) -> Self {
        match error {
            CancelError::NotFound => Self::new(Code::ReservationNotFound),
            CancelError::Expired => Self::new(Code::ReservationExpired),
            CancelError::AlreadyPaid { payment_id } => {
                Self::new(Code::ReservationAlreadyPaid).with("payment_id", payment_id.get())
            }
            CancelError::Storage(error) => error.into(),
        }
    }
}

impl From<ReservationError> for Problem {
    fn from(error: ReservationError) -> Self {
        match error {
            ReservationError::NotFound => Self::new(Code::ReservationNotFound),
            ReservationError::Storage(error) => error.into(),
        }
    }
}

#[cfg(test)]
mod tests;
