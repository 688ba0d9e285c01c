//! Webhook endpoints: who delivers what, what came of it, and what happens when nobody comes back.

use std::collections::BTreeSet;

use adapters_postgres::Adapters;
use domain::{
    events::{
        Answer, Claim, Endpoint, EndpointReport, EndpointState, EventKind, RetryRules, Secret,
        Settlement,
    },
    id::{EndpointId, EventId},
};
use futures_util::future::join_all;
use time::Duration;

use crate::{
    fixture::{Fixture, OPERATOR, id, shoppers},
    operators::log,
};

const RULES: RetryRules = RetryRules {
    base: Duration::seconds(5),
    tries: 3,
    timeout: Duration::seconds(15),
};

/// A new endpoint for all events.
pub async fn endpoint(process: &Adapters, url: &str) -> EndpointId {
    wanting(process, url, None).await.endpoint.id
}

async fn wanting(process: &Adapters, url: &str, kinds: Option<Vec<EventKind>>) -> EndpointReport {
    let endpoint = Endpoint {
        id: EndpointId::new(id()),
        url: url.into(),
        kinds,
        secret: Secret::new([7; 32]),
        created_at: process.clock.now(),
    };
    process.mailroom.add(OPERATOR, endpoint).await.unwrap()
}

/// A process with an endpoint for all events, of which there are so many.
async fn posting(events: usize) -> (Fixture, Adapters, EndpointId) {
    let fixture = Fixture::new().await;
    let process = fixture.process().await;
    let id = endpoint(&process, "https://a.example").await;
    shoppers(&process, events).await;
    (fixture, process, id)
}

/// Accepts all but the second event.
fn poison(position: u64) -> Answer {
    if position == 2 {
        refused(position)
    } else {
        Answer::Accepted
    }
}

/// Sends one dead letter again, or all of them; tells how many.
async fn redeliver(process: &Adapters, id: EndpointId, event: Option<EventId>) -> u64 {
    let sent = process.mailroom.redeliver(OPERATOR, id, event).await;
    sent.unwrap()
}

async fn claim(process: &Adapters) -> Option<Claim> {
    while process.event_log.number().await.unwrap() > 0 {}
    process.mailroom.claim(id(), RULES.lease()).await.unwrap()
}

/// What comes of a claim when each event is answered as `answer` says.
fn settlement(process: &Adapters, claim: &Claim, answer: impl Fn(u64) -> Answer) -> Settlement {
    let trains = claim.trains();
    let answers = trains.iter().map(|train| {
        let mut answers = Vec::new();
        for letter in train {
            answers.push(answer(letter.event.position));
            if answers.last() != Some(&Answer::Accepted) {
                break;
            }
        }
        answers
    });
    let answers = answers.collect();
    claim.settle(process.clock.now(), &RULES, trains, answers, 0)
}

/// A round in which each event is answered as `answer` says, and the positions that were sent.
async fn round(process: &Adapters, answer: impl Fn(u64) -> Answer) -> Option<Vec<u64>> {
    let claim = claim(process).await?;
    let sent = claim.trains().into_iter().flatten();
    let sent = sent.map(|letter| letter.event.position).collect();
    let settlement = settlement(process, &claim, answer);
    assert!(process.mailroom.settle(settlement).await.unwrap());
    Some(sent)
}

fn accepted(_: u64) -> Answer {
    Answer::Accepted
}

fn refused(_: u64) -> Answer {
    Answer::Refused("500".into())
}

async fn report(process: &Adapters, id: EndpointId) -> EndpointReport {
    process.mailroom.find(id).await.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_gets_what_happens_after_it_was_registered() {
    let fixture = Fixture::new().await;
    let [here, there] = fixture.processes().await;
    shoppers(&here, 2).await;
    assert_eq!(here.event_log.number().await.unwrap(), 2);
    let kinds = Some(vec![EventKind::QueueAdmitted]);
    let made = wanting(&here, "https://a.example/x", kinds).await;
    assert_eq!((made.position, made.state()), (2, EndpointState::Active));
    let all = there.mailroom.list().await.unwrap();
    assert_eq!((all.len(), &all[0]), (1, &made));
    assert_eq!(claim(&here).await, None);
    shoppers(&here, 2).await;
    assert_eq!(round(&there, accepted).await, Some(vec![3, 4]));
    let after = report(&here, made.endpoint.id).await;
    assert_eq!((after.position, after.oldest_undelivered), (4, None));
    assert_eq!(round(&here, accepted).await, None);
    assert!(
        here.mailroom
            .remove(OPERATOR, made.endpoint.id)
            .await
            .unwrap()
    );
    assert!(
        !there
            .mailroom
            .remove(OPERATOR, made.endpoint.id)
            .await
            .unwrap()
    );
    assert_eq!(there.mailroom.find(made.endpoint.id).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_processes_that_all_want_to_deliver_one_does() {
    let fixture = Fixture::new().await;
    let processes = fixture.processes().await;
    endpoint(&processes[0], "https://a.example").await;
    shoppers(&processes[0], 2).await;
    assert_eq!(processes[0].event_log.number().await.unwrap(), 2);
    let claims = join_all((0..20).map(|n| processes[n % 2].mailroom.claim(id(), RULES.lease())));
    let claims: Vec<_> = claims
        .await
        .into_iter()
        .filter_map(Result::unwrap)
        .collect();
    assert_eq!(claims.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn when_a_deliverer_does_not_come_back_another_goes_on_and_a_late_one_changes_nothing() {
    let fixture = Fixture::new().await;
    let [here, there] = fixture.processes().await;
    let id = endpoint(&here, "https://a.example").await;
    shoppers(&here, 2).await;
    let lost = claim(&here).await.unwrap();
    assert_eq!(claim(&there).await, None, "it is leased");
    fixture.clock.advance(RULES.lease());
    let second = claim(&there).await.unwrap();
    assert_eq!(second.trains(), lost.trains(), "all of it again");
    let late = settlement(&here, &lost, refused);
    assert!(!here.mailroom.settle(late).await.unwrap());
    assert_eq!(report(&here, id).await.position, 0);
    let done = settlement(&there, &second, accepted);
    assert!(there.mailroom.settle(done.clone()).await.unwrap());
    assert!(!there.mailroom.settle(done).await.unwrap(), "only once");
    let after = report(&here, id).await;
    assert_eq!((after.position, after.failures, after.waiting), (2, 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_event_is_tried_again_until_it_is_dead_and_the_stream_goes_on() {
    let (fixture, process, id) = posting(3).await;
    assert_eq!(round(&process, poison).await, Some(vec![1, 2, 3]));
    let waiting = report(&process, id).await;
    assert_eq!((waiting.position, waiting.waiting, waiting.dead), (3, 1, 0));
    assert_eq!(waiting.state(), EndpointState::Active);
    assert!(waiting.oldest_undelivered.is_some());
    assert_eq!(round(&process, poison).await, None, "not yet");
    fixture.clock.advance(Duration::seconds(5));
    assert_eq!(round(&process, poison).await, Some(vec![2]));
    shoppers(&process, 1).await;
    assert_eq!(
        round(&process, poison).await,
        None,
        "it accepts nothing for now"
    );
    fixture.clock.advance(Duration::minutes(5));
    assert_eq!(round(&process, poison).await, Some(vec![2, 4]));
    let after = report(&process, id).await;
    assert_eq!((after.position, after.waiting, after.dead), (4, 0, 1));
    fixture.clock.advance(Duration::days(3));
    assert_eq!(round(&process, poison).await, None, "dead");

    // Old events are forgotten, dead letters are not.
    process.event_log.forget(Duration::DAY).await.unwrap();
    let other = Some(EventId::new(crate::fixture::id()));
    assert_eq!(redeliver(&process, id, other).await, 0);
    assert_eq!(redeliver(&process, id, None).await, 1);
    let claim = claim(&process).await.unwrap();
    assert_eq!((claim.due[0].event.position, claim.due[0].tries), (2, 0));
    assert!(claim.due[0].event.data.contains("ticket"));
    let done = settlement(&process, &claim, accepted);
    assert!(process.mailroom.settle(done).await.unwrap());
    let after = report(&process, id).await;
    assert_eq!(
        (after.waiting, after.dead, after.oldest_undelivered),
        (0, 0, None)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_dead_letter_can_be_redelivered_by_its_event() {
    let (fixture, process, id) = posting(2).await;
    for _ in 0..3 {
        round(&process, refused).await.unwrap();
        fixture.clock.advance(Duration::minutes(5));
    }
    let dead = report(&process, id).await;
    assert_eq!((dead.dead, dead.state()), (2, EndpointState::Failing));
    assert_eq!(dead.last_error.as_deref(), Some("500"));
    let events = process.event_log.after(0, 10).await.unwrap();
    assert_eq!(redeliver(&process, id, Some(events[1].id)).await, 1);
    assert_eq!(round(&process, accepted).await, Some(vec![2]));
    assert_eq!(report(&process, id).await.dead, 1);

    assert!(process.mailroom.remove(OPERATOR, id).await.unwrap());
    let logged = log(&process).await;
    let logged: Vec<_> = logged
        .iter()
        .map(|entry| (entry.action.as_str(), entry.details.as_str()))
        .collect();
    let registered = r#"{"url": "https://a.example", "events": null}"#;
    assert_eq!(
        logged[..3],
        [
            ("webhook.removed", "{}"),
            ("webhook.redelivered", r#"{"letters": 1}"#),
            ("webhook.created", registered),
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn events_of_a_subject_wait_behind_its_letter_and_come_in_order() {
    let (fixture, process, id) = posting(0).await;
    let show = crate::fixture::schedule(&process, 9).await;
    let pass = crate::fixture::shopper(&process).await;
    crate::fixture::charge(&process, pass.user_id, 50_000).await;
    let held = crate::fixture::hold(&process, pass, show, [1])
        .await
        .unwrap();
    assert_eq!(round(&process, poison).await, Some(vec![1, 2]));
    crate::fixture::pay(&process, pass, held.id).await.unwrap();
    shoppers(&process, 1).await;
    assert_eq!(
        round(&process, accepted).await,
        Some(vec![5]),
        "others go on"
    );
    let waiting = report(&process, id).await;
    assert_eq!((waiting.position, waiting.waiting), (5, 3));
    assert_eq!(round(&process, accepted).await, None, "not before its time");
    fixture.clock.advance(Duration::seconds(5));
    let mut order = Vec::new();
    while let Some(sent) = round(&process, accepted).await {
        order.extend(sent);
    }
    assert_eq!(order, [2, 3, 4]);
    assert_eq!(report(&process, id).await.waiting, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_there_was_no_time_for_comes_before_more_of_the_stream() {
    let (_fixture, process, id) = posting(120).await;
    let claimed = claim(&process).await.unwrap();
    let trains = claimed.trains();
    assert_eq!(trains.len(), 100);
    let untried = vec![Vec::new(); trains.len()];
    let none = claimed.settle(process.clock.now(), &RULES, trains, untried, 0);
    assert!(process.mailroom.settle(none).await.unwrap());
    let waiting = report(&process, id).await;
    assert_eq!((waiting.position, waiting.waiting), (100, 100));
    let mut sent = round(&process, accepted).await.unwrap();
    sent.sort_unstable();
    assert_eq!(sent, (1..=100).collect::<Vec<_>>());
    assert_eq!(report(&process, id).await.position, 100);
    let rest = round(&process, accepted).await.unwrap();
    assert_eq!(rest, (101..=120).collect::<Vec<_>>());
    assert_eq!(round(&process, accepted).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_gone_is_left_alone_until_the_operator_redelivers() {
    let (fixture, process, id) = posting(1).await;
    assert_eq!(round(&process, |_| Answer::Gone).await, Some(vec![1]));
    fixture.clock.advance(Duration::HOUR);
    shoppers(&process, 1).await;
    assert_eq!(round(&process, accepted).await, None);
    let gone = report(&process, id).await;
    assert_eq!((gone.state(), gone.waiting), (EndpointState::Disabled, 1));
    fixture.clock.advance(Duration::DAY);
    let forgotten = process.event_log.forget(Duration::HOUR).await;
    assert_eq!(forgotten.unwrap(), 2, "it holds nothing up");
    shoppers(&process, 1).await;
    assert_eq!(redeliver(&process, id, None).await, 0);
    let sent: BTreeSet<_> = round(&process, accepted)
        .await
        .unwrap()
        .into_iter()
        .collect();
    assert_eq!(sent, [1, 3].into(), "its letter, and what is still there");
    assert_eq!(report(&process, id).await.state(), EndpointState::Active);
}
