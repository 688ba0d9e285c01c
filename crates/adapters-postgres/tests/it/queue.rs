//! The queue's rules on the one row that all processes share.

use adapters_postgres::{Adapters, Options};
use domain::{
    id::{TokenId, UserId},
    queue::{InvalidPolicy, JoinRefusal, JoinRequest, PolicyChange, QueueToken, TokenState},
};
use futures_util::future::{join, join_all};
use time::Duration;

use crate::fixture::{self, Fixture, NOON, OPERATOR, id, options, shopper, sign_up};

fn room_for(capacity: u32, admission_batch: u32) -> Options {
    let mut options = options();
    options.queue_policy.capacity = capacity;
    options.queue_policy.admission_batch = admission_batch;
    options
}

async fn ask(process: &Adapters, user_id: UserId) -> Result<QueueToken, JoinRefusal> {
    let token_id = TokenId::new(id());
    let request = JoinRequest { token_id, user_id };
    process
        .tokens
        .join(request)
        .await
        .unwrap()
        .map(|issued| issued.token)
}

async fn newcomer(process: &Adapters) -> QueueToken {
    ask(process, sign_up(process).await).await.unwrap()
}

/// How many wait and how many shop.
async fn crowd(process: &Adapters) -> (u64, u64) {
    let board = process.tokens.board().await.unwrap();
    (board.waiting, board.active)
}

/// The tickets of the tokens that are stored as active.
async fn admitted(fixture: &Fixture) -> Vec<i64> {
    let client = fixture.test_database.client().await;
    let query = "SELECT ticket FROM queue_tokens WHERE status = 'active' ORDER BY ticket";
    let rows = client.query(query, &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

async fn change(process: &Adapters, change: PolicyChange) {
    let changed = process
        .tokens
        .change_policy(OPERATOR, change)
        .await
        .unwrap();
    changed.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_1_an_unknown_user_gets_no_token() {
    let fixture = Fixture::new().await;
    let process = fixture.process().await;
    let refused = ask(&process, UserId::new(id())).await;
    assert_eq!(refused, Err(JoinRefusal::UserNotFound));
    assert_eq!(newcomer(&process).await.pass.ticket.get(), 1);
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_2_asking_again_answers_the_token_there_is() {
    let fixture = Fixture::with(room_for(1, 1)).await;
    let [here, there] = fixture.processes().await;
    for state in ["active", "waiting"] {
        let token = newcomer(&here).await;
        let again = ask(&there, token.pass.user_id).await;
        assert_eq!(again, Err(JoinRefusal::TokenExists(token)), "{state}");
    }
    assert_eq!(crowd(&here).await, (1, 1));
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_2_a_user_who_asks_everywhere_at_once_gets_one_token() {
    let fixture = Fixture::new().await;
    let processes = fixture.processes().await;
    let user = sign_up(&processes[0]).await;
    let answers = join_all((0..100).map(|n| ask(&processes[n % 2], user))).await;
    let issued: Vec<_> = answers.iter().filter_map(|a| a.as_ref().ok()).collect();
    let [token] = issued[..] else {
        panic!("{} tokens were issued", issued.len())
    };
    let others = answers.iter().filter(|answer| answer.is_err());
    for refused in others {
        assert_eq!(*refused, Err(JoinRefusal::TokenExists(*token)));
    }
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_2_a_token_past_its_time_is_no_obstacle() {
    let fixture = Fixture::with(room_for(1, 1)).await;
    let process = fixture.process().await;
    let (shopping, waiting) = (newcomer(&process).await, newcomer(&process).await);
    fixture.clock.advance(Duration::hours(2));
    for old in [shopping, waiting] {
        let new = ask(&process, old.pass.user_id).await.unwrap();
        assert_ne!(new.pass.token_id, old.pass.token_id);
    }
    let by_time = "SELECT count(*) FROM queue_tokens WHERE end_reason = 'time'";
    assert_eq!(fixture.number(by_time).await, 2);
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_3_a_thousand_joins_over_two_processes_get_gapless_tickets() {
    let fixture = Fixture::with(room_for(100, 1)).await;
    let processes = fixture.processes().await;
    let users = join_all((0..1_000).map(|_| sign_up(&processes[0]))).await;
    let joins = users.iter().enumerate();
    let mut tokens = join_all(joins.map(|(n, user)| ask(&processes[n % 2], *user))).await;
    tokens.sort_by_key(|token| token.unwrap().pass.ticket);
    for (number, token) in (1..).zip(tokens) {
        let QueueToken { pass, state } = token.unwrap();
        assert_eq!(pass.ticket.get(), number);
        assert_eq!(state == TokenState::Waiting, number > 100, "{state:?}");
    }
    assert_eq!(crowd(&processes[1]).await, (900, 100));
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_3_nobody_overtakes_while_somebody_waits() {
    let fixture = Fixture::with(room_for(1, 10)).await;
    let [here, there] = fixture.processes().await;
    let (first, second) = (newcomer(&here).await, newcomer(&there).await);
    assert!(here.tokens.leave(first.pass.token_id).await.unwrap());
    let third = newcomer(&there).await;
    assert_eq!(third.state, TokenState::Waiting);
    here.tokens.tick().await.unwrap();
    assert_eq!(admitted(&fixture).await, [2]);
    assert_eq!(second.state, TokenState::Waiting);
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_4_a_tick_is_not_due_twice() {
    let fixture = Fixture::with(room_for(0, 1)).await;
    let [here, there] = fixture.processes().await;
    newcomer(&here).await;
    newcomer(&here).await;
    change(
        &here,
        PolicyChange {
            capacity: Some(9),
            ..PolicyChange::default()
        },
    )
    .await;
    let first = here.tokens.tick().await.unwrap();
    assert_eq!((first.ended, first.admitted), (0, 1));
    assert_eq!(first.next_due, NOON + Duration::SECOND);

    fixture.clock.advance(Duration::milliseconds(999));
    let early = there.tokens.tick().await.unwrap();
    assert_eq!((early.admitted, early.next_due), (0, first.next_due));
    fixture.clock.advance(Duration::milliseconds(1));
    assert_eq!(there.tokens.tick().await.unwrap().admitted, 1);
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_4_free_places_are_filled_by_ticket_and_at_most_a_batch_at_a_time() {
    let fixture = Fixture::with(room_for(0, 2)).await;
    let process = fixture.process().await;
    for _ in 0..6 {
        newcomer(&process).await;
    }
    change(
        &process,
        PolicyChange {
            capacity: Some(5),
            ..PolicyChange::default()
        },
    )
    .await;
    for (expected, then) in [
        (2, vec![1, 2]),
        (2, vec![1, 2, 3, 4]),
        (1, vec![1, 2, 3, 4, 5]),
    ] {
        let tick = process.tokens.tick().await.unwrap();
        assert_eq!(tick.admitted, expected);
        assert_eq!(admitted(&fixture).await, then);
        fixture.clock.advance(Duration::SECOND);
    }
    assert_eq!(
        process.tokens.tick().await.unwrap().admitted,
        0,
        "all places are taken"
    );
    assert_eq!(
        process.tokens.board().await.unwrap().admitted_last_minute,
        5
    );
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_4_time_ends_an_active_token_and_the_next_one_takes_its_place() {
    let fixture = Fixture::with(room_for(1, 1)).await;
    let process = fixture.process().await;
    newcomer(&process).await;
    newcomer(&process).await;
    fixture
        .clock
        .advance(Duration::minutes(5) - Duration::SECOND);
    assert_eq!(process.tokens.tick().await.unwrap().ended, 0);
    fixture.clock.advance(Duration::SECOND);
    let tick = process.tokens.tick().await.unwrap();
    assert_eq!((tick.ended, tick.admitted), (1, 1));
    assert_eq!(admitted(&fixture).await, [2]);
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_7_time_ends_a_waiting_token() {
    let fixture = Fixture::with(room_for(0, 1)).await;
    let process = fixture.process().await;
    newcomer(&process).await;
    fixture.clock.advance(Duration::hours(2) - Duration::SECOND);
    assert_eq!(process.tokens.tick().await.unwrap().ended, 0);
    fixture.clock.advance(Duration::SECOND);
    assert_eq!(process.tokens.tick().await.unwrap().ended, 1);
    assert_eq!(crowd(&process).await, (0, 0));
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_4_a_policy_changed_in_one_process_holds_in_the_other_at_once() {
    let fixture = Fixture::with(room_for(2, 10)).await;
    let [here, there] = fixture.processes().await;
    change(
        &here,
        PolicyChange {
            paused: Some(true),
            ..PolicyChange::default()
        },
    )
    .await;
    assert_eq!(newcomer(&there).await.state, TokenState::Waiting);
    assert_eq!(there.tokens.tick().await.unwrap().admitted, 0);

    change(
        &there,
        PolicyChange {
            paused: Some(false),
            ..PolicyChange::default()
        },
    )
    .await;
    fixture.clock.advance(Duration::SECOND);
    assert_eq!(here.tokens.tick().await.unwrap().admitted, 1);
    assert_ne!(newcomer(&here).await.state, TokenState::Waiting);

    change(
        &here,
        PolicyChange {
            capacity: Some(1),
            ..PolicyChange::default()
        },
    )
    .await;
    assert_eq!(newcomer(&there).await.state, TokenState::Waiting);
    assert_eq!(there.tokens.board().await.unwrap().policy.capacity, 1);
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_nobody_can_mean_changes_nothing() {
    let fixture = Fixture::with(room_for(7, 3)).await;
    let process = fixture.process().await;
    let wrong = PolicyChange {
        admission_batch: Some(0),
        capacity: Some(9),
        paused: None,
    };
    let refused = process.tokens.change_policy(OPERATOR, wrong).await.unwrap();
    assert_eq!(refused, Err(InvalidPolicy::Batch));
    let board = process.tokens.board().await.unwrap();
    assert_eq!(board.policy, fixture.options.queue_policy);
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_4_two_processes_that_tick_at_once_admit_each_once_and_within_the_capacity() {
    let fixture = Fixture::with(room_for(0, 20)).await;
    let [here, there] = fixture.processes().await;
    join_all((0..100).map(|_| newcomer(&here))).await;
    change(
        &here,
        PolicyChange {
            capacity: Some(50),
            ..PolicyChange::default()
        },
    )
    .await;
    for expected in [20, 20, 10, 0] {
        let ticks = join_all((0..5).map(|_| join(here.tokens.tick(), there.tokens.tick()))).await;
        let ticks = ticks
            .into_iter()
            .flat_map(|(a, b)| [a.unwrap(), b.unwrap()]);
        let done: Vec<_> = ticks.map(|t| t.admitted).filter(|n| *n > 0).collect();
        assert_eq!(done.iter().sum::<u64>(), expected);
        assert!(done.len() <= 1, "one tick does it all: {done:?}");
        fixture.clock.advance(Duration::SECOND);
    }
    assert_eq!(admitted(&fixture).await, (1..=50).collect::<Vec<_>>());
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_5_leaving_ends_a_token_once_and_for_good() {
    let fixture = Fixture::with(room_for(1, 10)).await;
    let [here, there] = fixture.processes().await;
    let tokens = [newcomer(&here).await, newcomer(&here).await];
    for token in tokens {
        assert!(there.tokens.leave(token.pass.token_id).await.unwrap());
        assert!(!here.tokens.leave(token.pass.token_id).await.unwrap());
    }
    assert!(!here.tokens.leave(TokenId::new(id())).await.unwrap());
    assert_eq!(
        here.tokens.tick().await.unwrap().admitted,
        0,
        "it never revives"
    );
    assert_eq!(here.tokens.board().await.unwrap().left, 2);
    assert_eq!(crowd(&here).await, (0, 0));
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_5_a_token_past_its_time_cannot_be_left() {
    let fixture = Fixture::new().await;
    let process = fixture.process().await;
    let pass = shopper(&process).await;
    fixture.clock.advance(Duration::minutes(5));
    assert!(!process.tokens.leave(pass.token_id).await.unwrap());
    assert_eq!(process.tokens.board().await.unwrap().left, 0);
    process.tokens.tick().await.unwrap();
    let again = fixture::join(&process, pass.user_id).await;
    assert_eq!(again.ticket.get(), 2);
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_5_a_hundred_who_leave_while_others_tick_are_counted_once() {
    let fixture = Fixture::with(room_for(50, 50)).await;
    let [here, there] = fixture.processes().await;
    let tokens = join_all((0..100).map(|_| newcomer(&here))).await;
    let leave = |token: &QueueToken| {
        let id = token.pass.token_id;
        join(here.tokens.leave(id), there.tokens.leave(id))
    };
    let leaving = join_all(tokens.iter().map(leave));
    let (left, tick) = join(leaving, there.tokens.tick()).await;
    for (here, there) in left {
        assert!(here.unwrap() ^ there.unwrap(), "one of the two ended it");
    }
    tick.unwrap();
    assert_eq!(here.tokens.board().await.unwrap().left, 100);
    assert_eq!(crowd(&here).await, (0, 0));
    fixture.assert_audit_clean().await;
}
