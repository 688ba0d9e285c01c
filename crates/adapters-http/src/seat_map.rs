//! The seats of a date, for those whose turn it is (rules 9 and 11) and for operators.

use std::{
    future::{Ready, ready},
    ops::Range,
};

use actix_web::{
    FromRequest, HttpRequest, HttpResponse,
    dev::Payload,
    http::header::{CONTENT_LANGUAGE, ContentType},
    web::Data,
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::{
    catalogue::{Catalogue, CatalogueError, Snapshot},
    id::{ConcertId, ScheduleId},
};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

mod pieces;
mod view;

use pieces::Pieces;
pub(crate) use view::SeatView;
use view::{Shown, Status};

use crate::{
    auth::{Admitted, Operator, part},
    coding::{Accepted, encoded},
    etag::{Known, Tag, with_tag},
    language::Language,
    page::Items,
    params::Params,
    path::PathId,
    problem::{Fault, Problem},
    venue::VenueZone,
};

/// How the version of a seat map is written.
pub(crate) const VERSION: &str = r"^(0|[1-9][0-9]{0,17})(\.(0|[1-9][0-9]{0,17}))?$";

/// What a `since` takes.
const SINCE: &str = "a since is the version of an earlier answer for the same schedule; \
    ask without it for every seat";

impl Problem {
    /// A `since` that the schedule has never had.
    pub(crate) fn unknown_version() -> Self {
        Self::malformed(Fault::parameter("since", SINCE))
    }
}

fn only(params: &Params) -> Result<Shown, Problem> {
    let expected = "a status is available, held or sold";
    let status = params.parse("status", expected, Status::read)?;
    Ok(status.map_or(Shown::All, Shown::Only))
}

/// The query of `GET /v1/schedules/{id}/seats`, and of the same for operators.
pub(crate) struct BySchedule(Shown);

impl BySchedule {
    fn read(request: &HttpRequest) -> Result<Self, Problem> {
        let params = Params::read(request, &["status", "since"])?;
        let since = params.parse("since", SINCE, |version| version.parse().ok())?;
        match (only(&params)?, since) {
            (shown, None) => Ok(Self(shown)),
            (Shown::All, Some(since)) => Ok(Self(Shown::Since(since))),
            // Whoever shows the available seats must learn of those that are so no more.
            _ => {
                let detail = "a since shows changes to any status, so it goes without a status";
                Err(Problem::malformed(Fault::parameter("since", detail)))
            }
        }
    }
}

impl FromRequest for BySchedule {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::read(request))
    }
}

/// The query of `GET /v1/concerts/{id}/seats`.
pub(crate) struct ByDate {
    day: Range<OffsetDateTime>,
    shown: Shown,
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
            shown: only(&params)?,
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

/// The seats of a date
///
/// With `since` only those that have changed, whatever their status; so it goes without `status`.
#[utoipa::path(
    get,
    path = "/v1/schedules/{id}/seats",
    tag = "shop",
    responses((status = 200, description = "The seats", body = view::Front)),
    extensions(("x-problems" = json!(["no_seats"])))
)]
pub(crate) async fn of_schedule(
    _: Admitted,
    id: PathId,
    BySchedule(shown): BySchedule,
    language: Language,
    known: Known,
    accepted: Accepted,
    catalogue: Data<dyn Catalogue>,
) -> Result<HttpResponse, Problem> {
    of(id, shown, language, known, accepted, &**catalogue).await
}

/// The seats of a date, for operators
///
/// As fans see them, without a turn. With `since` only those that have changed, so it goes without `status`.
#[utoipa::path(
    get,
    path = "/v1/admin/schedules/{id}/seats",
    tag = "operator",
    responses((status = 200, description = "The seats", body = view::Front)),
    extensions(("x-problems" = json!(["no_seats"])))
)]
pub(crate) async fn for_operator(
    _: Operator,
    id: PathId,
    BySchedule(shown): BySchedule,
    language: Language,
    known: Known,
    accepted: Accepted,
    catalogue: Data<dyn Catalogue>,
) -> Result<HttpResponse, Problem> {
    of(id, shown, language, known, accepted, &**catalogue).await
}

/// These seats of a date, for a client that has and accepts this.
async fn of(
    id: PathId,
    shown: Shown,
    language: Language,
    known: Known,
    accepted: Accepted,
    catalogue: &dyn Catalogue,
) -> Result<HttpResponse, Problem> {
    let since = match shown {
        Shown::Since(version) => Some(version),
        Shown::All | Shown::Only(_) => None,
    };
    let snapshot = catalogue.seats(id.of(ScheduleId::new), since).await?;
    let tag = Tag {
        state: state(language, shown, snapshot.map.version()),
        moment: micros(snapshot.as_of).to_string(),
    };
    if let Some(not_modified) = known.not_modified(&tag) {
        return Ok(not_modified);
    }
    let body = view::body(&snapshot, shown, language).await?;
    answer(&tag, language, accepted, &snapshot, body).await
}

/// The seats of a concert on a day at the venue
#[utoipa::path(
    get,
    path = "/v1/concerts/{id}/seats",
    tag = "shop",
    responses((status = 200, description = "A seat map for each date on that day", body = Items<view::Front>)),
    extensions(("x-problems" = json!(["concert_not_found", "no_seats"])))
)]
pub(crate) async fn of_date(
    _: Admitted,
    id: PathId,
    ByDate { day, shown }: ByDate,
    language: Language,
    known: Known,
    accepted: Accepted,
    catalogue: Data<dyn Catalogue>,
) -> Result<HttpResponse, Problem> {
    let snapshots = catalogue.seats_on(id.of(ConcertId::new), day).await?;
    let tag = tag_of_all(&snapshots, shown, language);
    if let Some(not_modified) = known.not_modified(&tag) {
        return Ok(not_modified);
    }
    let mut body = Pieces::default();
    body.push("{\"items\":[");
    for (n, snapshot) in snapshots.iter().enumerate() {
        if n > 0 {
            body.push(",");
        }
        body.append(view::body(snapshot, shown, language).await?);
    }
    body.push("]}");
    let first = snapshots.first().ok_or(CatalogueError::NoSeats)?;
    answer(&tag, language, accepted, first, body).await
}

fn state(language: Language, shown: Shown, version: impl std::fmt::Display) -> String {
    format!("{}/{shown}/{version}", language.tag())
}

/// A day can have many maps: their ids, versions and times go into the tag as digests.
fn tag_of_all(snapshots: &[Snapshot], shown: Shown, language: Language) -> Tag {
    let (mut versions, mut moments) = (Sha256::new(), Sha256::new());
    for Snapshot { map, as_of } in snapshots {
        versions.update(format!("{}/{},", map.schedule_id(), map.version()));
        moments.update(format!("{},", micros(*as_of)));
    }
    let digest = |of: Sha256| BASE64_URL_SAFE_NO_PAD.encode(of.finalize());
    Tag {
        state: state(language, shown, digest(versions)),
        moment: digest(moments),
    }
}

fn micros(at: OffsetDateTime) -> i128 {
    at.unix_timestamp_nanos() / 1_000
}

/// The answer, in the coding that the client accepts; what is compressed is kept with `snapshot`.
async fn answer(
    tag: &Tag,
    language: Language,
    accepted: Accepted,
    snapshot: &Snapshot,
    body: Pieces,
) -> Result<HttpResponse, Problem> {
    let mut answer = HttpResponse::Ok();
    with_tag(&mut answer, tag.to_string())
        .insert_header((CONTENT_LANGUAGE, language.tag()))
        .insert_header(ContentType::json());
    let Some(coding) = accepted.for_length(body.length()) else {
        return Ok(answer.body(body));
    };
    let mut packed = Pieces::default();
    packed.push(view::packed(snapshot, tag, coding, body).await?);
    let mut answer = answer.body(packed);
    encoded(&mut answer, coding);
    Ok(answer)
}

#[cfg(test)]
mod tests;
