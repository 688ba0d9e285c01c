//! What happened, for those who pull: `GET /v1/admin/events`.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, HttpResponse, dev::Payload, web::Data};
use domain::events::{Events, Told};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{auth::Operator, moment::Moment, page::Cursor, params::Params, problem::Problem};

/// The usual length of a page.
pub(crate) const USUAL: u32 = 100;
/// The longest page.
pub(crate) const MOST: u32 = 1_000;

/// The page that is asked for.
pub(crate) struct After {
    position: u64,
    limit: u32,
}

impl After {
    fn read(request: &HttpRequest) -> Result<Self, Problem> {
        let params = Params::read(request, &["after", "limit"])?;
        let expected = "a position is the `next` of an earlier page, or 0";
        let position = params.parse("after", expected, u64::read)?;
        let limit = params.parse("limit", "a limit is 1 to 1000", |limit| {
            let limit = limit.parse().ok()?;
            (1..=MOST).contains(&limit).then_some(limit)
        })?;
        Ok(Self {
            position: position.unwrap_or(0),
            limit: limit.unwrap_or(USUAL),
        })
    }
}

impl FromRequest for After {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::read(request))
    }
}

/// A page of events, the oldest first.
#[derive(Serialize, ToSchema)]
#[schema(as = EventFeed)]
struct Feed {
    items: Vec<EventView>,
    /// The position to go on after, also when there is nothing new.
    next: u64,
}

/// Something that happened.
#[derive(Serialize, ToSchema)]
#[schema(as = Event)]
struct EventView {
    position: u64,
    id: Uuid,
    #[serde(rename = "type")]
    kind: String,
    occurred_at: Moment,
    /// What there is to know, by the type.
    #[schema(value_type = Object)]
    data: Box<RawValue>,
}

fn view(told: Told) -> Result<EventView, Problem> {
    Ok(EventView {
        position: told.position,
        id: told.id.get(),
        kind: told.kind,
        occurred_at: Moment(told.occurred_at),
        data: RawValue::from_string(told.data).map_err(Problem::internal)?,
    })
}

/// What happened after a position
#[utoipa::path(
    get,
    path = "/v1/admin/events",
    tag = "operator",
    responses((status = 200, description = "A page of events", body = Feed))
)]
pub(crate) async fn feed(
    _: Operator,
    After { position, limit }: After,
    events: Data<dyn Events>,
) -> Result<HttpResponse, Problem> {
    let told = events.after(position, limit).await?;
    let next = told.last().map_or(position, |last| last.position);
    let items = told.into_iter().map(view).collect::<Result<_, _>>()?;
    Ok(HttpResponse::Ok().json(Feed { items, next }))
}

#[cfg(test)]
mod tests {
    use crate::testing::*;
    use domain::{events::Told, id::EventId};
    use serde_json::json;
    use uuid::Uuid;

    fn told() -> Told {
        Told {
            position: 8,
            id: EventId::new(Uuid::from_u128(1)),
            kind: "queue.admitted".into(),
            subject: USER.get(),
            occurred_at: NOON,
            data: r#"{"ticket":7}"#.into(),
        }
    }

    #[actix_web::test]
    async fn events_are_shown_as_they_were_written_with_where_to_go_on() {
        let mut fixture = Fixture::new();
        let after = fixture.events.expect_after();
        after
            .withf(|after, limit| (*after, *limit) == (7, 2))
            .returning(|_, _| Ok(vec![told()]));
        let request = get("/v1/admin/events?after=7&limit=2").by_operator();
        let answer = fixture.ask(request).await;
        assert_eq!(answer.status, 200);
        let event = json!({
            "position": 8, "id": id(1), "type": "queue.admitted",
            "occurred_at": "2026-01-01T12:00:00Z", "data": {"ticket": 7},
        });
        assert_eq!(answer.body, json!({"items": [event], "next": 8}));
    }

    #[actix_web::test]
    async fn an_empty_page_keeps_the_position() {
        let mut fixture = Fixture::new();
        let after = fixture.events.expect_after();
        after
            .withf(|after, limit| (*after, *limit) == (7, 100))
            .returning(|_, _| Ok(Vec::new()));
        let request = get("/v1/admin/events?after=7").by_operator();
        let answer = fixture.ask(request).await;
        assert_eq!(answer.body, json!({"items": [], "next": 7}));
    }

    #[actix_web::test]
    async fn a_page_that_cannot_be_is_refused() {
        for query in ["after=-1", "after=x", "limit=0", "limit=1001", "cursor=1"] {
            let request = get(&format!("/v1/admin/events?{query}")).by_operator();
            let answer = Fixture::new().ask(request).await;
            assert_eq!(answer.problem(), (400, "invalid_request"), "{query}");
        }
    }
}
