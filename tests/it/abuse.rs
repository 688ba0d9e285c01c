//! Doing what is allowed, again and again, to get more than is allowed.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use reqwest::Method;
use system_tests::{Answer, App, Fan};

/// How often each was answered: the code of a problem, or the status of a success.
fn count(answers: &[Answer]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for answer in answers {
        let told = match answer.code() {
            "" => answer.status.to_string(),
            code => code.to_owned(),
        };
        *counts.entry(told).or_default() += 1;
    }
    counts
}

async fn cancel(fan: &Fan, reservation: &str) -> Answer {
    let path = format!("/v1/reservations/{reservation}");
    Answer::of(fan.in_queue(Method::DELETE, &path)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_16_holding_and_cancelling_in_a_loop_wins_nothing_and_loses_nothing() {
    let app = App::start(2).await;
    let show = app.schedule(4).await;
    let (looping, other) = (app.shopper(0, 0).await, app.shopper(1, 0).await);
    // Ten loops of one fan at both processes, over all the seats there are.
    let seats: &[u32] = &[1, 2, 3, 4];
    let turn = async |client: Fan| {
        let mut told = Vec::new();
        for _ in 0..20 {
            let held = client.hold(&show, seats, None).await;
            if held.status == 201 {
                told.push(cancel(&client, held.text("id")).await);
            }
            told.push(held);
        }
        told
    };
    let loops = (0..10).map(|n| turn(looping.at(app.url(n))));
    let answers: Vec<_> = join_all(loops).await.into_iter().flatten().collect();
    let counts = count(&answers);
    let allowed = ["200", "201", "seat_limit_reached", "seat_unavailable"];
    assert!(
        counts.keys().all(|told| allowed.contains(&told.as_str())),
        "{counts:?}"
    );
    assert!(counts["201"] >= 10, "{counts:?}");
    assert_eq!(
        counts["200"], counts["201"],
        "each hold was cancelled once: {counts:?}"
    );

    // Nothing is left of it, neither in the way of others nor of the fan's own limit.
    let others = other.hold(&show, &[1, 2], None).await;
    let own = looping.hold(&show, &[3, 4], None).await;
    assert_eq!((others.status, own.status), (201, 201));
    assert_eq!(
        cancel(&looping, others.text("id")).await.code(),
        "reservation_not_found"
    );
    app.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_16_a_hold_is_cancelled_once_however_many_ask_and_what_was_paid_comes_back() {
    let app = App::start(2).await;
    let show = app.schedule(10).await;
    let fan = app.shopper(0, 10_000).await;
    let clients: Vec<_> = (0..50).map(|n| fan.at(app.url(n))).collect();
    let held = fan.hold(&show, &[1], None).await;
    let id = held.text("id");
    let cancelled = join_all(clients.iter().map(|client| cancel(client, id))).await;
    assert!(
        cancelled.iter().all(|answer| answer.status == 200),
        "{:?}",
        count(&cancelled)
    );

    // Paid and cancelled at once: in either order it is given up, and nobody has paid for nothing.
    let held = fan.hold(&show, &[2], None).await;
    let id = held.text("id");
    let cancels = join_all(clients.iter().map(|client| cancel(client, id)));
    let (cancels, paid) = tokio::join!(cancels, fan.pay(id, None));
    assert!(
        cancels.iter().all(|answer| answer.status == 200),
        "{:?}",
        count(&cancels)
    );
    assert!(
        ["", "reservation_cancelled"].contains(&paid.code()),
        "{paid:?}"
    );
    let refunded = |answer: &Answer| answer.body["refunded_at"].is_string();
    assert!(
        cancels
            .iter()
            .all(|answer| refunded(answer) == (paid.status == 201))
    );
    assert_eq!(fan.balance().await, 10_000);
    app.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_25_one_key_charges_once_however_often_and_wherever_it_is_sent() {
    let app = App::start(2).await;
    let fan = app.fan(0).await;
    let clients: Vec<_> = (0..100).map(|n| fan.at(app.url(n))).collect();
    let charge = |client: &Fan, won, key: &'static str| {
        let client = client.clone();
        async move { client.charge(won, Some(key)).await }
    };
    let answers = join_all(clients.iter().map(|client| charge(client, 1_000, "once"))).await;
    assert_eq!(count(&answers), BTreeMap::from([("201".to_owned(), 100)]));
    assert!(answers.iter().all(|answer| answer.body == answers[0].body));
    let replayed = answers
        .iter()
        .filter(|answer| answer.headers.contains_key("idempotent-replayed"));
    assert_eq!(replayed.count(), 99);
    assert_eq!(
        charge(&fan, 2_000, "once").await.code(),
        "idempotency_key_reused"
    );
    assert_eq!(fan.balance().await, 1_000);

    // The control: other keys are other charges, and another user's key is another key.
    assert_eq!(charge(&fan, 1_000, "twice").await.status, 201);
    let other = app.fan(1).await;
    assert_eq!(charge(&other, 5, "once").await.status, 201);
    assert_eq!((fan.balance().await, other.balance().await), (2_000, 5));
    app.assert_audit_clean().await;
}
