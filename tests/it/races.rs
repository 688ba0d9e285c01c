//! Races over real server processes, each with the audit at its end.

use std::collections::HashMap;

use futures_util::future::join_all;
use system_tests::{Answer, App, Fan};

/// How often each code was answered; successes under their status.
fn count<'a>(answers: impl IntoIterator<Item = &'a Answer>) -> HashMap<String, usize> {
    let mut counts = HashMap::new();
    for answer in answers {
        let name = if answer.code().is_empty() {
            answer.status.to_string()
        } else {
            answer.code().to_owned()
        };
        *counts.entry(name).or_default() += 1;
    }
    counts
}

async fn shoppers(app: &App, number: usize, won: i64) -> Vec<Fan> {
    join_all((0..number).map(|n| app.shopper(n, won))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_13_of_500_clients_of_two_processes_exactly_one_gets_the_seat() {
    let app = App::start(2).await;
    let show = app.schedule(50).await;
    let fans = shoppers(&app, 500, 0).await;
    let answers = join_all(fans.iter().map(|fan| fan.hold(&show, &[17], None))).await;
    let expected = [("201".to_owned(), 1), ("seat_unavailable".to_owned(), 499)];
    assert_eq!(count(&answers), HashMap::from(expected));
    app.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_24_of_200_clients_paying_one_reservation_one_is_charged() {
    let app = App::start(2).await;
    let show = app.schedule(50).await;
    let fan = app.shopper(0, 100_000).await;
    let held = fan.hold(&show, &[1, 2], None).await;
    let clients: Vec<_> = (0..200).map(|n| fan.at(app.url(n))).collect();
    let answers = join_all(
        clients
            .iter()
            .map(|client| client.pay(held.text("id"), None)),
    )
    .await;
    let expected = [
        ("201".to_owned(), 1),
        ("reservation_already_paid".to_owned(), 199),
    ];
    assert_eq!(count(&answers), HashMap::from(expected));
    assert_eq!(fan.balance().await, 80_000);
    app.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_24_the_same_key_answers_every_client_the_first_receipt() {
    let app = App::start(2).await;
    let show = app.schedule(50).await;
    let fan = app.shopper(0, 100_000).await;
    let held = fan.hold(&show, &[1], None).await;
    let clients: Vec<_> = (0..100).map(|n| fan.at(app.url(n))).collect();
    let id = held.text("id");
    let answers = join_all(clients.iter().map(|client| client.pay(id, Some("the-key")))).await;
    assert_eq!(count(&answers), HashMap::from([("201".to_owned(), 100)]));
    assert!(answers.iter().all(|answer| answer.body == answers[0].body));
    assert_eq!(fan.balance().await, 90_000);
    app.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_18_charges_and_payments_of_one_user_race_and_the_ledger_adds_up() {
    let app = App::start(2).await;
    let show = app.schedule(50).await;
    let fan = app.shopper(0, 0).await;
    let held = fan.hold(&show, &[1, 2, 3, 4], None).await;
    let clients: Vec<_> = (0..200).map(|n| fan.at(app.url(n))).collect();
    let charges = join_all(clients.iter().map(|client| client.charge(1_000, None)));
    let payments = join_all(
        clients
            .iter()
            .map(|client| client.pay(held.text("id"), None)),
    );
    let (charges, payments) = futures_util::join!(charges, payments);
    assert_eq!(count(&charges), HashMap::from([("201".to_owned(), 200)]));
    let paid = count(&payments);
    let short = paid
        .get("insufficient_balance")
        .copied()
        .unwrap_or_default();
    let (done, again) = (paid.get("201"), paid.get("reservation_already_paid"));
    let (done, again) = (
        done.copied().unwrap_or_default(),
        again.copied().unwrap_or_default(),
    );
    assert_eq!(done + again + short, 200, "{paid:?}");
    assert!(done <= 1);
    assert_eq!(
        fan.balance().await,
        200_000 - 40_000 * i64::try_from(done).unwrap()
    );
    app.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_14_parallel_attempts_do_not_get_past_the_limit() {
    let app = App::start(2).await;
    let show = app.schedule(50).await;
    let fan = app.shopper(0, 0).await;
    let clients: Vec<_> = (0..20).map(|n| (n, fan.at(app.url(n as usize)))).collect();
    let holds = clients.iter().map(|(n, client)| {
        let (seat, show) = (n + 1, &show);
        async move { client.hold(show, &[seat], None).await }
    });
    let answers = join_all(holds).await;
    let expected = [("201".to_owned(), 4), ("seat_limit_reached".to_owned(), 16)];
    assert_eq!(count(&answers), HashMap::from(expected));
    app.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_25_one_key_makes_one_reservation_however_often_it_is_sent() {
    let app = App::start(2).await;
    let show = app.schedule(50).await;
    let fan = app.shopper(0, 0).await;
    let clients: Vec<_> = (0..50).map(|n| fan.at(app.url(n))).collect();
    let answers = join_all(
        clients
            .iter()
            .map(|client| client.hold(&show, &[3], Some("once"))),
    )
    .await;
    assert_eq!(count(&answers), HashMap::from([("201".to_owned(), 50)]));
    assert!(
        answers
            .iter()
            .all(|answer| answer.text("id") == answers[0].text("id"))
    );
    let other = fan.hold(&show, &[4], Some("once")).await;
    assert_eq!(
        (other.status, other.code()),
        (422, "idempotency_key_reused")
    );
    app.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_2_one_user_gets_one_token_however_many_ask() {
    let app = App::start(2).await;
    let fan = app.fan(0).await;
    let mut clients: Vec<_> = (0..50).map(|n| fan.at(app.url(n))).collect();
    let answers = join_all(clients.iter_mut().map(Fan::join)).await;
    let expected = [("201".to_owned(), 1), ("queue_token_exists".to_owned(), 49)];
    assert_eq!(count(&answers), HashMap::from(expected));
    app.assert_audit_clean().await;
}
