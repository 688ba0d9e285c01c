//! The queue over three server processes, with thousands of people.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicUsize, Ordering},
};

use futures_util::{StreamExt, stream};
use reqwest::Method;
use serde_json::{Value, json};
use system_tests::{Answer, App, Fan, eventually};

/// How many join. Enough for hundreds of batches on each process.
const JOINS: usize = 20_000;
/// How many clients act at the same time.
const AT_ONCE: usize = 96;

/// Signs up, joins, and sometimes leaves again at once; at the processes in turn.
async fn arrive(app: &App, number: usize) -> Fan {
    let mut fan = app.fan(number).await;
    let joined = fan.at(app.url(number + 1)).join().await;
    assert_eq!(joined.status, 201, "{joined:?}");
    joined.text("token").clone_into(&mut fan.queue_token);
    if number % 10 == 3 {
        let left = fan
            .at(app.url(number + 2))
            .in_queue(Method::DELETE, "/v1/queue/tokens/me");
        assert_eq!(Answer::of(left).await.status, 204);
    }
    fan
}

/// What a process tells a fan about their place.
async fn place(fan: &Fan, server: &str) -> Value {
    let mut answer = fan.at(server).get("/v1/queue/tokens/me").await;
    // Jitter and estimates are no part of the place.
    for member in ["poll_after_ms", "estimated_wait_seconds", "request_id"] {
        answer.body.as_object_mut().unwrap().remove(member);
    }
    answer.body
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_3_three_processes_tell_the_same_places_and_admit_in_order() {
    let settings = [
        ("CAPACITY", "500"),
        ("ADMISSION_BATCH", "200"),
        ("ADMISSION_INTERVAL", "100ms"),
        ("ACTIVE_TTL", "2s"),
        ("WAITING_TTL", "1h"),
    ];
    let app = App::with(3, &settings).await;
    let arrived = AtomicUsize::new(0);
    let (app, arrived) = (&app, &arrived);
    let arrivals = stream::iter(0..JOINS).map(|number| async move {
        let fan = arrive(app, number).await;
        let count = arrived.fetch_add(1, Ordering::Relaxed) + 1;
        if count.is_multiple_of(2_000) {
            eprintln!("{count} of {JOINS} have joined");
        }
        fan
    });
    let fans: Vec<Fan> = arrivals.buffer_unordered(AT_ONCE).collect().await;

    // Nobody moves any more: what the processes have followed must agree, place by place.
    let pause = json!({"paused": true, "capacity": 0});
    assert_eq!(
        app.operator(Method::PATCH, "/v1/admin/queue", &pause)
            .await
            .status,
        200
    );
    eventually("the active have all run out of time", || async {
        app.operator(Method::GET, "/v1/admin/queue", &json!({}))
            .await
            .number("active")
            == 0
    })
    .await;
    let waiting = app
        .operator(Method::GET, "/v1/admin/queue", &json!({}))
        .await
        .number("waiting");
    assert!(waiting > 1_000, "most still wait: {waiting}");
    for process in 0..3 {
        let somebody = fans.iter().max_by_key(|fan| &fan.queue_token).unwrap();
        eventually("the process has caught up", || async {
            let place = place(somebody, app.url(process)).await;
            place["waiting_total"]
                .as_i64()
                .is_none_or(|total| total == waiting)
        })
        .await;
    }
    let places = stream::iter(&fans).map(|fan| async move {
        let [here, there, elsewhere] = [app.url(0), app.url(1), app.url(2)];
        let place = place(fan, here).await;
        assert_eq!(place, self::place(fan, there).await);
        assert_eq!(place, self::place(fan, elsewhere).await);
        place["position"].as_i64()
    });
    let told: Vec<i64> = places
        .buffer_unordered(AT_ONCE)
        .filter_map(std::future::ready)
        .collect()
        .await;
    let mut positions = told;
    positions.sort_unstable();
    assert_eq!(
        positions,
        (1..=waiting).collect::<Vec<_>>(),
        "each place once, without a gap"
    );

    assert_order(app).await;
    app.assert_audit_clean().await;
}

/// Checks in the database that admissions follow tickets exactly and never exceed the capacity.
/// The audit says so too; this is told in another way.
async fn assert_order(app: &App) {
    let client = app.database.client().await;
    let rows = "SELECT ticket, admitted_version, ended_version FROM queue_tokens ORDER BY ticket";
    let mut active: HashMap<i64, i64> = HashMap::new();
    let mut latest = 0;
    let tokens = client.query(rows, &[]).await.unwrap();
    assert_eq!(tokens.len(), JOINS);
    for (row, expected) in tokens.iter().zip(1_i64..) {
        let ticket: i64 = row.get(0);
        assert_eq!(ticket, expected, "tickets are gapless");
        let Some(admitted) = row.get::<_, Option<i64>>(1) else {
            continue;
        };
        assert!(admitted >= latest, "ticket {ticket} overtook someone");
        latest = admitted;
        *active.entry(admitted).or_default() += 1;
        if let Some(ended) = row.get::<_, Option<i64>>(2) {
            *active.entry(ended).or_default() -= 1;
        }
    }
    let mut versions: Vec<_> = active.into_iter().collect();
    versions.sort_unstable();
    let mut now = 0;
    for (version, change) in versions {
        now += change;
        assert!(now <= 500, "{now} were active at version {version}");
    }
}
