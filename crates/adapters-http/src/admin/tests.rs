use super::*;
use crate::testing::*;
use domain::{
    catalogue::{CatalogueError, Concert},
    id::ScheduleId,
    operators::Authority,
    queue::QueuePolicy,
    storage::StorageError,
};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use time::{OffsetDateTime, macros::datetime};

const BOARD: Board = Board {
    policy: QueuePolicy {
        capacity: 1_000,
        admission_batch: 100,
        paused: false,
    },
    waiting: 5,
    active: 4,
    admitted_last_minute: 3,
    left: 2,
    no_shows: 1,
};

fn board_json() -> Value {
    json!({
        "policy": {"capacity": 1_000, "admission_batch": 100, "paused": false},
        "waiting": 5,
        "active": 4,
        "admitted_last_minute": 3,
        "left": 2,
        "no_shows": 1,
    })
}

fn schedules() -> String {
    format!("/v1/admin/concerts/{}/schedules", id(1))
}

fn block(grade: &str, price: i64, from: i64, to: i64) -> Value {
    json!({"grade": grade, "price": price, "from": from, "to": to})
}

#[actix_web::test]
async fn the_operator_adds_a_concert() {
    let mut fixture = Fixture::new();
    fixture
        .catalogue
        .expect_add_concert()
        .returning(|_, title, venue| {
            let id = ConcertId::new(Uuid::from_u128(1));
            Ok(Concert { id, title, venue })
        });
    let body = json!({"title": " 봄의 소리 ", "venue": "Seoul"});
    let answer = fixture
        .ask(post("/v1/admin/concerts", body).by_operator())
        .await;
    assert_eq!(answer.status, 201);
    assert_eq!(
        answer.body,
        json!({"id": id(1), "title": "봄의 소리", "venue": "Seoul"})
    );
}

#[actix_web::test]
async fn a_concert_without_a_title_or_a_venue_is_told_all_that_is_wrong() {
    let body = json!({"title": "", "venue": "\u{7}"});
    let answer = Fixture::new()
        .ask(post("/v1/admin/concerts", body).by_operator())
        .await;
    assert_eq!(answer.problem(), (422, "invalid_request"));
    let detail = "1 to 200 characters and no control characters";
    assert_eq!(
        answer.body["errors"],
        json!([
            {"pointer": "/title", "detail": detail},
            {"pointer": "/venue", "detail": detail},
        ])
    );
}

/// What the catalogue is asked to add.
type Added = (
    OffsetDateTime,
    Option<OffsetDateTime>,
    Vec<(u32, String, i64)>,
);

async fn added(body: Value) -> (Added, Answer) {
    let mut fixture = Fixture::new();
    let asked: Arc<Mutex<Option<Added>>> = Arc::default();
    let seen = Arc::clone(&asked);
    fixture.catalogue.expect_add_schedule().returning(
        move |_, concert_id, starts_at, opens, plan| {
            let seats: Vec<_> = plan
                .seats()
                .map(|(number, grade, price)| {
                    (number.get(), grade.as_str().to_owned(), price.get())
                })
                .collect();
            let total_seats = u32::try_from(seats.len()).unwrap();
            *seen.lock().unwrap() = Some((starts_at, opens, seats));
            Ok(Schedule {
                id: ScheduleId::new(Uuid::from_u128(3)),
                concert_id,
                starts_at,
                sales_open_at: opens,
                total_seats,
                remaining_seats: total_seats,
                sold_seats: 0,
            })
        },
    );
    let answer = fixture.ask(post(&schedules(), body).by_operator()).await;
    let added = asked.lock().unwrap().take().unwrap();
    (added, answer)
}

#[actix_web::test]
async fn a_date_without_seats_of_its_own_gets_the_standard_fifty() {
    let ((starts_at, opens, seats), answer) =
        added(json!({"starts_at": "2026-05-01T19:00:00+09:00"})).await;
    assert_eq!(starts_at, datetime!(2026-05-01 10:00 UTC));
    assert_eq!(opens, None);
    assert_eq!(seats.len(), 50);
    assert_eq!(seats[49], (50, "R".to_owned(), 110_000));
    assert_eq!(answer.status, 201);
    assert_eq!(
        answer.body,
        json!({
            "id": id(3),
            "concert_id": id(1),
            "starts_at": "2026-05-01T10:00:00Z",
            "total_seats": 50,
            "remaining_seats": 50,
            "sold_seats": 0,
        })
    );
}

#[actix_web::test]
async fn a_date_has_the_seats_and_the_opening_that_it_is_given() {
    let body = json!({
        "starts_at": "2026-05-01T19:00:00.1234567+09:00",
        "sales_open_at": "2026-04-01T00:00:00Z",
        "seats": [block("S", 90_000, 3, 4), block("VIP", 150_000, 1, 2)],
    });
    let ((starts_at, opens, seats), answer) = added(body).await;
    assert_eq!(starts_at, datetime!(2026-05-01 10:00:00.123456 UTC));
    assert_eq!(opens, Some(datetime!(2026-04-01 0:00 UTC)));
    let numbered = |n, grade: &str, price| (n, grade.to_owned(), price);
    assert_eq!(
        seats,
        [
            numbered(1, "VIP", 150_000),
            numbered(2, "VIP", 150_000),
            numbered(3, "S", 90_000),
            numbered(4, "S", 90_000),
        ]
    );
    assert_eq!(answer.body["sales_open_at"], "2026-04-01T00:00:00Z");
    assert_eq!(answer.body["total_seats"], 4);
}

#[actix_web::test]
async fn a_date_that_cannot_be_is_told_where() {
    let at = "2026-05-01T19:00:00Z";
    let seats = |blocks: Value| json!({"starts_at": at, "seats": blocks});
    let wrong = [
        (json!({}), ""),
        (json!({"starts_at": "tomorrow"}), "/starts_at"),
        (
            json!({"starts_at": "9999-12-31T23:59:59-01:00"}),
            "/starts_at",
        ),
        (
            json!({"starts_at": at, "sales_open_at": "2026-05-01"}),
            "/sales_open_at",
        ),
        (
            json!({"starts_at": at, "sales_open_at": "2026-05-01T19:00:01Z"}),
            "/sales_open_at",
        ),
        (seats(json!([])), "/seats"),
        (seats(json!([block("R", 1, 2, 1)])), "/seats"),
        (
            seats(json!([block("R", 1, 1, 2), block("S", 1, 2, 3)])),
            "/seats",
        ),
        (seats(json!([block("R", -1, 1, 2)])), "/seats"),
        (
            seats(json!([block("R", 1, 1, 2), block("", 1, 3, 4)])),
            "/seats/1/grade",
        ),
        (seats(json!([block("R", 1, 0, 2)])), "/seats/0/from"),
        (seats(json!([block("R", 1, 1, 50_001)])), "/seats/0/to"),
        (
            seats(json!([{"grade": "R", "price": "1", "from": 1, "to": 2}])),
            "/seats/0/price",
        ),
    ];
    for (body, pointer) in wrong {
        let request = post(&schedules(), &body).by_operator();
        let answer = Fixture::new().ask(request).await;
        assert_eq!(answer.problem(), (422, "invalid_request"), "{body}");
        assert_eq!(answer.body["errors"][0]["pointer"], pointer, "{body}");
    }
}

#[actix_web::test]
async fn a_date_of_no_concert_is_refused() {
    let mut fixture = Fixture::new();
    fixture
        .catalogue
        .expect_add_schedule()
        .returning(|_, _, _, _, _| Err(CatalogueError::ConcertNotFound));
    let body = json!({"starts_at": "2026-05-01T19:00:00Z"});
    let answer = fixture.ask(post(&schedules(), body).by_operator()).await;
    assert_eq!(answer.problem(), (404, "concert_not_found"));
}

#[actix_web::test]
async fn rule_4_the_operator_sees_the_queue_and_changes_its_policy() {
    let mut fixture = Fixture::new();
    fixture.queue_control.expect_board().returning(|| Ok(BOARD));
    let expected = PolicyChange {
        capacity: Some(2_000),
        admission_batch: None,
        paused: Some(true),
    };
    fixture
        .queue_control
        .expect_change()
        .withf(move |operator, change| operator.by == Authority::Root && *change == expected)
        .returning(|_, _| Ok(Ok(BOARD)));
    let change = json!({"capacity": 2_000, "paused": true});
    let requests = [
        get("/v1/admin/queue").by_operator(),
        patch("/v1/admin/queue", change).by_operator(),
    ];
    for answer in fixture.ask_all(requests).await {
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.body, board_json());
    }
}

#[actix_web::test]
async fn a_policy_nobody_can_mean_is_told_where() {
    for (invalid, pointer) in [
        (InvalidPolicy::Capacity, "/capacity"),
        (InvalidPolicy::Batch, "/admission_batch"),
    ] {
        let mut fixture = Fixture::new();
        fixture
            .queue_control
            .expect_change()
            .returning(move |_, _| Ok(Err(invalid)));
        let answer = fixture
            .ask(patch("/v1/admin/queue", json!({})).by_operator())
            .await;
        assert_eq!(answer.problem(), (422, "invalid_request"));
        assert_eq!(answer.body["errors"][0]["pointer"], pointer);
    }
    for (body, pointer) in [
        (json!({"capacity": -1}), "/capacity"),
        (json!({"admission_batch": 1.5}), "/admission_batch"),
        (json!({"paused": "yes"}), "/paused"),
    ] {
        let answer = Fixture::new()
            .ask(patch("/v1/admin/queue", body).by_operator())
            .await;
        assert_eq!(answer.problem(), (422, "invalid_request"));
        assert_eq!(answer.body["errors"][0]["pointer"], pointer);
    }
}

#[actix_web::test]
async fn rule_26_the_queue_cannot_be_seen_without_a_database() {
    let mut fixture = Fixture::new();
    fixture
        .queue_control
        .expect_board()
        .returning(|| Err(StorageError::unavailable("x")));
    let answer = fixture.ask(get("/v1/admin/queue").by_operator()).await;
    assert_eq!(answer.problem(), (503, "service_unavailable"));
}
