//! Idempotency keys (SPEC rule 25): one request, however often it is sent. Payments: `payments`.

use adapters_postgres::Adapters;
use domain::{
    balance::{ChargeError, ChargeRequest},
    id::{ScheduleId, UserId},
    idempotency::{IdempotencyKey, KeyReused, Outcome},
    payment::PayError,
    queue::Pass,
    reservations::{HoldError, Reservation, ReservationStatus},
};
use futures_util::future::{join, join_all};
use time::Duration;

use crate::fixture::{
    self, Fixture, balance, cancel_request, charge_request, hold, hold_request, key, pay_request,
    schedule, shopper, sign_up, small_batches,
};

async fn hold_by(
    process: &Adapters,
    (pass, show, key): (Pass, ScheduleId, IdempotencyKey),
    seats: impl AsRef<[i64]>,
) -> Result<Outcome<Reservation>, HoldError> {
    let mut request = hold_request(pass, show, seats.as_ref());
    request.key = Some(key);
    process.seats.hold(request).await
}

fn charge_by(user: UserId, won: i64, key: IdempotencyKey) -> ChargeRequest {
    charge_request(user, won, Some(key))
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_25_the_same_hold_again_is_the_same_reservation() {
    let fixture = Fixture::new().await;
    let [here, there] = fixture.processes().await;
    let show = schedule(&here, 9).await;
    let pass = shopper(&here).await;
    let by = || (pass, show, key("hold", 1));
    let first = hold_by(&here, by(), &[1, 2]).await.unwrap();
    assert!(!first.replayed);
    let again = hold_by(&there, by(), &[1, 2]).await.unwrap();
    assert_eq!((again.value, again.replayed), (first.value, true));
    assert_eq!(fixture.counts(show).await, (7, 0));

    let other = shopper(&there).await;
    let theirs = hold_by(&there, (other, show, key("hold", 1)), &[3]).await;
    assert!(!theirs.unwrap().replayed, "each user has keys of their own");
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_25_a_hold_sent_many_times_at_once_is_made_once() {
    let fixture = Fixture::with(small_batches()).await;
    let processes = fixture.processes().await;
    let show = schedule(&processes[0], 9).await;
    let pass = shopper(&processes[0]).await;
    let holds = (0..100).map(|n| hold_by(&processes[n % 2], (pass, show, key("k", 1)), &[1, 2]));
    let answers = join_all(holds).await.into_iter().map(Result::unwrap);
    let answers: Vec<_> = answers.collect();
    assert_eq!(answers.iter().filter(|a| !a.replayed).count(), 1);
    assert!(answers.iter().all(|a| a.value == answers[0].value));
    assert_eq!(fixture.counts(show).await, (7, 0));
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_25_the_same_key_with_another_body_is_refused() {
    let fixture = Fixture::new().await;
    let [here, there] = fixture.processes().await;
    let (show, other) = (schedule(&here, 9).await, schedule(&here, 9).await);
    let pass = shopper(&here).await;
    hold_by(&here, (pass, show, key("k", 1)), &[1])
        .await
        .unwrap();
    for (process, show) in [(&here, show), (&there, show), (&here, other)] {
        let refused = hold_by(process, (pass, show, key("k", 2)), &[2]).await;
        assert!(
            matches!(refused, Err(HoldError::KeyReused(KeyReused))),
            "{refused:?}"
        );
    }
    let user = pass.user_id;
    let charge = here.ledger.charge(charge_by(user, 5, key("c", 1))).await;
    assert!(!charge.unwrap().replayed);
    let refused = there.ledger.charge(charge_by(user, 6, key("c", 2))).await;
    assert!(
        matches!(refused, Err(ChargeError::KeyReused(KeyReused))),
        "{refused:?}"
    );
    assert_eq!(balance(&here, user).await, 5);
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_25_a_key_of_one_operation_means_nothing_else_ever() {
    let fixture = Fixture::new().await;
    let process = fixture.process().await;
    let show = schedule(&process, 9).await;
    let pass = shopper(&process).await;
    let charge = charge_by(pass.user_id, 50_000, key("charge", 1));
    process.ledger.charge(charge).await.unwrap();
    let held = hold_by(&process, (pass, show, key("hold", 1)), &[1]).await;
    let held = held.unwrap().value;

    let refused = hold_by(&process, (pass, show, key("charge", 1)), &[2]).await;
    assert!(
        matches!(refused, Err(HoldError::KeyReused(KeyReused))),
        "{refused:?}"
    );
    let charge = charge_by(pass.user_id, 50_000, key("hold", 1));
    let refused = process.ledger.charge(charge).await;
    assert!(
        matches!(refused, Err(ChargeError::KeyReused(KeyReused))),
        "{refused:?}"
    );
    let mut request = pay_request(pass, held.id);
    request.key = Some(key("hold", 1));
    let refused = process.cashier.pay(request).await;
    assert!(
        matches!(refused, Err(PayError::KeyReused(KeyReused))),
        "{refused:?}"
    );
    assert_eq!(balance(&process, pass.user_id).await, 50_000);
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_25_one_key_for_two_things_at_once_is_one_of_them() {
    let fixture = Fixture::new().await;
    let [here, there] = fixture.processes().await;
    let (show, other) = (schedule(&here, 50).await, schedule(&here, 50).await);
    // The two holds, or the hold and the charge, have no lock in common.
    for seat in 1..=4 {
        let pass = shopper(&here).await;
        let one = hold_by(&here, (pass, show, key("k", 1)), [seat]);
        let two = hold_by(&there, (pass, other, key("k", 2)), [seat]);
        let (one, two) = join(one, two).await;
        assert!(one.is_ok() ^ two.is_ok(), "{one:?}, {two:?}");
        let refused = one.err().or(two.err());
        assert!(
            matches!(refused, Some(HoldError::KeyReused(_))),
            "{refused:?}"
        );

        let charge = there.ledger.charge(charge_by(pass.user_id, 5, key("c", 3)));
        let hold = hold_by(&here, (pass, show, key("c", 4)), [seat + 10]);
        let (held, charged) = join(hold, charge).await;
        assert!(held.is_ok() ^ charged.is_ok(), "{held:?}, {charged:?}");
    }
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_25_the_same_charge_again_adds_nothing() {
    let fixture = Fixture::with(small_batches()).await;
    let processes = fixture.processes().await;
    let user = sign_up(&processes[0]).await;
    let charges = (0..100).map(|n| {
        let request = charge_by(user, 700, key("charge", 1));
        processes[n % 2].ledger.charge(request)
    });
    let answers = join_all(charges).await.into_iter().map(Result::unwrap);
    let answers: Vec<_> = answers.collect();
    assert_eq!(answers.iter().filter(|a| !a.replayed).count(), 1);
    assert!(answers.iter().all(|a| a.value == answers[0].value));
    assert_eq!(balance(&processes[1], user).await, 700);
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_request_leaves_its_key_unused() {
    let fixture = Fixture::new().await;
    let process = fixture.process().await;
    let show = schedule(&process, 9).await;
    let (first, second) = (shopper(&process).await, shopper(&process).await);
    let held = hold(&process, first, show, &[1]).await.unwrap();
    let by = || (second, show, key("k", 1));
    let refused = hold_by(&process, by(), &[1]).await;
    assert!(matches!(refused, Err(HoldError::SeatUnavailable { .. })));
    let cancelled = process
        .seats
        .cancel(cancel_request(held.id, first.user_id))
        .await;
    cancelled.unwrap();
    assert!(!hold_by(&process, by(), &[1]).await.unwrap().replayed);
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_25_a_hold_asked_for_again_is_answered_as_it_is_by_then() {
    let fixture = Fixture::new().await;
    let process = fixture.process().await;
    let show = schedule(&process, 9).await;
    let pass = shopper(&process).await;
    let by = || (pass, show, key("k", 1));
    let held = hold_by(&process, by(), &[1]).await.unwrap().value;
    fixture.clock.advance(Duration::minutes(5));
    fixture::join(&process, pass.user_id).await;
    let again = hold_by(&process, by(), &[1]).await.unwrap();
    assert!(again.replayed);
    assert_eq!(
        (again.value.id, again.value.status),
        (held.id, ReservationStatus::Expired)
    );
    let stored = process.seats.find(held.id, pass.user_id).await.unwrap();
    assert_eq!(stored, Some(again.value));
    fixture.assert_audit_clean().await;
}
