//! Bad days: a database that goes away, a process that is killed.

use std::time::{Duration, Instant};

use serde_json::json;
use system_tests::{Answer, App, eventually};

/// Ends all connections to the test's database and lets nobody in, or lets them in again.
async fn let_in(app: &App, allowed: bool) {
    let url = app.database.url().to_owned();
    let (server, name) = url.rsplit_once('/').unwrap();
    let (client, connection) =
        tokio_postgres::connect(&format!("{server}/postgres"), tokio_postgres::NoTls)
            .await
            .unwrap();
    tokio::spawn(connection);
    let change = format!(
        "ALTER DATABASE {name} ALLOW_CONNECTIONS {allowed}; \
         SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
    );
    client.batch_execute(&change).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_26_a_database_that_goes_away_is_said_in_time_and_its_return_is_noticed() {
    let app = App::with(1, &[("CAPACITY", "1")]).await;
    let show = app.schedule(10).await;
    let fan = app.shopper(0, 50_000).await;
    let mut waiting = app.fan(0).await;
    waiting.join().await;
    let held = fan.hold(&show, &[1], None).await;

    let seats = format!("/v1/schedules/{show}/seats");
    let_in(&app, false).await;
    let asked = Instant::now();
    let (hold, pay, charge, read) = futures_util::join!(
        fan.hold(&show, &[2], None),
        fan.pay(held.text("id"), None),
        fan.charge(1_000, None),
        fan.get(&seats),
    );
    assert!(
        asked.elapsed() < Duration::from_millis(3_500),
        "{:?}",
        asked.elapsed()
    );
    for answer in [&hold, &pay, &charge, &read] {
        assert_eq!(
            (answer.status, answer.code()),
            (503, "service_unavailable"),
            "{answer:?}"
        );
        assert!(answer.headers.contains_key("retry-after"));
    }
    let place = waiting.get("/v1/queue/tokens/me").await;
    assert_eq!(
        (place.status, place.number("position")),
        (200, 1),
        "positions are still told"
    );

    let_in(&app, true).await;
    let (fan, show, held) = (&fan, &show, held.text("id"));
    eventually("seats can be held again", || async {
        fan.hold(show, &[2], None).await.status == 201
    })
    .await;
    assert_eq!(
        fan.pay(held, None).await.status,
        201,
        "the hold from before is still there"
    );
    assert_eq!(fan.balance().await, 40_000, "nothing was half done");
    app.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_cannot_follow_the_queue_is_not_ready_and_says_why() {
    let app = App::start(1).await;
    let ready = async || Answer::of(app.http.get(format!("{}/health/ready", app.url(0)))).await;
    assert_eq!(ready().await.status, 200);
    let_in(&app, false).await;
    eventually("it is not ready", || async { ready().await.status == 503 }).await;
    let live = Answer::of(app.http.get(format!("{}/health/live", app.url(0)))).await;
    assert_eq!(live.status, 200, "but alive");
    let_in(&app, true).await;
    eventually("it is ready again", || async {
        ready().await.status == 200
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_6_what_was_acknowledged_survives_the_kill_of_its_process() {
    let mut app = App::start(2).await;
    let show = app.schedule(50).await;
    let fan = app.shopper(0, 100_000).await;
    let held = fan.hold(&show, &[1, 2], None).await;
    let paid = fan.pay(held.text("id"), None).await;
    assert_eq!(paid.status, 201);
    drop(app.servers.remove(0));
    let fan = fan.at(app.url(0));
    let receipt = Answer::of(fan.as_user(
        reqwest::Method::GET,
        &format!("/v1/payments/{}", paid.text("id")),
    ))
    .await;
    assert_eq!(receipt.body, paid.body);
    app.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_told_stop_lets_requests_finish() {
    let mut app = App::start(2).await;
    let show = app.schedule(50).await;
    let fan = app.shopper(0, 0).await;
    let leaving = app.servers.remove(0);
    let body = json!({"schedule_id": show, "seat_numbers": [5]});
    let request = app
        .http
        .post(format!("{}/v1/reservations", leaving.url))
        .bearer_auth(&fan.queue_token)
        .json(&body);
    let (answer, status) = futures_util::join!(Answer::of(request), leaving.stop());
    assert!(status.success(), "{status}");
    assert_eq!(answer.status, 201, "{answer:?}");
    let here = fan.at(app.url(0));
    let kept = here
        .get(&format!("/v1/reservations/{}", answer.text("id")))
        .await;
    assert_eq!(kept.status, 200);
    app.assert_audit_clean().await;
}
