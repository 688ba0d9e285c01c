use super::*;
use crate::testing::*;
use domain::{money::Money, storage::StorageError};
use serde_json::{Value, json};
use time::Duration;

const PATH: &str = "/v1/admin/schedules/00000000-0000-0000-0000-000000000003/cancellation";

fn running() -> Cancellation {
    Cancellation {
        schedule_id: ScheduleId::new(Uuid::from_u128(3)),
        reason: Some(ShortText::new("the singer is ill").unwrap()),
        started_at: NOON,
        finished_at: None,
        refunded: 120,
        remaining: 30,
        amount_refunded: Money::won(6_000_000),
    }
}

fn running_json() -> Value {
    json!({
        "schedule_id": id(3),
        "status": "running",
        "reason": "the singer is ill",
        "refunded": 120,
        "remaining": 30,
        "amount_refunded": 6_000_000,
        "started_at": "2026-01-01T12:00:00Z",
    })
}

#[actix_web::test]
async fn the_operator_calls_a_date_off_and_is_told_how_far_it_is() {
    let mut fixture = Fixture::new();
    fixture
        .cancellations
        .expect_call_off()
        .withf(|operator, schedule, reason| {
            let reason = reason.as_ref().map(ShortText::as_str);
            operator.by == domain::operators::Authority::Root
                && *schedule == ScheduleId::new(Uuid::from_u128(3))
                && reason == Some("the singer is ill")
        })
        .returning(|_, _, _| Ok(running()));
    let body = json!({"reason": " the singer is ill "});
    let answer = fixture.ask(post(PATH, body).by_operator()).await;
    assert_eq!(answer.status, 202);
    assert_eq!(answer.header("location"), Some(PATH));
    assert_eq!(answer.body, running_json());
}

#[actix_web::test]
async fn a_reason_is_not_needed_but_must_be_a_text() {
    let mut fixture = Fixture::new();
    fixture
        .cancellations
        .expect_call_off()
        .withf(|_, _, reason| reason.is_none())
        .returning(|_, _, _| {
            Ok(Cancellation {
                reason: None,
                ..running()
            })
        });
    let bodies = [json!({}), json!({"reason": ""}), json!({"reason": 1})];
    let asked = bodies.map(|body| post(PATH, body).by_operator());
    let answers = fixture.ask_all(asked).await;
    assert_eq!(answers[0].status, 202);
    assert_eq!(answers[0].body.get("reason"), None);
    for refused in &answers[1..] {
        assert_eq!(refused.problem(), (422, "invalid_request"));
        assert_eq!(refused.body["errors"][0]["pointer"], "/reason");
    }
}

#[actix_web::test]
async fn when_everyone_has_their_money_it_is_done() {
    let mut fixture = Fixture::new();
    fixture.cancellations.expect_progress().returning(|_| {
        Ok(Cancellation {
            finished_at: Some(NOON + Duration::MINUTE),
            remaining: 0,
            ..running()
        })
    });
    let answer = fixture.ask(get(PATH).by_operator()).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body["status"], "done");
    assert_eq!(answer.body["finished_at"], "2026-01-01T12:01:00Z");
}

#[actix_web::test]
async fn what_has_no_progress_is_told_by_its_code() {
    for (error, status, code) in [
        (
            CancellationError::ScheduleNotFound,
            404,
            "schedule_not_found",
        ),
        (CancellationError::NotCancelled, 404, "not_found"),
        (
            StorageError::unavailable("x").into(),
            503,
            "service_unavailable",
        ),
    ] {
        let mut fixture = Fixture::new();
        fixture
            .cancellations
            .expect_progress()
            .return_once(move |_| Err(error));
        let answer = fixture.ask(get(PATH).by_operator()).await;
        assert_eq!(answer.problem(), (status, code));
    }
}

#[actix_web::test]
async fn nobody_but_the_operator_calls_a_date_off() {
    let asked = [
        post(PATH, json!({})).by_user(),
        get(PATH).by_user(),
        get(PATH).bearer("another key"),
    ];
    for answer in Fixture::new().ask_all(asked).await {
        assert_eq!(answer.problem(), (403, "forbidden"));
    }
}
