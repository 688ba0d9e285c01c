//! What the log of a real server tells of a request.

use reqwest::Method;
use serde_json::Value;
use system_tests::{Answer, App, Fault, Proxy, eventually};
use test_database::TestDatabase;

/// The line of the log about the request with this id that says `message`.
fn line(app: &App, request_id: &str, message: &str) -> Option<Value> {
    let log = app.servers[0].log();
    let lines = log
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok());
    lines
        .filter(|line: &Value| line["request_id"] == request_id)
        .find(|line| line["message"] == message)
}

async fn told(app: &App, answer: &Answer, message: &str) -> Value {
    let id = answer.headers["x-request-id"].to_str().unwrap();
    eventually("the request is in the log", async || {
        line(app, id, message).is_some()
    })
    .await;
    line(app, id, message).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_line_of_a_request_tells_who_asked_and_about_which_reservation() {
    let app = App::with(1, &[("LOG", "info,adapters_http=debug")]).await;
    let show = app.schedule(10).await;
    let fan = app.shopper(0, 30_000).await;
    let held = fan.hold(&show, &[1], None).await;
    let reservation = held.text("id");
    let path = format!("/v1/reservations/{reservation}");
    let read = Answer::of(fan.as_user(Method::GET, &path)).await;
    let paid = fan.pay(reservation, None).await;
    for (answer, method, route) in [
        (&held, "POST", "/v1/reservations"),
        (&read, "GET", "/v1/reservations/{id}"),
        (&paid, "POST", "/v1/payments"),
    ] {
        let line = told(&app, answer, "answered").await;
        assert_eq!(line["user_id"], *fan.id, "{line}");
        assert_eq!(line["reservation_id"], reservation, "{line}");
        assert_eq!(line["method"], method, "{line}");
        assert_eq!(line["route"], route, "{line}");
        assert_eq!(line["status"], answer.status, "{line}");
        assert!(line["duration_ms"].as_f64().unwrap() > 0.0, "{line}");
    }
    let nobody = Answer::of(app.http.get(format!("{}/v1/users/me", app.url(0)))).await;
    let line = told(&app, &nobody, "answered").await;
    assert_eq!(line.get("user_id"), None, "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_fails_is_told_of_at_the_usual_level_with_its_ids() {
    let database = TestDatabase::migrated().await;
    let proxy = Proxy::before(database.url()).await;
    let app = App::over(database, proxy.url(), 1, &[]).await;
    let show = app.schedule(10).await;
    let fan = app.shopper(0, 30_000).await;
    let held = fan.hold(&show, &[1], None).await;
    proxy.set(Fault::Refuse).await;
    let failed = fan.pay(held.text("id"), None).await;
    assert_eq!(failed.code(), "service_unavailable");
    let line = told(&app, &failed, "a request could not be served").await;
    assert_eq!(line["level"], "WARN", "{line}");
    assert_eq!(line["user_id"], *fan.id, "{line}");
    assert_eq!(line["reservation_id"], held.text("id"), "{line}");
    assert!(
        line["problem"]
            .as_str()
            .unwrap()
            .starts_with("service_unavailable"),
        "{line}"
    );
}
