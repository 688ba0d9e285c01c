//! A database that goes away and comes back (SPEC rule 26).

use adapters_postgres::{Adapters, Database, DatabaseConfig, unsafe_settings};
use domain::{
    balance::ChargeError,
    id::{ScheduleId, TokenId, UserId},
    payment::PayError,
    queue::{JoinRequest, Pass, PolicyChange, Standing},
    reservations::{CancelError, HoldError},
    storage::StorageError,
    users::{User, UserName},
};
use futures_util::future::{join, join_all};
use tokio_postgres::Client;

use crate::{
    fixture::{
        Fixture, OPERATOR, cancel_request, charge_request, hold, id, key, options, pay, schedule,
        shopper, shoppers, sign_up,
    },
    support::{Obstacle, number, outside, until},
};

/// Ends every session of this database but the client's own.
async fn cut(client: &Client) {
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE datname = current_database() AND pid <> pg_backend_pid()";
    client.batch_execute(end).await.unwrap();
}

/// Charges until it is certain that it was done, and tells how many attempts were cut off.
async fn charge_for_sure(process: &Adapters, user: UserId, n: usize) -> usize {
    let mut cut_off = 0;
    loop {
        let request = charge_request(user, 10, Some(key(&format!("charge {n}"), 1)));
        match process.ledger.charge(request).await {
            Ok(_) => return cut_off,
            Err(ChargeError::Storage(StorageError::Unavailable(_))) => cut_off += 1,
            Err(error) => panic!("{error:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_26_a_request_cut_off_can_be_sent_again_with_its_key() {
    let mut options = options();
    options.lanes.batch = 4;
    let fixture = Fixture::with(options).await;
    let processes = fixture.processes().await;
    let user = sign_up(&processes[0]).await;
    let client = fixture.test_database.client().await;
    let charges = join_all((0..400).map(|n| charge_for_sure(&processes[n % 2], user, n)));
    let cuts = async {
        for sum in [300, 1_200, 2_400, 3_600] {
            until("some more charges are through", async || {
                number(&client, "SELECT sum(balance)::bigint FROM balances").await >= sum
            })
            .await;
            cut(&client).await;
        }
    };
    let (cut_off, ()) = join(charges, cuts).await;
    assert_ne!(cut_off.iter().sum::<usize>(), 0, "the cuts met somebody");
    let sum = "SELECT sum(balance)::bigint FROM balances";
    assert_eq!(number(&client, sum).await, 4_000);
    fixture.assert_audit_clean().await;
}

/// Whether an answer is a success or unavailability: anything else is a defect.
fn came_through<T>(answer: Result<T, StorageError>) -> bool {
    match answer {
        Ok(_) => true,
        Err(StorageError::Unavailable(_)) => false,
        Err(error) => panic!("{error:?}"),
    }
}

/// Holds a seat and tries to pay for it, with an empty purse.
async fn shop(process: &Adapters, pass: Pass, show: ScheduleId, seat: i64) -> bool {
    let held = match hold(process, pass, show, [seat]).await {
        Err(HoldError::Storage(error)) => return came_through::<()>(Err(error)),
        refused_or_held => refused_or_held,
    };
    let Ok(held) = held else { return true };
    match pay(process, pass, held.id).await {
        Err(PayError::Storage(error)) => came_through::<()>(Err(error)),
        _ => true,
    }
}

/// One of everything; tells how many of them were cut off.
async fn one_of_everything(process: &Adapters, show: ScheduleId, seat: i64) -> usize {
    let user_id = UserId::new(id());
    let user = User {
        id: user_id,
        name: UserName::new("Fan").unwrap(),
        created_at: process.clock.now(),
    };
    let mut through = vec![came_through(process.users.add(user).await)];
    let token_id = TokenId::new(id());
    let joined = process.tokens.join(JoinRequest { token_id, user_id });
    let joined = joined.await;
    if let Ok(Ok(token)) = &joined {
        through.push(shop(process, token.token.pass, show, seat).await);
    }
    through.extend([
        came_through(joined),
        came_through(process.tokens.tick().await),
        came_through(process.tokens.leave(token_id).await),
        came_through(process.tokens.board().await),
        came_through(process.seats.sweep().await),
        came_through(process.seat_maps.map(show, None).await),
        came_through(process.ledger.find(user_id).await),
    ]);
    through.into_iter().filter(|through| !through).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_26_whatever_connections_break_nothing_is_half_done_and_nothing_fails() {
    let fixture = Fixture::new().await;
    let processes = fixture.processes().await;
    let show = schedule(&processes[0], 200).await;
    let client = fixture.test_database.client().await;
    let mut cut_off = 0;
    for round in 0..4 {
        let seats = (round * 40 + 1..).take(40).enumerate();
        let work = seats.map(|(n, seat)| one_of_everything(&processes[n % 2], show, seat));
        let cuts = async {
            for _ in 0..8 {
                cut(&client).await;
            }
        };
        let (round, ()) = join(join_all(work), cuts).await;
        cut_off += round.iter().sum::<usize>();
    }
    assert_ne!(cut_off, 0, "the cuts met somebody");
    for (process, seat) in processes.iter().zip([191, 192]) {
        let works = async || process.tokens.board().await.is_ok();
        until("the process works again by itself", works).await;
        let pass = shopper(process).await;
        hold(process, pass, show, [seat]).await.unwrap();
    }
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_26_places_in_the_line_are_told_while_the_database_is_away() {
    let fixture = Fixture::new().await;
    let process = fixture.process().await;
    let show = schedule(&process, 9).await;
    let active = shopper(&process).await;
    let paused = PolicyChange {
        paused: Some(true),
        ..PolicyChange::default()
    };
    process
        .tokens
        .change_policy(OPERATOR, paused)
        .await
        .unwrap()
        .unwrap();
    let waiting = shoppers(&process, 3).await;
    process.line.refreshed().await;
    let (name, outside) = outside(&fixture.test_database).await;
    let closed = format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false");
    outside.batch_execute(&closed).await.unwrap();
    let ended = format!(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '{name}'"
    );
    let away = async || number(&outside, &ended).await == 0;
    until("all sessions have ended", away).await;

    let gone = hold(&process, active, show, [1]).await;
    let unavailable = matches!(gone, Err(HoldError::Storage(StorageError::Unavailable(_))));
    assert!(unavailable, "{gone:?}");
    let request = JoinRequest {
        token_id: TokenId::new(id()),
        user_id: active.user_id,
    };
    let gone = process.tokens.join(request).await;
    assert!(
        matches!(gone, Err(StorageError::Unavailable(_))),
        "{gone:?}"
    );
    process.line.refreshed().await;
    let now = process.clock.now();
    assert!(matches!(
        process.line.standing(&active, now),
        Standing::Active { .. }
    ));
    for pass in waiting {
        let expected = pass.ticket.get() - 2;
        let standing = process.line.standing(&pass, now);
        assert!(
            matches!(standing, Standing::Waiting { ahead, total: 3, .. } if ahead == expected),
            "{standing:?}"
        );
    }

    let back = format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true");
    outside.batch_execute(&back).await.unwrap();
    until("it recovers", async || {
        hold(&process, active, show, [1]).await.is_ok()
    })
    .await;
    assert_eq!(process.readiness.check().await, Ok(()));
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_26_a_session_ended_in_the_middle_of_a_statement_is_unavailable() {
    let fixture = Fixture::new().await;
    let process = fixture.process().await;
    let show = schedule(&process, 9).await;
    let pass = shopper(&process).await;
    let held = hold(&process, pass, show, [1]).await.unwrap();
    let obstacle = Obstacle::on_schedules(&fixture.test_database).await;
    let end = async {
        fixture.until_blocked(1).await;
        let end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
             WHERE datname = current_database() AND wait_event_type = 'Lock'";
        assert_eq!(fixture.number(end).await, 1);
    };
    let (cut_off, ()) = join(
        process.seats.cancel(cancel_request(held.id, pass.user_id)),
        end,
    )
    .await;
    let Err(CancelError::Storage(error)) = cut_off else {
        panic!("{cut_off:?}")
    };
    assert!(!came_through::<()>(Err(error)));
    obstacle.release().await;
    assert_eq!(fixture.counts(show).await, (8, 0), "nothing was done");
    let cancelled = process
        .seats
        .cancel(cancel_request(held.id, pass.user_id))
        .await;
    cancelled.unwrap();
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_26_a_database_that_is_too_slow_is_unavailable_and_nothing_is_half_done() {
    let fixture = Fixture::new().await;
    let config = DatabaseConfig {
        lock_timeout: std::time::Duration::from_millis(200),
        ..DatabaseConfig::new(fixture.test_database.url())
    };
    let database = Database::new(&config).unwrap();
    let process = Adapters::with_clock(&database, &fixture.options, fixture.clock.clone());
    let process = process.await.unwrap();
    let show = schedule(&process, 9).await;
    let pass = shopper(&process).await;
    let obstacle = Obstacle::on_schedules(&fixture.test_database).await;
    let slow = hold(&process, pass, show, [1]).await;
    let unavailable = matches!(slow, Err(HoldError::Storage(StorageError::Unavailable(_))));
    assert!(unavailable, "{slow:?}");
    obstacle.release().await;
    hold(&process, pass, show, [1]).await.unwrap();
    assert_eq!(fixture.counts(show).await, (8, 0));
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_could_lose_what_was_acknowledged_are_named() {
    let fixture = Fixture::new().await;
    let found = unsafe_settings(&fixture.database()).await.unwrap();
    assert_eq!(found, ["fsync", "full_page_writes", "synchronous_commit"]);

    let (name, outside) = outside(&fixture.test_database).await;
    let safer = format!("ALTER DATABASE {name} SET synchronous_commit = on");
    outside.batch_execute(&safer).await.unwrap();
    let found = unsafe_settings(&fixture.database()).await.unwrap();
    assert_eq!(found, ["fsync", "full_page_writes"]);
}
