//! Holding seats.

use adapters_postgres::{Adapters, LaneSettings};
use domain::{
    id::{ScheduleId, TokenId, UserId},
    queue::Pass,
    reservations::{HoldError, ReservationStatus},
    seats::SeatStatus,
    storage::StorageError,
};
use futures_util::{
    FutureExt,
    future::{join_all, select_all},
};
use time::Duration;

use crate::{
    fixture::{
        Fixture, NOON, SEAT_PRICE, add_schedule, cancel_request, charge, concert, hold, id,
        new_schedule, options, pay, plain, schedule, seat_map, shopper, shoppers, small_batches,
    },
    support::Obstacle,
};

/// The seats that a refusal names as taken.
fn taken(error: &HoldError) -> Option<Vec<u32>> {
    match error {
        HoldError::SeatUnavailable { numbers } => Some(plain(numbers.iter().copied())),
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_12_a_hold_takes_its_seats_and_lowers_the_count() {
    let fixture = Fixture::new().await;
    let process = fixture.process().await;
    let show = schedule(&process, 10).await;
    let pass = shopper(&process).await;
    let held = hold(&process, pass, show, &[9, 2]).await.unwrap();
    assert_eq!(plain(held.seat_numbers()), [2, 9]);
    assert_eq!((held.user_id, held.schedule_id), (pass.user_id, show));
    assert_eq!(held.amount.get(), 2 * SEAT_PRICE);
    assert_eq!(held.status, ReservationStatus::PendingPayment);
    let until = NOON + Duration::minutes(5);
    assert_eq!((held.created_at, held.held_until), (NOON, until));

    assert_eq!(fixture.counts(show).await, (8, 0));
    for (seat, status) in seat_map(&process, show).await.map.seats() {
        let by = held.id;
        let expected = match seat.number.get() {
            2 | 9 => SeatStatus::Held { by, until },
            _ => SeatStatus::Available,
        };
        assert_eq!(status, expected);
    }
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_12_all_seats_or_none() {
    let fixture = Fixture::new().await;
    let [here, there] = fixture.processes().await;
    let show = schedule(&here, 10).await;
    let (first, second) = (shopper(&here).await, shopper(&here).await);
    hold(&here, first, show, &[2, 4]).await.unwrap();
    let refused = hold(&there, second, show, &[1, 2, 3, 4]).await.unwrap_err();
    assert_eq!(taken(&refused), Some(vec![2, 4]));
    assert_eq!(fixture.counts(show).await, (8, 0));
    hold(&there, second, show, &[1, 3]).await.unwrap();
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_12_only_what_exists_and_is_on_sale_can_be_held() {
    let fixture = Fixture::new().await;
    let process = fixture.process().await;
    let concert = concert(&process, "A").await;
    let opens_at = NOON + Duration::MINUTE;
    let mut new = new_schedule(concert.id, 10, NOON + Duration::minutes(2));
    new.schedule.sales_open_at = Some(opens_at);
    let show = add_schedule(&process, new).await;
    let pass = shopper(&process).await;

    let early = hold(&process, pass, show, &[1]).await.unwrap_err();
    assert!(matches!(early, HoldError::SalesNotOpen { opens_at: at } if at == opens_at));
    fixture.clock.advance(Duration::MINUTE);
    hold(&process, pass, show, &[1]).await.unwrap();
    let HoldError::SeatNotFound { numbers } =
        hold(&process, pass, show, &[10, 11, 12]).await.unwrap_err()
    else {
        panic!("there are 10 seats")
    };
    assert_eq!(plain(numbers), [11, 12]);
    let unknown = hold(&process, pass, ScheduleId::new(id()), &[1]).await;
    assert!(matches!(unknown, Err(HoldError::ScheduleNotFound)));

    fixture.clock.advance(Duration::MINUTE);
    let late = hold(&process, pass, show, &[2]).await;
    assert!(matches!(late, Err(HoldError::ScheduleNotFound)), "it began");
    assert_eq!(fixture.counts(show).await, (9, 0));
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_13_of_three_hundred_who_want_one_seat_exactly_one_gets_it() {
    let fixture = Fixture::with(small_batches()).await;
    let processes = fixture.processes().await;
    let show = schedule(&processes[0], 50).await;
    let fans = shoppers(&processes[0], 300).await;
    let fans = fans.iter().enumerate();
    let answers = join_all(fans.map(|(n, pass)| hold(&processes[n % 2], *pass, show, &[7]))).await;
    let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert_eq!(won.len(), 1);
    for refused in lost {
        assert_eq!(taken(&refused.unwrap_err()), Some(vec![7]));
    }
    assert_eq!(fixture.counts(show).await, (49, 0));
    fixture.assert_audit_clean().await;
}

/// Hands `holds` in while the lanes of both processes are busy, so that each takes on many of them
/// at once, and lets these two transactions meet at `middle`.
async fn meet<T>(
    (fixture, processes): (&Fixture, &[Adapters; 2]),
    middle: ScheduleId,
    holds: impl Future<Output = T> + Unpin,
) -> T {
    let gate = schedule(&processes[0], 2).await;
    let lock = |show| format!("SELECT id FROM schedules WHERE id = '{show}' FOR NO KEY UPDATE");
    let gate_shut = Obstacle::put(&fixture.test_database, &lock(gate)).await;
    let middle_shut = Obstacle::put(&fixture.test_database, &lock(middle)).await;
    let fan = shopper(&processes[0]).await;
    let at_gate = [(0, 1), (1, 2)].map(|(n, seat)| hold(&processes[n], fan, gate, [seat]));
    let mut at_gate = join_all(at_gate);
    assert!((&mut at_gate).now_or_never().is_none());
    fixture.until_blocked(2).await;
    let mut holds = holds;
    assert!((&mut holds).now_or_never().is_none());
    gate_shut.release().await;
    assert!(at_gate.await.iter().all(Result::is_ok));
    fixture.until_blocked(2).await;
    middle_shut.release().await;
    holds.await
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_13_holds_that_cross_each_other_never_lock_each_other_out() {
    let fixture = Fixture::new().await;
    let processes = fixture.processes().await;
    let mut shows = Vec::new();
    for _ in 0..5 {
        shows.push(schedule(&processes[0], 20).await);
    }
    let fans = shoppers(&processes[0], 400).await;
    // Each seat is wanted with its right neighbour, around the circle, in both orders: through one
    // process in ascending order of the shows, through the other in descending order.
    let wish = |n: usize| {
        let (show, seat) = (n / 2 % 5, i64::try_from(n / 10 % 20).unwrap());
        let (left, right) = (seat + 1, (seat + 1) % 20 + 1);
        match n % 2 {
            0 => (shows[show], [left, right]),
            _ => (shows[4 - show], [right, left]),
        }
    };
    let holds = fans.iter().enumerate().map(|(n, pass)| {
        let (show, seats) = wish(n);
        hold(&processes[n % 2], *pass, show, seats)
    });
    let mut won = 0;
    for answer in meet((&fixture, &processes), shows[2], join_all(holds)).await {
        match answer {
            Ok(_) => won += 1,
            Err(refused) => assert!(taken(&refused).is_some(), "{refused:?}"),
        }
    }
    assert!((35..=50).contains(&won), "{won} pairs in 5 circles of 20");
    fixture.assert_audit_clean().await;
    fixture.assert_no_deadlocks(processes).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_14_a_user_who_tries_everywhere_at_once_gets_no_more_than_the_limit() {
    let fixture = Fixture::with(small_batches()).await;
    let processes = fixture.processes().await;
    let show = schedule(&processes[0], 40).await;
    let pass = shopper(&processes[0]).await;
    let tries = (1..=40).map(|seat| {
        let process = &processes[usize::try_from(seat % 2).unwrap()];
        async move { hold(process, pass, show, &[seat]).await }
    });
    let answers = join_all(tries).await;
    assert_eq!(answers.iter().filter(|a| a.is_ok()).count(), 4);
    for refused in answers.into_iter().filter_map(Result::err) {
        assert!(matches!(refused, HoldError::SeatLimitReached { limit: 4 }));
    }
    assert_eq!(fixture.counts(show).await, (36, 0));
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_14_paid_seats_count_and_those_of_ended_holds_do_not() {
    let fixture = Fixture::new().await;
    let process = fixture.process().await;
    let (show, other) = (schedule(&process, 9).await, schedule(&process, 9).await);
    let pass = shopper(&process).await;
    charge(&process, pass.user_id, 100_000).await;
    let paid = hold(&process, pass, show, &[1, 2]).await.unwrap();
    pay(&process, pass, paid.id).await.unwrap();

    let pass = crate::fixture::join(&process, pass.user_id).await;
    let cancelled = hold(&process, pass, show, &[3, 4]).await.unwrap();
    let cancel = process
        .seats
        .cancel(cancel_request(cancelled.id, pass.user_id));
    cancel.await.unwrap();
    hold(&process, pass, show, &[5, 6]).await.unwrap();
    let refused = hold(&process, pass, show, &[7]).await;
    assert!(matches!(refused, Err(HoldError::SeatLimitReached { .. })));
    hold(&process, pass, other, &[1, 2, 3, 4]).await.unwrap();

    fixture.clock.advance(Duration::minutes(5));
    let pass = crate::fixture::join(&process, pass.user_id).await;
    hold(&process, pass, show, &[7, 8]).await.unwrap();
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_15_a_full_reservation_queue_refuses_at_once() {
    let mut options = options();
    options.lanes = LaneSettings { depth: 1, batch: 1 };
    let fixture = Fixture::with(options).await;
    let process = fixture.process().await;
    let show = schedule(&process, 9).await;
    let mut fans = Vec::new();
    for _ in 0..3 {
        fans.push(shopper(&process).await);
    }
    let obstacle = Obstacle::on_schedules(&fixture.test_database).await;
    let mut first = hold(&process, fans[0], show, &[1]).boxed();
    assert!(first.as_mut().now_or_never().is_none());
    fixture.until_blocked(1).await;

    // One is being executed; one can wait; one more is too many.
    let others = [(fans[1], [2]), (fans[2], [3])];
    let others = others
        .each_ref()
        .map(|(pass, seat)| hold(&process, *pass, show, seat).boxed());
    let (refused, _, waiting) = select_all(others).await;
    let busy = matches!(refused, Err(HoldError::Storage(StorageError::Busy)));
    assert!(busy, "{refused:?}");
    obstacle.release().await;
    first.await.unwrap();
    join_all(waiting).await.remove(0).unwrap();
    assert_eq!(fixture.counts(show).await, (7, 0));
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_16_a_hold_that_is_over_gives_way_at_that_instant() {
    let mut options = options();
    options.queue_times.active_ttl = Duration::HOUR;
    let fixture = Fixture::with(options).await;
    let [here, there] = fixture.processes().await;
    let show = schedule(&here, 9).await;
    let (first, second) = (shopper(&here).await, shopper(&here).await);
    let old = hold(&here, first, show, &[1, 2, 3]).await.unwrap();

    fixture
        .clock
        .advance(Duration::minutes(5) - Duration::MICROSECOND);
    let early = hold(&there, second, show, &[1]).await.unwrap_err();
    assert_eq!(taken(&early), Some(vec![1]));
    fixture.clock.advance(Duration::MICROSECOND);
    hold(&there, second, show, &[1]).await.unwrap();
    assert_eq!(
        fixture.counts(show).await,
        (8, 0),
        "all three seats came back"
    );
    let expired = "SELECT count(*) FROM reservations WHERE status = 'expired'";
    assert_eq!(fixture.number(expired).await, 1);
    let old = here
        .seats
        .find(old.id, first.user_id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(old.status, ReservationStatus::Expired);
    hold(&here, first, show, &[2, 3]).await.unwrap();
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_16_of_many_who_wait_for_a_hold_to_end_exactly_one_gets_the_seat() {
    let mut options = options();
    options.queue_times.active_ttl = Duration::HOUR;
    let fixture = Fixture::with(options).await;
    let processes = fixture.processes().await;
    let show = schedule(&processes[0], 9).await;
    let holder = shopper(&processes[0]).await;
    hold(&processes[0], holder, show, &[1, 2, 3, 4])
        .await
        .unwrap();
    fixture.clock.advance(Duration::minutes(5));
    let fans = shoppers(&processes[0], 100).await;
    let holds = fans.iter().enumerate().map(|(n, pass)| {
        let seat = i64::try_from(n % 4 + 1).unwrap();
        let process = &processes[n / 4 % 2];
        async move { hold(process, *pass, show, &[seat]).await }
    });
    let won = join_all(holds).await.into_iter().flatten();
    assert_eq!(won.count(), 4, "each of the four seats once");
    assert_eq!(fixture.counts(show).await, (5, 0));
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_8_only_ones_own_active_token_opens_whatever_the_pass_says() {
    let mut options = options();
    options.queue_policy.capacity = 3;
    let fixture = Fixture::with(options).await;
    let process = fixture.process().await;
    let show = schedule(&process, 9).await;
    let (active, left) = (shopper(&process).await, shopper(&process).await);
    let over = shopper(&process).await;
    let waiting = shopper(&process).await;
    assert!(process.tokens.leave(left.token_id).await.unwrap());
    let move_end = format!(
        "UPDATE queue_tokens SET active_until = '2026-01-01 12:00+00' WHERE id = '{}'",
        over.token_id
    );
    let client = fixture.test_database.client().await;
    client.batch_execute(&move_end).await.unwrap();

    let refused = hold(&process, waiting, show, &[1]).await;
    assert!(
        matches!(refused, Err(HoldError::TokenNotActive)),
        "{refused:?}"
    );
    let made_up = Pass {
        token_id: TokenId::new(id()),
        ..active
    };
    let foreign = Pass {
        user_id: waiting.user_id,
        ..active
    };
    let nobodys = Pass {
        user_id: UserId::new(id()),
        ..active
    };
    for pass in [left, over, made_up, foreign, nobodys] {
        let refused = hold(&process, pass, show, &[1]).await;
        assert!(
            matches!(refused, Err(HoldError::TokenEnded)),
            "{pass:?}: {refused:?}"
        );
    }
    assert_eq!(fixture.counts(show).await, (9, 0));
    hold(&process, active, show, &[1]).await.unwrap();
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_of_a_seat_raises_the_version_of_its_schedule_and_marks_the_seat() {
    let fixture = Fixture::new().await;
    let process = fixture.process().await;
    let show = schedule(&process, 10).await;
    let version = async |of: &str| {
        fixture
            .number(&format!("SELECT max(version) FROM {of}"))
            .await
    };
    let marked = async |seat: u32| version(&format!("seats WHERE number = {seat}")).await;

    let pass = shopper(&process).await;
    let held = hold(&process, pass, show, &[3, 4]).await.unwrap();
    assert_eq!((version("schedules").await, marked(3).await), (1, 1));
    charge(&process, pass.user_id, 10 * SEAT_PRICE).await;
    pay(&process, pass, held.id).await.unwrap();
    assert_eq!((version("schedules").await, marked(4).await), (2, 2));
    let pass = shopper(&process).await;
    let held = hold(&process, pass, show, &[5]).await.unwrap();
    let cancelled = process
        .seats
        .cancel(cancel_request(held.id, pass.user_id))
        .await;
    cancelled.unwrap();
    assert_eq!((version("schedules").await, marked(5).await), (4, 4));
    hold(&process, pass, show, &[6]).await.unwrap();
    fixture.clock.advance(Duration::minutes(5));
    let pass = shopper(&process).await;
    hold(&process, pass, show, &[6]).await.unwrap();
    assert_eq!((version("schedules").await, marked(6).await), (6, 6));
    assert_eq!(marked(3).await, 2, "the others keep theirs");
    assert_eq!(marked(1).await, 0);
}
