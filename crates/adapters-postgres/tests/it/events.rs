//! What happens is told: in the transaction in which it happens, once, and in order.

use std::collections::{BTreeMap, HashMap, HashSet};

use adapters_postgres::Adapters;
use domain::{events::Told, id::ReservationId};
use futures_util::future::{join, join_all};
use serde_json::{Value, json};
use time::Duration;
use uuid::Uuid;

use crate::fixture::{
    self, Fixture, OPERATOR, cancel_request, charge, hold, pay, schedule, shopper, shoppers,
    sign_up, small_batches,
};

/// All events so far.
async fn told(process: &Adapters) -> Vec<Told> {
    while process.event_log.number().await.unwrap() > 0 {}
    process.event_log.after(0, 10_000).await.unwrap()
}

fn kinds(told: &[Told]) -> Vec<&str> {
    told.iter().map(|event| event.kind.as_str()).collect()
}

fn data(event: &Told) -> Value {
    serde_json::from_str(&event.data).unwrap()
}

fn of(told: &[Told], subject: Uuid) -> Vec<Told> {
    let of = told.iter().filter(|event| event.subject == subject);
    of.cloned().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journey_is_told_from_admission_to_payment() {
    let fixture = Fixture::new().await;
    let process = fixture.process().await;
    let show = schedule(&process, 9).await;
    let pass = shopper(&process).await;
    charge(&process, pass.user_id, 50_000).await;
    let held = hold(&process, pass, show, [3, 4]).await.unwrap();
    let receipt = pay(&process, pass, held.id).await.unwrap();
    let told = told(&process).await;
    let expected = [
        "queue.admitted",
        "reservation.held",
        "reservation.paid",
        "payment.completed",
    ];
    assert_eq!(kinds(&told), expected);
    assert_eq!(
        told.iter().map(|t| t.position).collect::<Vec<_>>(),
        [1, 2, 3, 4]
    );
    let user = pass.user_id.to_string();
    assert_eq!(
        data(&told[0]),
        json!({"user_id": user, "ticket": 1, "active_until": "2026-01-01T12:05:00Z"})
    );
    let common = json!({
        "reservation_id": held.id.to_string(), "user_id": user,
        "schedule_id": show.to_string(), "seat_numbers": [3, 4], "amount": 20_000,
    });
    let with = |more: &[(&str, Value)]| {
        let mut data = common.clone();
        for (name, value) in more {
            data[name] = value.clone();
        }
        data
    };
    assert_eq!(
        data(&told[1]),
        with(&[("held_until", json!("2026-01-01T12:05:00Z"))])
    );
    let payment = json!(receipt.id.to_string());
    assert_eq!(data(&told[2]), with(&[("payment_id", payment.clone())]));
    let after = json!(30_000);
    assert_eq!(
        data(&told[3]),
        with(&[("payment_id", payment), ("balance_after", after)])
    );
    assert_eq!(told[0].subject, pass.user_id.get());
    assert!(told[1..].iter().all(|event| event.subject == held.id.get()));
    assert!(told.iter().all(|event| event.occurred_at == fixture::NOON));
    let versions: Vec<_> = told.iter().map(|t| t.id.get().get_version_num()).collect();
    assert_eq!(versions, [7; 4]);
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_that_ends_unpaid_is_told_once_whoever_notices() {
    let fixture = Fixture::new().await;
    let process = fixture.process().await;
    let show = schedule(&process, 9).await;
    let pass = shopper(&process).await;
    let user = pass.user_id;
    charge(&process, user, 50_000).await;
    let cancelled = hold(&process, pass, show, [1]).await.unwrap().id;
    process
        .seats
        .cancel(cancel_request(cancelled, user))
        .await
        .unwrap();
    process
        .seats
        .cancel(cancel_request(cancelled, user))
        .await
        .unwrap();
    let swept = hold(&process, pass, show, [2]).await.unwrap().id;
    let taken = hold(&process, pass, show, [3, 4]).await.unwrap().id;
    fixture.clock.advance(Duration::minutes(5));
    let next = fixture::join(&process, sign_up(&process).await).await;
    hold(&process, next, show, [3]).await.unwrap();
    assert_eq!(process.seats.sweep().await.unwrap(), 1);
    assert_eq!(process.seats.sweep().await.unwrap(), 0);
    process
        .seats
        .cancel(cancel_request(taken, user))
        .await
        .unwrap_err();
    let told = told(&process).await;
    for (reservation, ended) in [
        (cancelled, "reservation.cancelled"),
        (swept, "reservation.expired"),
        (taken, "reservation.expired"),
    ] {
        let of = of(&told, reservation.get());
        assert_eq!(kinds(&of), ["reservation.held", ended]);
        let (mut held, ended) = (data(&of[0]), data(&of[1]));
        held.as_object_mut().unwrap().remove("held_until");
        assert_eq!(held, ended, "the same is known of it at its end");
        assert_eq!(of[1].id.get().get_version_num(), 7);
    }
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn those_who_are_let_in_from_the_line_are_told_in_their_order() {
    let mut options = fixture::options();
    options.queue_policy.capacity = 0;
    let fixture = Fixture::with(options).await;
    let process = fixture.process().await;
    for _ in 0..5 {
        fixture::join(&process, sign_up(&process).await).await;
    }
    assert_eq!(told(&process).await, []);
    let open = domain::queue::PolicyChange {
        capacity: Some(3),
        ..Default::default()
    };
    process
        .tokens
        .change_policy(OPERATOR, open)
        .await
        .unwrap()
        .unwrap();
    fixture.clock.advance(Duration::SECOND);
    assert_eq!(process.tokens.tick().await.unwrap().admitted, 3);
    let told = told(&process).await;
    let tickets: Vec<_> = told
        .iter()
        .map(|event| data(event)["ticket"].clone())
        .collect();
    assert_eq!(tickets, [1, 2, 3]);
    fixture.assert_audit_clean().await;
}

/// A batch of one event, to be written by anyone.
fn batch(reservation: u128) -> String {
    let (id, subject) = (fixture::id(), Uuid::from_u128(reservation));
    format!(
        "INSERT INTO event_batches (occurred_at, count, events) VALUES ('2026-01-01 12:00+00', 1, \
         '[{{\"id\": \"{id}\", \"type\": \"test\", \"subject\": \"{subject}\", \
         \"occurred_at\": \"2026-01-01T12:00:00Z\", \"data\": {{}}}}]')"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_earlier_and_committed_later_is_not_missed() {
    let fixture = Fixture::new().await;
    let process = fixture.process().await;
    let (slow, quick) = (
        fixture.test_database.client().await,
        fixture.test_database.client().await,
    );
    slow.batch_execute(&format!("BEGIN; {}", batch(1)))
        .await
        .unwrap();
    quick.batch_execute(&batch(2)).await.unwrap();
    let seen = told(&process).await;
    assert_eq!((seen.len(), seen[0].subject), (1, Uuid::from_u128(2)));
    slow.batch_execute("COMMIT").await.unwrap();
    assert_eq!(process.event_log.number().await.unwrap(), 1);
    let later = process.event_log.after(seen[0].position, 10).await.unwrap();
    assert_eq!((later.len(), later[0].subject), (1, Uuid::from_u128(1)));
    let order = "SELECT count(*) FROM event_batches a, event_batches b \
         WHERE a.number < b.number AND a.last_position > b.last_position";
    assert_eq!(
        fixture.number(order).await,
        1,
        "the one with the lower number came later"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn while_somebody_gives_positions_nobody_else_waits() {
    let fixture = Fixture::new().await;
    let process = fixture.process().await;
    let client = fixture.test_database.client().await;
    client.batch_execute(&batch(1)).await.unwrap();
    let other = "BEGIN; SELECT position FROM event_state FOR NO KEY UPDATE";
    client.batch_execute(other).await.unwrap();
    assert_eq!(process.event_log.number().await.unwrap(), 0);
    client.batch_execute("COMMIT").await.unwrap();
    assert_eq!(process.event_log.number().await.unwrap(), 1);
}

/// What a reservation's events may be, in order.
const LIVES: [&[&str]; 5] = [
    &["reservation.held"],
    &["reservation.held", "reservation.paid", "payment.completed"],
    &[
        "reservation.held",
        "reservation.paid",
        "payment.completed",
        "reservation.refunded",
    ],
    &["reservation.held", "reservation.cancelled"],
    &["reservation.held", "reservation.expired"],
];

#[tokio::test(flavor = "multi_thread")]
async fn one_who_reads_during_a_busy_sale_misses_nothing_and_sees_each_life_in_order() {
    let fixture = Fixture::with(small_batches()).await;
    let [here, there] = fixture.processes().await;
    let shows = [schedule(&here, 100).await, schedule(&here, 100).await];
    let fans = shoppers(&here, 200).await;
    let over = std::sync::atomic::AtomicBool::new(false);
    let fan = async |n: usize, pass: domain::queue::Pass| {
        let (process, other) = if n.is_multiple_of(2) {
            (&here, &there)
        } else {
            (&there, &here)
        };
        charge(process, pass.user_id, 50_000).await;
        let seat = i64::try_from(n / 2 + 1).unwrap();
        let held = hold(process, pass, shows[n % 2], [seat]).await.unwrap();
        match n % 3 {
            0 => drop(
                other
                    .seats
                    .cancel(cancel_request(held.id, pass.user_id))
                    .await
                    .unwrap(),
            ),
            1 => {
                pay(other, pass, held.id).await.unwrap();
                if n.is_multiple_of(2) {
                    let refund = cancel_request(held.id, pass.user_id);
                    process.seats.cancel(refund).await.unwrap();
                }
            }
            _ => {}
        }
    };
    let sale = async {
        join_all(fans.iter().enumerate().map(|(n, pass)| fan(n, *pass))).await;
        over.store(true, std::sync::atomic::Ordering::Relaxed);
    };
    let read = async {
        let mut seen: Vec<Told> = Vec::new();
        loop {
            let last = over.load(std::sync::atomic::Ordering::Relaxed);
            let (one, two) = join(here.event_log.number(), there.event_log.number()).await;
            let after = seen.last().map_or(0, |event| event.position);
            let page = there.event_log.after(after, 7).await.unwrap();
            let empty = page.is_empty();
            seen.extend(page);
            if last && empty && one.unwrap() + two.unwrap() == 0 {
                return seen;
            }
        }
    };
    let ((), seen) = join(sale, read).await;
    let positions: Vec<_> = seen.iter().map(|event| event.position).collect();
    assert_eq!(
        positions,
        (1..=seen.len() as u64).collect::<Vec<_>>(),
        "gapless"
    );
    let ids: HashSet<_> = seen.iter().map(|event| event.id).collect();
    assert_eq!(ids.len(), seen.len());
    assert_eq!(seen, here.event_log.after(0, 10_000).await.unwrap());
    let mut lives: BTreeMap<Uuid, Vec<&str>> = BTreeMap::new();
    for event in seen.iter().filter(|event| event.kind != "queue.admitted") {
        lives.entry(event.subject).or_default().push(&event.kind);
    }
    assert_eq!(lives.len(), 200);
    assert!(
        lives.values().all(|life| LIVES.contains(&&life[..])),
        "{lives:?}"
    );
    assert_stored(&fixture, &lives).await;
    fixture.assert_audit_clean().await;
}

/// Every reservation is as its last event tells.
async fn assert_stored(fixture: &Fixture, lives: &BTreeMap<Uuid, Vec<&str>>) {
    let client = fixture.test_database.client().await;
    let rows = client
        .query("SELECT id::text, status FROM reservations", &[])
        .await
        .unwrap();
    let stored: HashMap<String, String> = rows.iter().map(|r| (r.get(0), r.get(1))).collect();
    assert_eq!(stored.len(), lives.len());
    for (reservation, life) in lives {
        let expected = match *life.last().unwrap() {
            "reservation.held" => "pending_payment",
            "payment.completed" => "paid",
            "reservation.refunded" => "cancelled",
            ended => ended.strip_prefix("reservation.").unwrap(),
        };
        let id = ReservationId::new(*reservation).to_string();
        assert_eq!(stored[&id], expected, "{id}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_old_is_forgotten_once_nobody_needs_it_and_reading_goes_on_after_it() {
    let fixture = Fixture::new().await;
    let process = fixture.process().await;
    let log = &process.event_log;
    shoppers(&process, 3).await;
    let first = told(&process).await;
    fixture.clock.advance(Duration::days(2));
    shoppers(&process, 2).await;
    let all = told(&process).await;
    assert_eq!(log.forget(Duration::days(3)).await.unwrap(), 0);
    let endpoint = crate::letters::endpoint(&process, "https://a.example").await;
    client_at(&fixture, 0).await;
    assert_eq!(
        log.forget(Duration::days(1)).await.unwrap(),
        0,
        "an endpoint waits"
    );
    process.mailroom.remove(OPERATOR, endpoint).await.unwrap();
    assert_eq!(log.forget(Duration::days(1)).await.unwrap(), 3);
    assert_eq!(log.after(0, 100).await.unwrap(), all[first.len()..]);
    assert_eq!(log.after(0, 1).await.unwrap(), all[3..4]);
    assert_eq!(log.after(4, 100).await.unwrap(), all[4..]);
    assert_eq!(log.after(5, 100).await.unwrap(), []);
    assert_eq!(
        log.forget(Duration::ZERO).await.unwrap(),
        0,
        "not older than now"
    );
    fixture.clock.advance(Duration::DAY);
    assert_eq!(log.forget(Duration::ZERO).await.unwrap(), 2);
    shopper(&process).await;
    assert_eq!(told(&process).await[0].position, 6, "positions go on");
}

/// Puts every endpoint back to `position`.
async fn client_at(fixture: &Fixture, position: u64) {
    let client = fixture.test_database.client().await;
    let back = format!("UPDATE webhook_endpoints SET position = {position}");
    client.batch_execute(&back).await.unwrap();
}
