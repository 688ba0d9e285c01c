//! The line in memory, followed by every process, and who of those admitted is still there.

use std::collections::HashMap;

use adapters_postgres::{Adapters, Options};
use domain::queue::{Pass, PolicyChange, Standing};
use futures_util::future::{join, join_all};
use time::Duration;

use crate::{
    fixture::{Fixture, NOON, OPERATOR, join as joined, options, shopper, shoppers, sign_up},
    support::{Obstacle, until},
};

fn room_for(capacity: u32, admission_batch: u32) -> Options {
    let mut options = options();
    options.queue_policy.capacity = capacity;
    options.queue_policy.admission_batch = admission_batch;
    options
}

fn standing(process: &Adapters, pass: &Pass) -> Standing {
    process.line.standing(pass, process.clock.now())
}

/// `ahead` and `total`, of one who waits.
fn place(standing: Standing) -> Option<(u64, u64)> {
    match standing {
        Standing::Waiting { ahead, total, .. } => Some((ahead, total)),
        _ => None,
    }
}

async fn open(process: &Adapters, capacity: u32) {
    let change = PolicyChange {
        capacity: Some(capacity),
        ..PolicyChange::default()
    };
    process
        .tokens
        .change_policy(OPERATOR, change)
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_6_every_process_tells_the_same_place() {
    let fixture = Fixture::with(room_for(1, 1)).await;
    let [here, there] = fixture.processes().await;
    let mut passes = Vec::new();
    for process in [&here, &there, &here, &there] {
        passes.push(shopper(process).await);
    }
    assert!(here.tokens.leave(passes[1].token_id).await.unwrap());
    for process in [&here, &there] {
        process.line.refreshed().await;
        let active = Standing::Active {
            since: NOON,
            until: NOON + Duration::minutes(5),
        };
        assert_eq!(standing(process, &passes[0]), active);
        assert_eq!(standing(process, &passes[1]), Standing::Ended);
        assert_eq!(place(standing(process, &passes[2])), Some((0, 2)));
        assert_eq!(place(standing(process, &passes[3])), Some((1, 2)));
    }
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_issued_elsewhere_is_unseen_until_the_line_is_refreshed() {
    let fixture = Fixture::with(room_for(0, 1)).await;
    let [here, there] = fixture.processes().await;
    // Nobody can follow the queue while this stands, yet somebody can join it.
    let obstacle = Obstacle::put(&fixture.test_database, "LOCK TABLE queue_admissions").await;
    let pass = shopper(&here).await;
    fixture.until_blocked(2).await;
    assert_eq!(standing(&there, &pass), Standing::Unseen);
    obstacle.release().await;
    there.line.refreshed().await;
    assert_eq!(place(standing(&there, &pass)), Some((0, 1)));
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_starts_later_knows_the_line_from_the_beginning() {
    let fixture = Fixture::with(room_for(1, 1)).await;
    let here = fixture.process().await;
    let active = shopper(&here).await;
    let waiting = shopper(&here).await;
    let newest = shopper(&here).await;
    assert!(here.tokens.leave(newest.token_id).await.unwrap());

    let there = fixture.process().await;
    assert!(matches!(standing(&there, &active), Standing::Active { .. }));
    assert_eq!(place(standing(&there, &waiting)), Some((0, 1)));
    assert_eq!(standing(&there, &newest), Standing::Ended, "not unseen");
    let next = Pass {
        ticket: newest.ticket.next(),
        ..newest
    };
    assert_eq!(standing(&there, &next), Standing::Unseen);
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_6_the_wait_is_estimated_from_what_the_ticks_admit() {
    let fixture = Fixture::with(room_for(5, 2)).await;
    let [here, there] = fixture.processes().await;
    // Those who need not wait say nothing about how fast the line moves.
    shoppers(&here, 5).await;
    let mut by_ticket = shoppers(&here, 10).await;
    by_ticket.sort_by_key(|pass| pass.ticket);
    open(&here, 100).await;
    there.line.refreshed().await;
    let estimate = |process: &Adapters, pass: &Pass| match standing(process, pass) {
        Standing::Waiting { estimated_wait, .. } => estimated_wait,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        estimate(&there, &by_ticket[9]),
        None,
        "nothing measured yet"
    );

    here.tokens.tick().await.unwrap();
    fixture.clock.advance(Duration::SECOND);
    there.tokens.tick().await.unwrap();
    for process in [&here, &there] {
        process.line.refreshed().await;
        // Four within a second.
        let head = Some(Duration::milliseconds(250));
        assert_eq!(estimate(process, &by_ticket[4]), head);
        let last = Some(Duration::milliseconds(1_500));
        assert_eq!(estimate(process, &by_ticket[9]), last);
    }
    fixture.assert_audit_clean().await;
}

/// What the database says of each ticket: its place, or `None` unless it waits.
async fn places(fixture: &Fixture) -> HashMap<u64, (String, Option<(u64, u64)>)> {
    let client = fixture.test_database.client().await;
    let query = "SELECT ticket, status, count(*) FILTER (WHERE status = 'waiting') \
         OVER (ORDER BY ticket), count(*) FILTER (WHERE status = 'waiting') OVER () \
         FROM queue_tokens";
    let rows = client.query(query, &[]).await.unwrap();
    let place = |row: &tokio_postgres::Row| {
        let [ticket, upto, total] = [0, 2, 3].map(|column| row.get::<_, i64>(column));
        let status: String = row.get(1);
        let place = (status == "waiting").then(|| (upto.unsigned_abs() - 1, total.unsigned_abs()));
        (ticket.unsigned_abs(), (status, place))
    };
    rows.iter().map(place).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_busy_hour_both_lines_agree_with_the_database() {
    let fixture = Fixture::with(room_for(20, 7)).await;
    let processes = fixture.processes().await;
    let mut passes: Vec<Pass> = Vec::new();
    for round in 0..10 {
        let process = &processes[round % 2];
        let leaving = passes.iter().skip(round).step_by(9);
        let leaving = join_all(leaving.map(|pass| process.tokens.leave(pass.token_id)));
        let joining = shoppers(&processes[(round + 1) % 2], 30);
        let tick = process.tokens.tick();
        let (joined, (_, tick)) = join(joining, join(leaving, tick)).await;
        tick.unwrap();
        passes.extend(joined);
        fixture.clock.advance(Duration::SECOND);
    }
    let stored = places(&fixture).await;
    for process in &processes {
        process.line.refreshed().await;
        for pass in &passes {
            let standing = standing(process, pass);
            let (status, waits) = &stored[&pass.ticket.get()];
            assert_eq!(place(standing), *waits, "{pass:?}");
            let active = matches!(standing, Standing::Active { .. });
            assert_eq!(active, status == "active", "{pass:?}");
        }
    }
    fixture.assert_audit_clean().await;
}

fn impatient(no_show_after: Duration) -> Options {
    let mut options = options();
    options.queue_times.no_show_after = no_show_after;
    options
}

/// Lets so many seconds pass with a tick in each, and tells how many tokens have ended.
async fn ended_within(fixture: &Fixture, process: &Adapters, seconds: u32) -> u64 {
    let mut ended = 0;
    for _ in 0..seconds {
        fixture.clock.advance(Duration::SECOND);
        ended += process.tokens.tick().await.unwrap().ended;
    }
    ended
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_5_silence_after_admission_ends_the_token() {
    let fixture = Fixture::with(impatient(Duration::MINUTE)).await;
    let process = fixture.process().await;
    let (silent, other) = (shopper(&process).await, shopper(&process).await);
    assert_eq!(ended_within(&fixture, &process, 59).await, 0);
    assert!(process.tokens.leave(other.token_id).await.unwrap());
    // What is known of someone's presence may be some seconds old.
    assert_eq!(ended_within(&fixture, &process, 15).await, 1);
    let board = process.tokens.board().await.unwrap();
    assert_eq!((board.no_shows, board.left, board.active), (1, 1, 0));
    process.line.refreshed().await;
    assert_eq!(standing(&process, &silent), Standing::Ended);
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_5_any_request_in_any_process_keeps_the_token() {
    let fixture = Fixture::with(impatient(Duration::MINUTE)).await;
    let [here, there] = fixture.processes().await;
    let pass = shopper(&here).await;
    there.line.refreshed().await;
    assert_eq!(ended_within(&fixture, &here, 50).await, 0);
    there.presence.saw(pass.user_id);
    there.stop().await;

    assert_eq!(ended_within(&fixture, &here, 59).await, 0);
    assert_eq!(ended_within(&fixture, &here, 15).await, 1);
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_5_while_nobody_could_tick_nobody_was_silent() {
    let fixture = Fixture::with(impatient(Duration::MINUTE)).await;
    let process = fixture.process().await;
    let (there, _gone) = (shopper(&process).await, shopper(&process).await);
    process.line.refreshed().await;
    fixture.clock.advance(Duration::seconds(90));
    assert_eq!(ended_within(&fixture, &process, 5).await, 0);
    process.presence.saw(there.user_id);
    process.stop().await;
    // Who is still silent has been granted no more than it takes to be noticed.
    let process = fixture.process().await;
    assert_eq!(ended_within(&fixture, &process, 10).await, 1);
    process.line.refreshed().await;
    assert!(matches!(
        standing(&process, &there),
        Standing::Active { .. }
    ));
    fixture.assert_audit_clean().await;
}

/// How many seconds after noon the only token's owner was last seen.
async fn seen(fixture: &Fixture) -> i64 {
    let seen = "SELECT extract(epoch FROM seen_at)::bigint FROM queue_tokens";
    fixture.number(seen).await - NOON.unix_timestamp()
}

#[tokio::test(flavor = "multi_thread")]
async fn presence_is_written_by_itself_every_moment() {
    let fixture = Fixture::with(impatient(Duration::SECOND)).await;
    let process = fixture.process().await;
    let pass = shopper(&process).await;
    process.line.refreshed().await;
    for second in 1..=2 {
        fixture.clock.advance(Duration::SECOND);
        process.presence.saw(pass.user_id);
        until("it is written", async || seen(&fixture).await == second).await;
    }
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn presence_written_late_does_not_turn_back_what_another_process_saw_since() {
    let fixture = Fixture::with(impatient(Duration::MINUTE)).await;
    let [here, there] = fixture.processes().await;
    let pass = shopper(&here).await;
    for process in [&here, &there] {
        process.line.refreshed().await;
        fixture.clock.advance(Duration::SECOND);
        process.presence.saw(pass.user_id);
    }
    there.stop().await;
    assert_eq!(seen(&fixture).await, 2);
    here.stop().await;
    assert_eq!(seen(&fixture).await, 2);
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_8_requests_of_one_who_waits_are_not_remembered() {
    let mut options = impatient(Duration::MINUTE);
    options.queue_policy.capacity = 0;
    let fixture = Fixture::with(options).await;
    let process = fixture.process().await;
    let pass = shopper(&process).await;
    process.line.refreshed().await;
    process.presence.saw(pass.user_id);
    process.stop().await;
    let seen = "SELECT count(*) FROM queue_tokens WHERE seen_at IS NOT NULL";
    assert_eq!(fixture.number(seen).await, 0);
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_5_silence_is_no_matter_when_the_limit_is_zero() {
    let fixture = Fixture::with(impatient(Duration::ZERO)).await;
    let process = fixture.process().await;
    shopper(&process).await;
    fixture
        .clock
        .advance(Duration::minutes(5) - Duration::SECOND);
    assert_eq!(process.tokens.tick().await.unwrap().ended, 0);
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_who_comes_back_stands_by_the_new_token_alone() {
    let fixture = Fixture::new().await;
    let [here, there] = fixture.processes().await;
    let user = sign_up(&here).await;
    let old = joined(&here, user).await;
    fixture.clock.advance(Duration::minutes(5));
    let new = joined(&there, user).await;
    for process in [&here, &there] {
        process.line.refreshed().await;
        assert_eq!(standing(process, &old), Standing::Ended);
        assert!(matches!(standing(process, &new), Standing::Active { .. }));
    }
    fixture.assert_audit_clean().await;
}
