//! Loads: many connections, each sending its next request when the last is answered, or at a fixed
//! rate whatever the answers do.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::Result;
use hdrhistogram::Histogram;
use tokio::task::JoinSet;

use crate::http::{Connection, Request};

/// How a load went.
#[derive(Clone)]
pub struct Outcome {
    /// How long it took.
    pub took: Duration,
    /// How many answers had the status that counts as success.
    pub successes: u64,
    /// How many had another.
    pub failures: u64,
    /// From when a request was due to when it was answered, in microseconds.
    pub latency: Histogram<u64>,
}

impl Outcome {
    fn empty() -> Self {
        let latency = Histogram::new_with_bounds(1, 60_000_000, 3)
            .unwrap_or_else(|_| unreachable!("the bounds are valid"));
        Self {
            took: Duration::ZERO,
            successes: 0,
            failures: 0,
            latency,
        }
    }

    /// Successes a second.
    pub fn rate(&self) -> f64 {
        #[allow(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
        let successes = self.successes as f64;
        successes / self.took.as_secs_f64()
    }

    /// A percentile of the latency.
    pub fn percentile(&self, percentile: f64) -> Duration {
        Duration::from_micros(self.latency.value_at_percentile(percentile))
    }

    fn note(&mut self, success: bool, took: Duration) {
        if success {
            self.successes += 1;
        } else {
            self.failures += 1;
        }
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.latency.saturating_record(micros.max(1));
    }

    fn merge(&mut self, other: &Self) {
        self.successes += other.successes;
        self.failures += other.failures;
        // Both have the same bounds.
        let _ = self.latency.add(&other.latency);
    }
}

/// What to send: the request with each number, until there are no more.
pub trait Requests: Send + Sync + 'static {
    /// The request with this number; `None` ends the connection that asked.
    fn get(&self, number: usize) -> Option<&Request>;
}

/// Each request once.
pub struct Once(pub Vec<Request>);

impl Requests for Once {
    fn get(&self, number: usize) -> Option<&Request> {
        self.0.get(number)
    }
}

/// The same requests over and over.
pub struct Cycle(pub Vec<Request>);

impl Requests for Cycle {
    fn get(&self, number: usize) -> Option<&Request> {
        self.0.get(number % self.0.len().max(1))
    }
}

/// As fast as the answers come, on so many connections, until the requests or the time run out.
pub async fn closed(
    server: SocketAddr,
    connections: usize,
    requests: Arc<impl Requests>,
    success: u16,
    limit: Duration,
) -> Result<Outcome> {
    let next = Arc::new(AtomicUsize::new(0));
    let opened = open(server, connections).await?;
    let started = Instant::now();
    let end = started + limit;
    let mut running = JoinSet::new();
    for mut connection in opened {
        let (requests, next) = (requests.clone(), next.clone());
        running.spawn(async move {
            let mut outcome = Outcome::empty();
            let mut sent = Instant::now();
            while sent < end
                && let Some(request) = requests.get(next.fetch_add(1, Ordering::Relaxed))
            {
                let status = connection.send(request).await?;
                let answered = Instant::now();
                outcome.note(status == success, answered - sent);
                sent = answered;
            }
            anyhow::Ok(outcome)
        });
    }
    gather(running, started).await
}

/// At `rate` requests a second over all connections, however slow the answers are. A latency is
/// counted from when its request was due, so a stall counts against every request that it delays
/// (no coordinated omission).
pub async fn fixed(
    server: SocketAddr,
    connections: usize,
    requests: Arc<impl Requests>,
    success: u16,
    rate: f64,
    limit: Duration,
) -> Result<Outcome> {
    let next = Arc::new(AtomicUsize::new(0));
    let opened = open(server, connections).await?;
    let started = Instant::now();
    let mut running = JoinSet::new();
    for mut connection in opened {
        let (requests, next) = (requests.clone(), next.clone());
        running.spawn(async move {
            let mut outcome = Outcome::empty();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                #[allow(clippy::cast_precision_loss, reason = "numbers are far below 2^52")]
                let due = Duration::from_secs_f64(number as f64 / rate);
                let Some(request) = requests.get(number).filter(|_| due < limit) else {
                    return anyhow::Ok(outcome);
                };
                tokio::time::sleep_until((started + due).into()).await;
                let status = connection.send(request).await?;
                outcome.note(status == success, started.elapsed().saturating_sub(due));
            }
        });
    }
    gather(running, started).await
}

async fn open(server: SocketAddr, connections: usize) -> Result<Vec<Connection>> {
    let mut opened = Vec::with_capacity(connections);
    for _ in 0..connections {
        opened.push(Connection::open(server).await?);
    }
    Ok(opened)
}

async fn gather(mut running: JoinSet<Result<Outcome>>, started: Instant) -> Result<Outcome> {
    let mut all = Outcome::empty();
    while let Some(outcome) = running.join_next().await {
        all.merge(&outcome??);
    }
    all.took = started.elapsed();
    Ok(all)
}

/// The one in the middle.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
