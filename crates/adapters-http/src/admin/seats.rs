//! Seats that the house keeps for itself, and seats that it gives away.

use actix_web::{HttpResponse, http::header::LOCATION, web::Data};
use domain::{
    catalogue::ShortText,
    house::{Block, House},
    id::{BlockId, ScheduleId, UserId},
    seats::HouseSeats,
};
use serde::{Deserialize, Serialize};
use utoipa::{ToSchema, openapi::schema::ArrayBuilder};
use uuid::Uuid;

use super::text;
use crate::{
    auth::Operator,
    body::{Body, Whole, optional_text_schema},
    moment::Moment,
    page::{Items, items},
    path::PathId,
    problem::Problem,
    reservations::{
        ReservationView, Terms, numbers, numbers_schema, numbers_up_to, seat_numbers, whole,
        wrong_seats,
    },
};

/// The body of `POST /v1/admin/schedules/{id}/blocks`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewSeatBlock)]
pub(crate) struct NewBlock {
    #[schema(schema_with = many_schema)]
    seat_numbers: Vec<Whole<i64>>,
    /// What they are kept for.
    #[schema(schema_with = optional_text_schema)]
    note: Option<String>,
}

/// The body of `POST /v1/admin/schedules/{id}/complimentary`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewGift {
    user_id: Uuid,
    #[schema(schema_with = numbers_schema)]
    seat_numbers: Vec<Whole<i64>>,
}

fn many_schema() -> ArrayBuilder {
    numbers_up_to(HouseSeats::MOST)
}

/// Seats that the house keeps.
#[derive(Serialize, ToSchema)]
#[schema(as = SeatBlock)]
struct BlockView<'a> {
    id: Uuid,
    schedule_id: Uuid,
    seat_numbers: Vec<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'a str>,
    blocked_at: Moment,
}

impl<'a> From<&'a Block> for BlockView<'a> {
    fn from(block: &'a Block) -> Self {
        Self {
            id: block.id.get(),
            schedule_id: block.schedule_id.get(),
            seat_numbers: numbers(&block.seats),
            note: block.note.as_ref().map(ShortText::as_str),
            blocked_at: Moment(block.blocked_at),
        }
    }
}

/// Keep seats for the house
#[utoipa::path(
    post,
    path = "/v1/admin/schedules/{id}/blocks",
    tag = "operator",
    responses((status = 201, description = "The seats that are kept", body = BlockView)),
    extensions(("x-problems" = json!(["schedule_not_found", "schedule_cancelled", "seat_not_found", "seat_unavailable"])))
)]
pub(crate) async fn block(
    Operator(operator): Operator,
    id: PathId,
    house: Data<dyn House>,
    Body(wish): Body<NewBlock>,
) -> Result<HttpResponse, Problem> {
    let numbers = whole(&wish.seat_numbers);
    let seats = HouseSeats::new(&numbers)
        .map_err(|invalid| wrong_seats("/seat_numbers", &numbers, invalid))?;
    let note = wish.note.map(|note| text("/note", &note)).transpose();
    let note = note.map_err(|fault| Problem::invalid([fault]))?;
    let schedule = id.of(ScheduleId::new);
    let block = house.block(operator, schedule, seats, note).await?;
    Ok(HttpResponse::Created().json(BlockView::from(&block)))
}

/// The seats of a date that the house keeps
#[utoipa::path(
    get,
    path = "/v1/admin/schedules/{id}/blocks",
    tag = "operator",
    responses((status = 200, description = "The blocks", body = Items<BlockView>)),
    extensions(("x-problems" = json!(["schedule_not_found"])))
)]
pub(crate) async fn blocks(
    _: Operator,
    id: PathId,
    house: Data<dyn House>,
) -> Result<HttpResponse, Problem> {
    let blocks = house.blocks(id.of(ScheduleId::new)).await?;
    Ok(items(&blocks, BlockView::from))
}

/// Give seats back to everyone
#[utoipa::path(
    delete,
    path = "/v1/admin/blocks/{id}",
    tag = "operator",
    responses((status = 204, description = "They are on sale")),
    extensions(("x-problems" = json!(["block_not_found"])))
)]
pub(crate) async fn unblock(
    Operator(operator): Operator,
    id: PathId,
    house: Data<dyn House>,
) -> Result<HttpResponse, Problem> {
    house.unblock(operator, id.of(BlockId::new)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Give seats to a user for nothing
#[utoipa::path(
    post,
    path = "/v1/admin/schedules/{id}/complimentary",
    tag = "operator",
    responses((status = 201, description = "The reservation, paid by nothing", body = ReservationView, headers(("Location" = String, description = "Where its owner can read it")))),
    extensions(("x-problems" = json!(["schedule_not_found", "schedule_cancelled", "user_not_found", "seat_not_found", "seat_unavailable"])))
)]
pub(crate) async fn give(
    Operator(operator): Operator,
    id: PathId,
    terms: Terms,
    house: Data<dyn House>,
    Body(wish): Body<NewGift>,
) -> Result<HttpResponse, Problem> {
    let seats = seat_numbers("/seat_numbers", &wish.seat_numbers)?;
    let (schedule, user) = (id.of(ScheduleId::new), UserId::new(wish.user_id));
    let given = house.give(operator, schedule, user, seats).await?;
    Ok(HttpResponse::Created()
        .insert_header((LOCATION, format!("/v1/reservations/{}", given.id)))
        .json(ReservationView::new(&given, terms)))
}

#[cfg(test)]
mod tests;
