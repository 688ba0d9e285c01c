use super::*;
use crate::{
    events::{EventKind, endpoint::tests::endpoint},
    id::EventId,
};
use time::macros::datetime;

const NOON: OffsetDateTime = datetime!(2026-01-01 12:00 UTC);

const RULES: RetryRules = RetryRules {
    base: Duration::seconds(5),
    tries: RetryRules::MOST_TRIES,
    timeout: Duration::seconds(15),
};

fn event(position: u64, subject: u128) -> Told {
    Told {
        position,
        id: EventId::new(Uuid::from_u128(u128::from(position))),
        kind: EventKind::ReservationHeld.name().into(),
        subject: Uuid::from_u128(subject),
        occurred_at: NOON,
        data: "{}".into(),
    }
}

fn claim(events: Vec<Told>) -> Claim {
    Claim {
        lease: Uuid::from_u128(9),
        endpoint: endpoint(None),
        failures: 0,
        position: events.last().map_or(0, |event| event.position),
        events,
        due: Vec::new(),
        blocked: BTreeSet::new(),
    }
}

fn letter(position: u64, subject: u128, tries: u32) -> Letter {
    let event = event(position, subject);
    Letter { event, tries }
}

fn positions(trains: &[Train]) -> Vec<Vec<u64>> {
    let of = |train: &Train| train.iter().map(|letter| letter.event.position).collect();
    trains.iter().map(of).collect()
}

fn refused() -> Answer {
    Answer::Refused("500".into())
}

/// A round with these answers.
fn settled(claim: &Claim, answers: &[&[Answer]]) -> Settlement {
    let answers = answers.iter().map(|answers| answers.to_vec()).collect();
    claim.settle(NOON, &RULES, claim.trains(), answers, 0)
}

fn parked(settlement: &Settlement) -> Vec<(u64, u32, Option<Duration>)> {
    let of = |parked: &Parked| {
        let wait = parked.died_at.is_none().then(|| parked.next_try_at - NOON);
        (parked.letter.event.position, parked.letter.tries, wait)
    };
    settlement.parked.iter().map(of).collect()
}

#[test]
fn events_of_a_subject_follow_each_other_and_subjects_do_not_wait() {
    let claim = claim(vec![event(1, 7), event(2, 8), event(3, 7)]);
    assert_eq!(positions(&claim.trains()), [vec![1, 3], vec![2]]);
}

#[test]
fn what_is_accepted_moves_the_stream_on() {
    let claim = claim(vec![event(1, 7), event(2, 8)]);
    let settlement = settled(&claim, &[&[Answer::Accepted], &[Answer::Accepted]]);
    assert_eq!((settlement.position, settlement.failures), (2, 0));
    assert_eq!(settlement.delivered, [1, 2]);
    assert_eq!((settlement.parked, settlement.error), (vec![], None));
    assert_eq!(settlement.next_try_at, NOON);
}

#[test]
fn a_refused_event_is_tried_again_and_only_those_of_its_subject_wait_behind_it() {
    let claim = claim(vec![event(1, 7), event(2, 8), event(3, 7)]);
    let settlement = settled(&claim, &[&[refused()], &[Answer::Accepted]]);
    assert_eq!((settlement.position, settlement.failures), (3, 0));
    assert_eq!(settlement.delivered, [2]);
    assert_eq!(settlement.error, None, "it accepts something");
    let wait = Duration::seconds(5);
    let expected = [(1, 1, Some(wait)), (3, 0, Some(Duration::ZERO))];
    assert_eq!(parked(&settlement), expected);
}

#[test]
fn nothing_overtakes_a_letter_of_its_subject() {
    let mut claim = claim(vec![event(5, 7), event(6, 8)]);
    claim.due = vec![letter(1, 7, 2)];
    claim.blocked = [Uuid::from_u128(7)].into();
    assert_eq!(positions(&claim.trains()), [[1], [6]]);
    let settlement = settled(&claim, &[&[Answer::Accepted], &[Answer::Accepted]]);
    assert_eq!(settlement.delivered, [1, 6]);
    assert_eq!(parked(&settlement), [(5, 0, Some(Duration::ZERO))]);
}

#[test]
fn what_there_was_no_time_for_is_a_letter_that_was_not_tried() {
    let claim = claim(vec![event(1, 7), event(2, 8)]);
    let settlement = settled(&claim, &[&[Answer::Accepted], &[]]);
    assert_eq!(parked(&settlement), [(2, 0, Some(Duration::ZERO))]);
    assert_eq!(settlement.failures, 0);
    let none = settled(&claim, &[&[], &[]]);
    assert_eq!((none.failures, none.next_try_at), (0, NOON));
}

#[test]
fn an_endpoint_that_accepts_nothing_is_left_alone_for_a_while_and_asked_with_little() {
    let mut claim = claim(vec![event(1, 7)]);
    for (failures, pause) in [(1, 5), (2, 300), (3, 300)] {
        let settlement = settled(&claim, &[&[refused()]]);
        assert_eq!(settlement.failures, failures);
        let pause = Duration::seconds(pause);
        assert_eq!(settlement.next_try_at - NOON, pause);
        assert_eq!(settlement.error.as_deref(), Some("500"));
        claim.failures = failures;
    }
    assert!(most_at_once(3) < most_at_once(0));
    assert_eq!(settled(&claim, &[&[Answer::Accepted]]).failures, 0);
}

#[test]
fn the_waits_are_those_of_standard_webhooks_and_after_the_last_try_an_event_is_dead() {
    let (mut claim, mut waits) = (claim(vec![]), Vec::new());
    for tries in 0..10 {
        claim.due = vec![letter(1, 7, tries)];
        let settlement = settled(&claim, &[&[refused()]]);
        waits.push(parked(&settlement)[0].2.map(Duration::whole_seconds));
    }
    let hour = 3_600;
    let expected = [
        5,
        300,
        1_800,
        2 * hour,
        5 * hour,
        10 * hour,
        14 * hour,
        20 * hour,
        24 * hour,
    ];
    assert_eq!(waits[..9], expected.map(Some));
    assert_eq!(waits[9], None, "dead");
    let few = RetryRules { tries: 3, ..RULES };
    assert!(few.wait_after(2, 0).is_some() && few.wait_after(3, 0).is_none());
}

#[test]
fn luck_adds_up_to_a_fifth() {
    let wait = |luck| RULES.wait_after(1, luck).unwrap();
    assert_eq!(wait(0), Duration::seconds(5));
    assert!(wait(128) > wait(0) && wait(255) > wait(128));
    assert!(wait(255) < Duration::seconds(6));
}

#[test]
fn an_endpoint_that_is_gone_is_disabled_and_keeps_what_it_was_not_brought() {
    let claim = claim(vec![event(1, 7), event(2, 7)]);
    let settlement = settled(&claim, &[&[Answer::Gone]]);
    assert_eq!(settlement.disabled_at, Some(NOON));
    assert_eq!(settlement.parked.len(), 2);
}

#[test]
fn what_an_endpoint_does_not_want_is_passed_over() {
    let mut claim = claim(vec![event(1, 7), event(2, 8)]);
    claim.endpoint = endpoint(Some(vec![EventKind::QueueAdmitted]));
    claim.blocked = [Uuid::from_u128(8)].into();
    assert!(claim.trains().is_empty());
    let settlement = settled(&claim, &[]);
    assert_eq!((settlement.position, settlement.failures), (2, 0));
    assert_eq!(settlement.parked, []);
}

#[test]
fn a_lease_outlasts_the_longest_round() {
    assert!(RULES.lease() > RULES.timeout * 2);
}
