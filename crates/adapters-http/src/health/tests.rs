use crate::testing::*;
use domain::health::MockReadiness;
use serde_json::json;
use std::sync::Arc;

fn fixture(readiness: Result<(), &str>) -> Fixture {
    let mut mock = MockReadiness::new();
    let readiness = readiness.map_err(str::to_owned);
    mock.expect_check().returning(move || readiness.clone());
    Fixture {
        readiness: Arc::new(mock),
        ..Fixture::new()
    }
}

#[actix_web::test]
async fn a_live_process_says_so_whether_it_can_serve_or_not() {
    let answer = Fixture::new().ask(get("/health/live")).await;
    assert_eq!((answer.status, answer.body), (200, json!({"status": "ok"})));
}

#[actix_web::test]
async fn a_process_is_ready_or_tells_why_not() {
    let ready = fixture(Ok(())).ask(get("/health/ready")).await;
    assert_eq!((ready.status, ready.body), (200, json!({"status": "ok"})));
    let answer = fixture(Err("the line is 5 s old"))
        .ask(get("/health/ready"))
        .await;
    assert_eq!(answer.problem(), (503, "service_unavailable"));
    assert_eq!(answer.body["reason"], "the line is 5 s old");
    assert_eq!(answer.header("retry-after"), Some("1"));
}
