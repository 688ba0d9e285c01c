use domain::{
    cancellation::MockCancellations,
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
    refunds: UnboundedReceiver<()>,
    running: Schedulers,
}

/// Schedulers over ports that answer what is given, and tell of every call.
fn start(
    tick: impl Fn() -> Result<Tick, StorageError> + Send + 'static,
    swept: impl Fn() -> Result<u64, StorageError> + Send + 'static,
    intervals: Intervals,
) -> Rounds {
    start_with(tick, swept, || Ok(0), intervals)
}

fn start_with(
    tick: impl Fn() -> Result<Tick, StorageError> + Send + 'static,
    swept: impl Fn() -> Result<u64, StorageError> + Send + 'static,
    refunded: impl Fn() -> Result<u64, StorageError> + Send + 'static,
    intervals: Intervals,
) -> Rounds {
    fn told<T>(tell: &UnboundedSender<()>, answer: T) -> T {
        let _ = tell.send(());
        answer
    }
    let (tell_tick, ticks) = unbounded_channel();
    let (tell_sweep, sweeps) = unbounded_channel();
    let (tell_refund, refunds) = unbounded_channel();
    let mut tokens = MockTokenQueue::new();
    tokens
        .expect_tick()
        .returning(move || told(&tell_tick, tick()));
    let mut seats = MockSeatStore::new();
    seats
        .expect_sweep()
        .returning(move || told(&tell_sweep, swept()));
    let mut cancellations = MockCancellations::new();
    cancellations
        .expect_proceed()
        .returning(move || told(&tell_refund, refunded()));
    let clock = Arc::new(FixedClock::at(NOW));
    let running = Schedulers::start(
        Arc::new(tokens),
        Arc::new(seats),
        Arc::new(cancellations),
        clock,
        intervals,
    );
    Rounds {
        ticks,
        sweeps,
        refunds,
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
        refunds: NEVER,
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
        refunds: NEVER,
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
        refunds: NEVER,
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
        refunds: SOON,
    };
    let mut rounds = start(|| Ok(due(NOW + NEVER)), || Ok(2), intervals);
    several(&mut rounds.sweeps).await;
    rounds.running.stop().await;
}

#[tokio::test]
async fn refunds_go_on_batch_after_batch_while_there_is_anything_to_do() {
    let intervals = Intervals {
        admission: NEVER,
        sweep: NEVER,
        refunds: NEVER,
    };
    let tick = || Ok(due(NOW + NEVER));
    let mut rounds = start_with(tick, || Ok(0), || Ok(100), intervals);
    several(&mut rounds.refunds).await;
    rounds.running.stop().await;
}

#[tokio::test]
async fn dates_that_were_called_off_are_looked_for_every_interval() {
    let intervals = Intervals {
        admission: NEVER,
        sweep: NEVER,
        refunds: SOON,
    };
    let mut rounds = start(|| Ok(due(NOW + NEVER)), || Ok(0), intervals);
    several(&mut rounds.refunds).await;
    rounds.running.stop().await;
}

#[tokio::test]
async fn a_failure_ends_nothing() {
    let intervals = Intervals {
        admission: SOON,
        sweep: SOON,
        refunds: SOON,
    };
    let failing = || Err(failure());
    let mut rounds = start_with(|| Err(failure()), failing, failing, intervals);
    several(&mut rounds.ticks).await;
    several(&mut rounds.sweeps).await;
    several(&mut rounds.refunds).await;
    rounds.running.stop().await;
}

#[tokio::test]
async fn told_to_stop_they_stop_at_once() {
    let intervals = Intervals {
        admission: NEVER,
        sweep: NEVER,
        refunds: NEVER,
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
