//! Many requests in one transaction, each with an answer of its own.

use adapters_postgres::{LaneSettings, Options};
use domain::{
    balance::ChargeError,
    clock::Clock,
    id::TokenId,
    queue::JoinRequest,
    reservations::{HoldError, ReservationStatus},
    storage::StorageError,
    users::{User, UserName},
};
use futures_util::{FutureExt, future::join_all};

use crate::{
    fixture::{
        Fixture, cancel_request, charge_request, hold, hold_request, id, options, pay_request,
        schedule, shopper, shoppers, sign_up,
    },
    support::{Obstacle, number, until},
};

fn lanes(depth: usize, batch: usize) -> Options {
    let mut options = options();
    options.lanes = LaneSettings { depth, batch };
    options.hold_rules.seats_per_user = 100;
    options
}

/// In how many transactions the reservations were written, and how many the largest one wrote.
async fn transactions(fixture: &Fixture) -> (i64, i64) {
    let client = fixture.test_database.client().await;
    let query = "SELECT count(*), max(size) FROM \
         (SELECT count(*) AS size FROM reservations GROUP BY xmin::text) AS transactions";
    let row = client.query_one(query, &[]).await.unwrap();
    (row.get(0), row.get(1))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_gathers_while_one_transaction_runs_shares_the_next() {
    for (batch, expected) in [(512, (2, 20)), (6, (5, 6))] {
        let fixture = Fixture::with(lanes(100, batch)).await;
        let process = fixture.process().await;
        let show = schedule(&process, 50).await;
        let pass = shopper(&process).await;
        let obstacle = Obstacle::on_schedules(&fixture.test_database).await;
        let mut first = hold(&process, pass, show, [50]).boxed();
        assert!(first.as_mut().now_or_never().is_none());
        fixture.until_blocked(1).await;
        let mut others = join_all((1..=20).map(|seat| hold(&process, pass, show, [seat])));
        assert!((&mut others).now_or_never().is_none());
        obstacle.release().await;
        first.await.unwrap();
        assert!(others.await.iter().all(Result::is_ok));
        assert_eq!(transactions(&fixture).await, expected);
        fixture.assert_audit_clean().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_bad_hold_does_not_fail_its_neighbours() {
    let fixture = Fixture::with(lanes(100, 100)).await;
    let process = fixture.process().await;
    let show = schedule(&process, 50).await;
    let pass = shopper(&process).await;
    let obstacle = Obstacle::on_schedules(&fixture.test_database).await;
    let first = hold_request(pass, show, &[9]);
    let mut bad = hold_request(pass, show, &[2]);
    bad.reservation_id = first.reservation_id;
    let mut first = process.seats.hold(first);
    assert!((&mut first).now_or_never().is_none());
    fixture.until_blocked(1).await;
    let requests = [
        hold_request(pass, show, &[1]),
        bad,
        hold_request(pass, show, &[3]),
    ];
    let mut batch = join_all(requests.map(|request| process.seats.hold(request)));
    assert!((&mut batch).now_or_never().is_none());
    obstacle.release().await;

    first.await.unwrap();
    let [one, bad, three] = batch.await.try_into().unwrap();
    let failed = matches!(bad, Err(HoldError::Storage(StorageError::Failed(_))));
    assert!(failed, "{bad:?}");
    assert!(one.is_ok() && three.is_ok(), "{one:?}, {three:?}");
    assert_eq!(fixture.counts(show).await, (47, 0));
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_bad_request_of_any_kind_fails_alone() {
    let fixture = Fixture::new().await;
    let process = fixture.process().await;
    let user = |id| User {
        id,
        name: UserName::new("Fan").unwrap(),
        created_at: process.clock.now(),
    };
    let known = sign_up(&process).await;
    let ids = [
        domain::id::UserId::new(id()),
        known,
        domain::id::UserId::new(id()),
    ];
    let added = join_all(ids.map(|id| process.users.add(user(id)))).await;
    assert_eq!(
        added.iter().map(Result::is_ok).collect::<Vec<_>>(),
        [true, false, true]
    );

    let first = charge_request(known, 5, None);
    let again = charge_request(ids[0], 5, None);
    let nothing = charge_request(ids[2], 0, None);
    let charges = [first, nothing, again].map(|request| process.ledger.charge(request));
    let [first, nothing, again] = join_all(charges).await.try_into().unwrap();
    let failed = matches!(nothing, Err(ChargeError::Storage(StorageError::Failed(_))));
    assert!(failed && first.is_ok() && again.is_ok(), "{nothing:?}");

    let token_id = TokenId::new(id());
    let joins = [known, ids[0]].map(|user_id| JoinRequest { token_id, user_id });
    let other = JoinRequest {
        token_id: TokenId::new(id()),
        user_id: ids[2],
    };
    let joins = [joins[0], joins[1], other].map(|request| process.tokens.join(request));
    let joined = join_all(joins).await;
    assert_eq!(
        joined.iter().map(Result::is_ok).collect::<Vec<_>>(),
        [true, false, true]
    );
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_bad_payment_does_not_fail_its_neighbours() {
    let fixture = Fixture::new().await;
    let process = fixture.process().await;
    let show = schedule(&process, 9).await;
    let mut requests = Vec::new();
    for (seat, pass) in (1..).zip(shoppers(&process, 3).await) {
        crate::fixture::charge(&process, pass.user_id, 50_000).await;
        let held = hold(&process, pass, show, [seat]).await.unwrap();
        requests.push(pay_request(pass, held.id));
    }
    requests[1].payment_id = requests[0].payment_id;
    let paid = join_all(
        requests
            .into_iter()
            .map(|request| process.cashier.pay(request)),
    )
    .await;
    assert_eq!(
        paid.iter().map(Result::is_ok).collect::<Vec<_>>(),
        [true, false, true]
    );
    assert_eq!(fixture.counts(show).await, (6, 2));
    fixture.assert_audit_clean().await;
}

/// Fails the test unless the processes' sessions hold no transaction and no lock any more.
async fn assert_nothing_left_open(fixture: &Fixture) {
    let client = fixture.test_database.client().await;
    until("no transaction is open", async || {
        let open = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
             AND application_name = 'boxoffice' AND (xact_start IS NOT NULL \
             OR pid IN (SELECT pid FROM pg_locks WHERE locktype <> 'virtualxid'))";
        number(&client, open).await == 0
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_goes_away_leaves_nothing_open_and_what_was_begun_is_completed() {
    let fixture = Fixture::new().await;
    let process = fixture.process().await;
    let show = schedule(&process, 9).await;
    let pass = shopper(&process).await;
    let kept = hold(&process, pass, show, [1]).await.unwrap();
    let seats = process.seats.clone();

    let obstacle = Obstacle::on_schedules(&fixture.test_database).await;
    let request = hold_request(pass, show, &[2]);
    let begun = request.reservation_id;
    let holding = tokio::spawn({
        let seats = seats.clone();
        async move { seats.hold(request).await }
    });
    let cancelling = tokio::spawn({
        let seats = seats.clone();
        async move { seats.cancel(cancel_request(kept.id, pass.user_id)).await }
    });
    fixture.until_blocked(2).await;
    for caller in [holding.abort_handle(), cancelling.abort_handle()] {
        caller.abort();
    }
    assert!(holding.await.unwrap_err().is_cancelled());
    assert!(cancelling.await.unwrap_err().is_cancelled());
    obstacle.release().await;

    until("the hold is there", async || {
        seats.find(begun, pass.user_id).await.unwrap().is_some()
    })
    .await;
    until("the other is cancelled", async || {
        let found = seats.find(kept.id, pass.user_id).await.unwrap();
        found.unwrap().status == ReservationStatus::Cancelled
    })
    .await;
    assert_nothing_left_open(&fixture).await;
    assert_eq!(fixture.counts(show).await, (8, 0));
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_goes_away_before_its_batch_begins_is_skipped() {
    let fixture = Fixture::with(lanes(9, 1)).await;
    let process = fixture.process().await;
    let show = schedule(&process, 9).await;
    let pass = shopper(&process).await;
    let obstacle = Obstacle::on_schedules(&fixture.test_database).await;
    let mut first = hold(&process, pass, show, [1]).boxed();
    assert!(first.as_mut().now_or_never().is_none());
    fixture.until_blocked(1).await;
    let mut gone = hold(&process, pass, show, [2]).boxed();
    assert!(gone.as_mut().now_or_never().is_none());
    let mut last = hold(&process, pass, show, [3]).boxed();
    assert!(last.as_mut().now_or_never().is_none());
    drop(gone);
    obstacle.release().await;
    first.await.unwrap();
    last.await.unwrap();
    assert_eq!(fixture.counts(show).await, (7, 0));
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_finishes_what_waits_and_takes_on_nothing_new() {
    let fixture = Fixture::with(lanes(100, 3)).await;
    let process = fixture.process().await;
    let show = schedule(&process, 50).await;
    let pass = shopper(&process).await;
    let seats = process.seats.clone();
    let obstacle = Obstacle::on_schedules(&fixture.test_database).await;
    let holds = (1..=20).map(|seat| seats.hold(hold_request(pass, show, &[seat])));
    let mut holds = join_all(holds);
    assert!((&mut holds).now_or_never().is_none());
    fixture.until_blocked(1).await;
    let mut stop = process.stop().boxed();
    assert!(stop.as_mut().now_or_never().is_none());
    obstacle.release().await;
    let (answers, ()) = futures_util::future::join(holds, stop).await;
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");

    let late = seats.hold(hold_request(pass, show, &[30])).await;
    let refused = matches!(late, Err(HoldError::Storage(StorageError::Unavailable(_))));
    assert!(refused, "{late:?}");
    assert_eq!(fixture.counts(show).await, (30, 0));
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_processes_go_by_the_time_of_the_database() {
    let fixture = Fixture::new().await;
    let (database, options) = (fixture.database(), fixture.options);
    let start = || adapters_postgres::Adapters::start(&database, &options);
    let (here, there) = (start().await.unwrap(), start().await.unwrap());
    let client = fixture.test_database.client().await;
    let micros = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint";
    let told = |clock: &dyn Clock| {
        let micros = clock.now().unix_timestamp_nanos() / 1_000;
        i64::try_from(micros).unwrap()
    };
    let mut latest = 0;
    for _ in 0..20 {
        let before = number(&client, micros).await;
        let (one, two) = (told(&*here.clock), told(&*there.clock));
        let after = number(&client, micros).await;
        for time in [one, two] {
            let slack = 250_000;
            assert!((before - slack..=after + slack).contains(&time));
        }
        assert!(one >= latest, "it never runs backwards");
        latest = one;
    }
    here.stop().await;
    there.stop().await;
}
