use super::*;
use crate::testing::*;
use domain::{queue::Checked, storage::StorageError};
use serde_json::{Value, json};

fn waiting_json() -> Value {
    json!({
        "status": "waiting",
        "position": 5,
        "ahead": 4,
        "waiting_total": 9,
        "estimated_wait_seconds": 2,
        "poll_after_ms": 1_234,
        "entered_at": "2026-01-01T11:59:00Z",
        "expires_at": "2026-01-01T13:00:00Z",
    })
}

fn active_json() -> Value {
    json!({
        "status": "active",
        "entered_at": "2026-01-01T11:59:00Z",
        "activated_at": "2026-01-01T12:00:00Z",
        "expires_at": "2026-01-01T12:05:00Z",
    })
}

fn with_token(mut state: Value) -> Value {
    state["token"] = tokens().queue(&pass()).unwrap().into();
    state
}

#[actix_web::test]
async fn rule_1_a_token_is_issued_to_a_user() {
    let mut fixture = Fixture::new();
    fixture
        .queue
        .expect_issue()
        .withf(|user| *user == USER)
        .returning(|_| Ok(waiting()));
    let answer = fixture
        .ask(post("/v1/queue/tokens", json!({})).by_user())
        .await;
    assert_eq!(answer.status, 201);
    assert_eq!(answer.header("location"), Some("/v1/queue/tokens/me"));
    assert_eq!(answer.body, with_token(waiting_json()));
}

#[actix_web::test]
async fn rule_1_a_user_of_another_database_gets_no_token() {
    for path in ["/v1/queue/tokens", "/v1/queue/check"] {
        let mut fixture = Fixture::new();
        fixture
            .queue
            .expect_issue()
            .returning(|_| Err(JoinError::UserNotFound));
        fixture
            .queue
            .expect_check()
            .returning(|_, _| Err(JoinError::UserNotFound));
        let answer = fixture.ask(post(path, json!({})).by_user()).await;
        assert_eq!(answer.problem(), (404, "user_not_found"));
    }
}

#[actix_web::test]
async fn rule_2_asking_again_answers_the_same_token_and_where_it_stands() {
    let mut fixture = Fixture::new();
    fixture
        .queue
        .expect_issue()
        .returning(|_| Err(JoinError::TokenExists(Box::new(active()))));
    let answer = fixture
        .ask(post("/v1/queue/tokens", json!({})).by_user().in_korean())
        .await;
    assert_eq!(answer.problem(), (409, "queue_token_exists"));
    assert_eq!(answer.body["detail"], "이미 활성화된 토큰이 존재합니다");
    assert_eq!(answer.body["queue"], with_token(active_json()));
}

#[actix_web::test]
async fn rule_2_a_check_issues_a_token_or_reports_the_one_there_is() {
    for (issued, status) in [(true, 201), (false, 200)] {
        let mut fixture = Fixture::new();
        let checked = Checked {
            view: active(),
            issued,
        };
        fixture
            .queue
            .expect_check()
            .withf(|user, shown| *user == USER && shown.is_none())
            .returning(move |_, _| Ok(checked));
        let answer = fixture
            .ask(post("/v1/queue/check", json!({})).by_user())
            .await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.header("location").is_some(), issued);
        assert_eq!(answer.body, with_token(active_json()));
    }
}

#[actix_web::test]
async fn rule_2_a_check_with_a_queue_token_passes_it_on() {
    let mut fixture = Fixture::new().with_live_pass();
    let checked = Checked {
        view: waiting(),
        issued: false,
    };
    fixture
        .queue
        .expect_check()
        .withf(|_, shown| *shown == Some(pass()))
        .returning(move |_, _| Ok(checked));
    let answer = fixture
        .ask(post("/v1/queue/check", json!({})).in_queue())
        .await;
    assert_eq!(answer.body, with_token(waiting_json()));
}

#[actix_web::test]
async fn rule_6_one_who_waits_is_told_where_and_one_who_shops_until_when() {
    for (view, expected) in [(waiting(), waiting_json()), (active(), active_json())] {
        let mut fixture = Fixture::new();
        fixture
            .queue
            .expect_look()
            .withf(|shown| *shown == pass())
            .returning(move |_| Ok(view));
        let answer = fixture.ask(get("/v1/queue/tokens/me").in_queue()).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.body, expected);
    }
}

#[actix_web::test]
async fn rule_6_no_wait_is_estimated_before_a_rate_is_known() {
    let mut fixture = Fixture::new();
    let QueueStatus::Waiting(mut place) = waiting().status else {
        panic!()
    };
    place.estimated_wait = None;
    let view = QueueView {
        status: QueueStatus::Waiting(place),
        ..waiting()
    };
    fixture.queue.expect_look().returning(move |_| Ok(view));
    let answer = fixture.ask(get("/v1/queue/tokens/me").in_queue()).await;
    assert_eq!(answer.body.get("estimated_wait_seconds"), None);
    assert_eq!(answer.body["position"], 5);
}

#[actix_web::test]
async fn rule_5_a_token_that_has_ended_is_expired() {
    let mut fixture = Fixture::new();
    fixture
        .queue
        .expect_look()
        .returning(|_| Err(TokenRefusal::Ended));
    fixture
        .queue
        .expect_leave()
        .returning(|_| Err(LeaveError::Ended));
    let path = "/v1/queue/tokens/me";
    for answer in fixture
        .ask_all([get(path).in_queue(), delete(path).in_queue()])
        .await
    {
        assert_eq!(answer.problem(), (401, "queue_token_expired"));
        assert_eq!(answer.body["detail"], "The queue token has expired");
    }
}

#[actix_web::test]
async fn rule_5_leaving_answers_nothing() {
    let mut fixture = Fixture::new();
    fixture
        .queue
        .expect_leave()
        .withf(|left| *left == pass())
        .times(1)
        .returning(|_| Ok(()));
    let answer = fixture.ask(delete("/v1/queue/tokens/me").in_queue()).await;
    assert_eq!((answer.status, answer.body), (204, Value::Null));
}

#[actix_web::test]
async fn a_full_line_in_front_of_the_database_is_told_at_once() {
    let mut fixture = Fixture::new();
    fixture
        .queue
        .expect_issue()
        .returning(|_| Err(StorageError::Busy.into()));
    fixture
        .queue
        .expect_leave()
        .returning(|_| Err(StorageError::Busy.into()));
    let requests = [
        post("/v1/queue/tokens", json!({})).by_user(),
        delete("/v1/queue/tokens/me").in_queue(),
    ];
    for answer in fixture.ask_all(requests).await {
        assert_eq!(answer.problem(), (503, "server_busy"));
        assert_eq!(answer.header("retry-after"), Some("1"));
    }
}

#[test]
fn a_refusal_of_the_token_alone_is_a_problem_too() {
    assert_eq!(
        Problem::from(TokenRefusal::Waiting).code(),
        Code::QueueTokenNotActive
    );
    assert_eq!(
        Problem::from(TokenRefusal::Ended).code(),
        Code::QueueTokenExpired
    );
}
