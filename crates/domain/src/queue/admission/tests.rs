use super::{super::token::tests::NOON, *};
use proptest::prelude::*;
use uuid::Uuid;

const TIMES: QueueTimes = QueueTimes {
    active_ttl: Duration::minutes(5),
    waiting_ttl: Duration::hours(2),
    no_show_after: Duration::MINUTE,
    admission_interval: Duration::SECOND,
};

fn state(capacity: u32) -> QueueState {
    let policy = QueuePolicy {
        capacity,
        admission_batch: 10,
        paused: false,
    };
    QueueState {
        policy,
        next_ticket: Ticket::FIRST,
        waiting: 0,
        active: 0,
    }
}

fn user(n: u128) -> UserId {
    UserId::new(Uuid::from_u128(n))
}

fn ask(n: u128) -> JoinRequest {
    JoinRequest {
        token_id: TokenId::new(Uuid::from_u128(1000 + n)),
        user_id: user(n),
    }
}

fn join_all(state: &mut QueueState, requests: &[JoinRequest]) -> Joins {
    let users = requests.iter().map(|r| r.user_id).collect();
    join(NOON, &TIMES, state, &users, HashMap::new(), requests)
}

#[test]
fn rule_1_an_unknown_user_gets_no_token() {
    let mut state = state(1);
    let joins = join(
        NOON,
        &TIMES,
        &mut state,
        &HashSet::new(),
        HashMap::new(),
        &[ask(1)],
    );
    assert_eq!(joins.answers, [Err(JoinRefusal::UserNotFound)]);
    assert_eq!(
        state.next_ticket,
        Ticket::FIRST,
        "a refusal uses up no ticket"
    );
}

#[test]
fn rule_2_a_repeat_within_a_batch_meets_the_first_token() {
    let mut state = state(1);
    let joins = join_all(&mut state, &[ask(1), ask(1)]);
    let first = joins.answers[0].unwrap().token;
    assert_eq!(joins.answers[1], Err(JoinRefusal::TokenExists(first)));
    assert_eq!((state.active, state.waiting), (1, 0));
}

#[test]
fn rule_2_a_token_past_its_time_is_in_nobodys_way() {
    let mut state = state(5);
    let token = join_all(&mut state, &[ask(1)]).answers[0].unwrap().token;
    let later = NOON + TIMES.active_ttl;
    let live = HashMap::from([(user(1), token)]);
    let joins = join(
        later,
        &TIMES,
        &mut state,
        &[user(1)].into(),
        live,
        &[ask(1)],
    );
    assert!(matches!(joins.answers[0], Ok(t) if t.token.pass.ticket == Ticket::new(2)));
    assert_eq!(joins.ended, [token.pass.token_id]);
    assert_eq!(state.active, 1);
}

#[test]
fn rule_3_tickets_are_gapless_and_the_first_ones_need_not_wait() {
    let mut state = state(2);
    let joins = join_all(&mut state, &[ask(1), ask(2), ask(3)]);
    let tokens: Vec<_> = joins
        .answers
        .into_iter()
        .map(|a| a.unwrap().token)
        .collect();
    assert_eq!(
        tokens
            .iter()
            .map(|t| t.pass.ticket.get())
            .collect::<Vec<_>>(),
        [1, 2, 3]
    );
    let waiting: Vec<_> = tokens
        .iter()
        .map(|t| t.state == TokenState::Waiting)
        .collect();
    assert_eq!(waiting, [false, false, true]);
}

#[test]
fn rule_6_a_new_place_is_behind_all_who_wait() {
    let mut state = QueueState {
        waiting: 7,
        active: 1,
        ..state(1)
    };
    let joins = join_all(&mut state, &[ask(1), ask(2)]);
    let ahead: Vec<_> = joins
        .answers
        .into_iter()
        .map(|a| a.unwrap().ahead)
        .collect();
    assert_eq!(ahead, [7, 8]);
}

#[test]
fn rule_3_nobody_overtakes_those_who_wait_even_when_there_is_room() {
    let mut state = QueueState {
        waiting: 1,
        next_ticket: Ticket::new(2),
        ..state(10)
    };
    let joins = join_all(&mut state, &[ask(2)]);
    assert_eq!(joins.answers[0].unwrap().token.state, TokenState::Waiting);
}

#[test]
fn a_paused_queue_admits_nobody() {
    let mut state = state(10);
    state.policy.paused = true;
    assert_eq!(
        join_all(&mut state, &[ask(1)]).answers[0]
            .unwrap()
            .token
            .state,
        TokenState::Waiting
    );
    assert_eq!(state.admissions(), 0);
}

#[test]
fn rule_4_a_tick_fills_the_free_places_up_to_a_batch() {
    let of = |active, waiting| {
        QueueState {
            waiting,
            active,
            ..state(100)
        }
        .admissions()
    };
    assert_eq!(of(0, 50), 10, "a batch");
    assert_eq!(of(95, 50), 5, "the free places");
    assert_eq!(of(0, 3), 3, "those who wait");
    assert_eq!(of(120, 50), 0, "over capacity after it was lowered");
}

#[test]
fn rule_5_silence_counts_from_the_last_request_and_zero_turns_it_off() {
    let lag = Duration::seconds(2);
    assert_eq!(
        TIMES.silent_since(NOON, lag),
        Some(NOON - Duration::seconds(62))
    );
    let off = QueueTimes {
        no_show_after: Duration::ZERO,
        ..TIMES
    };
    assert_eq!(off.silent_since(NOON, lag), None);
}

#[test]
fn rule_5_a_time_without_ticks_is_nobodys_silence() {
    let (lag, due) = (Duration::seconds(10), NOON);
    let heard = |late| TIMES.heard_until(NOON + late, due, lag);
    assert_eq!(heard(Duration::seconds(10)), None);
    let now = NOON + Duration::seconds(90);
    let until = heard(Duration::seconds(90)).unwrap();
    assert_eq!(until, now - Duration::MINUTE);
    assert!(until > TIMES.silent_since(now, lag).unwrap());
    assert!(
        until <= TIMES.silent_since(now + lag, lag).unwrap(),
        "for the lag only"
    );
    let off = QueueTimes {
        no_show_after: Duration::ZERO,
        ..TIMES
    };
    assert_eq!(off.heard_until(now, due, lag), None);
}

#[test]
fn a_policy_that_nobody_can_mean_is_refused() {
    let policy = state(1).policy;
    let batch = PolicyChange {
        admission_batch: Some(0),
        ..Default::default()
    };
    assert_eq!(policy.with(batch), Err(InvalidPolicy::Batch));
    let capacity = PolicyChange {
        capacity: Some(1_000_001),
        ..Default::default()
    };
    assert_eq!(policy.with(capacity), Err(InvalidPolicy::Capacity));
    let pause = PolicyChange {
        paused: Some(true),
        ..Default::default()
    };
    assert_eq!(
        policy.with(pause),
        Ok(QueuePolicy {
            paused: true,
            ..policy
        })
    );
}

#[test]
fn rule_6_the_wait_follows_the_measured_rate_and_is_unknown_before_there_is_one() {
    let mut rate = AdmissionRate::default();
    assert_eq!(rate.wait_for(1, NOON), None);
    for second in 0..10 {
        rate.admitted(NOON + Duration::seconds(second), 100);
    }
    let now = NOON + Duration::seconds(10);
    assert_eq!(rate.wait_for(1000, now), Some(Duration::seconds(10)));
    assert_eq!(
        rate.wait_for(1000, now + Duration::HOUR),
        None,
        "an old rate says nothing"
    );
}

#[test]
fn rule_6_a_rate_is_measured_within_the_last_minute_and_remembered_no_longer() {
    let mut rate = AdmissionRate::default();
    rate.admitted(NOON, 100);
    assert_eq!(rate.wait_for(1, NOON + Duration::MINUTE), None);
    for second in 1..200 {
        rate.admitted(NOON + Duration::seconds(second), 100);
    }
    assert_eq!(rate.recent.len(), 61);
}

#[test]
fn a_policy_reaches_its_limits() {
    let policy = QueuePolicy {
        capacity: 0,
        admission_batch: 1,
        paused: false,
    };
    let with = |capacity, batch| {
        policy.with(PolicyChange {
            capacity: Some(capacity),
            admission_batch: Some(batch),
            paused: None,
        })
    };
    let (most, largest) = (QueuePolicy::MOST_CAPACITY, QueuePolicy::MOST_BATCH);
    assert!(with(most, largest).is_ok());
    assert_eq!(with(most + 1, 1), Err(InvalidPolicy::Capacity));
    assert_eq!(with(1, largest + 1), Err(InvalidPolicy::Batch));
    assert_eq!(with(1, 0), Err(InvalidPolicy::Batch));
}

proptest! {
    #[test]
    fn however_people_join_the_counts_add_up_and_capacity_holds(
        capacity in 0u32..20,
        who in proptest::collection::vec(0u128..30, 0..80),
    ) {
        let mut state = state(capacity);
        let requests: Vec<_> = who.iter().map(|n| ask(*n)).collect();
        let joins = join_all(&mut state, &requests);
        let issued: Vec<_> = joins.answers.iter().filter_map(|a| a.ok()).collect();
        let distinct: HashSet<_> = who.iter().collect();
        prop_assert_eq!(issued.len(), distinct.len());
        prop_assert!(state.active <= u64::from(capacity));
        prop_assert_eq!(state.active + state.waiting, issued.len() as u64);
        for (n, token) in issued.iter().enumerate() {
            prop_assert_eq!(token.token.pass.ticket.get(), n as u64 + 1);
        }
    }
}
