//! Calling a date off: nothing is sold there any more, and everyone has their money back, once.

use adapters_postgres::Adapters;
use domain::{
    cancellation::{Cancellation, CancellationError},
    catalogue::ShortText,
    house::{BlockRequest, GiftRequest, HouseError},
    id::{BlockId, EntryId, PaymentId, ReservationId, ScheduleId, UserId},
    payment::PayError,
    queue::Pass,
    reservations::{HoldError, ReservationStatus},
    seats::{HouseSeats, SeatNumbers},
};
use futures_util::future::{join, join_all};
use time::Duration;

use crate::{
    fixture::{
        self, Fixture, NOON, OPERATOR, SEAT_PRICE, balance, cancel, charge, hold, options, pay,
        proceed, schedule, shopper, shoppers, small_batches,
    },
    support::Obstacle,
};

async fn call_off(process: &Adapters, show: ScheduleId, reason: Option<&str>) {
    let reason = reason.map(|reason| ShortText::new(reason).unwrap());
    assert!(
        process
            .cancellations
            .begin(OPERATOR, show, reason)
            .await
            .unwrap()
    );
}

async fn progress(process: &Adapters, show: ScheduleId) -> Cancellation {
    process.cancellations.find(show).await.unwrap()
}

/// `count` users, each with a paid seat of `show` and no money.
async fn audience(process: &Adapters, show: ScheduleId, count: usize) -> Vec<UserId> {
    let fans = shoppers(process, count).await;
    let buy = async |seat: i64, pass: Pass| {
        charge(process, pass.user_id, SEAT_PRICE).await;
        let held = hold(process, pass, show, [seat]).await.unwrap();
        pay(process, pass, held.id).await.unwrap();
        pass.user_id
    };
    join_all((1..).zip(fans).map(|(seat, pass)| buy(seat, pass))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn from_the_first_moment_nothing_is_sold_or_shown_of_a_date_that_was_called_off() {
    let fixture = Fixture::new().await;
    let [here, there] = fixture.processes().await;
    let show = schedule(&here, 9).await;
    let pass = shopper(&here).await;
    charge(&here, pass.user_id, 50_000).await;
    let held = hold(&here, pass, show, [1]).await.unwrap();
    call_off(&here, show, Some("the singer is ill")).await;

    let why = |reason: Option<ShortText>| {
        assert_eq!(reason.unwrap().as_str(), "the singer is ill");
    };
    match hold(&there, pass, show, [2]).await {
        Err(HoldError::ScheduleCancelled { reason }) => why(reason),
        other => panic!("{other:?}"),
    }
    match pay(&there, pass, held.id).await {
        Err(PayError::ScheduleCancelled { reason }) => why(reason),
        other => panic!("{other:?}"),
    }
    assert!(here.seat_maps.map(show, None).await.unwrap().is_none());
    let concert = "SELECT count(*) FROM schedules WHERE cancelled_at IS NULL";
    assert_eq!(fixture.number(concert).await, 0);
    assert_eq!(proceed(&there, 10).await, 1, "the hold is released");
    let found = here.seats.find(held.id, pass.user_id).await.unwrap();
    assert_eq!(found.unwrap().status, ReservationStatus::Cancelled);
    assert_eq!(fixture.counts(show).await, (9, 0));
    assert_eq!(balance(&here, pass.user_id).await, 50_000);
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_date_that_was_called_off_is_no_available_date() {
    let fixture = Fixture::new().await;
    let process = fixture.process().await;
    let concert = fixture::concert(&process, "Title").await;
    let tomorrow = NOON + Duration::DAY;
    let mut shows = Vec::new();
    for _ in 0..2 {
        let new = fixture::new_schedule(concert.id, 5, tomorrow);
        shows.push(fixture::add_schedule(&process, new).await);
    }
    call_off(&process, shows[0], None).await;
    let span = NOON..NOON + Duration::WEEK;
    let listed = process.catalogue.schedules(concert.id, span, NOON).await;
    let listed: Vec<_> = listed.unwrap().unwrap().iter().map(|s| s.id).collect();
    assert_eq!(listed, [shows[1]]);
    let dates = process.seat_maps.dates(concert.id).await.unwrap().unwrap();
    assert_eq!(dates[..], [(shows[1], tomorrow)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn everyone_is_refunded_in_batches_whatever_the_rules_of_refunds_say() {
    let mut options = options();
    options.refund_rules.until = None;
    let fixture = Fixture::with(options).await;
    let process = fixture.process().await;
    let show = schedule(&process, 30).await;
    let users = audience(&process, show, 25).await;
    fixture.clock.advance(Duration::days(2));
    let started_at = process.clock.now();
    call_off(&process, show, None).await;
    let begun = Cancellation {
        schedule_id: show,
        reason: None,
        started_at,
        finished_at: None,
        refunded: 0,
        remaining: 25,
        amount_refunded: domain::money::Money::ZERO,
    };
    assert_eq!(progress(&process, show).await, begun);

    assert_eq!(proceed(&process, 10).await, 10);
    let some = progress(&process, show).await;
    assert_eq!((some.refunded, some.remaining), (10, 15));
    assert_eq!(some.amount_refunded.get(), 10 * SEAT_PRICE);
    assert_eq!(
        [proceed(&process, 10).await, proceed(&process, 10).await],
        [10, 5]
    );
    assert_eq!(progress(&process, show).await.finished_at, None);
    fixture.clock.advance(Duration::MINUTE);
    assert_eq!(proceed(&process, 10).await, 0);
    let done = progress(&process, show).await;
    assert_eq!((done.refunded, done.remaining), (25, 0));
    assert_eq!(done.finished_at, Some(started_at + Duration::MINUTE));
    assert_eq!(proceed(&process, 10).await, 0);
    assert_eq!(progress(&process, show).await, done, "it is done with");
    for user in users {
        assert_eq!(balance(&process, user).await, SEAT_PRICE);
    }
    assert_eq!(fixture.counts(show).await, (30, 0));
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_refund_each_reservation_once_while_its_owner_cancels_it_too() {
    let fixture = Fixture::with(small_batches()).await;
    let [here, there] = fixture.processes().await;
    let show = schedule(&here, 60).await;
    let users = audience(&here, show, 60).await;
    call_off(&here, show, None).await;
    let work = async |process: &Adapters| while proceed(process, 7).await > 0 {};
    let owners = join_all(users.iter().map(async |user| {
        let all = domain::page::PageRequest {
            after: None,
            limit: 5,
        };
        let own = there.seats.list(*user, all).await.unwrap().items;
        cancel(&there, *user, own[0].id).await.unwrap()
    }));
    join(join(work(&here), work(&there)), owners).await;
    work(&here).await;
    for user in users {
        assert_eq!(balance(&here, user).await, SEAT_PRICE);
    }
    let done = progress(&there, show).await;
    assert_eq!((done.refunded, done.remaining), (60, 0));
    assert!(done.finished_at.is_some());
    fixture.assert_audit_clean().await;
    fixture.assert_no_deadlocks([here, there]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn holds_and_payments_that_race_with_calling_off_end_with_everyone_having_their_money() {
    let fixture = Fixture::with(small_batches()).await;
    let [here, there] = fixture.processes().await;
    let show = schedule(&here, 60).await;
    let fans = shoppers(&here, 60).await;
    let race = async |seat: i64, pass: Pass| {
        charge(&here, pass.user_id, SEAT_PRICE).await;
        if let Ok(held) = hold(&here, pass, show, [seat]).await {
            let paid = pay(&there, pass, held.id).await;
            let refused = paid.err();
            assert!(
                matches!(
                    refused,
                    None | Some(
                        PayError::ScheduleCancelled { .. } | PayError::ReservationCancelled
                    )
                ),
                "{refused:?}"
            );
        }
        pass.user_id
    };
    let off = async {
        call_off(&there, show, None).await;
        while proceed(&there, 7).await > 0 {}
    };
    let all = join_all((1..).zip(fans).map(|(seat, pass)| race(seat, pass)));
    let (users, ()) = join(all, off).await;
    while proceed(&here, 7).await > 0 {}
    for user in users {
        assert_eq!(balance(&here, user).await, SEAT_PRICE);
    }
    assert_eq!(fixture.counts(show).await, (60, 0));
    fixture.assert_audit_clean().await;
    fixture.assert_no_deadlocks([here, there]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calling_off_twice_is_calling_off_once_and_the_first_reason_stays() {
    let fixture = Fixture::new().await;
    let process = fixture.process().await;
    let show = schedule(&process, 3).await;
    call_off(&process, show, Some("first")).await;
    let first = progress(&process, show).await;
    fixture.clock.advance(Duration::HOUR);
    call_off(&process, show, Some("second")).await;
    assert_eq!(progress(&process, show).await, first);
    let logged = "SELECT count(*) FROM admin_log WHERE action = 'schedule.cancelled' \
         AND details->>'reason' = 'first'";
    assert_eq!(fixture.number(logged).await, 1);
    let all = "SELECT count(*) FROM admin_log WHERE action = 'schedule.cancelled'";
    assert_eq!(fixture.number(all).await, 1);
}

/// Seats that the house keeps are nobody's to refund; tickets that it gave away cost nothing.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_house_keeps_and_gives_away_is_in_nobodys_way() {
    let fixture = Fixture::new().await;
    let process = fixture.process().await;
    let show = schedule(&process, 9).await;
    let users = audience(&process, show, 2).await;
    let block = |seat| BlockRequest {
        id: BlockId::new(fixture::id()),
        schedule_id: show,
        seats: HouseSeats::new(&[seat]).unwrap(),
        note: None,
    };
    process.house.block(OPERATOR, block(8)).await.unwrap();
    let gift = || GiftRequest {
        reservation_id: ReservationId::new(fixture::id()),
        payment_id: PaymentId::new(fixture::id()),
        entry_id: EntryId::new(fixture::id()),
        schedule_id: show,
        user_id: users[0],
        seats: SeatNumbers::new(&[5]).unwrap(),
    };
    process.house.give(OPERATOR, gift()).await.unwrap();
    call_off(&process, show, None).await;
    assert_eq!(progress(&process, show).await.remaining, 3);
    for refused in [
        process.house.block(OPERATOR, block(9)).await.err(),
        process.house.give(OPERATOR, gift()).await.err(),
    ] {
        let cancelled = matches!(refused, Some(HouseError::ScheduleCancelled { .. }));
        assert!(cancelled, "{refused:?}");
    }
    assert_eq!(
        [proceed(&process, 9).await, proceed(&process, 9).await],
        [3, 0]
    );
    let done = progress(&process, show).await;
    assert_eq!((done.refunded, done.remaining), (3, 0));
    assert_eq!(done.amount_refunded.get(), 2 * SEAT_PRICE);
    assert!(done.finished_at.is_some());
    assert_eq!(balance(&process, users[0]).await, SEAT_PRICE);
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_date_that_takes_place_or_does_not_exist_has_no_progress() {
    let fixture = Fixture::new().await;
    let process = fixture.process().await;
    let show = schedule(&process, 3).await;
    let found = process.cancellations.find(show).await;
    assert!(
        matches!(found, Err(CancellationError::NotCancelled)),
        "{found:?}"
    );
    let unknown = ScheduleId::new(fixture::id());
    let found = process.cancellations.find(unknown).await;
    assert!(
        matches!(found, Err(CancellationError::ScheduleNotFound)),
        "{found:?}"
    );
    assert!(
        !process
            .cancellations
            .begin(OPERATOR, unknown, None)
            .await
            .unwrap()
    );
    assert_eq!(proceed(&process, 5).await, 0);
}

/// A process of the version before knows nothing of dates that are called off: the schema refuses it.
#[tokio::test(flavor = "multi_thread")]
async fn control_the_schema_is_the_last_guard_against_selling_what_was_called_off() {
    let fixture = Fixture::new().await;
    let process = fixture.process().await;
    let show = schedule(&process, 3).await;
    call_off(&process, show, None).await;
    let client = fixture.test_database.client().await;
    for (sale, goes) in [
        ("remaining_seats = remaining_seats - 1", false),
        ("sold_seats = sold_seats + 1", false),
        ("cancelled_at = NULL", false),
        ("version = version + 1", true),
    ] {
        let update = format!("UPDATE schedules SET {sale} WHERE id = '{show}'");
        let done = client.batch_execute(&update).await;
        assert_eq!(done.is_ok(), goes, "{sale}: {done:?}");
    }
}

/// Whoever buys elsewhere does not wait for the date that is called off.
#[tokio::test(flavor = "multi_thread")]
async fn holds_elsewhere_go_on_while_a_batch_waits_for_its_date() {
    let fixture = Fixture::new().await;
    let process = fixture.process().await;
    let (off, on) = (schedule(&process, 3).await, schedule(&process, 3).await);
    let users = audience(&process, off, 2).await;
    call_off(&process, off, None).await;
    let lock = format!("SELECT id FROM schedules WHERE id = '{off}' FOR NO KEY UPDATE");
    let obstacle = Obstacle::put(&fixture.test_database, &lock).await;
    let elsewhere = async {
        fixture.until_blocked(1).await;
        let pass = shopper(&process).await;
        charge(&process, pass.user_id, SEAT_PRICE).await;
        let held = hold(&process, pass, on, [1]).await.unwrap();
        pay(&process, pass, held.id).await.unwrap();
        obstacle.release().await;
    };
    let (ended, ()) = join(proceed(&process, 9), elsewhere).await;
    assert_eq!(ended, 2);
    assert_eq!(balance(&process, users[0]).await, SEAT_PRICE);
    fixture.assert_audit_clean().await;
}
