//! Loads: many connections, each sending its next request when the last is answered, or at a fixed
//! rate whatever the answers do.
//!
//! The generator shares its cores with what it measures. So a load runs on threads of its own with
//! one small runtime each, where no task wanders and no sleeping worker is woken to steal one. One
//! thread does for whatever writes; it costs a fifth less CPU a request than two that share the work.

use std::{
    collections::BTreeMap,
    net::{SocketAddr, TcpStream},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use hdrhistogram::Histogram;
use load_client::latency::{microseconds, record};
use tokio::task::{JoinSet, spawn_blocking};

use crate::http::{self, Connection, Request};

mod pace;

pub use pace::Paced;

/// How a load went.
#[derive(Clone)]
pub struct Outcome {
    /// How long it took.
    pub took: Duration,
    /// How many answers had the status that counts as success.
    pub successes: u64,
    /// How many had another.
    pub failures: u64,
    /// How many answers had which other status.
    pub others: BTreeMap<u16, u64>,
    /// From when a request was due to when it was answered, in microseconds.
    pub latency: Histogram<u64>,
}

impl Outcome {
    fn empty() -> Self {
        Self {
            took: Duration::ZERO,
            successes: 0,
            failures: 0,
            others: BTreeMap::new(),
            latency: microseconds(),
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

    /// Fails unless every request succeeded.
    pub fn all_succeeded(&self) -> Result<()> {
        let (failures, others) = (self.failures, &self.others);
        ensure!(
            failures == 0,
            "{failures} requests failed; how many with which status: {others:?}"
        );
        Ok(())
    }

    fn note(&mut self, status: u16, success: u16, took: Duration) {
        if status == success {
            self.successes += 1;
        } else {
            self.failures += 1;
            *self.others.entry(status).or_default() += 1;
        }
        record(&mut self.latency, took);
    }

    fn merge(&mut self, other: &Self) {
        self.successes += other.successes;
        self.failures += other.failures;
        for (status, number) in &other.others {
            *self.others.entry(*status).or_default() += number;
        }
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

/// Connections that are open and warm, waiting for a load.
pub struct Crowd {
    connections: Vec<TcpStream>,
    threads: usize,
}

impl Crowd {
    /// So many connections to `server`, for one thread.
    pub async fn open(server: SocketAddr, connections: usize) -> Result<Self> {
        let connections = spawn_blocking(move || {
            let warm = (0..connections).map(|_| http::warm(server));
            warm.collect::<Result<Vec<_>>>()
        });
        Ok(Self {
            connections: connections.await??,
            threads: 1,
        })
    }

    /// The same for so many threads, where one would be the bottleneck.
    pub fn on_threads(self, threads: usize) -> Self {
        Self { threads, ..self }
    }

    /// As fast as the answers come, until the requests or the time run out.
    pub async fn closed(
        mut self,
        requests: Arc<impl Requests>,
        success: u16,
        limit: Duration,
    ) -> Result<Outcome> {
        let next = Arc::new(AtomicUsize::new(0));
        let share = self.connections.len().div_ceil(self.threads).max(1);
        let started = Instant::now();
        let mut threads = JoinSet::new();
        while !self.connections.is_empty() {
            let rest = self.connections.len().saturating_sub(share);
            let load = Closed {
                requests: requests.clone(),
                next: next.clone(),
                success,
                end: started + limit,
            };
            let connections = self.connections.split_off(rest);
            threads.spawn_blocking(move || on_this_thread(connections, &load));
        }
        let mut all = Outcome::empty();
        while let Some(outcome) = threads.join_next().await {
            all.merge(&outcome??);
        }
        all.took = started.elapsed();
        Ok(all)
    }
}

/// One thread's part of a load.
struct Closed<R> {
    requests: Arc<R>,
    next: Arc<AtomicUsize>,
    success: u16,
    end: Instant,
}

/// What the connections of a thread write their results into. It is locked for a moment by one
/// thread only.
type Shared<T> = Arc<Mutex<T>>;

fn open<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

fn on_this_thread(connections: Vec<TcpStream>, load: &Closed<impl Requests>) -> Result<Outcome> {
    let outcome = Arc::new(Mutex::new(Outcome::empty()));
    runtime()?.block_on(async {
        let mut running = JoinSet::new();
        for connection in connections {
            let connection = Connection::adopt(connection)?;
            running.spawn(load.run(connection, outcome.clone()));
        }
        finish(running).await
    })?;
    let outcome = open(&outcome).clone();
    Ok(outcome)
}

impl<R: Requests> Closed<R> {
    /// Sends one request after the other.
    fn run(
        &self,
        mut connection: Connection,
        outcome: Shared<Outcome>,
    ) -> impl Future<Output = Result<()>> + use<R> {
        let (requests, next) = (self.requests.clone(), self.next.clone());
        let (success, end) = (self.success, self.end);
        async move {
            let mut sent = Instant::now();
            while sent < end
                && let Some(request) = requests.get(next.fetch_add(1, Ordering::Relaxed))
            {
                let status = connection.send(request).await?;
                let answered = Instant::now();
                open(&outcome).note(status, success, answered - sent);
                sent = answered;
            }
            Ok(())
        }
    }
}

/// A runtime of the calling thread.
fn runtime() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?)
}

async fn finish(mut running: JoinSet<Result<()>>) -> Result<()> {
    while let Some(ended) = running.join_next().await {
        ended??;
    }
    Ok(())
}

/// As fast as the answers come, on so many connections, until the requests or the time run out. For
/// requests that cost the server next to nothing: it sends from as many threads as there are cores.
pub async fn closed(
    server: SocketAddr,
    connections: usize,
    requests: Arc<impl Requests>,
    success: u16,
    limit: Duration,
) -> Result<Outcome> {
    let threads = std::thread::available_parallelism()?.get();
    let crowd = Crowd::open(server, connections).await?.on_threads(threads);
    crowd.closed(requests, success, limit).await
}

/// At `rate` requests a second over all connections, see [`Crowd::fixed`].
pub async fn fixed(
    server: SocketAddr,
    connections: usize,
    requests: Arc<impl Requests>,
    success: u16,
    rate: f64,
    limit: Duration,
) -> Result<Outcome> {
    let crowd = Crowd::open(server, connections).await?;
    Ok(crowd.fixed(requests, success, rate, limit).await?.outcome)
}
