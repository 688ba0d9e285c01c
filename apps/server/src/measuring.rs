//! What is measured, and what `GET /metrics` shows of it (docs/metrics.md).
//!
//! Requests and lanes count by themselves. What is of the moment is looked at when somebody scrapes, in
//! memory only; what the database has to be asked for is read here every few seconds, as long as
//! somebody scrapes, and never for a fan.

mod audit;
mod process;
mod sales;
#[cfg(test)]
mod tests;
mod webhooks;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use adapters_http::Exposition;
use adapters_postgres::{Gauges, SalesWatch, Trouble};
use anyhow::{Context, Result};
use domain::{clock::Clock, events::Mailroom, queue::TokenQueue, storage::StorageError};
use metrics::{Gauge, describe_gauge, gauge};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use tokio_util::sync::CancellationToken;

use self::webhooks::WebhookGauges;
pub use self::{audit::audit_every, process::Process};
use crate::schedulers::stopped_within;

/// How often the database is asked, and memory is tidied up.
const EVERY: Duration = Duration::from_secs(5);
/// When nobody has scraped for so long, the database is not asked.
const WANTED: Duration = Duration::from_mins(2);

/// From half a millisecond to more than the longest request, with steps at the budgets.
const SECONDS: [f64; 15] = [
    0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0, 3.0, 5.0,
];
/// How many share a transaction.
const REQUESTS: [f64; 11] = [
    1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0,
];

/// Starts to measure. Before any part that does: what is asked for earlier counts nothing.
pub fn start() -> Result<PrometheusHandle> {
    let builder = builder().context("nothing can be measured")?;
    let handle = builder
        .install_recorder()
        .context("something else measures already")?;
    describe();
    Ok(handle)
}

fn builder() -> Result<PrometheusBuilder, BuildError> {
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)?
        .set_buckets_for_metric(Matcher::Suffix("_requests".to_owned()), &REQUESTS)
}

/// Says of every metric what it means.
fn describe() {
    adapters_http::describe_metrics();
    adapters_postgres::describe_metrics();
    describe_gauge!("boxoffice_queue_capacity", "People who may shop at a time");
    describe_gauge!(
        "boxoffice_queue_admission_batch",
        "People who may be let in at a time"
    );
    describe_gauge!(
        "boxoffice_queue_paused",
        "1 while the operator lets nobody in, else 0"
    );
    describe_gauge!(
        "boxoffice_sample_age_seconds",
        "Time since the database was asked for the policy of the queue, the sales of concerts, and webhooks"
    );
    describe_gauge!(
        "boxoffice_build_info",
        "1; the label says which version runs"
    );
    process::describe();
    sales::describe();
    audit::describe();
    webhooks::describe();
}

/// What this process measures.
pub struct Measuring {
    prometheus: PrometheusHandle,
    gauges: Gauges,
    age: Gauge,
    seen: Mutex<Seen>,
}

/// Where the database is asked.
pub struct Sources {
    /// For the sales of concerts.
    pub sales: SalesWatch,
    /// For the policy of the queue.
    pub tokens: Arc<dyn TokenQueue>,
    /// For webhooks.
    pub mailroom: Arc<dyn Mailroom>,
    /// What their age is told by.
    pub clock: Arc<dyn Clock>,
}

/// When what was looked at, and what was seen.
struct Seen {
    scraped: Instant,
    sampled: Instant,
    sales: String,
}

impl Measuring {
    /// Shows what `prometheus` has gathered and what `gauges` say.
    pub fn new(prometheus: PrometheusHandle, gauges: Gauges) -> Self {
        gauge!("boxoffice_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1);
        let now = Instant::now();
        let seen = Seen {
            scraped: now,
            sampled: now,
            sales: String::new(),
        };
        Self {
            prometheus,
            gauges,
            age: gauge!("boxoffice_sample_age_seconds"),
            seen: Mutex::new(seen),
        }
    }

    /// Looks every few seconds at what costs more than a look at memory, until told to stop.
    pub async fn keep_up(
        self: Arc<Self>,
        mut sources: Sources,
        process: Process,
        stop: CancellationToken,
    ) {
        let shown = (PolicyGauges::new(), WebhookGauges::new());
        let mut trouble = Trouble::with("reading how the sale goes");
        loop {
            self.prometheus.run_upkeep();
            process.look().await;
            if self.seen().scraped.elapsed() < WANTED {
                trouble.note(&self.sample(&mut sources, &shown).await);
            }
            if stopped_within(EVERY, &stop).await {
                return;
            }
        }
    }

    async fn sample(
        &self,
        sources: &mut Sources,
        (gauges, webhooks): &(PolicyGauges, WebhookGauges),
    ) -> Result<(), StorageError> {
        let policy = sources.tokens.board().await?.policy;
        gauges.capacity.set(policy.capacity);
        gauges.batch.set(policy.admission_batch);
        gauges.paused.set(u32::from(policy.paused));
        webhooks.set(&sources.mailroom.list().await?, &*sources.clock);
        let concerts = sales::shown(&sources.sales.look().await?);
        let mut seen = self.seen();
        (seen.sales, seen.sampled) = (concerts, Instant::now());
        Ok(())
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The policy that the operator has set.
struct PolicyGauges {
    capacity: Gauge,
    batch: Gauge,
    paused: Gauge,
}

impl PolicyGauges {
    fn new() -> Self {
        Self {
            capacity: gauge!("boxoffice_queue_capacity"),
            batch: gauge!("boxoffice_queue_admission_batch"),
            paused: gauge!("boxoffice_queue_paused"),
        }
    }
}

impl Exposition for Measuring {
    fn render(&self) -> String {
        self.gauges.set();
        let mut seen = self.seen();
        seen.scraped = Instant::now();
        self.age.set(seen.sampled.elapsed());
        self.prometheus.render() + &seen.sales
    }
}
