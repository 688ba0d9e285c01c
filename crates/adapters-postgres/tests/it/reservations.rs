//! Finding, listing, cancelling and sweeping reservations.

use adapters_postgres::{Adapters, Options};
use domain::{
    id::{ReservationId, ScheduleId},
    page::PageRequest,
    queue::Pass,
    reservations::{CancelError, Reservation, ReservationStatus},
};
use futures_util::future::{join, join_all, join3};
use time::Duration;

use crate::{
    fixture::{
        Fixture, balance, cancel, cancel_request, charge, hold, id, options, pay, plain, schedule,
        shopper, shoppers, small_batches,
    },
    support::Obstacle,
};

async fn status(process: &Adapters, reservation: &Reservation) -> ReservationStatus {
    let found = process
        .seats
        .find(reservation.id, reservation.user_id)
        .await;
    found.unwrap().unwrap().status
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reservation_is_shown_to_its_owner_alone() {
    let fixture = Fixture::new().await;
    let [here, there] = fixture.processes().await;
    let show = schedule(&here, 9).await;
    let (owner, other) = (shopper(&here).await, shopper(&here).await);
    let held = hold(&here, owner, show, &[3, 1, 2]).await.unwrap();
    let found = there.seats.find(held.id, owner.user_id).await.unwrap();
    assert_eq!(found, Some(held.clone()));
    let foreign = there.seats.find(held.id, other.user_id).await.unwrap();
    assert_eq!(foreign, None);
    let unknown = ReservationId::new(id());
    assert_eq!(
        there.seats.find(unknown, owner.user_id).await.unwrap(),
        None
    );
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_16_a_hold_shows_as_expired_after_its_time_though_not_swept() {
    let fixture = Fixture::new().await;
    let process = fixture.process().await;
    let show = schedule(&process, 9).await;
    let held = hold(&process, shopper(&process).await, show, &[1])
        .await
        .unwrap();
    fixture
        .clock
        .advance(Duration::minutes(5) - Duration::MICROSECOND);
    assert_eq!(
        status(&process, &held).await,
        ReservationStatus::PendingPayment
    );
    fixture.clock.advance(Duration::MICROSECOND);
    assert_eq!(status(&process, &held).await, ReservationStatus::Expired);
    let page = PageRequest {
        after: None,
        limit: 9,
    };
    let page = process.seats.list(held.user_id, page).await.unwrap();
    assert_eq!(page.items[0].status, ReservationStatus::Expired);
    assert_eq!(fixture.counts(show).await, (8, 0), "nothing was swept");
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reservations_are_listed_newest_first_page_by_page() {
    let mut options = options();
    options.hold_rules.seats_per_user = 9;
    let fixture = Fixture::with(options).await;
    let process = fixture.process().await;
    let show = schedule(&process, 9).await;
    let (owner, other) = (shopper(&process).await, shopper(&process).await);
    let mut held = Vec::new();
    for seat in 1..=5 {
        held.push(hold(&process, owner, show, &[seat]).await.unwrap());
    }
    hold(&process, other, show, &[9]).await.unwrap();
    held.reverse();

    let (mut listed, mut after) = (Vec::new(), None);
    for expected in [2, 2, 1] {
        let request = PageRequest { after, limit: 2 };
        let page = process.seats.list(owner.user_id, request).await.unwrap();
        assert_eq!(page.items.len(), expected);
        listed.extend(page.items);
        after = page.next;
    }
    assert_eq!((listed, after), (held, None));
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_16_cancelling_gives_the_seats_back_and_twice_is_once() {
    let fixture = Fixture::new().await;
    let [here, there] = fixture.processes().await;
    let show = schedule(&here, 9).await;
    let (first, second) = (shopper(&here).await, shopper(&here).await);
    let held = hold(&here, first, show, &[1, 2]).await.unwrap();
    let cancelled = there
        .seats
        .cancel(cancel_request(held.id, first.user_id))
        .await
        .unwrap();
    assert_eq!(cancelled.status, ReservationStatus::Cancelled);
    assert_eq!(plain(cancelled.seat_numbers()), [1, 2]);
    assert_eq!(fixture.counts(show).await, (9, 0));

    hold(&there, second, show, &[1, 2]).await.unwrap();
    let again = here
        .seats
        .cancel(cancel_request(held.id, first.user_id))
        .await
        .unwrap();
    assert_eq!(again, cancelled);
    assert_eq!(
        fixture.counts(show).await,
        (7, 0),
        "the seats are another's now"
    );
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_16_a_hold_that_is_over_is_not_cancelled_but_expired_for_good() {
    let fixture = Fixture::new().await;
    let process = fixture.process().await;
    let show = schedule(&process, 9).await;
    let held = hold(&process, shopper(&process).await, show, &[1, 2])
        .await
        .unwrap();
    fixture.clock.advance(Duration::minutes(5));
    let refused = process
        .seats
        .cancel(cancel_request(held.id, held.user_id))
        .await;
    assert!(matches!(refused, Err(CancelError::Expired)), "{refused:?}");
    assert_eq!(fixture.counts(show).await, (9, 0), "the release is kept");
    assert_eq!(status(&process, &held).await, ReservationStatus::Expired);
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_or_unknown_reservation_cannot_be_cancelled() {
    let fixture = Fixture::new().await;
    let process = fixture.process().await;
    let show = schedule(&process, 9).await;
    let (owner, other) = (shopper(&process).await, shopper(&process).await);
    charge(&process, owner.user_id, 10_000).await;
    let held = hold(&process, owner, show, &[1]).await.unwrap();
    let foreign = process
        .seats
        .cancel(cancel_request(held.id, other.user_id))
        .await;
    assert!(matches!(foreign, Err(CancelError::NotFound)), "{foreign:?}");
    let unknown = ReservationId::new(id());
    let unknown = process
        .seats
        .cancel(cancel_request(unknown, owner.user_id))
        .await;
    assert!(matches!(unknown, Err(CancelError::NotFound)), "{unknown:?}");

    pay(&process, owner, held.id).await.unwrap();
    let foreign = cancel(&process, other.user_id, held.id).await;
    assert!(matches!(foreign, Err(CancelError::NotFound)), "{foreign:?}");
    assert_eq!(fixture.counts(show).await, (8, 1));
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_that_is_cancelled_and_paid_at_once_is_given_up_in_either_order() {
    let fixture = Fixture::with(small_batches()).await;
    let [here, there] = fixture.processes().await;
    let show = schedule(&here, 50).await;
    let fans = shoppers(&here, 40).await;
    let race = async |seat: i64, pass: Pass| {
        charge(&here, pass.user_id, 10_000).await;
        let held = hold(&here, pass, show, &[seat]).await.unwrap();
        let cancel = here.seats.cancel(cancel_request(held.id, pass.user_id));
        let (paid, cancelled) = join(pay(&there, pass, held.id), cancel).await;
        let refunded = matches!(
            cancelled.unwrap().status,
            ReservationStatus::Refunded { .. }
        );
        assert_eq!(refunded, paid.is_ok(), "{paid:?}");
        assert_eq!(balance(&here, pass.user_id).await, 10_000);
    };
    join_all((1..).zip(fans).map(|(seat, pass)| race(seat, pass))).await;
    fixture.assert_audit_clean().await;
    fixture.assert_no_deadlocks([here, there]).await;
}

fn insatiable() -> Options {
    let mut options = options();
    options.hold_rules.seats_per_user = 10_000;
    options
}

/// Holds the seats `1..=count`, each for itself.
async fn hold_each(process: &Adapters, pass: Pass, show: ScheduleId, count: i64) {
    let holds = (1..=count).map(|seat| hold(process, pass, show, [seat]));
    for held in join_all(holds).await {
        held.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_16_the_sweeper_expires_all_that_is_due_and_nothing_else() {
    let fixture = Fixture::with(insatiable()).await;
    let process = fixture.process().await;
    let pass = shopper(&process).await;
    // More in one schedule than one transaction of the sweeper takes on.
    let seats = [1_100, 30, 30];
    let mut shows = Vec::new();
    for count in seats {
        let show = schedule(&process, count).await;
        hold_each(&process, pass, show, count).await;
        shows.push(show);
    }
    fixture.clock.advance(Duration::minutes(4));
    let late = schedule(&process, 9).await;
    hold_each(&process, pass, late, 5).await;
    assert_eq!(process.seats.sweep().await.unwrap(), 0);

    fixture.clock.advance(Duration::minutes(1));
    assert_eq!(process.seats.sweep().await.unwrap(), 1_160);
    for (show, count) in shows.into_iter().zip(seats) {
        assert_eq!(i64::from(fixture.counts(show).await.0), count);
    }
    assert_eq!(fixture.counts(late).await, (4, 0));
    assert_eq!(process.seats.sweep().await.unwrap(), 0);
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sweeper_waits_its_turn_at_a_schedule_that_someone_is_busy_with() {
    let fixture = Fixture::with(insatiable()).await;
    let process = fixture.process().await;
    let pass = shopper(&process).await;
    let busy = schedule(&process, 9).await;
    hold_each(&process, pass, busy, 3).await;
    fixture.clock.advance(Duration::minutes(5));
    let obstacle = Obstacle::on_schedules(&fixture.test_database).await;
    let release = async {
        fixture.until_blocked(1).await;
        assert_eq!(fixture.counts(busy).await, (6, 0));
        obstacle.release().await;
    };
    let (swept, ()) = join(process.seats.sweep(), release).await;
    assert_eq!(swept.unwrap(), 3);
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_that_sweep_at_once_expire_each_hold_once() {
    let fixture = Fixture::with(insatiable()).await;
    let [here, there] = fixture.processes().await;
    let pass = shopper(&here).await;
    for _ in 0..30 {
        let show = schedule(&here, 10).await;
        hold_each(&here, pass, show, 10).await;
    }
    fixture.clock.advance(Duration::minutes(5));
    let (swept, also) = join(here.seats.sweep(), there.seats.sweep()).await;
    assert_eq!(swept.unwrap() + also.unwrap(), 300);
    fixture.assert_audit_clean().await;
    fixture.assert_no_deadlocks([here, there]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sweeper_goes_on_when_a_hold_was_faster_at_one_schedule() {
    let fixture = Fixture::with(insatiable()).await;
    let [here, there] = fixture.processes().await;
    let pass = shopper(&here).await;
    let (first, second) = (schedule(&here, 9).await, schedule(&here, 9).await);
    hold_each(&here, pass, first, 3).await;
    fixture.clock.advance(Duration::SECOND);
    hold_each(&here, pass, second, 4).await;
    fixture.clock.advance(Duration::minutes(5));
    let pass = shopper(&here).await;

    let obstacle = Obstacle::on_schedules(&fixture.test_database).await;
    let hold = hold(&there, pass, first, [1, 2, 3]);
    let sweep = async {
        fixture.until_blocked(1).await;
        here.seats.sweep().await
    };
    let release = async {
        fixture.until_blocked(2).await;
        obstacle.release().await;
    };
    let (held, swept, ()) = join3(hold, sweep, release).await;
    held.unwrap();
    assert_eq!(fixture.counts(first).await, (6, 0), "freed by the hold");
    assert_eq!(swept.unwrap(), 4);
    assert_eq!(fixture.counts(second).await, (9, 0));
    fixture.assert_audit_clean().await;
}
