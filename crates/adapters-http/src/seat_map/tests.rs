use super::*;
use crate::testing::*;
use actix_web::{body::MessageBody, test::TestRequest, web::Bytes};
use domain::{
    catalogue::{CatalogueError, MapVersion, SeatMap, SeatRow, SeatsRead},
    id::{ReservationId, SeatId},
    money::Money,
    seats::{Seat, SeatStatus},
};
use serde_json::{Value, json};
use std::sync::Arc;
use time::{Duration, macros::datetime};
use uuid::Uuid;

const BY: ReservationId = ReservationId::new(Uuid::from_u128(9));
const SHOW: ScheduleId = ScheduleId::new(Uuid::from_u128(3));
/// When the hold in [`mixed`] ends.
const END: OffsetDateTime = datetime!(2026-01-01 12:05 UTC);

mod conditional;

fn row(n: i64, version: u64, status: SeatStatus) -> SeatRow {
    let seat = Seat {
        id: SeatId::new(Uuid::from_u128(n.unsigned_abs().into())),
        number: seat_number(n),
        grade: "VIP".into(),
        price: Money::won(150_000),
        status,
    };
    SeatRow { seat, version }
}

/// What a read at `as_of` found: the seat 1 was written by the version 1, and so on.
fn read(statuses: &[SeatStatus], as_of: OffsetDateTime) -> Snapshot {
    let rows = (1..).zip(statuses);
    let rows = rows.map(|(n, status)| row(n, n.unsigned_abs(), *status));
    let read = SeatsRead {
        schedule_id: SHOW,
        starts_at: NOON,
        version: statuses.len() as u64,
        changed: rows.collect(),
    };
    Snapshot {
        map: Arc::new(SeatMap::new(read, as_of)),
        as_of,
    }
}

fn mixed_at(as_of: OffsetDateTime) -> Snapshot {
    let held = SeatStatus::Held { by: BY, until: END };
    read(
        &[SeatStatus::Available, held, SeatStatus::Sold { by: BY }],
        as_of,
    )
}

fn mixed() -> Snapshot {
    mixed_at(NOON)
}

fn seat_json(n: u128, status: &str) -> Value {
    json!({"id": id(n), "number": n, "grade": "VIP", "price": 150_000, "status": status})
}

/// What there is to be shown to the first who asks, to the second, and so on; the last to all others.
fn fixture_of(mut shown: Vec<Snapshot>) -> Fixture {
    let mut fixture = Fixture::admitting();
    fixture
        .catalogue
        .expect_seats()
        .withf(|id, _| *id == SHOW)
        .returning_st(move |_, _| {
            let next = shown[0].clone();
            if shown.len() > 1 {
                shown.remove(0);
            }
            Ok(next)
        });
    fixture
}

fn fixture(shown: Snapshot) -> Fixture {
    fixture_of(vec![shown])
}

fn asking(query: &str, tag: &str) -> TestRequest {
    get(&path(query))
        .in_queue()
        .insert_header(("if-none-match", tag))
}

fn path(query: &str) -> String {
    format!("/v1/schedules/{}/seats{query}", id(3))
}

#[actix_web::test]
async fn rule_11_every_seat_is_shown_with_its_number_grade_price_and_status() {
    let answer = fixture(mixed()).ask(get(&path("")).in_queue()).await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.body,
        json!({
            "schedule_id": id(3),
            "starts_at": "2026-01-01T12:00:00Z",
            "total_seats": 3,
            "seats_per_row": 10,
            "remaining_seats": 1,
            "sold_out": false,
            "version": "3",
            "as_of": "2026-01-01T12:00:00Z",
            "seats": [seat_json(1, "available"), seat_json(2, "held"), seat_json(3, "sold")],
        })
    );
}

#[actix_web::test]
async fn an_operator_sees_what_fans_see_and_what_has_changed_without_a_turn() {
    for query in ["", "?since=2"] {
        let fans = fixture(mixed()).ask(get(&path(query)).in_queue()).await;
        let path = format!("/v1/admin/schedules/{}/seats{query}", id(3));
        let own = fixture(mixed()).ask(get(&path).by_operator()).await;
        assert_eq!((own.status, &own.body), (200, &fans.body));
        assert_eq!(own.header("etag"), fans.header("etag"));
        let refused = fixture(mixed()).ask(get(&path).in_queue()).await;
        assert_eq!(refused.problem(), (403, "forbidden"));
    }
}

#[actix_web::test]
async fn rule_11_a_filter_hides_seats_and_changes_no_count() {
    for (n, status) in [(1, "available"), (2, "held"), (3, "sold")] {
        let request = get(&path(&format!("?status={status}"))).in_queue();
        let answer = fixture(mixed()).ask(request).await;
        assert_eq!(answer.body["seats"], json!([seat_json(n, status)]));
        assert_eq!(answer.body["total_seats"], 3);
        assert_eq!(answer.body["remaining_seats"], 1);
    }
}

#[actix_web::test]
async fn rule_11_sold_out_is_a_normal_answer_with_a_message_in_the_clients_language() {
    let sold_out = || fixture(read(&[SeatStatus::Sold { by: BY }], NOON));
    let korean = sold_out()
        .ask(get(&path("?status=available")).in_queue().in_korean())
        .await;
    assert_eq!(korean.status, 200);
    assert_eq!(korean.body["sold_out"], true);
    assert_eq!(korean.body["message"], "모든 좌석이 이미 예약되었습니다");
    assert_eq!(korean.body["seats"], json!([]));
    assert_eq!(korean.header("content-language"), Some("ko"));
    assert_eq!(
        korean.header("vary"),
        Some("Accept-Language, Accept-Encoding")
    );
    let english = sold_out().ask(get(&path("")).in_queue()).await;
    assert_eq!(english.body["message"], "All seats are already reserved");
    assert_eq!(english.header("content-language"), Some("en"));
}

#[actix_web::test]
async fn rule_11_the_seats_of_a_date_are_those_of_the_venues_day() {
    let mut fixture = Fixture::admitting();
    fixture
        .catalogue
        .expect_seats_on()
        .withf(|concert, day| {
            *concert == ConcertId::new(Uuid::from_u128(1))
                && *day == (datetime!(2025-12-31 15:00 UTC)..datetime!(2026-01-01 15:00 UTC))
        })
        .returning(|_, _| Ok(vec![mixed(), mixed()]));
    let path = format!("/v1/concerts/{}/seats?date=2026-01-01&status=held", id(1));
    let answer = fixture.ask(get(&path).in_queue()).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body["items"].as_array().unwrap().len(), 2);
    assert_eq!(
        answer.body["items"][1]["seats"],
        json!([seat_json(2, "held")])
    );
}

#[actix_web::test]
async fn rule_11_a_date_without_seats_is_told_so() {
    let mut fixture = Fixture::admitting();
    fixture
        .catalogue
        .expect_seats()
        .returning(|_, _| Err(CatalogueError::NoSeats));
    let answer = fixture.ask(get(&path("")).in_queue().in_korean()).await;
    assert_eq!(answer.problem(), (404, "no_seats"));
    assert_eq!(
        answer.body["detail"],
        "해당 날짜에 대한 좌석 정보가 존재하지 않습니다"
    );
}

#[actix_web::test]
async fn a_query_that_means_nothing_is_refused_and_told_where() {
    let by_date = |query: &str| format!("/v1/concerts/{}/seats{query}", id(1));
    let wrong = [
        (path("?status=free"), "status"),
        (path("?status="), "status"),
        (path("?state=sold"), "state"),
        (path("?status=sold&status=held"), "status"),
        (path("?since="), "since"),
        (path("?since=latest"), "since"),
        (path("?since=1&since=2"), "since"),
        (path("?since=1&status=held"), "since"),
        (by_date("?date=2026-01-01&since=1"), "since"),
        (by_date(""), "date"),
        (by_date("?date="), "date"),
        (by_date("?date=2026-02-30"), "date"),
        (by_date("?date=20260101"), "date"),
        (by_date("?date=2026-01-01&grade=VIP"), "grade"),
        (by_date("?date=2026-01-01&status=free"), "status"),
    ];
    for (path, parameter) in wrong {
        let answer = Fixture::admitting().ask(get(&path).in_queue()).await;
        assert_eq!(answer.problem(), (400, "invalid_request"), "{path}");
        assert_eq!(answer.body["errors"][0]["parameter"], parameter, "{path}");
    }
}

#[actix_web::test]
async fn since_a_version_only_what_has_changed_is_shown() {
    for (since, expected) in [
        (
            "0",
            json!([
                seat_json(1, "available"),
                seat_json(2, "available"),
                seat_json(3, "sold")
            ]),
        ),
        (
            "2",
            json!([seat_json(2, "available"), seat_json(3, "sold")]),
        ),
        ("3", json!([seat_json(2, "available")])),
        ("3.1767269100000000", json!([])),
    ] {
        let request = get(&path(&format!("?since={since}"))).in_queue();
        let answer = fixture(mixed_at(END)).ask(request).await;
        assert_eq!(answer.status, 200, "{since}");
        assert_eq!(answer.body["seats"], expected, "{since}");
        assert_eq!(answer.body["version"], "3.1767269100000000");
        assert_eq!(answer.body["total_seats"], 3, "the rest is as usual");
        assert_eq!(answer.body["remaining_seats"], 2);
    }
}

#[actix_web::test]
async fn a_version_that_has_never_been_is_refused_with_what_to_do() {
    let mut fixture = Fixture::admitting();
    fixture
        .catalogue
        .expect_seats()
        .withf(|_, since| *since == "9.5".parse().ok())
        .returning(|_, _| Err(CatalogueError::UnknownVersion));
    let answer = fixture.ask(get(&path("?since=9.5")).in_queue()).await;
    assert_eq!(answer.problem(), (400, "invalid_request"));
    let expected = json!([{"parameter": "since", "detail": SINCE}]);
    assert_eq!(answer.body["errors"], expected);
    assert!(SINCE.contains("ask without it"));
}

#[actix_web::test]
async fn a_large_hall_is_shown_whole() {
    let hall = read(&vec![SeatStatus::Available; 5_000], NOON);
    let requests = (0..3).map(|_| get(&path("")).in_queue());
    for answer in fixture(hall).ask_all(requests).await {
        assert_eq!(answer.body["seats"].as_array().unwrap().len(), 5_000);
        assert_eq!(answer.body["remaining_seats"], 5_000);
    }
}

/// The last part of the body that shows `snapshot`: the seats.
async fn seats_of(snapshot: &Snapshot, shown: Shown) -> Bytes {
    let body = view::body(snapshot, shown, Language::English).await;
    let (mut body, mut last) = (Box::pin(body.unwrap()), None);
    while let Some(part) = std::future::poll_fn(|cx| body.as_mut().poll_next(cx)).await {
        last = Some(part.unwrap());
    }
    last.unwrap()
}

#[actix_web::test]
async fn the_seats_are_written_once_for_each_way_to_show_them_whoever_asks_and_when() {
    let first = mixed();
    let later = Snapshot {
        as_of: NOON + Duration::SECOND,
        ..first.clone()
    };
    let since = |n| {
        Shown::Since(MapVersion {
            writes: n,
            lapse: None,
        })
    };
    for shown in [Shown::All, Shown::Only(Status::Held), since(1)] {
        let (one, two) = (seats_of(&first, shown).await, seats_of(&later, shown).await);
        assert_eq!(one.as_ptr(), two.as_ptr(), "{shown}");
    }
    let all = seats_of(&first, Shown::All).await;
    for n in 0..100 {
        seats_of(&first, since(n)).await;
    }
    let kept = seats_of(&first, Shown::All).await;
    assert_eq!(
        all.as_ptr(),
        kept.as_ptr(),
        "changes make room for changes only"
    );
}

#[actix_web::test]
async fn the_head_of_an_answer_can_be_had_alone() {
    let request = get(&path(""))
        .method(actix_web::http::Method::HEAD)
        .in_queue();
    let answer = fixture(mixed()).ask(request).await;
    assert_eq!(answer.status, 200);
    assert!(answer.header("etag").is_some());
}
