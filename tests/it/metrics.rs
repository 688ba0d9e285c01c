//! What a real server tells Prometheus, and what stands on it: the documentation, the dashboard and the
//! alerts.

mod scrape;
mod shown;

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::json;
use system_tests::{Answer, App, eventually};

use scrape::{Scrape, documented};
use shown::{alerts, dashboard};

/// The labels that there are; none of them has a value that a client makes.
const LABELS: [&str; 11] = [
    "route", "method", "status", "code", "lane", "reason", "outcome", "promise", "concert",
    "title", "version",
];

async fn scrape(server: &str, app: &App) -> Scrape {
    let answer = app.http.get(format!("{server}/metrics")).send().await;
    let answer = answer.unwrap();
    assert_eq!(answer.status(), 200);
    let kind = answer.headers()["content-type"].to_str().unwrap();
    assert_eq!(kind, "text/plain; version=0.0.4; charset=utf-8");
    Scrape::of(&answer.text().await.unwrap())
}

/// A server that has seen every kind of thing once.
async fn after_a_journey() -> (App, Scrape) {
    let app = App::with(1, &[("AUDIT_EVERY", "300ms"), ("HOLD_TTL", "1h")]).await;
    let show = app.schedule(50).await;
    let fan = app.shopper(0, 30_000).await;
    assert_eq!(fan.get("/v1/concerts").await.status, 200);
    assert_eq!(
        fan.get(&format!("/v1/schedules/{show}/seats")).await.status,
        200
    );
    let dropped = fan.hold(&show, &[1], None).await;
    let dropped = format!("/v1/reservations/{}", dropped.text("id"));
    let dropped = Answer::of(fan.in_queue(Method::DELETE, &dropped)).await;
    assert_eq!(dropped.status, 200);
    let held = fan.hold(&show, &[7, 8], Some("again")).await;
    assert_eq!(fan.hold(&show, &[7, 8], Some("again")).await.status, 201);
    assert_eq!(fan.pay(held.text("id"), None).await.status, 201);
    assert_eq!(fan.get("/v1/concerts").await.code(), "queue_token_expired");
    let leaving = app.shopper(0, 0).await;
    let leave = leaving.in_queue(Method::DELETE, "/v1/queue/tokens/me");
    assert_eq!(Answer::of(leave).await.status, 204);
    let url = app.url(0).to_owned();
    eventually("the sale and the audit are seen", async || {
        let now = scrape(&url, &app).await;
        now.value("boxoffice_concert_seats_sold", &[]) == Some(2.0)
            && now
                .value("boxoffice_audit_broken_checks", &[("promise", "6")])
                .is_some()
    })
    .await;
    let scrape = scrape(&url, &app).await;
    (app, scrape)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journey_is_counted_and_everything_shown_is_documented_and_used_rightly() {
    let (app, seen) = after_a_journey().await;
    for (name, labels, value) in [
        ("boxoffice_sign_ups_total", &[][..], 2.0),
        ("boxoffice_charges_total", &[], 1.0),
        ("boxoffice_charged_won_total", &[], 30_000.0),
        ("boxoffice_queue_joins_total", &[], 2.0),
        ("boxoffice_queue_admissions_total", &[], 2.0),
        ("boxoffice_queue_ended_total", &[("reason", "paid")], 1.0),
        ("boxoffice_queue_ended_total", &[("reason", "left")], 1.0),
        ("boxoffice_queue_ended_total", &[("reason", "no_show")], 0.0),
        ("boxoffice_holds_total", &[], 2.0),
        ("boxoffice_held_seats_total", &[], 3.0),
        (
            "boxoffice_holds_ended_total",
            &[("outcome", "cancelled")],
            1.0,
        ),
        ("boxoffice_holds_ended_total", &[("outcome", "paid")], 1.0),
        (
            "boxoffice_holds_ended_total",
            &[("outcome", "expired")],
            0.0,
        ),
        ("boxoffice_payments_total", &[], 1.0),
        ("boxoffice_paid_won_total", &[], 20_000.0),
        ("boxoffice_concert_seats", &[], 50.0),
        ("boxoffice_concert_seats_remaining", &[], 48.0),
        ("boxoffice_concert_revenue_won", &[], 20_000.0),
        ("boxoffice_queue_capacity", &[], 1_000.0),
        ("boxoffice_queue_waiting", &[], 0.0),
        ("boxoffice_audit_broken_checks", &[("promise", "1")], 0.0),
        (
            "boxoffice_problems_total",
            &[("code", "queue_token_expired")],
            1.0,
        ),
        (
            "boxoffice_lane_batch_requests_count",
            &[("lane", "hold")],
            3.0,
        ),
        ("boxoffice_lane_limit", &[("lane", "pay")], 4_096.0),
        (
            "boxoffice_http_requests_total",
            &[
                ("route", "/v1/reservations"),
                ("method", "POST"),
                ("status", "201"),
            ],
            3.0,
        ),
    ] {
        assert_eq!(seen.value(name, labels), Some(value), "{name} {labels:?}");
    }
    for alive in [
        "process_resident_memory_bytes",
        "process_open_fds",
        "pool_connections",
    ] {
        assert!(
            seen.value(&format!("boxoffice_{alive}"), &[]) > Some(0.0),
            "{alive}"
        );
    }

    let documented = documented();
    let written: BTreeSet<_> = documented.keys().map(String::as_str).collect();
    let shown: BTreeSet<_> = seen.families.keys().map(String::as_str).collect();
    let undocumented: Vec<_> = shown.difference(&written).collect();
    assert_eq!(undocumented, [&""; 0]);
    let unseen: Vec<_> = written.difference(&shown).collect();
    assert_eq!(unseen, [&""; 0], "a journey shows everything");
    for (name, family) in &seen.families {
        let (kind, labels) = &documented[name];
        assert_eq!(&family.kind, kind, "{name}");
        assert!(!family.help.is_empty(), "{name} has no HELP");
        assert_eq!(&family.labels, labels, "{name}");
        assert!(
            labels.iter().all(|label| LABELS.contains(&label.as_str())),
            "{name}"
        );
    }

    let questions = dashboard();
    assert!(questions.len() > 40, "the control");
    for question in questions
        .iter()
        .chain(alerts().iter().map(|alert| &alert.expression))
    {
        for name in scrape::names_in(question) {
            assert!(seen.has(&name), "{name} in {question}");
        }
    }
    app.assert_audit_clean().await;
}

#[test]
fn every_alert_says_what_it_means_and_where_to_read_on() {
    let alerts = alerts();
    assert!(alerts.len() > 15, "the control");
    let promises: Vec<_> = alerts
        .iter()
        .filter_map(|alert| alert.summary.strip_prefix("Promise ")?.split(' ').next())
        .collect();
    assert_eq!(promises, ["1", "2", "3", "4", "5", "6"]);
    for alert in &alerts {
        let section = alert.name.to_lowercase();
        let page = format!("docs/operations.md#{section}");
        assert_eq!(alert.runbook, page, "{}", alert.name);
        assert!(alert.description.len() > 80, "{}", alert.name);
        assert!(
            ["warning", "critical"].contains(&&*alert.severity),
            "{}",
            alert.name
        );
    }
    let names: BTreeSet<_> = alerts.iter().map(|alert| &alert.name).collect();
    assert_eq!(names.len(), alerts.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_metrics_are_at_the_operators_listener_if_there_is_one() {
    let app = App::with(1, &[("ADMIN_LISTEN", "127.0.0.1:0")]).await;
    let apart = app.servers[0].operator_url.clone().unwrap();
    let seen = scrape(&apart, &app).await;
    assert!(seen.has("boxoffice_build_info"));
    let public = app.http.get(format!("{}/metrics", app.url(0)));
    assert_eq!(Answer::of(public).await.code(), "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_and_who_never_comes_is_counted() {
    let settings = [
        ("CAPACITY", "1"),
        ("NO_SHOW_AFTER", "1s"),
        ("HOLD_TTL", "1s"),
        ("SWEEP_INTERVAL", "100ms"),
    ];
    let app = App::with(1, &settings).await;
    let show = app.schedule(10).await;
    let first = app.shopper(0, 0).await;
    assert_eq!(first.hold(&show, &[1], None).await.status, 201);
    let mut second = app.fan(0).await;
    assert_eq!(second.join().await.text("status"), "waiting");
    let url = app.url(0).to_owned();
    let value =
        async |name: &str, labels: &[(&str, &str)]| scrape(&url, &app).await.value(name, labels);
    eventually("one is seen to wait", async || {
        value("boxoffice_queue_waiting", &[]).await == Some(1.0)
    })
    .await;
    eventually(
        "the first one is ended for silence, and the second let in",
        async || {
            value("boxoffice_queue_ended_total", &[("reason", "no_show")]).await >= Some(1.0)
                && value("boxoffice_queue_admissions_total", &[]).await == Some(2.0)
        },
    )
    .await;
    eventually("the hold is seen to expire", async || {
        value("boxoffice_holds_ended_total", &[("outcome", "expired")]).await == Some(1.0)
    })
    .await;
    let pause = json!({"paused": true, "capacity": 7});
    app.operator(Method::PATCH, "/v1/admin/queue", &pause).await;
    eventually("the policy is seen", async || {
        value("boxoffice_queue_paused", &[]).await == Some(1.0)
            && value("boxoffice_queue_capacity", &[]).await == Some(7.0)
    })
    .await;
}
