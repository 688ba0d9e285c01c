//! Concerts and dates under way: edited, moved, closed, watched.

use actix_web::{HttpResponse, web::Data};
use domain::{
    catalogue::{Catalogue, Concert},
    house::{
        ConcertEdit, DateEdit, DateReport, House, HouseDate, HouseError, InvalidEdit, Opening,
    },
    id::{ConcertId, ScheduleId},
};
use serde::{Deserialize, Deserializer, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;

use super::{ScheduleView, schedule::moment, schedule_view, text};
use crate::{
    auth::Operator,
    body::{Body, optional_text_schema},
    concerts::ConcertView,
    page::{List, Paging, list},
    path::PathId,
    problem::{Code, Fault, Problem},
    reservations::numbers,
};

/// The body of `PATCH /v1/admin/concerts/{id}`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConcertPatch {
    #[schema(schema_with = optional_text_schema)]
    title: Option<String>,
    #[schema(schema_with = optional_text_schema)]
    venue: Option<String>,
}

/// The body of `PATCH /v1/admin/schedules/{id}`. What is left out stays; sales that open `null` open at
/// once.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SchedulePatch {
    /// In the future.
    #[serde(default, with = "time::serde::rfc3339::option")]
    starts_at: Option<OffsetDateTime>,
    /// Not after it starts.
    #[serde(default, deserialize_with = "opening")]
    #[schema(value_type = Option<OffsetDateTime>)]
    sales_open_at: Option<Opening>,
    sales_closed: Option<bool>,
}

/// A time that is there, or `null`.
fn opening<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Opening>, D::Error> {
    let time = time::serde::rfc3339::option::deserialize(from)?;
    Ok(Some(time.map_or(Opening::AtOnce, Opening::At)))
}

/// A date, and whether its sales are closed.
#[derive(Serialize, ToSchema)]
#[schema(as = HouseSchedule)]
struct DateView {
    #[serde(flatten)]
    schedule: ScheduleView,
    sales_closed: bool,
}

/// A concert with its dates.
#[derive(Serialize, ToSchema)]
#[schema(as = HouseConcert)]
struct ConcertDatesView<'a> {
    #[serde(flatten)]
    concert: ConcertView<'a>,
    schedules: Vec<DateView>,
}

/// A date, who has its seats, and what they have brought.
#[derive(Serialize, ToSchema)]
#[schema(as = ScheduleReport)]
struct ReportView {
    #[serde(flatten)]
    date: DateView,
    seats: CountsView,
    /// In won.
    revenue: i64,
}

/// Seats by who has them.
#[derive(Serialize, ToSchema)]
#[schema(as = SeatCounts)]
struct CountsView {
    available: u32,
    held: u32,
    sold: u32,
    complimentary: u32,
    blocked: u32,
}

fn date_view(date: &HouseDate) -> DateView {
    DateView {
        schedule: schedule_view(&date.schedule),
        sales_closed: date.sales_closed,
    }
}

fn concert_view<'a>(concert: &'a Concert, dates: &[HouseDate]) -> ConcertDatesView<'a> {
    ConcertDatesView {
        concert: ConcertView::from(concert),
        schedules: dates.iter().map(date_view).collect(),
    }
}

fn report_view(report: &DateReport) -> ReportView {
    ReportView {
        date: date_view(&report.date),
        seats: CountsView {
            available: report.date.schedule.remaining_seats,
            held: report.held,
            sold: report.sold,
            complimentary: report.complimentary,
            blocked: report.blocked,
        },
        revenue: report.revenue.get(),
    }
}

/// All concerts
#[utoipa::path(
    get,
    path = "/v1/admin/concerts",
    tag = "operator",
    responses((status = 200, description = "A page of concerts", body = List<ConcertView>))
)]
pub(crate) async fn concerts(
    _: Operator,
    Paging(page): Paging<ConcertId>,
    catalogue: Data<dyn Catalogue>,
) -> Result<HttpResponse, Problem> {
    let limit = page.limit;
    let page = catalogue.concerts(page).await?;
    Ok(list(&page, limit, ConcertView::from))
}

/// A concert with all its dates
#[utoipa::path(
    get,
    path = "/v1/admin/concerts/{id}",
    tag = "operator",
    responses((status = 200, description = "The concert", body = ConcertDatesView)),
    extensions(("x-problems" = json!(["concert_not_found"])))
)]
pub(crate) async fn concert(
    _: Operator,
    id: PathId,
    house: Data<dyn House>,
) -> Result<HttpResponse, Problem> {
    let (concert, dates) = house.concert(id.of(ConcertId::new)).await?;
    Ok(HttpResponse::Ok().json(concert_view(&concert, &dates)))
}

/// Change the texts of a concert
#[utoipa::path(
    patch,
    path = "/v1/admin/concerts/{id}",
    tag = "operator",
    responses((status = 200, description = "The concert after the change", body = ConcertView)),
    extensions(("x-problems" = json!(["concert_not_found"])))
)]
pub(crate) async fn edit_concert(
    Operator(operator): Operator,
    id: PathId,
    house: Data<dyn House>,
    Body(wish): Body<ConcertPatch>,
) -> Result<HttpResponse, Problem> {
    let checked = |pointer, given: Option<String>| given.map(|given| text(pointer, &given));
    let title = checked("/title", wish.title).transpose();
    let venue = checked("/venue", wish.venue).transpose();
    let edit = match (title, venue) {
        (Ok(title), Ok(venue)) => ConcertEdit { title, venue },
        (title, venue) => {
            let faults = [title.err(), venue.err()];
            return Err(Problem::invalid(faults.into_iter().flatten()));
        }
    };
    let id = id.of(ConcertId::new);
    let edited = house.edit_concert(operator, id, edit).await?;
    Ok(HttpResponse::Ok().json(ConcertView::from(&edited)))
}

/// How a date sells
#[utoipa::path(
    get,
    path = "/v1/admin/schedules/{id}",
    tag = "operator",
    responses((status = 200, description = "The date", body = ReportView)),
    extensions(("x-problems" = json!(["schedule_not_found"])))
)]
pub(crate) async fn report(
    _: Operator,
    id: PathId,
    house: Data<dyn House>,
) -> Result<HttpResponse, Problem> {
    let report = house.report(id.of(ScheduleId::new)).await?;
    Ok(HttpResponse::Ok().json(report_view(&report)))
}

/// Move a date, or close its sales
#[utoipa::path(
    patch,
    path = "/v1/admin/schedules/{id}",
    tag = "operator",
    responses((status = 200, description = "The date after the change", body = DateView)),
    extensions(("x-problems" = json!(["schedule_not_found", "schedule_cancelled", "schedule_begun"])))
)]
pub(crate) async fn edit_schedule(
    Operator(operator): Operator,
    id: PathId,
    house: Data<dyn House>,
    Body(wish): Body<SchedulePatch>,
) -> Result<HttpResponse, Problem> {
    let wrong = |fault| Problem::invalid([fault]);
    let starts_at = wish.starts_at.map(|at| moment("/starts_at", at));
    let opens = wish.sales_open_at.map(|opens| match opens {
        Opening::At(at) => moment("/sales_open_at", at).map(Opening::At),
        Opening::AtOnce => Ok(Opening::AtOnce),
    });
    let edit = DateEdit {
        starts_at: starts_at.transpose().map_err(wrong)?,
        sales_open_at: opens.transpose().map_err(wrong)?,
        sales_closed: wish.sales_closed,
    };
    let id = id.of(ScheduleId::new);
    let edited = house.edit_date(operator, id, edit).await?;
    Ok(HttpResponse::Ok().json(date_view(&edited)))
}

impl From<HouseError> for Problem {
    fn from(error: HouseError) -> Self {
        match error {
            HouseError::ConcertNotFound => Self::new(Code::ConcertNotFound),
            HouseError::ScheduleNotFound => Self::new(Code::ScheduleNotFound),
            HouseError::ScheduleCancelled { reason } => Self::schedule_cancelled(reason),
            HouseError::UserNotFound => Self::new(Code::UserNotFound),
            HouseError::BlockNotFound => Self::new(Code::BlockNotFound),
            HouseError::Begun => Self::new(Code::ScheduleBegun),
            HouseError::Invalid(invalid) => {
                let pointer = match invalid {
                    InvalidEdit::Past => "/starts_at",
                    InvalidEdit::OpensTooLate => "/sales_open_at",
                };
                Self::invalid([Fault::at(pointer, &invalid)])
            }
            HouseError::SeatNotFound { numbers: seats } => {
                Self::new(Code::SeatNotFound).with("seat_numbers", numbers(&seats))
            }
            HouseError::SeatUnavailable { numbers: seats } => {
                Self::new(Code::SeatUnavailable).with("seat_numbers", numbers(&seats))
            }
            HouseError::Storage(error) => error.into(),
        }
    }
}

#[cfg(test)]
mod tests;
