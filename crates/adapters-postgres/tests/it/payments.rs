//! Paying: all in one transaction, and once.

use domain::{
    balance::Insufficient,
    id::{PaymentId, ReservationId},
    page::PageRequest,
    payment::{PayError, Receipt},
    queue::{Pass, Standing},
    reservations::{HoldError, Reservation, ReservationStatus},
    seats::{SeatNumbers, SeatStatus},
};
use futures_util::future::{join, join_all};
use time::Duration;

use crate::fixture::{
    self, Fixture, NOON, SEAT_PRICE, balance, cancel_request, charge, charge_request, hold, id,
    key, pay, pay_request, schedule, seat_map, shopper, shoppers, small_batches,
};

#[tokio::test(flavor = "multi_thread")]
async fn rule_23_paying_changes_everything_in_one_transaction() {
    let fixture = Fixture::new().await;
    let process = fixture.process().await;
    let show = schedule(&process, 9).await;
    let pass = shopper(&process).await;
    charge(&process, pass.user_id, 50_000).await;
    let held = hold(&process, pass, show, &[4, 5]).await.unwrap();
    fixture.clock.advance(Duration::MINUTE);
    let receipt = pay(&process, pass, held.id).await.unwrap();

    let status = ReservationStatus::Paid {
        payment_id: receipt.id,
    };
    let paid = Reservation {
        status,
        ..held.clone()
    };
    let expected = Receipt {
        id: receipt.id,
        amount: held.amount,
        balance_after: domain::money::Money::won(50_000 - 2 * SEAT_PRICE),
        paid_at: NOON + Duration::MINUTE,
        reservation: paid,
    };
    assert_eq!(receipt, expected);
    assert_eq!(balance(&process, pass.user_id).await, 30_000);
    assert_eq!(fixture.counts(show).await, (7, 2));
    let map = seat_map(&process, show).await.map;
    let statuses: Vec<_> = map.seats().map(|(_, status)| status).collect();
    assert_eq!(statuses[3], SeatStatus::Sold { by: held.id });
    // The payment, the debit, the reservation, the seats, the count, the balance and the token.
    let transactions = "SELECT count(DISTINCT xmin::text) FROM (\
         SELECT xmin FROM payments UNION ALL \
         SELECT xmin FROM ledger_entries WHERE kind = 'payment' UNION ALL \
         SELECT xmin FROM reservations UNION ALL \
         SELECT xmin FROM seats WHERE status = 'sold' UNION ALL \
         SELECT xmin FROM schedules UNION ALL SELECT xmin FROM balances UNION ALL \
         SELECT xmin FROM queue_tokens WHERE end_reason = 'paid') AS changes";
    assert_eq!(fixture.number(transactions).await, 1);
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_5_paying_spends_the_queue_token_in_every_process() {
    let fixture = Fixture::new().await;
    let [here, there] = fixture.processes().await;
    let show = schedule(&here, 9).await;
    let pass = shopper(&here).await;
    charge(&here, pass.user_id, 50_000).await;
    let first = hold(&here, pass, show, &[1]).await.unwrap();
    let second = hold(&here, pass, show, &[2]).await.unwrap();
    pay(&here, pass, first.id).await.unwrap();

    let refused = hold(&there, pass, show, &[3]).await;
    assert!(matches!(refused, Err(HoldError::TokenEnded)), "{refused:?}");
    let refused = pay(&there, pass, second.id).await;
    assert!(matches!(refused, Err(PayError::TokenEnded)), "{refused:?}");
    assert!(!there.tokens.leave(pass.token_id).await.unwrap());
    there.line.refreshed().await;
    assert_eq!(there.line.standing(&pass, NOON), Standing::Ended);

    let again = fixture::join(&there, pass.user_id).await;
    pay(&there, again, second.id).await.unwrap();
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_20_only_ones_own_reservation_with_its_very_seats_can_be_paid() {
    let fixture = Fixture::new().await;
    let process = fixture.process().await;
    let show = schedule(&process, 9).await;
    let (owner, other) = (shopper(&process).await, shopper(&process).await);
    for pass in [owner, other] {
        charge(&process, pass.user_id, 50_000).await;
    }
    let held = hold(&process, owner, show, &[1, 2]).await.unwrap();
    let naming = |pass: Pass, id, seats: &[i64]| {
        let mut request = pay_request(pass, id);
        request.seats = Some(SeatNumbers::new(seats).unwrap());
        process.cashier.pay(request)
    };
    for refused in [
        pay(&process, other, held.id).await.err(),
        pay(&process, owner, ReservationId::new(id())).await.err(),
        naming(owner, held.id, &[1]).await.err(),
        naming(owner, held.id, &[1, 2, 3]).await.err(),
    ] {
        let not_found = matches!(refused, Some(PayError::ReservationNotFound));
        assert!(not_found, "{refused:?}");
    }
    assert_eq!(balance(&process, owner.user_id).await, 50_000);
    naming(owner, held.id, &[2, 1]).await.unwrap();
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_8_a_payment_needs_ones_own_active_token() {
    let mut options = fixture::options();
    options.queue_policy.capacity = 2;
    let fixture = Fixture::with(options).await;
    let process = fixture.process().await;
    let show = schedule(&process, 9).await;
    let (owner, other) = (shopper(&process).await, shopper(&process).await);
    let waiting = shopper(&process).await;
    charge(&process, owner.user_id, 50_000).await;
    let held = hold(&process, owner, show, &[1]).await.unwrap();
    let owners = |token: Pass| Pass {
        user_id: owner.user_id,
        ..token
    };

    let foreign = pay(&process, owners(other), held.id).await;
    assert!(matches!(foreign, Err(PayError::TokenEnded)), "{foreign:?}");
    assert!(process.tokens.leave(owner.token_id).await.unwrap());
    let left = pay(&process, owner, held.id).await;
    assert!(matches!(left, Err(PayError::TokenEnded)), "{left:?}");
    let again = fixture::join(&process, owner.user_id).await;
    let early = pay(&process, again, held.id).await;
    assert!(matches!(early, Err(PayError::TokenNotActive)), "{early:?}");
    assert!(process.tokens.leave(waiting.token_id).await.unwrap());
    process.tokens.tick().await.unwrap();
    pay(&process, again, held.id).await.unwrap();
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_21_paying_a_hold_that_is_over_releases_it_though_the_payment_fails() {
    let fixture = Fixture::new().await;
    let [here, there] = fixture.processes().await;
    let show = schedule(&here, 9).await;
    let pass = shopper(&here).await;
    charge(&here, pass.user_id, 50_000).await;
    let held = hold(&here, pass, show, &[1, 2]).await.unwrap();
    fixture.clock.advance(Duration::minutes(5));
    let pass = fixture::join(&here, pass.user_id).await;
    for process in [&here, &there] {
        let refused = pay(process, pass, held.id).await;
        assert!(
            matches!(refused, Err(PayError::ReservationExpired)),
            "{refused:?}"
        );
    }
    assert_eq!(fixture.counts(show).await, (9, 0));
    let stored = "SELECT count(*) FROM seats WHERE status = 'available'";
    assert_eq!(fixture.number(stored).await, 9, "as stored");
    assert_eq!(balance(&here, pass.user_id).await, 50_000);
    hold(&there, pass, show, &[1, 2]).await.unwrap();
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_reservation_cannot_be_paid() {
    let fixture = Fixture::new().await;
    let process = fixture.process().await;
    let show = schedule(&process, 9).await;
    let pass = shopper(&process).await;
    charge(&process, pass.user_id, 50_000).await;
    let held = hold(&process, pass, show, &[1]).await.unwrap();
    let cancelled = process
        .seats
        .cancel(cancel_request(held.id, pass.user_id))
        .await;
    cancelled.unwrap();
    let refused = pay(&process, pass, held.id).await;
    assert!(
        matches!(refused, Err(PayError::ReservationCancelled)),
        "{refused:?}"
    );
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_22_a_balance_too_low_leaves_the_hold_and_the_token_as_they_are() {
    let fixture = Fixture::new().await;
    let process = fixture.process().await;
    let show = schedule(&process, 9).await;
    let pass = shopper(&process).await;
    charge(&process, pass.user_id, 19_999).await;
    let held = hold(&process, pass, show, &[1, 2]).await.unwrap();
    let refused = pay(&process, pass, held.id).await;
    let Err(PayError::Insufficient(Insufficient {
        balance: has,
        amount,
        shortfall,
    })) = refused
    else {
        panic!("{refused:?}")
    };
    assert_eq!(
        (has.get(), amount.get(), shortfall.get()),
        (19_999, 20_000, 1)
    );
    assert_eq!(fixture.counts(show).await, (7, 0));
    charge(&process, pass.user_id, 1).await;
    pay(&process, pass, held.id).await.unwrap();
    assert_eq!(balance(&process, pass.user_id).await, 0);
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_24_two_hundred_payments_of_one_reservation_charge_once() {
    let fixture = Fixture::with(small_batches()).await;
    let processes = fixture.processes().await;
    let show = schedule(&processes[0], 9).await;
    let pass = shopper(&processes[0]).await;
    charge(&processes[0], pass.user_id, 1_000_000).await;
    let held = hold(&processes[0], pass, show, &[1]).await.unwrap();
    let answers = join_all((0..200).map(|n| pay(&processes[n % 2], pass, held.id))).await;
    let (paid, others): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    let [Ok(receipt)] = &paid[..] else {
        panic!("{} payments succeeded", paid.len())
    };
    for refused in others {
        let Err(PayError::AlreadyPaid { payment_id }) = refused else {
            panic!("{refused:?}")
        };
        assert_eq!(payment_id, receipt.id);
    }
    assert_eq!(balance(&processes[1], pass.user_id).await, 990_000);
    assert_eq!(fixture.counts(show).await, (8, 1));
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_24_the_same_key_answers_the_first_receipt() {
    let fixture = Fixture::with(small_batches()).await;
    let processes = fixture.processes().await;
    let show = schedule(&processes[0], 9).await;
    let pass = shopper(&processes[0]).await;
    charge(&processes[0], pass.user_id, 50_000).await;
    let held = hold(&processes[0], pass, show, &[1]).await.unwrap();
    let answers = join_all((0..60).map(|n| {
        let mut request = pay_request(pass, held.id);
        request.key = Some(key("pay", 1));
        processes[n % 2].cashier.pay(request)
    }));
    let answers: Vec<_> = answers.await.into_iter().map(Result::unwrap).collect();
    assert_eq!(answers.iter().filter(|a| !a.replayed).count(), 1);
    assert!(answers.iter().all(|a| a.value == answers[0].value));
    assert_eq!(balance(&processes[1], pass.user_id).await, 40_000);
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn charges_and_payments_of_one_user_at_once_add_up() {
    let fixture = Fixture::with(small_batches()).await;
    let [here, there] = fixture.processes().await;
    let show = schedule(&here, 40).await;
    let fans = shoppers(&here, 40).await;
    let race = async |seat: i64, pass: Pass| {
        let user = pass.user_id;
        let held = hold(&here, pass, show, &[seat]).await.unwrap();
        let charge = || charge_request(user, SEAT_PRICE / 2 + 1, None);
        let charges = join(here.ledger.charge(charge()), there.ledger.charge(charge()));
        let pays = join(pay(&here, pass, held.id), pay(&there, pass, held.id));
        let ((one, two), pays) = join(charges, pays).await;
        assert!(one.is_ok() && two.is_ok(), "{one:?}, {two:?}");
        let (one, two) = (pays.0.is_ok(), pays.1.is_ok());
        assert!(!(one && two), "paid twice");
        let left = if one || two { 2 } else { SEAT_PRICE + 2 };
        assert_eq!(balance(&here, user).await, left);
    };
    join_all((1..).zip(fans).map(|(seat, pass)| race(seat, pass))).await;
    fixture.assert_audit_clean().await;
    fixture.assert_no_deadlocks([here, there]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn payments_are_found_and_listed_newest_first_by_their_owner_alone() {
    let fixture = Fixture::new().await;
    let [here, there] = fixture.processes().await;
    let show = schedule(&here, 9).await;
    let (mut pass, other) = (shopper(&here).await, shopper(&here).await);
    let owner = pass.user_id;
    charge(&here, owner, 50_000).await;
    let mut receipts = Vec::new();
    for seat in 1..=3 {
        let held = hold(&here, pass, show, &[seat]).await.unwrap();
        receipts.push(pay(&here, pass, held.id).await.unwrap());
        pass = fixture::join(&here, owner).await;
    }
    let newest = receipts.last().unwrap();
    let found = there.cashier.find(newest.id, owner).await.unwrap();
    assert_eq!(found.as_ref(), Some(newest));
    let foreign = there.cashier.find(newest.id, other.user_id).await;
    assert_eq!(foreign.unwrap(), None);
    let unknown = there.cashier.find(PaymentId::new(id()), owner).await;
    assert_eq!(unknown.unwrap(), None);

    receipts.reverse();
    let list = |after, user| there.cashier.list(user, PageRequest { after, limit: 2 });
    let first = list(None, owner).await.unwrap();
    assert_eq!(first.items, receipts[..2]);
    let second = list(first.next, owner).await.unwrap();
    assert_eq!((&second.items[..], second.next), (&receipts[2..], None));
    assert_eq!(list(None, other.user_id).await.unwrap().items, []);
    fixture.assert_audit_clean().await;
}
