use super::*;
use domain::{
    clock::FixedClock,
    events::{Claim, Endpoint, MockCourier, MockEventLog, MockMailroom, RetryRules, Secret},
    id::{CountingIds, EndpointId},
    storage::StorageError,
};
use time::macros::datetime;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use uuid::Uuid;

const NOON: time::OffsetDateTime = datetime!(2026-01-01 12:00 UTC);

fn claim(lease: Uuid) -> Claim {
    Claim {
        lease,
        endpoint: Endpoint {
            id: EndpointId::new(Uuid::nil()),
            url: "https://receiver.example".into(),
            kinds: None,
            secret: Secret::new([7; 32]),
            created_at: NOON,
        },
        failures: 0,
        events: Vec::new(),
        position: 0,
        due: Vec::new(),
        blocked: std::collections::BTreeSet::new(),
    }
}

/// Posting over ports that have `rounds` rounds to do, after `failures` failures; tells of each round
/// that is settled.
fn start(rounds: usize, failures: usize) -> (UnboundedReceiver<()>, Posting) {
    let (tell, settled) = unbounded_channel();
    let mut log = MockEventLog::new();
    let mut left = failures;
    log.expect_number().returning(move || {
        let fails = left > 0;
        left = left.saturating_sub(1);
        if fails {
            return Err(StorageError::unavailable("away"));
        }
        Ok(0)
    });
    let (mut mailroom, mut courier) = (MockMailroom::new(), MockCourier::new());
    let mut left = rounds;
    mailroom.expect_claim().returning(move |lease, _| {
        let some = left > 0;
        left = left.saturating_sub(1);
        Ok(some.then(|| claim(lease)))
    });
    courier.expect_deliver().returning(|_, _| Vec::new());
    mailroom.expect_settle().returning(move |_| {
        let _ = tell.send(());
        Ok(true)
    });
    let rules = RetryRules {
        base: time::Duration::SECOND,
        tries: 3,
        timeout: time::Duration::SECOND,
    };
    let (clock, ids) = (
        Arc::new(FixedClock::at(NOON)),
        Arc::<CountingIds>::default(),
    );
    let postman = Postman::new(Arc::new(mailroom), Arc::new(courier), clock, ids, rules);
    let kept = Duration::from_hours(1);
    let posting = Posting::start(Arc::new(log), postman, kept, CancellationToken::new());
    (settled, posting)
}

#[tokio::test]
async fn whatever_there_is_to_deliver_is_delivered_also_more_than_goes_at_a_time() {
    let (mut settled, posting) = start(AT_ONCE * 2 + 1, 0);
    for _ in 0..=AT_ONCE * 2 {
        settled.recv().await.unwrap();
    }
    posting.stop().await;
    assert_eq!(settled.recv().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_no_reason_to_stop() {
    let (mut settled, posting) = start(1, 3);
    settled.recv().await.unwrap();
    posting.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_old_is_forgotten_from_time_to_time() {
    let (tell, mut forgotten) = unbounded_channel();
    let mut log = MockEventLog::new();
    log.expect_forget().returning(move |age| {
        let _ = tell.send(age);
        Ok(0)
    });
    let stop = CancellationToken::new();
    let forgetting = tokio::spawn(forget(Arc::new(log), Duration::from_hours(7), stop.clone()));
    for _ in 0..2 {
        assert_eq!(forgotten.recv().await, Some(time::Duration::hours(7)));
    }
    stop.cancel();
    forgetting.await.unwrap();
}
