use super::*;
use crate::testing::*;
use domain::{
    catalogue::CatalogueError,
    id::{ReservationId, SeatId},
    money::Money,
};
use serde_json::{Value, json};
use time::macros::datetime;

const BY: ReservationId = ReservationId::new(Uuid::from_u128(9));

fn seat_in(n: i64, status: SeatStatus) -> Seat {
    Seat {
        id: SeatId::new(Uuid::from_u128(n.unsigned_abs().into())),
        number: seat_number(n),
        grade: "VIP".into(),
        price: Money::won(150_000),
        status,
    }
}

fn map(statuses: &[SeatStatus]) -> SeatMap {
    SeatMap {
        schedule_id: ScheduleId::new(Uuid::from_u128(3)),
        starts_at: NOON,
        seats: (1..)
            .zip(statuses)
            .map(|(n, status)| seat_in(n, *status))
            .collect(),
    }
}

fn mixed() -> SeatMap {
    let held = SeatStatus::Held {
        by: BY,
        until: NOON,
    };
    map(&[SeatStatus::Available, held, SeatStatus::Sold { by: BY }])
}

fn seat_json(n: u128, status: &str) -> Value {
    json!({"id": id(n), "number": n, "grade": "VIP", "price": 150_000, "status": status})
}

fn fixture(shown: SeatMap) -> Fixture {
    let mut fixture = Fixture::admitting();
    fixture
        .catalogue
        .expect_seats()
        .withf(|id| *id == ScheduleId::new(Uuid::from_u128(3)))
        .returning(move |_| Ok(shown.clone()));
    fixture
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
            "remaining_seats": 1,
            "sold_out": false,
            "seats": [seat_json(1, "available"), seat_json(2, "held"), seat_json(3, "sold")],
        })
    );
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
    let sold_out = || fixture(map(&[SeatStatus::Sold { by: BY }]));
    let korean = sold_out()
        .ask(get(&path("?status=available")).in_queue().in_korean())
        .await;
    assert_eq!(korean.status, 200);
    assert_eq!(korean.body["sold_out"], true);
    assert_eq!(korean.body["message"], "모든 좌석이 이미 예약되었습니다");
    assert_eq!(korean.body["seats"], json!([]));
    assert_eq!(korean.header("content-language"), Some("ko"));
    assert_eq!(korean.header("vary"), Some("Accept-Language"));
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
        .returning(|_| Err(CatalogueError::NoSeats));
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
