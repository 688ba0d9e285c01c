//! The seats of a date, for those whose turn it is (rules 9 and 11).

use std::{
    future::{Ready, ready},
    ops::Range,
};

use actix_web::{
    FromRequest, HttpRequest, HttpResponse,
    dev::Payload,
    http::header::{CONTENT_LANGUAGE, VARY},
    web::Data,
};
use domain::{
    catalogue::{Catalogue, SeatMap},
    id::{ConcertId, ScheduleId},
    seats::{Seat, SeatStatus},
};
use serde::Serialize;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    auth::{Admitted, part},
    language::Language,
    moment::Moment,
    params::Params,
    path::PathId,
    problem::{Fault, Problem},
    venue::VenueZone,
};

/// A seat's status as shown and asked for.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    Available,
    Held,
    Sold,
}

impl Status {
    fn of(seat: &Seat) -> Self {
        match seat.status {
            SeatStatus::Available => Self::Available,
            SeatStatus::Held { .. } => Self::Held,
            SeatStatus::Sold { .. } => Self::Sold,
        }
    }

    fn read(name: &str) -> Option<Self> {
        match name {
            "available" => Some(Self::Available),
            "held" => Some(Self::Held),
            "sold" => Some(Self::Sold),
            _ => None,
        }
    }
}

#[derive(Serialize)]
struct MapView<'a> {
    schedule_id: Uuid,
    starts_at: Moment,
    total_seats: usize,
    remaining_seats: usize,
    sold_out: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'static str>,
    seats: Vec<SeatView<'a>>,
}

#[derive(Serialize)]
struct SeatView<'a> {
    id: Uuid,
    number: u32,
    grade: &'a str,
    price: i64,
    status: Status,
}

/// How the seats are shown: which of them, in which language.
#[derive(Clone, Copy)]
struct Show {
    only: Option<Status>,
    language: Language,
}

impl Show {
    /// The numbers are those of the whole map, whichever seats are shown.
    fn map(self, map: &SeatMap) -> MapView<'_> {
        let remaining_seats = map.remaining();
        let sold_out = remaining_seats == 0;
        let shown = |seat: &&Seat| self.only.is_none_or(|only| only == Status::of(seat));
        MapView {
            schedule_id: map.schedule_id.get(),
            starts_at: Moment(map.starts_at),
            total_seats: map.seats.len(),
            remaining_seats,
            sold_out,
            message: sold_out.then(|| all_reserved(self.language)),
            seats: map.seats.iter().filter(shown).map(seat).collect(),
        }
    }

    fn answer(self, body: impl Serialize) -> HttpResponse {
        HttpResponse::Ok()
            .insert_header((CONTENT_LANGUAGE, self.language.tag()))
            .insert_header((VARY, "Accept-Language"))
            .json(body)
    }
}

fn seat(seat: &Seat) -> SeatView<'_> {
    SeatView {
        id: seat.id.get(),
        number: seat.number.get(),
        grade: &seat.grade,
        price: seat.price.get(),
        status: Status::of(seat),
    }
}

/// The message of a sold-out date (SPEC §5).
const fn all_reserved(language: Language) -> &'static str {
    match language {
        Language::English => "All seats are already reserved",
        Language::Korean => "모든 좌석이 이미 예약되었습니다",
    }
}

fn only(params: &Params) -> Result<Option<Status>, Problem> {
    params.parse(
        "status",
        "a status is available, held or sold",
        Status::read,
    )
}

/// The query of `GET /v1/schedules/{id}/seats`.
pub(crate) struct BySchedule {
    only: Option<Status>,
}

impl FromRequest for BySchedule {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let params = Params::read(request, &["status"]);
        ready(params.and_then(|params| {
            Ok(Self {
                only: only(&params)?,
            })
        }))
    }
}

/// The query of `GET /v1/concerts/{id}/seats`.
pub(crate) struct ByDate {
    day: Range<OffsetDateTime>,
    only: Option<Status>,
}

impl ByDate {
    fn read(request: &HttpRequest) -> Result<Self, Problem> {
        const EXPECTED: &str = "a date is YYYY-MM-DD, and needed";
        let zone = part::<VenueZone>(request)?;
        let params = Params::read(request, &["date", "status"])?;
        let day = params.parse("date", EXPECTED, |date| zone.day(date))?;
        let missing = || Problem::malformed(Fault::parameter("date", EXPECTED));
        Ok(Self {
            day: day.ok_or_else(missing)?,
            only: only(&params)?,
        })
    }
}

impl FromRequest for ByDate {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::read(request))
    }
}

/// `GET /v1/schedules/{id}/seats`
pub(crate) async fn of_schedule(
    _: Admitted,
    id: PathId,
    query: BySchedule,
    language: Language,
    catalogue: Data<dyn Catalogue>,
) -> Result<HttpResponse, Problem> {
    let map = catalogue.seats(id.of(ScheduleId::new)).await?;
    let show = Show {
        only: query.only,
        language,
    };
    Ok(show.answer(show.map(&map)))
}

#[derive(Serialize)]
struct Maps<'a> {
    items: Vec<MapView<'a>>,
}

/// `GET /v1/concerts/{id}/seats?date=YYYY-MM-DD`
pub(crate) async fn of_date(
    _: Admitted,
    id: PathId,
    query: ByDate,
    language: Language,
    catalogue: Data<dyn Catalogue>,
) -> Result<HttpResponse, Problem> {
    let maps = catalogue.seats_on(id.of(ConcertId::new), query.day).await?;
    let show = Show {
        only: query.only,
        language,
    };
    Ok(show.answer(Maps {
        items: maps.iter().map(|map| show.map(map)).collect(),
    }))
}

#[cfg(test)]
mod tests;
