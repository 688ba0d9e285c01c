//! Holding seats, and one's reservations (rules 12 to 16).

use actix_web::{HttpResponse, http::header::LOCATION, web::Data};
use domain::{
    catalogue::ShortText,
    id::{ReservationId, ScheduleId},
    queue::Queue,
    reservations::{
        CancelError, HoldError, Reservation, ReservationError, ReservationStatus, Reservations,
        ReservedSeat,
    },
    seats::SeatNumber,
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    auth::{AtDoor, Visitor},
    body::Body,
    idempotency::{KeyHeader, created},
    moment::Moment,
    page::{List, Paging, list},
    path::PathId,
    problem::{Code, Problem},
    queue::not_active,
    trail::Trail,
};

mod terms;
mod wish;

pub(crate) use terms::Terms;
use wish::meaning;
pub(crate) use wish::{
    NewReservation, numbers_schema, numbers_up_to, seat_numbers, whole, wrong_seats,
};

/// A reservation as shown.
#[derive(Serialize, ToSchema)]
#[schema(as = Reservation)]
pub(crate) struct ReservationView<'a> {
    id: Uuid,
    status: Status,
    schedule_id: Uuid,
    seats: Vec<SeatView<'a>>,
    amount: i64,
    held_until: Moment,
    created_at: Moment,
    /// Until when it can be given back for the money; only while it can.
    #[serde(skip_serializing_if = "Option::is_none")]
    refund_until: Option<Moment>,
    /// When the money went back, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    refunded_at: Option<Moment>,
}

/// A seat of a reservation.
#[derive(Serialize, ToSchema)]
#[schema(as = ReservedSeat)]
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

impl<'a> ReservationView<'a> {
    pub(crate) fn new(reservation: &'a Reservation, terms: Terms) -> Self {
        Self {
            id: reservation.id.get(),
            status: status(reservation.status),
            schedule_id: reservation.schedule_id.get(),
            seats: reservation.seats.iter().map(SeatView::from).collect(),
            amount: reservation.amount.get(),
            held_until: Moment(reservation.held_until),
            created_at: Moment(reservation.created_at),
            refund_until: terms.refund_until(reservation),
            refunded_at: refunded_at(reservation),
        }
    }
}

/// What has become of a reservation.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ReservationStatus)]
enum Status {
    PendingPayment,
    Paid,
    Cancelled,
    Expired,
}

const fn status(status: ReservationStatus) -> Status {
    match status {
        ReservationStatus::PendingPayment => Status::PendingPayment,
        ReservationStatus::Paid { .. } => Status::Paid,
        ReservationStatus::Cancelled | ReservationStatus::Refunded { .. } => Status::Cancelled,
        ReservationStatus::Expired => Status::Expired,
    }
}

/// When what was paid for `reservation` went back, if it did.
pub(crate) fn refunded_at(reservation: &Reservation) -> Option<Moment> {
    match reservation.status {
        ReservationStatus::Refunded { at, .. } => Some(Moment(at)),
        _ => None,
    }
}

/// The numbers of `seats`, ascending, to be shown or digested.
pub(crate) fn numbers(seats: &[SeatNumber]) -> Vec<u32> {
    seats.iter().map(|seat| seat.get()).collect()
}

/// Hold seats
///
/// Certain seats, the first of several choices that can be granted, or the best: all of them or none.
#[utoipa::path(
    post,
    path = "/v1/reservations",
    tag = "reservations",
    responses((status = 201, description = "The seats are held", body = ReservationView, headers(("Location" = String, description = "Where it can be read")))),
    extensions(("x-problems" = json!(["schedule_not_found", "schedule_cancelled", "sales_not_open", "sales_closed", "seat_not_found", "seat_unavailable", "seat_limit_reached"])))
)]
pub(crate) async fn hold(
    door: AtDoor,
    key: KeyHeader,
    terms: Terms,
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
        .json(ReservationView::new(&held.value, terms)))
}

/// One of my reservations
#[utoipa::path(
    get,
    path = "/v1/reservations/{id}",
    tag = "reservations",
    responses((status = 200, description = "The reservation", body = ReservationView)),
    extensions(("x-problems" = json!(["reservation_not_found"])))
)]
pub(crate) async fn find(
    visitor: Visitor,
    id: PathId,
    terms: Terms,
    trail: Trail,
    reservations: Data<dyn Reservations>,
) -> Result<HttpResponse, Problem> {
    let id = id.of(ReservationId::new);
    trail.about(id);
    let found = reservations.find(visitor.user, id).await?;
    Ok(HttpResponse::Ok().json(ReservationView::new(&found, terms)))
}

/// My reservations
#[utoipa::path(
    get,
    path = "/v1/reservations",
    tag = "reservations",
    responses((status = 200, description = "A page of reservations", body = List<ReservationView>))
)]
pub(crate) async fn mine(
    visitor: Visitor,
    Paging(page): Paging<ReservationId>,
    terms: Terms,
    reservations: Data<dyn Reservations>,
) -> Result<HttpResponse, Problem> {
    let limit = page.limit;
    let page = reservations.list(visitor.user, page).await?;
    Ok(list(&page, limit, |own| ReservationView::new(own, terms)))
}

/// Cancel a reservation, or give a paid one back
///
/// What was paid goes back to the balance, while `refund_until` is shown.
#[utoipa::path(
    delete,
    path = "/v1/reservations/{id}",
    tag = "reservations",
    responses((status = 200, description = "The cancelled reservation", body = ReservationView)),
    extensions(("x-problems" = json!(["reservation_not_found", "reservation_expired", "refund_not_allowed"])))
)]
pub(crate) async fn cancel(
    visitor: Visitor,
    id: PathId,
    terms: Terms,
    trail: Trail,
    reservations: Data<dyn Reservations>,
) -> Result<HttpResponse, Problem> {
    let id = id.of(ReservationId::new);
    trail.about(id);
    let cancelled = reservations.cancel(visitor.user, id).await?;
    Ok(HttpResponse::Ok().json(ReservationView::new(&cancelled, terms)))
}

impl Problem {
    /// That a date was called off, and why if the operator said so.
    pub(crate) fn schedule_cancelled(reason: Option<ShortText>) -> Self {
        let problem = Self::new(Code::ScheduleCancelled);
        match reason {
            Some(reason) => problem.with("reason", reason.as_str()),
            None => problem,
        }
    }
}

impl From<HoldError> for Problem {
    fn from(error: HoldError) -> Self {
        match error {
            HoldError::TokenNotActive => Self::new(Code::QueueTokenNotActive),
            HoldError::TokenEnded => Self::new(Code::QueueTokenExpired),
            HoldError::ScheduleNotFound => Self::new(Code::ScheduleNotFound),
            HoldError::ScheduleCancelled { reason } => Self::schedule_cancelled(reason),
            HoldError::SalesNotOpen { opens_at } => {
                Self::new(Code::SalesNotOpen).with("opens_at", Moment(opens_at))
            }
            HoldError::SalesClosed => Self::new(Code::SalesClosed),
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
            CancelError::RefundNotAllowed { until: Some(until) } => {
                Self::new(Code::RefundNotAllowed).with("refund_until", Moment(until))
            }
            CancelError::RefundNotAllowed { until: None } => Self::new(Code::RefundNotAllowed),
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
