//! The queue, followed into memory: [`LineView`] without a database query.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use diesel::{
    QueryResult,
    sql_types::{BigInt, Nullable, Text, Timestamptz, Uuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{
    clock::Clock,
    id::UserId,
    queue::{Change, Line, LineView, Pass, Standing, Ticket},
    storage::StorageError,
};
use futures_util::TryStreamExt;
use metrics::gauge;
use time::OffsetDateTime;
use tokio::sync::{Notify, watch};

use crate::{
    error::storage,
    lane::Tasks,
    meters::{Gauges, gauge_value},
    pool::Database,
    sql::sql,
    tokens::state,
    trouble::Trouble,
};

/// The line is at most this old while the database answers.
const EVERY: Duration = Duration::from_millis(200);
/// How long a caller waits for a refresh.
const PATIENCE: Duration = Duration::from_millis(500);
/// A process that has not been able to follow for so long is not ready.
const STALLED: Duration = Duration::from_secs(5);

/// [`LineView`] of one process: follows every change of the queue by its version.
pub struct FollowedLine {
    line: RwLock<Line>,
    /// Wakes the follower before its time.
    wanted: Notify,
    /// How many rounds have begun and ended; a round that began after a commit has seen it.
    rounds: watch::Sender<Rounds>,
}

#[derive(Clone, Copy)]
struct Rounds {
    begun: u64,
    ended: u64,
    last: Instant,
    /// What the last one has reached.
    version: i64,
}

/// What has been followed so far.
#[derive(Clone, Copy, Default)]
struct Versions {
    tokens: i64,
    admissions: i64,
}

impl FollowedLine {
    /// Fills the line from the database and keeps following it until told to stop.
    pub(crate) async fn start(
        database: Database,
        tasks: &Tasks,
    ) -> Result<Arc<Self>, StorageError> {
        let mut line = Line::default();
        let mut conn = database.own().await?;
        let versions = fill(&mut conn, &mut line).await.map_err(storage)?;
        let rounds = watch::Sender::new(Rounds {
            begun: 0,
            ended: 0,
            last: Instant::now(),
            version: versions.tokens,
        });
        let followed = Arc::new(Self {
            line: RwLock::new(line),
            wanted: Notify::new(),
            rounds,
        });
        tasks
            .tracker
            .spawn(followed.clone().follow(database, versions, tasks.clone()));
        Ok(followed)
    }

    /// By which ticket and when `user` was admitted, as far as followed.
    pub(crate) fn admitted(&self, user: UserId) -> Option<(Ticket, OffsetDateTime)> {
        self.line
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .admission(user)
    }

    /// For how long the line could not be followed, when that is too long.
    pub(crate) fn stalled(&self) -> Option<Duration> {
        let age = self.rounds.borrow().last.elapsed();
        (age > STALLED).then_some(age)
    }

    /// Has a look at how long the line is and how old, whenever somebody wants to know.
    pub(crate) fn watch(self: &Arc<Self>, clock: Arc<dyn Clock>, gauges: &Gauges) {
        let line = self.clone();
        let waiting = gauge!("boxoffice_queue_waiting");
        let active = gauge!("boxoffice_queue_active");
        let wait = gauge!("boxoffice_queue_wait_seconds");
        let version = gauge!("boxoffice_queue_version");
        let age = gauge!("boxoffice_queue_age_seconds");
        gauges.add(move || {
            let (people, shopping) = line.counts();
            let expected = match people {
                0 => 0.0,
                // Those who wait, and the one who comes now.
                people => line
                    .wait_for(people + 1, clock.now())
                    .map_or(f64::NAN, time::Duration::as_seconds_f64),
            };
            let rounds = *line.rounds.borrow();
            waiting.set(gauge_value(people));
            active.set(gauge_value(shopping));
            wait.set(expected);
            version.set(gauge_value(rounds.version.unsigned_abs()));
            age.set(rounds.last.elapsed());
        });
    }

    fn counts(&self) -> (u64, u64) {
        let line = self.line.read().unwrap_or_else(PoisonError::into_inner);
        line.counts()
    }

    async fn follow(self: Arc<Self>, database: Database, mut versions: Versions, tasks: Tasks) {
        let mut trouble = Trouble::with("following the queue");
        loop {
            tokio::select! {
                () = tasks.stop.cancelled() => return,
                () = self.wanted.notified() => {}
                () = tokio::time::sleep(EVERY) => {}
            }
            self.rounds.send_modify(|rounds| rounds.begun += 1);
            let reached = self.round(&database, versions).await;
            trouble.note(&reached);
            let succeeded = reached.is_ok().then(Instant::now);
            versions = reached.unwrap_or(versions);
            self.rounds.send_modify(|rounds| {
                rounds.ended = rounds.begun;
                rounds.last = succeeded.unwrap_or(rounds.last);
                rounds.version = versions.tokens;
            });
        }
    }

    async fn round(&self, database: &Database, from: Versions) -> Result<Versions, StorageError> {
        let conn = database.connection().await?;
        let changes = changes(&conn, from.tokens).await.map_err(storage)?;
        let admissions = admissions(&conn, from.admissions).await.map_err(storage)?;
        let mut reached = from;
        let mut line = self.line.write().unwrap_or_else(PoisonError::into_inner);
        for (version, change) in changes {
            line.apply(&change);
            reached.tokens = reached.tokens.max(version);
        }
        for (version, at, admitted) in admissions {
            line.admitted(at, admitted.unsigned_abs());
            reached.admissions = reached.admissions.max(version);
        }
        // What was followed up to a version has its admissions logged by the same transactions.
        reached.admissions = reached.admissions.max(reached.tokens);
        Ok(reached)
    }
}

#[async_trait]
impl LineView for FollowedLine {
    fn standing(&self, pass: &Pass, now: OffsetDateTime) -> Standing {
        self.line
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .standing(pass, now)
    }

    fn wait_for(&self, people: u64, now: OffsetDateTime) -> Option<time::Duration> {
        self.line
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .wait_for(people, now)
    }

    fn ended(&self, pass: &Pass) {
        self.line
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .end(pass);
    }

    async fn refreshed(&self) {
        let mut rounds = self.rounds.subscribe();
        // A round that is under way may have read before the commit: the one after it will do.
        let enough = rounds.borrow().begun + 1;
        self.wanted.notify_one();
        let refreshed = rounds.wait_for(|rounds| rounds.ended >= enough);
        let _ = tokio::time::timeout(PATIENCE, refreshed).await;
    }
}

type ChangeColumns = (
    BigInt,
    Uuid,
    BigInt,
    Text,
    Nullable<Timestamptz>,
    Nullable<Timestamptz>,
    Nullable<Text>,
);
type ChangeRow = (
    i64,
    uuid::Uuid,
    i64,
    String,
    Option<OffsetDateTime>,
    Option<OffsetDateTime>,
    Option<String>,
);

fn change((version, user, ticket, status, since, until, end): ChangeRow) -> (i64, Change) {
    let change = Change {
        user_id: UserId::new(user),
        ticket: Ticket::new(ticket.unsigned_abs()),
        state: state(&status, since.zip(until), end.as_deref()),
    };
    (version, change)
}

/// Everything there is, from one snapshot.
async fn fill(conn: &mut AsyncPgConnection, line: &mut Line) -> QueryResult<Versions> {
    let mut snapshot = conn.build_transaction().read_only().repeatable_read();
    snapshot
        .run(async |conn| {
            // Of a million who wait one reads for seconds.
            let patient = sql::<()>("SET LOCAL statement_timeout = 0");
            patient.execute(conn).await?;
            let (version, newest): (i64, i64) =
                sql::<(BigInt, BigInt)>("SELECT version, next_ticket - 1 FROM queue_state")
                    .get_result(conn)
                    .await?;
            line.seen_up_to(Ticket::new(newest.unsigned_abs()));
            let rows = sql::<ChangeColumns>(
                "SELECT version, user_id, ticket, status, admitted_at, active_until, end_reason \
                 FROM queue_tokens WHERE status <> 'expired' ORDER BY ticket",
            )
            .load_stream::<ChangeRow>(conn)
            .await?;
            rows.try_for_each(|row| {
                line.apply(&change(row).1);
                std::future::ready(Ok(()))
            })
            .await?;
            Ok::<_, diesel::result::Error>(Versions {
                tokens: version,
                admissions: version,
            })
        })
        .await
}

async fn changes(mut conn: &AsyncPgConnection, from: i64) -> QueryResult<Vec<(i64, Change)>> {
    let rows: Vec<ChangeRow> = sql::<ChangeColumns>(
        "SELECT version, user_id, ticket, status, admitted_at, active_until, end_reason \
         FROM queue_tokens WHERE version > $1 ORDER BY version",
    )
    .bind::<BigInt, _>(from)
    .load(&mut conn)
    .await?;
    Ok(rows.into_iter().map(change).collect())
}

async fn admissions(
    mut conn: &AsyncPgConnection,
    from: i64,
) -> QueryResult<Vec<(i64, OffsetDateTime, i64)>> {
    sql::<(BigInt, Timestamptz, BigInt)>(
        "SELECT version, admitted_at, admitted FROM queue_admissions \
         WHERE version > $1 AND from_line ORDER BY version",
    )
    .bind::<BigInt, _>(from)
    .load(&mut conn)
    .await
}
