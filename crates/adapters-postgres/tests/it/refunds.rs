//! Giving a paid reservation back: all in one transaction, and once.

use adapters_postgres::Adapters;
use domain::{
    balance::EntryKind,
    id::PaymentId,
    page::PageRequest,
    payment::{PayError, Receipt},
    queue::Pass,
    reservations::{CancelError, HoldError, Reservation, ReservationStatus},
    seats::SeatStatus,
};
use futures_util::future::{join, join_all};
use time::Duration;

use crate::fixture::{
    self, Fixture, SEAT_PRICE, balance, cancel, charge, charge_request, hold, key, options, pay,
    pay_request, schedule, seat_map, shopper, shoppers, small_batches,
};

/// A seat of `show`, paid.
async fn buy(
    process: &Adapters,
    pass: Pass,
    show: domain::id::ScheduleId,
    seats: impl AsRef<[i64]>,
) -> Receipt {
    let held = hold(process, pass, show, seats).await.unwrap();
    pay(process, pass, held.id).await.unwrap()
}

fn payment_of(refunded: &Reservation) -> Option<PaymentId> {
    match refunded.status {
        ReservationStatus::Refunded { payment_id, .. } => Some(payment_id),
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_changes_everything_in_one_transaction() {
    let fixture = Fixture::new().await;
    let [here, there] = fixture.processes().await;
    let show = schedule(&here, 9).await;
    let pass = shopper(&here).await;
    let owner = pass.user_id;
    charge(&here, owner, 50_000).await;
    let receipt = buy(&here, pass, show, [4, 5]).await;
    fixture.clock.advance(Duration::MINUTE);
    let at = here.clock.now();

    let refunded = cancel(&there, owner, receipt.reservation.id).await.unwrap();
    let payment_id = receipt.id;
    let status = ReservationStatus::Refunded { payment_id, at };
    assert_eq!(
        refunded,
        Reservation {
            status,
            ..receipt.reservation
        }
    );
    assert_eq!(balance(&here, owner).await, 50_000);
    assert_eq!(fixture.counts(show).await, (9, 0));
    let shown = seat_map(&there, show).await;
    let free = |(_, status)| status == SeatStatus::Available;
    assert!(shown.map.seats().all(free), "seen at once by the process");
    let page = PageRequest {
        after: None,
        limit: 1,
    };
    let newest = here.ledger.entries(owner, page).await.unwrap().items[0];
    assert_eq!(newest.kind, EntryKind::Refund(payment_id));
    assert_eq!((newest.amount.get(), newest.number), (2 * SEAT_PRICE, 3));
    assert_eq!(newest.balance_after.get(), 50_000);
    let found = here.seats.find(refunded.id, owner).await.unwrap();
    assert_eq!(found.as_ref(), Some(&refunded));
    let receipt = here.cashier.find(payment_id, owner).await.unwrap();
    assert_eq!(receipt.unwrap().reservation, refunded);
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_cancellations_of_a_paid_reservation_refund_it_once() {
    let fixture = Fixture::with(small_batches()).await;
    let processes = fixture.processes().await;
    let show = schedule(&processes[0], 9).await;
    let pass = shopper(&processes[0]).await;
    charge(&processes[0], pass.user_id, 50_000).await;
    let paid = buy(&processes[0], pass, show, [1]).await.reservation;
    let answers = join_all((0..200).map(|n| cancel(&processes[n % 2], pass.user_id, paid.id)));
    let answers: Vec<_> = answers.await.into_iter().map(Result::unwrap).collect();
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    assert!(payment_of(&answers[0]).is_some());
    assert_eq!(balance(&processes[1], pass.user_id).await, 50_000);
    assert_eq!(fixture.number("SELECT count(*) FROM refunds").await, 1);
    assert_eq!(fixture.counts(show).await, (9, 0));
    fixture.assert_audit_clean().await;
    fixture.assert_no_deadlocks(processes).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn too_late_or_turned_off_a_paid_reservation_stays_paid() {
    let mut late = options();
    late.refund_rules.until = Some(Duration::hours(23));
    let mut off = options();
    off.refund_rules.until = None;
    for (options, has_deadline) in [(late, true), (off, false)] {
        let fixture = Fixture::with(options).await;
        let process = fixture.process().await;
        let show = schedule(&process, 9).await;
        let pass = shopper(&process).await;
        charge(&process, pass.user_id, 50_000).await;
        let paid = buy(&process, pass, show, [1]).await.reservation;
        fixture.clock.advance(Duration::HOUR);
        let deadline = paid.starts_at - Duration::hours(23);
        let refused = cancel(&process, pass.user_id, paid.id).await;
        let Err(CancelError::RefundNotAllowed { until }) = refused else {
            panic!("{refused:?}")
        };
        assert_eq!(until, has_deadline.then_some(deadline));
        assert_eq!(balance(&process, pass.user_id).await, 40_000);
        assert_eq!(fixture.counts(show).await, (8, 1));
        fixture.assert_audit_clean().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_may_exceed_the_limit_of_a_balance() {
    let mut options = options();
    options.charge_rules.max_balance = domain::money::Money::won(SEAT_PRICE);
    let fixture = Fixture::with(options).await;
    let process = fixture.process().await;
    let show = schedule(&process, 9).await;
    let pass = shopper(&process).await;
    charge(&process, pass.user_id, SEAT_PRICE).await;
    let paid = buy(&process, pass, show, [1]).await.reservation;
    charge(&process, pass.user_id, SEAT_PRICE).await;
    cancel(&process, pass.user_id, paid.id).await.unwrap();
    assert_eq!(balance(&process, pass.user_id).await, 2 * SEAT_PRICE);
    let more = process.ledger.charge(charge_request(pass.user_id, 1, None));
    assert!(more.await.is_err());
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_14_refunded_seats_do_not_count() {
    let fixture = Fixture::new().await;
    let process = fixture.process().await;
    let show = schedule(&process, 9).await;
    let pass = shopper(&process).await;
    charge(&process, pass.user_id, 100_000).await;
    let paid = buy(&process, pass, show, [1, 2, 3, 4]).await.reservation;
    let pass = fixture::join(&process, pass.user_id).await;
    let fifth = hold(&process, pass, show, [5]).await;
    assert!(
        matches!(fifth, Err(HoldError::SeatLimitReached { .. })),
        "{fifth:?}"
    );
    cancel(&process, pass.user_id, paid.id).await.unwrap();
    buy(&process, pass, show, [1, 2, 5, 6]).await;
    assert_eq!(balance(&process, pass.user_id).await, 60_000);
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_24_after_a_refund_the_old_key_answers_the_first_receipt_and_no_other_pays() {
    let fixture = Fixture::new().await;
    let process = fixture.process().await;
    let show = schedule(&process, 9).await;
    let pass = shopper(&process).await;
    charge(&process, pass.user_id, 50_000).await;
    let held = hold(&process, pass, show, [1]).await.unwrap();
    let with_key = || {
        let mut request = pay_request(pass, held.id);
        request.key = Some(key("pay", 1));
        process.cashier.pay(request)
    };
    let first = with_key().await.unwrap().value;
    let refunded = cancel(&process, pass.user_id, held.id).await.unwrap();
    let again = with_key().await.unwrap();
    assert!(again.replayed);
    assert_eq!(
        again.value,
        Receipt {
            reservation: refunded,
            ..first
        }
    );
    let pass = fixture::join(&process, pass.user_id).await;
    let anew = pay(&process, pass, held.id).await;
    assert!(
        matches!(anew, Err(PayError::ReservationCancelled)),
        "{anew:?}"
    );
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refunds_payments_and_charges_of_one_user_at_once_add_up() {
    let fixture = Fixture::with(small_batches()).await;
    let [here, there] = fixture.processes().await;
    let show = schedule(&here, 80).await;
    let fans = shoppers(&here, 40).await;
    let race = async |seat: i64, pass: Pass| {
        let user = pass.user_id;
        charge(&here, user, 2 * SEAT_PRICE).await;
        let paid = buy(&here, pass, show, [seat]).await.reservation;
        let pass = fixture::join(&here, user).await;
        let held = hold(&here, pass, show, [40 + seat]).await.unwrap();
        let refunds = join(cancel(&here, user, paid.id), cancel(&there, user, paid.id));
        let charged = there.ledger.charge(charge_request(user, 7, None));
        let ((one, two), (paid, charged)) =
            join(refunds, join(pay(&there, pass, held.id), charged)).await;
        assert_eq!(one.unwrap(), two.unwrap());
        assert!(paid.is_ok() && charged.is_ok(), "{paid:?}, {charged:?}");
        assert_eq!(balance(&here, user).await, SEAT_PRICE + 7);
    };
    join_all((1..).zip(fans).map(|(seat, pass)| race(seat, pass))).await;
    assert_eq!(fixture.counts(show).await, (40, 40));
    fixture.assert_audit_clean().await;
    fixture.assert_no_deadlocks([here, there]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seat_that_is_refunded_and_held_at_once_goes_to_one() {
    let fixture = Fixture::with(small_batches()).await;
    let [here, there] = fixture.processes().await;
    let show = schedule(&here, 40).await;
    let owners = shoppers(&here, 40).await;
    let others = shoppers(&here, 40).await;
    let race = async |seat: i64, owner: Pass, other: Pass| {
        charge(&here, owner.user_id, SEAT_PRICE).await;
        let paid = buy(&here, owner, show, [seat]).await.reservation;
        let again = fixture::join(&here, owner.user_id).await;
        let takers = join(
            hold(&there, other, show, [seat]),
            hold(&here, again, show, [seat]),
        );
        let (refunded, takers) = join(cancel(&here, owner.user_id, paid.id), takers).await;
        assert!(payment_of(&refunded.unwrap()).is_some());
        for refused in [takers.0.err(), takers.1.err()].into_iter().flatten() {
            let taken = matches!(refused, HoldError::SeatUnavailable { .. });
            assert!(taken, "{refused:?}");
        }
        assert_eq!(balance(&here, owner.user_id).await, SEAT_PRICE);
    };
    let all = (1..).zip(owners.into_iter().zip(others));
    join_all(all.map(|(seat, (owner, other))| race(seat, owner, other))).await;
    fixture.assert_audit_clean().await;
    fixture.assert_no_deadlocks([here, there]).await;
}
