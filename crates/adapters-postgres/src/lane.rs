//! Many requests, one transaction.
//!
//! On an opening night everything hits one row, and one transaction a request is bounded by that
//! row's lock and by one flush of the log each. A lane is a bounded channel with one worker, which
//! takes all that waits, executes it as one transaction of two round trips, and answers each caller
//! its own result after the commit. There is no timer: a lone request on an idle server
//! is executed at once, and while one transaction is flushed the next batch gathers.

use std::{
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use diesel::QueryResult;
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use domain::storage::StorageError;
use futures_util::try_join;
use metrics::gauge;
use tokio::sync::{mpsc, oneshot};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{Instrument, Span};

use crate::{
    error::storage,
    meters::{Gauges, LaneMeter, Tally, count, gauge_value},
    pool::{Connection, Database},
    sql::{self, Sql, sql},
};

/// How much a lane takes on.
#[derive(Clone, Copy, Debug)]
pub struct LaneSettings {
    /// So many requests may wait; one more is refused at once (SPEC rule 15).
    pub depth: usize,
    /// At most so many requests share a transaction.
    pub batch: usize,
}

impl Default for LaneSettings {
    fn default() -> Self {
        Self {
            depth: 4_096,
            batch: 512,
        }
    }
}

/// What a lane executes: many requests of one kind in one transaction.
pub(crate) trait Batch: Send + Sync + 'static {
    /// What a caller asks.
    type Request: Send + Sync + 'static;
    /// What it is answered; refusals by a rule are answers.
    type Answer: Send + 'static;
    /// What was found under lock.
    type Found: Send;
    /// What the requests are called in the log.
    const NAME: &'static str;
    /// What the lane is called in metrics and traces.
    const LANE: &'static str;

    /// Locks, then reads. All that is known to be needed is to be sent at once, the locks first: what
    /// is read behind a lock is as whoever held it before has left it.
    fn find(
        &self,
        conn: &AsyncPgConnection,
        requests: &[Self::Request],
    ) -> impl Future<Output = QueryResult<Self::Found>> + Send;

    /// Asks the domain, and tells what is to be stored. Nothing else can happen between the locks
    /// and the commit.
    fn decide(&self, found: Self::Found, requests: &[Self::Request]) -> Decided<Self::Answer>;
}

/// What became of a batch.
pub(crate) struct Decided<Answer> {
    /// One for each request, in order.
    pub(crate) answers: Vec<Answer>,
    /// What makes them true, in the order in which it is to be executed.
    pub(crate) writes: Vec<Sql>,
    /// What is counted when they are committed.
    pub(crate) tally: Tally,
}

struct Job<B: Batch> {
    request: B::Request,
    answer: oneshot::Sender<Result<B::Answer, StorageError>>,
    since: Instant,
    /// Where it comes from, for traces.
    origin: Span,
}

/// The way into a lane.
pub(crate) struct Lane<B: Batch> {
    jobs: mpsc::Sender<Job<B>>,
    refusals: Refusals,
    meter: Arc<LaneMeter>,
}

/// Tells the log of refusals once a second, however many there are.
#[derive(Default)]
struct Refusals(Mutex<(u64, Option<Instant>)>);

impl Refusals {
    fn note(&self, name: &str) {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (refused, told) = &mut *noted;
        *refused += 1;
        if told.is_none_or(|told| told.elapsed() >= Duration::from_secs(1)) {
            tracing::warn!(refused, "more {name} than can be served: some are refused");
            (*refused, *told) = (0, Some(Instant::now()));
        }
    }
}

/// What the background work of this crate has in common: where it runs and when it stops.
#[derive(Clone, Default)]
pub(crate) struct Tasks {
    pub(crate) tracker: TaskTracker,
    pub(crate) stop: CancellationToken,
    pub(crate) gauges: Gauges,
}

impl<B: Batch> Lane<B> {
    /// Starts the lane's worker. When told to stop it finishes what waits.
    pub(crate) fn start(
        batch: B,
        database: Database,
        settings: LaneSettings,
        tasks: &Tasks,
    ) -> Self {
        let (jobs, waiting) = mpsc::channel(settings.depth);
        let meter = Arc::new(LaneMeter::of(B::LANE));
        watch::<B>(&jobs, &tasks.gauges);
        let worker = Worker {
            batch: Arc::new(batch),
            database,
            most: settings.batch,
            meter: meter.clone(),
        };
        tasks.tracker.spawn(worker.run(waiting, tasks.stop.clone()));
        Self {
            jobs,
            refusals: Refusals::default(),
            meter,
        }
    }

    /// Hands `request` in and waits for its answer.
    ///
    /// [`StorageError::Busy`] at once when the lane is full. A caller that goes away before its
    /// batch has begun is skipped; once begun, nothing cancels it.
    pub(crate) async fn submit(&self, request: B::Request) -> Result<B::Answer, StorageError> {
        let (answer, answered) = oneshot::channel();
        self.jobs
            .try_send(Job {
                request,
                answer,
                since: Instant::now(),
                origin: origin(),
            })
            .map_err(|refused| match refused {
                mpsc::error::TrySendError::Full(_) => {
                    self.refusals.note(B::NAME);
                    self.meter.refused.increment(1);
                    StorageError::Busy
                }
                mpsc::error::TrySendError::Closed(_) => StorageError::unavailable("shutting down"),
            })?;
        answered.await.map_err(StorageError::unavailable)?
    }
}

/// Has a look at how many wait, whenever somebody wants to know.
fn watch<B: Batch>(jobs: &mpsc::Sender<Job<B>>, gauges: &Gauges) {
    let depth = gauge!("boxoffice_lane_depth", "lane" => B::LANE);
    let limit = gauge!("boxoffice_lane_limit", "lane" => B::LANE);
    // The lane ends with those who hand in.
    let jobs = jobs.downgrade();
    gauges.add(move || {
        let Some(jobs) = jobs.upgrade() else { return };
        let most = jobs.max_capacity();
        depth.set(gauge_value((most - jobs.capacity()) as u64));
        limit.set(gauge_value(most as u64));
    });
}

/// The span of the request, if there are any: to ask for it costs something.
fn origin() -> Span {
    if tracing::span_enabled!(target: TRACED, tracing::Level::DEBUG, "batch") {
        Span::current()
    } else {
        Span::none()
    }
}

/// Spans that are told to a collector of traces.
const TRACED: &str = "boxoffice::trace";

/// More links than these a trace does not keep of a span.
const LINKS: usize = 128;

struct Worker<B> {
    batch: Arc<B>,
    database: Database,
    most: usize,
    meter: Arc<LaneMeter>,
}

impl<B: Batch> Worker<B> {
    async fn run(self, mut waiting: mpsc::Receiver<Job<B>>, stop: CancellationToken) {
        let mut jobs = Vec::with_capacity(self.most);
        loop {
            let taken = tokio::select! {
                taken = waiting.recv_many(&mut jobs, self.most) => taken,
                () = stop.cancelled(), if !waiting.is_closed() => {
                    waiting.close();
                    continue;
                }
            };
            if taken == 0 {
                return;
            }
            jobs.retain(|job| !job.answer.is_closed());
            let span = self.begin(&jobs);
            let answered = self.answer(jobs.drain(..).unzip_jobs());
            answered.instrument(span).await;
        }
    }

    /// Measures what is to be one transaction, and opens its span, which is linked to those of the
    /// requests.
    fn begin(&self, jobs: &[Job<B>]) -> Span {
        let Some(first) = jobs.first() else {
            return Span::none();
        };
        self.meter.batch.record(gauge_value(jobs.len() as u64));
        self.meter.wait.record(first.since.elapsed());
        let span = tracing::debug_span!(
            target: TRACED,
            "batch",
            "otel.name" = B::LANE,
            lane = B::LANE,
            requests = jobs.len()
        );
        if !span.is_disabled() {
            for job in jobs.iter().take(LINKS) {
                span.follows_from(&job.origin);
            }
        }
        span
    }

    async fn answer(&self, (requests, callers): (Vec<B::Request>, Vec<Caller<B>>)) {
        if requests.is_empty() {
            return;
        }
        match self.attempt(&requests).await {
            Ok(answers) => {
                for (caller, answer) in callers.into_iter().zip(answers) {
                    let _ = caller.send(Ok(answer));
                }
            }
            Err(StorageError::Failed(cause)) => {
                tracing::warn!(%cause, requests = requests.len(), "a batch failed: one by one now");
                self.answer_one_by_one(requests, callers).await;
            }
            Err(error) => {
                for caller in callers {
                    let _ = caller.send(Err(error.clone()));
                }
            }
        }
    }

    /// After a failure of the whole, so that one bad request never fails its neighbours. What failed
    /// because another transaction was faster (the same idempotency key, say) finds its trace now.
    async fn answer_one_by_one(&self, requests: Vec<B::Request>, callers: Vec<Caller<B>>) {
        for (request, caller) in requests.into_iter().zip(callers) {
            let answers = self.attempt(std::slice::from_ref(&request)).await;
            let missing = || StorageError::failed("a batch of one gave no answer");
            let answer = answers.and_then(|mut answers| answers.pop().ok_or_else(missing));
            let _ = caller.send(answer);
        }
    }

    async fn attempt(&self, requests: &[B::Request]) -> Result<Vec<B::Answer>, StorageError> {
        let begun = Instant::now();
        let attempted = self.attempt_now(requests).await;
        self.meter.transaction.record(begun.elapsed());
        if attempted.is_err() {
            self.meter.failures.increment(1);
        }
        attempted
    }

    async fn attempt_now(&self, requests: &[B::Request]) -> Result<Vec<B::Answer>, StorageError> {
        let mut conn = self.database.connection().await?;
        match self.transaction(&mut conn, requests).await {
            Ok(answers) => Ok(answers),
            Err(error) => {
                roll_back(conn).await;
                Err(storage(error))
            }
        }
    }

    /// `BEGIN` goes with the locks and `COMMIT` with the writes: they are statements like the others,
    /// so that they keep their places. When a write has failed, `COMMIT` rolls back.
    async fn transaction(
        &self,
        conn: &mut Connection,
        requests: &[B::Request],
    ) -> QueryResult<Vec<B::Answer>> {
        let mut begun: &AsyncPgConnection = conn;
        let begin = sql::<()>("BEGIN").execute(&mut begun);
        let (_, found) = try_join!(begin, self.batch.find(conn, requests))?;
        self.database.renew(conn);
        let Decided {
            answers,
            mut writes,
            tally,
        } = self.batch.decide(found, requests);
        writes.push(sql("COMMIT"));
        sql::run(conn, writes).await?;
        count(tally);
        Ok(answers)
    }
}

/// Ends the transaction that may be open, or else the connection.
async fn roll_back(mut conn: Connection) {
    if conn.batch_execute("ROLLBACK").await.is_err() {
        conn.cut();
    }
}

type Caller<B> = oneshot::Sender<Result<<B as Batch>::Answer, StorageError>>;

trait UnzipJobs<B: Batch> {
    fn unzip_jobs(self) -> (Vec<B::Request>, Vec<Caller<B>>);
}

impl<B: Batch, I: Iterator<Item = Job<B>>> UnzipJobs<B> for I {
    fn unzip_jobs(self) -> (Vec<B::Request>, Vec<Caller<B>>) {
        self.map(|job| (job.request, job.answer)).unzip()
    }
}
