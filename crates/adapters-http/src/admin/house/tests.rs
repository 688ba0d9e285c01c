use super::*;
use crate::testing::*;
use domain::{
    catalogue::{Schedule, ShortText},
    money::Money,
    operators::Authority,
    page::Page,
    seats::SeatNumber,
    storage::StorageError,
};
use serde_json::{Value, json};
use time::{Duration, macros::datetime};
use uuid::Uuid;

fn concert_1() -> Concert {
    Concert {
        id: ConcertId::new(Uuid::from_u128(1)),
        title: ShortText::new("봄의 소리").unwrap(),
        venue: ShortText::new("Hall").unwrap(),
    }
}

fn concert_json() -> Value {
    json!({"id": id(1), "title": "봄의 소리", "venue": "Hall"})
}

fn date() -> HouseDate {
    let schedule = Schedule {
        id: ScheduleId::new(Uuid::from_u128(3)),
        concert_id: ConcertId::new(Uuid::from_u128(1)),
        starts_at: NOON + Duration::DAY,
        sales_open_at: None,
        total_seats: 50,
        remaining_seats: 40,
        sold_seats: 7,
    };
    HouseDate {
        schedule,
        sales_closed: true,
    }
}

fn date_json() -> Value {
    json!({
        "id": id(3),
        "concert_id": id(1),
        "starts_at": "2026-01-02T12:00:00Z",
        "total_seats": 50,
        "remaining_seats": 40,
        "sold_seats": 7,
        "sales_closed": true,
    })
}

fn concert_path() -> String {
    format!("/v1/admin/concerts/{}", id(1))
}

fn schedule_path() -> String {
    format!("/v1/admin/schedules/{}", id(3))
}

#[actix_web::test]
async fn operators_see_concerts_without_a_queue_token() {
    let mut fixture = Fixture::new();
    fixture.catalogue.expect_concerts().returning(|_| {
        Ok(Page {
            items: vec![concert_1()],
            next: None,
        })
    });
    fixture
        .house
        .expect_concert()
        .returning(|_| Ok((concert_1(), vec![date()])));
    let requests = [
        get("/v1/admin/concerts").by_operator(),
        get(&concert_path()).by_operator(),
    ];
    let answers = fixture.ask_all(requests).await;
    let list = json!({"items": [concert_json()], "next_cursor": null});
    assert_eq!(answers[0].body, list);
    let mut with_dates = concert_json();
    with_dates["schedules"] = json!([date_json()]);
    assert_eq!(answers[1].body, with_dates);
}

#[actix_web::test]
async fn a_concert_is_edited_in_what_is_named() {
    let mut fixture = Fixture::new();
    let expected = ConcertEdit {
        title: ShortText::new("봄의 소리").ok(),
        venue: None,
    };
    fixture
        .house
        .expect_edit_concert()
        .withf(move |operator, _, edit| operator.by == Authority::Root && *edit == expected)
        .returning(|_, _, _| Ok(concert_1()));
    let body = json!({"title": " 봄의 소리 "});
    let answer = fixture
        .ask(patch(&concert_path(), body).by_operator())
        .await;
    assert_eq!((answer.status, answer.body), (200, concert_json()));
    let body = json!({"title": "", "venue": "\u{7}"});
    let wrong = patch(&concert_path(), body).by_operator();
    let answer = Fixture::new().ask(wrong).await;
    assert_eq!(answer.problem(), (422, "invalid_request"));
    assert_eq!(answer.body["errors"][1]["pointer"], "/venue");
}

#[actix_web::test]
async fn a_date_is_changed_in_what_is_named_and_null_opens_sales_at_once() {
    let opens = datetime!(2026-01-01 13:00 UTC);
    let cases = [
        (json!({}), DateEdit::default()),
        (
            json!({"starts_at": "2026-01-02T21:00:00+09:00", "sales_closed": true}),
            DateEdit {
                starts_at: Some(NOON + Duration::DAY),
                sales_closed: Some(true),
                ..DateEdit::default()
            },
        ),
        (
            json!({"sales_open_at": "2026-01-01T13:00:00Z"}),
            DateEdit {
                sales_open_at: Some(Some(opens)),
                ..DateEdit::default()
            },
        ),
        (
            json!({"sales_open_at": null}),
            DateEdit {
                sales_open_at: Some(None),
                ..DateEdit::default()
            },
        ),
    ];
    for (body, expected) in cases {
        let mut fixture = Fixture::new();
        fixture
            .house
            .expect_edit_date()
            .withf(move |_, _, edit| *edit == expected)
            .returning(|_, _, _| Ok(date()));
        let request = patch(&schedule_path(), &body).by_operator();
        let answer = fixture.ask(request).await;
        assert_eq!((answer.status, answer.body), (200, date_json()), "{body}");
    }
}

#[actix_web::test]
async fn a_report_tells_who_has_the_seats_and_what_was_paid() {
    let mut fixture = Fixture::new();
    fixture.house.expect_report().returning(|_| {
        Ok(DateReport {
            date: date(),
            held: 3,
            sold: 5,
            complimentary: 1,
            blocked: 2,
            revenue: Money::won(400_000),
        })
    });
    let answer = fixture.ask(get(&schedule_path()).by_operator()).await;
    let mut expected = date_json();
    expected["seats"] =
        json!({"available": 40, "held": 3, "sold": 5, "complimentary": 1, "blocked": 2});
    expected["revenue"] = json!(400_000);
    assert_eq!(answer.body, expected);
}

#[actix_web::test]
async fn each_reason_why_the_house_could_not_is_a_problem() {
    fn seats() -> Vec<SeatNumber> {
        vec![seat_number(3)]
    }
    type Case = (fn() -> HouseError, u16, &'static str);
    let cases: [Case; 10] = [
        (|| HouseError::ConcertNotFound, 404, "concert_not_found"),
        (|| HouseError::ScheduleNotFound, 404, "schedule_not_found"),
        (|| HouseError::UserNotFound, 404, "user_not_found"),
        (|| HouseError::BlockNotFound, 404, "block_not_found"),
        (|| HouseError::Begun, 409, "schedule_begun"),
        (|| InvalidEdit::Past.into(), 422, "invalid_request"),
        (|| InvalidEdit::OpensTooLate.into(), 422, "invalid_request"),
        (
            || HouseError::SeatNotFound { numbers: seats() },
            404,
            "seat_not_found",
        ),
        (
            || HouseError::SeatUnavailable { numbers: seats() },
            409,
            "seat_unavailable",
        ),
        (
            || StorageError::unavailable("x").into(),
            503,
            "service_unavailable",
        ),
    ];
    for (error, status, code) in cases {
        let mut fixture = Fixture::new();
        fixture
            .house
            .expect_edit_date()
            .returning(move |_, _, _| Err(error()));
        let request = patch(&schedule_path(), json!({})).by_operator();
        let answer = fixture.ask(request).await;
        assert_eq!(answer.problem(), (status, code));
        if code.starts_with("seat_") {
            assert_eq!(answer.body["seat_numbers"], json!([3]));
        }
    }
}
