//! What every server process does by itself, from time to time. There is no leader: the database
//! knows whether something is due, and whoever comes first does it.

use std::{sync::Arc, time::Duration};

use adapters_postgres::Trouble;
use domain::{
    cancellation::Cancellations, clock::Clock, queue::TokenQueue, reservations::SeatStore,
};
use tokio::{task::JoinSet, time::sleep};
use tokio_util::sync::CancellationToken;

mod posting;

pub use posting::Posting;

/// The least time between two rounds, whatever the clocks say.
const BREATH: Duration = Duration::from_millis(5);

/// How often.
#[derive(Clone, Copy, Debug)]
pub struct Intervals {
    /// Between two looks at the queue, at most.
    pub admission: Duration,
    /// Between two sweeps of holds that are over.
    pub sweep: Duration,
    /// Between two looks for dates that were called off.
    pub refunds: Duration,
}

/// The schedulers of this process.
pub struct Schedulers {
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

impl Schedulers {
    /// Starts them.
    pub fn start(
        tokens: Arc<dyn TokenQueue>,
        seats: Arc<dyn SeatStore>,
        cancellations: Arc<dyn Cancellations>,
        clock: Arc<dyn Clock>,
        intervals: Intervals,
    ) -> Self {
        let stop = CancellationToken::new();
        let mut tasks = JoinSet::new();
        tasks.spawn(admit(tokens, clock, intervals.admission, stop.clone()));
        tasks.spawn(sweep(seats, intervals.sweep, stop.clone()));
        tasks.spawn(refund(cancellations, intervals.refunds, stop.clone()));
        Self { stop, tasks }
    }

    /// Starts something else that goes on until it is told to stop.
    pub fn add<W>(&mut self, work: impl FnOnce(CancellationToken) -> W)
    where
        W: Future<Output = ()> + Send + 'static,
    {
        self.tasks.spawn(work(self.stop.clone()));
    }

    /// Lets each finish the round it is in.
    pub async fn stop(self) {
        self.stop.cancel();
        self.tasks.join_all().await;
    }
}

/// Lets people in whenever it is due (SPEC rule 4).
async fn admit(
    tokens: Arc<dyn TokenQueue>,
    clock: Arc<dyn Clock>,
    interval: Duration,
    stop: CancellationToken,
) {
    let mut trouble = Trouble::with("letting people in");
    loop {
        let tick = tokens.tick().await;
        trouble.note(&tick);
        let pause = match tick {
            Ok(tick) => {
                let wait = Duration::try_from(tick.next_due - clock.now()).unwrap_or_default();
                wait.min(interval)
            }
            Err(_) => interval,
        };
        if stopped_within(pause, &stop).await {
            return;
        }
    }
}

/// Tidies up holds that are over (SPEC rule 16).
async fn sweep(seats: Arc<dyn SeatStore>, interval: Duration, stop: CancellationToken) {
    let mut trouble = Trouble::with("tidying up holds that are over");
    while !stopped_within(interval, &stop).await {
        trouble.note(&seats.sweep().await);
    }
}

/// Refunds dates that were called off, batch after batch while there is anything to do. A batch is one
/// transaction, so stopping between two of them, or anywhere, leaves nothing to mend.
async fn refund(
    cancellations: Arc<dyn Cancellations>,
    interval: Duration,
    stop: CancellationToken,
) {
    let mut trouble = Trouble::with("refunding dates that were called off");
    loop {
        let ended = cancellations.proceed().await;
        trouble.note(&ended);
        let pause = match ended {
            Ok(1..) => Duration::ZERO,
            Ok(0) | Err(_) => interval,
        };
        if stopped_within(pause, &stop).await {
            return;
        }
    }
}

/// Pauses; `true` when told to stop meanwhile.
pub async fn stopped_within(pause: Duration, stop: &CancellationToken) -> bool {
    tokio::select! {
        biased;
        () = stop.cancelled() => true,
        () = sleep(pause.max(BREATH)) => false,
    }
}

#[cfg(test)]
mod tests;
