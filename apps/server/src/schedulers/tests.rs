use domain::{
    clock::FixedClock,
    queue::{MockTokenQueue, Tick},
    reservations::MockSeatStore,
    storage::StorageError,
};
use time::{OffsetDateTime, macros::datetime};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::*;

const NOW: OffsetDateTime = datetime!(2026-05-01 12:00 UTC);
const SOON: Duration = Duration::from_millis(1);
const NEVER: Duration = Duration::from_hours(1000);

struct Rounds {
    ticks: UnboundedReceiver<()>,
    sweeps: UnboundedReceiver<()>,
    running: Schedulers,
}

/// Schedulers over ports that answer what is given, and tell of every call.
fn start(
    tick: impl Fn() -> Result<Tick, StorageError> + Send + 'static,
    swept: impl Fn() -> Result<u64, StorageError> + Send + 'static,
    intervals: Intervals,
) -> Rounds {
    fn told<T>(tell: &UnboundedSender<()>, answer: T) -> T {
        let _ = tell.send(());
        answer
    }
    let (tell_tick, ticks) = unbounded_channel();
    let (tell_sweep, sweeps) = unbounded_channel();
    let mut tokens = MockTokenQueue::new();
    tokens
        .expect_tick()
        .returning(move || told(&tell_tick, tick()));
    let mut seats = MockSeatStore::new();
    seats
        .expect_sweep()
        .returning(move || told(&tell_sweep, swept()));
    let clock = Arc::new(FixedClock::at(NOW));
    let running = Schedulers::start(Arc::new(tokens), Arc::new(seats), clock, intervals);
    Rounds {
        ticks,
        sweeps,
        running,
    }
}

fn due(next_due: OffsetDateTime) -> Tick {
    Tick {
        ended: 0,
        admitted: 0,
        next_due,
    }
}

fn failure() -> StorageError {
    StorageError::unavailable("gone")
}

async fn several(rounds: &mut UnboundedReceiver<()>) {
    for _ in 0..3 {
        rounds.recv().await.unwrap();
    }
}

#[tokio::test]
async fn people_are_let_in_when_it_is_due() {
    let intervals = Intervals {
        admission: NEVER,
        sweep: NEVER,
    };
    let mut rounds = start(|| Ok(due(NOW + SOON)), || Ok(0), intervals);
    several(&mut rounds.ticks).await;
    rounds.running.stop().await;
}

#[tokio::test]
async fn another_server_with_a_longer_interval_does_not_slow_this_one_down() {
    let intervals = Intervals {
        admission: SOON,
        sweep: NEVER,
    };
    let mut rounds = start(|| Ok(due(NOW + NEVER)), || Ok(0), intervals);
    several(&mut rounds.ticks).await;
    rounds.running.stop().await;
}

#[tokio::test]
async fn a_due_time_in_the_past_is_no_reason_to_run_hot() {
    let intervals = Intervals {
        admission: NEVER,
        sweep: NEVER,
    };
    let start_of_test = tokio::time::Instant::now();
    let mut rounds = start(|| Ok(due(NOW - NEVER)), || Ok(0), intervals);
    several(&mut rounds.ticks).await;
    assert!(start_of_test.elapsed() >= 2 * BREATH);
    rounds.running.stop().await;
}

#[tokio::test]
async fn holds_that_are_over_are_swept_every_interval() {
    let intervals = Intervals {
        admission: NEVER,
        sweep: SOON,
    };
    let mut rounds = start(|| Ok(due(NOW + NEVER)), || Ok(2), intervals);
    several(&mut rounds.sweeps).await;
    rounds.running.stop().await;
}

#[tokio::test]
async fn a_failure_ends_nothing() {
    let intervals = Intervals {
        admission: SOON,
        sweep: SOON,
    };
    let mut rounds = start(|| Err(failure()), || Err(failure()), intervals);
    several(&mut rounds.ticks).await;
    several(&mut rounds.sweeps).await;
    rounds.running.stop().await;
}

#[tokio::test]
async fn told_to_stop_they_stop_at_once() {
    let intervals = Intervals {
        admission: NEVER,
        sweep: NEVER,
    };
    let mut rounds = start(|| Ok(due(NOW + NEVER)), || Ok(0), intervals);
    rounds.ticks.recv().await.unwrap();
    rounds.running.stop().await;
    assert_eq!(
        rounds.ticks.recv().await,
        None,
        "the port is no longer held"
    );
}
