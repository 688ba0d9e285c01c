//! Events, pulled and pushed: each is seen, in order, whatever happens to those who send and receive.

use std::collections::{BTreeMap, HashSet};

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use system_tests::{Answer, App, Receiver, Reply, eventually, subject};

/// Impatient, and to this machine.
const SETTINGS: &[(&str, &str)] = &[
    ("WEBHOOK_ALLOW_HTTP", "true"),
    ("WEBHOOK_RETRY", "1ms"),
    ("WEBHOOK_TIMEOUT", "1s"),
];

async fn register(app: &App, receiver: &Receiver) -> (String, String) {
    let body = json!({"url": receiver.url()});
    let made = app
        .operator(Method::POST, "/v1/admin/webhooks", &body)
        .await;
    assert_eq!(made.status, 201, "{made:?}");
    (made.text("id").to_owned(), made.text("secret").to_owned())
}

async fn webhook(app: &App, id: &str) -> Answer {
    let path = format!("/v1/admin/webhooks/{id}");
    app.operator(Method::GET, &path, &json!({})).await
}

/// All events, pulled in small pages.
async fn pulled(app: &App) -> Vec<Value> {
    let (mut all, mut after) = (Vec::new(), 0);
    loop {
        let path = format!("/v1/admin/events?after={after}&limit=7");
        let page = app.operator(Method::GET, &path, &json!({})).await;
        let items = page.body["items"].as_array().unwrap();
        if items.is_empty() {
            assert_eq!(page.number("next"), after, "an empty page keeps the place");
            return all;
        }
        all.extend_from_slice(items);
        after = page.number("next");
    }
}

fn ids(events: &[Value]) -> HashSet<String> {
    let id = |event: &Value| event["id"].as_str().unwrap().to_owned();
    events.iter().map(id).collect()
}

/// The ids of the events of each subject, in order, each once.
fn lives<'a>(events: impl Iterator<Item = (&'a str, &'a str)>) -> BTreeMap<&'a str, Vec<&'a str>> {
    let mut lives: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (subject, id) in events {
        let life = lives.entry(subject).or_default();
        if !life.contains(&id) {
            life.push(id);
        }
    }
    lives
}

/// A fan who holds a seat and pays it, cancels it, or lets it be.
async fn journey(app: &App, show: &str, n: u32) {
    let process = n as usize;
    let fan = app.shopper(process, 20_000).await;
    let held = fan.hold(show, &[n + 1], None).await;
    assert_eq!(held.status, 201, "{held:?}");
    match n % 3 {
        0 => {}
        1 => assert_eq!(fan.pay(held.text("id"), None).await.status, 201),
        _ => {
            let path = format!("/v1/reservations/{}", held.text("id"));
            let cancelled = Answer::of(fan.as_user(Method::DELETE, &path)).await;
            assert_eq!(cancelled.status, 200);
        }
    }
}

/// Waits until the receiver has accepted as many events as these journeys make, and compares it with
/// what can be pulled.
async fn assert_all_told(app: &App, receiver: &Receiver, secret: &str, events: usize) {
    eventually("every event is delivered", || async {
        receiver.ids().len() >= events
    })
    .await;
    let (pulled, accepted) = (pulled(app).await, receiver.accepted());
    assert_eq!(pulled.len(), events);
    assert_eq!(receiver.ids(), ids(&pulled));
    let of_pulled = pulled.iter();
    let of_pulled = of_pulled.map(|e| (subject(&e["data"]), e["id"].as_str().unwrap()));
    let of_accepted = accepted.iter().map(|d| (d.subject(), &*d.id));
    assert_eq!(lives(of_accepted), lives(of_pulled), "in order");
    for event in &pulled {
        let told = accepted.iter().find(|d| event["id"] == *d.id).unwrap();
        assert_eq!(told.event["type"], event["type"]);
        assert_eq!(told.event["data"], event["data"]);
        assert_eq!(told.event["timestamp"], event["occurred_at"]);
    }
    let deliveries = receiver.deliveries();
    assert!(
        deliveries
            .iter()
            .all(|delivery| delivery.is_signed_with(secret))
    );
    let positions: Vec<_> = pulled
        .iter()
        .map(|e| e["position"].as_u64().unwrap())
        .collect();
    assert_eq!(positions, (1..=events as u64).collect::<Vec<_>>());
}

/// Each journey is told with its admission, its hold, and two events of a payment or one of a
/// cancellation.
fn events_of(journeys: u32) -> usize {
    (0..journeys).map(|n| [2, 4, 3][n as usize % 3]).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_fails_fifty_times_misses_nothing_and_two_processes_send_nothing_twice() {
    let app = App::with(2, SETTINGS).await;
    let mut receiver = Receiver::start().await;
    let (id, secret) = register(&app, &receiver).await;
    let show = app.schedule(60).await;
    let (mut asked, mut failures) = (0_u32, 0);
    receiver.behave(move |_, _| {
        asked += 1;
        if failures == 50 || asked.is_multiple_of(3) {
            return Reply::Accept;
        }
        failures += 1;
        match failures % 10 {
            0 => Reply::Silence,
            1..4 => Reply::Hang,
            4..6 => Reply::Status(302),
            _ => Reply::Status(500),
        }
    });
    join_all((0..30).map(|n| journey(&app, &show, n))).await;
    receiver.close().await;
    join_all((30..40).map(|n| journey(&app, &show, n))).await;
    eventually("it is noticed that nobody is there", || async {
        webhook(&app, &id).await.body["state"] == "failing"
    })
    .await;
    receiver.open().await;
    eventually("fifty failures were survived", || async {
        let deliveries = receiver.deliveries();
        deliveries
            .iter()
            .filter(|d| d.reply != Reply::Accept)
            .count()
            == 50
    })
    .await;
    assert_all_told(&app, &receiver, &secret, events_of(40)).await;
    let (accepted, told) = (receiver.accepted().len(), events_of(40));
    assert!(accepted <= told + 5, "{accepted} times for {told} events");
    eventually("the operator sees that all is well", || async {
        let seen = webhook(&app, &id).await;
        let (state, oldest) = (&seen.body["state"], &seen.body["oldest_undelivered"]);
        state == "active" && oldest.is_null() && seen.number("waiting") + seen.number("dead") == 0
    })
    .await;
    app.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_process_that_delivers_is_killed_another_one_goes_on() {
    let mut app = App::with(1, SETTINGS).await;
    let receiver = Receiver::start().await;
    let (_, secret) = register(&app, &receiver).await;
    let show = app.schedule(20).await;
    receiver.behave(|_, _| Reply::Silence);
    let (deliveries, journeys) = (
        eventually("it delivers", || async {
            !receiver.deliveries().is_empty()
        }),
        join_all((0..6).map(|n| journey(&app, &show, n))),
    );
    futures_util::future::join(deliveries, journeys).await;
    app.servers.remove(0).kill().await;
    receiver.behave(|_, _| Reply::Accept);
    app.add(&[]).await;
    app.add(&[]).await;
    join_all((6..12).map(|n| journey(&app, &show, n))).await;
    assert_all_told(&app, &receiver, &secret, events_of(12)).await;
    let (accepted, told) = (receiver.accepted().len(), events_of(12));
    assert!(accepted <= told + 5, "{accepted} times for {told} events");
    app.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poison_event_ends_as_a_dead_letter_that_can_be_redelivered_and_holds_nothing_up() {
    let app = App::with(1, &[SETTINGS, &[("WEBHOOK_TRIES", "3")]].concat()).await;
    let receiver = Receiver::start().await;
    let (id, secret) = register(&app, &receiver).await;
    let show = app.schedule(20).await;
    receiver.behave(|_, event| match event["type"].as_str() {
        Some("reservation.held") => Reply::Status(500),
        _ => Reply::Accept,
    });
    journey(&app, &show, 1).await;
    eventually("the hold is given up and the payment told", || async {
        webhook(&app, &id).await.number("dead") == 1 && receiver.ids().len() == 3
    })
    .await;
    let tried = receiver.deliveries();
    let tried: Vec<_> = tried.iter().filter(|d| d.reply != Reply::Accept).collect();
    assert_eq!(tried.len(), 3);
    receiver.behave(|_, _| Reply::Accept);
    let path = format!("/v1/admin/webhooks/{id}/redeliver");
    let redeliver = async |body| app.operator(Method::POST, &path, &body).await;
    let accepted = receiver.accepted();
    let other = redeliver(json!({"event_id": accepted[0].id})).await;
    assert_eq!((other.status, other.code()), (404, "dead_letter_not_found"));
    let one = redeliver(json!({"event_id": tried[0].id})).await;
    assert_eq!((one.status, one.number("redelivered")), (202, 1));
    eventually("it is delivered", || async { receiver.ids().len() == 4 }).await;
    eventually("no letter is left", || async {
        let seen = webhook(&app, &id).await;
        seen.number("dead") + seen.number("waiting") == 0
    })
    .await;
    assert!(
        receiver
            .deliveries()
            .iter()
            .all(|d| d.is_signed_with(&secret))
    );
    assert_eq!(redeliver(json!({})).await.number("redelivered"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_gone_is_sent_nothing_more_and_a_removed_one_is_forgotten() {
    let app = App::with(1, SETTINGS).await;
    let receiver = Receiver::start().await;
    let (id, _) = register(&app, &receiver).await;
    receiver.behave(|_, _| Reply::Status(410));
    app.shopper(0, 0).await;
    eventually("it is disabled", || async {
        webhook(&app, &id).await.body["state"] == "disabled"
    })
    .await;
    app.shopper(0, 0).await;
    let other = Receiver::start().await;
    register(&app, &other).await;
    app.shopper(0, 0).await;
    eventually("others are served", || async { !other.ids().is_empty() }).await;
    assert_eq!(receiver.deliveries().len(), 1);
    let path = format!("/v1/admin/webhooks/{id}");
    let removed = app.operator(Method::DELETE, &path, &json!({})).await;
    assert_eq!(removed.status, 204);
    assert_eq!(webhook(&app, &id).await.code(), "webhook_not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_leave_a_webhook_is_public_and_encrypted() {
    let app = App::start(1).await;
    for url in [
        "http://receiver.example/",
        "https://127.0.0.1/",
        "https://[::1]/x",
    ] {
        let refused = app
            .operator(Method::POST, "/v1/admin/webhooks", &json!({"url": url}))
            .await;
        assert_eq!(
            (refused.status, refused.code()),
            (422, "invalid_request"),
            "{url}"
        );
        assert_eq!(refused.body["errors"][0]["pointer"], "/url");
    }
}
