//! Concerts and their dates, for those whose turn it is (rules 9 and 10).

use actix_web::{HttpResponse, web::Data};
use domain::{
    catalogue::{Catalogue, CatalogueError, Concert, Schedule},
    id::ConcertId,
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    auth::Admitted,
    moment::Moment,
    page::{Items, List, Paging, items, list},
    path::PathId,
    problem::{Code, Problem},
};

/// A concert as shown.
#[derive(Serialize, ToSchema)]
#[schema(as = Concert)]
pub(crate) struct ConcertView<'a> {
    id: Uuid,
    title: &'a str,
    venue: &'a str,
}

impl<'a> From<&'a Concert> for ConcertView<'a> {
    fn from(concert: &'a Concert) -> Self {
        Self {
            id: concert.id.get(),
            title: concert.title.as_str(),
            venue: concert.venue.as_str(),
        }
    }
}

/// A date that can be booked.
#[derive(Serialize, ToSchema)]
#[schema(as = Date)]
struct DateView {
    id: Uuid,
    starts_at: Moment,
    total_seats: u32,
    remaining_seats: u32,
    sold_seats: u32,
}

impl From<&Schedule> for DateView {
    fn from(schedule: &Schedule) -> Self {
        Self {
            id: schedule.id.get(),
            starts_at: Moment(schedule.starts_at),
            total_seats: schedule.total_seats,
            remaining_seats: schedule.remaining_seats,
            sold_seats: schedule.sold_seats,
        }
    }
}

/// The concerts
#[utoipa::path(
    get,
    path = "/v1/concerts",
    tag = "shop",
    responses((status = 200, description = "A page of concerts", body = List<ConcertView>))
)]
pub(crate) async fn concerts(
    _: Admitted,
    Paging(page): Paging<ConcertId>,
    catalogue: Data<dyn Catalogue>,
) -> Result<HttpResponse, Problem> {
    let limit = page.limit;
    let page = catalogue.concerts(page).await?;
    Ok(list(&page, limit, ConcertView::from))
}

/// The dates of a concert that still have seats
#[utoipa::path(
    get,
    path = "/v1/concerts/{id}/schedules",
    tag = "shop",
    responses((status = 200, description = "The dates", body = Items<DateView>)),
    extensions(("x-problems" = json!(["concert_not_found", "no_available_dates"])))
)]
pub(crate) async fn dates(
    _: Admitted,
    id: PathId,
    catalogue: Data<dyn Catalogue>,
) -> Result<HttpResponse, Problem> {
    let dates = catalogue.available_dates(id.of(ConcertId::new)).await?;
    Ok(items(&dates, DateView::from))
}

impl From<CatalogueError> for Problem {
    fn from(error: CatalogueError) -> Self {
        match error {
            CatalogueError::ConcertNotFound => Self::new(Code::ConcertNotFound),
            CatalogueError::NoAvailableDates => Self::new(Code::NoAvailableDates),
            CatalogueError::NoSeats => Self::new(Code::NoSeats),
            CatalogueError::UnknownVersion => Self::unknown_version(),
            CatalogueError::Storage(error) => error.into(),
        }
    }
}

#[cfg(test)]
mod tests;
