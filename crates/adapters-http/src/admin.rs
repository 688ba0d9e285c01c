//! What operators do: concerts, dates and their seats, the policy of the queue, keys, the log.

use actix_web::{HttpResponse, http::header::LOCATION, web::Data};
use domain::{
    catalogue::{Catalogue, Schedule, ShortText},
    id::ConcertId,
    queue::{Board, InvalidPolicy, PolicyChange, QueueControl},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

pub(crate) mod cancellation;
pub(crate) mod house;
pub(crate) mod keys;
pub(crate) mod log;
pub(crate) mod schedule;
pub(crate) mod seats;

use schedule::NewSchedule;

use crate::{
    auth::Operator,
    body::{Body, Whole, text_schema},
    concerts::ConcertView,
    moment::Moment,
    path::PathId,
    problem::{Fault, Problem},
};

/// The body of `POST /v1/admin/concerts`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewConcert {
    #[schema(schema_with = text_schema)]
    title: String,
    #[schema(schema_with = text_schema)]
    venue: String,
}

/// The body of `PATCH /v1/admin/queue`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PolicyPatch {
    /// How many shop at once.
    #[schema(value_type = Option<u32>, maximum = 1_000_000)]
    capacity: Option<Whole<u32>>,
    /// How many are admitted at once.
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 100_000)]
    admission_batch: Option<Whole<u32>>,
    paused: Option<bool>,
}

/// A date as the operator sees it.
#[derive(Serialize, ToSchema)]
#[schema(as = Schedule)]
struct ScheduleView {
    id: Uuid,
    concert_id: Uuid,
    starts_at: Moment,
    #[serde(skip_serializing_if = "Option::is_none")]
    sales_open_at: Option<Moment>,
    total_seats: u32,
    remaining_seats: u32,
    sold_seats: u32,
}

/// The policy of the queue, and how many are where.
#[derive(Serialize, ToSchema)]
#[schema(as = QueueBoard)]
struct BoardView {
    policy: PolicyView,
    waiting: u64,
    active: u64,
    admitted_last_minute: u64,
    left: u64,
    no_shows: u64,
}

/// How the queue admits.
#[derive(Serialize, ToSchema)]
#[schema(as = QueuePolicy)]
struct PolicyView {
    capacity: u32,
    admission_batch: u32,
    paused: bool,
}

fn schedule_view(schedule: &Schedule) -> ScheduleView {
    ScheduleView {
        id: schedule.id.get(),
        concert_id: schedule.concert_id.get(),
        starts_at: Moment(schedule.starts_at),
        sales_open_at: schedule.sales_open_at.map(Moment),
        total_seats: schedule.total_seats,
        remaining_seats: schedule.remaining_seats,
        sold_seats: schedule.sold_seats,
    }
}

fn board_view(board: &Board) -> BoardView {
    BoardView {
        policy: PolicyView {
            capacity: board.policy.capacity,
            admission_batch: board.policy.admission_batch,
            paused: board.policy.paused,
        },
        waiting: board.waiting,
        active: board.active,
        admitted_last_minute: board.admitted_last_minute,
        left: board.left,
        no_shows: board.no_shows,
    }
}

/// The text at `pointer` of a body.
fn text(pointer: &str, text: &str) -> Result<ShortText, Fault> {
    ShortText::new(text).map_err(|invalid| Fault::at(pointer, &invalid))
}

/// Add a concert
#[utoipa::path(
    post,
    path = "/v1/admin/concerts",
    tag = "operator",
    responses((status = 201, description = "The concert", body = ConcertView))
)]
pub(crate) async fn add_concert(
    Operator(operator): Operator,
    catalogue: Data<dyn Catalogue>,
    Body(wish): Body<NewConcert>,
) -> Result<HttpResponse, Problem> {
    let (title, venue) = match (text("/title", &wish.title), text("/venue", &wish.venue)) {
        (Ok(title), Ok(venue)) => (title, venue),
        (title, venue) => {
            return Err(Problem::invalid(
                [title.err(), venue.err()].into_iter().flatten(),
            ));
        }
    };
    let concert = catalogue.add_concert(operator, title, venue).await?;
    Ok(HttpResponse::Created().json(ConcertView::from(&concert)))
}

/// Add a date with its seats to a concert
#[utoipa::path(
    post,
    path = "/v1/admin/concerts/{id}/schedules",
    tag = "operator",
    responses((status = 201, description = "The date", body = ScheduleView, headers(("Location" = String, description = "Its seats")))),
    extensions(("x-problems" = json!(["concert_not_found"])))
)]
pub(crate) async fn add_schedule(
    Operator(operator): Operator,
    id: PathId,
    catalogue: Data<dyn Catalogue>,
    Body(wish): Body<NewSchedule>,
) -> Result<HttpResponse, Problem> {
    let wish = wish.check()?;
    let added = catalogue.add_schedule(
        operator,
        id.of(ConcertId::new),
        wish.starts_at,
        wish.sales_open_at,
        wish.plan,
    );
    let added = added.await?;
    Ok(HttpResponse::Created()
        .insert_header((LOCATION, format!("/v1/schedules/{}/seats", added.id)))
        .json(schedule_view(&added)))
}

/// The policy of the queue, and how many are where
#[utoipa::path(
    get,
    path = "/v1/admin/queue",
    tag = "operator",
    responses((status = 200, description = "The board", body = BoardView))
)]
pub(crate) async fn board(
    _: Operator,
    control: Data<dyn QueueControl>,
) -> Result<HttpResponse, Problem> {
    let board = control.board().await?;
    Ok(HttpResponse::Ok().json(board_view(&board)))
}

/// Change the policy of the queue
#[utoipa::path(
    patch,
    path = "/v1/admin/queue",
    tag = "operator",
    responses((status = 200, description = "The board after the change", body = BoardView))
)]
pub(crate) async fn change_policy(
    Operator(operator): Operator,
    control: Data<dyn QueueControl>,
    Body(wish): Body<PolicyPatch>,
) -> Result<HttpResponse, Problem> {
    let change = PolicyChange {
        capacity: wish.capacity.map(|Whole(capacity)| capacity),
        admission_batch: wish.admission_batch.map(|Whole(batch)| batch),
        paused: wish.paused,
    };
    let board = control.change(operator, change).await??;
    Ok(HttpResponse::Ok().json(board_view(&board)))
}

impl From<InvalidPolicy> for Problem {
    fn from(invalid: InvalidPolicy) -> Self {
        let pointer = match invalid {
            InvalidPolicy::Capacity => "/capacity",
            InvalidPolicy::Batch => "/admission_batch",
        };
        Self::invalid([Fault::at(pointer, &invalid)])
    }
}

#[cfg(test)]
mod tests;
