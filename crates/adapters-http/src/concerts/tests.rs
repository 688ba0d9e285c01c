use super::*;
use crate::testing::*;
use domain::{catalogue::ShortText, id::ScheduleId, page::Page, storage::StorageError};
use serde_json::json;
use time::Duration;

fn concert(n: u128) -> Concert {
    Concert {
        id: ConcertId::new(Uuid::from_u128(n)),
        title: ShortText::new("봄의 소리").unwrap(),
        venue: ShortText::new("Seoul").unwrap(),
    }
}

#[actix_web::test]
async fn rule_9_those_whose_turn_it_is_see_the_concerts() {
    let mut fixture = Fixture::admitting();
    fixture
        .catalogue
        .expect_concerts()
        .withf(|page| page.after == Some(ConcertId::new(Uuid::from_u128(1))) && page.limit == 2)
        .returning(|_| {
            Ok(Page {
                items: vec![concert(2), concert(3)],
                next: Some(ConcertId::new(Uuid::from_u128(3))),
            })
        });
    let path = format!("/v1/concerts?cursor={}&limit=2", id(1));
    let answer = fixture.ask(get(&path).in_queue()).await;
    let shown = |n| json!({"id": id(n), "title": "봄의 소리", "venue": "Seoul"});
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.body,
        json!({"items": [shown(2), shown(3)], "next_cursor": id(3)})
    );
}

#[actix_web::test]
async fn rule_10_the_dates_that_can_be_booked_are_listed() {
    let mut fixture = Fixture::admitting();
    let schedule = Schedule {
        id: ScheduleId::new(Uuid::from_u128(3)),
        concert_id: ConcertId::new(Uuid::from_u128(1)),
        starts_at: NOON + Duration::DAY,
        sales_open_at: None,
        total_seats: 50,
        remaining_seats: 40,
        sold_seats: 7,
    };
    fixture
        .catalogue
        .expect_available_dates()
        .withf(|id| *id == ConcertId::new(Uuid::from_u128(1)))
        .return_once(move |_| Ok(vec![schedule]));
    let path = format!("/v1/concerts/{}/schedules", id(1));
    let answer = fixture.ask(get(&path).in_queue()).await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.body,
        json!({"items": [{
            "id": id(3),
            "starts_at": "2026-01-02T12:00:00Z",
            "total_seats": 50,
            "remaining_seats": 40,
            "sold_seats": 7,
        }]})
    );
}

#[actix_web::test]
async fn rule_10_what_cannot_be_shown_is_told_by_its_code() {
    let path = format!("/v1/concerts/{}/schedules", id(1));
    let failures = [
        (CatalogueError::ConcertNotFound, 404, "concert_not_found"),
        (CatalogueError::NoAvailableDates, 404, "no_available_dates"),
        (CatalogueError::NoSeats, 404, "no_seats"),
        (StorageError::Busy.into(), 503, "server_busy"),
        (
            StorageError::unavailable("x").into(),
            503,
            "service_unavailable",
        ),
        (StorageError::failed("x").into(), 500, "internal_error"),
    ];
    for (error, status, code) in failures {
        let mut fixture = Fixture::admitting();
        fixture
            .catalogue
            .expect_available_dates()
            .return_once(move |_| Err(error));
        let answer = fixture.ask(get(&path).in_queue()).await;
        assert_eq!(answer.problem(), (status, code));
    }
}
