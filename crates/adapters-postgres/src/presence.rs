//! Who of those admitted is still there (SPEC rule 5): remembered in memory, written in batches.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use diesel::{
    QueryResult,
    sql_types::{Array, Timestamptz, Uuid},
};
use diesel_async::RunQueryDsl;
use domain::{clock::Clock, id::UserId, queue::Presence, storage::StorageError};
use time::OffsetDateTime;

use crate::{
    error::storage, lane::Tasks, line::FollowedLine, pool::Database, sql::sql, trouble::Trouble,
};

/// [`Presence`] on PostgreSQL: one statement every few seconds, however many requests came in.
pub struct PgPresence {
    line: Arc<FollowedLine>,
    clock: Arc<dyn Clock>,
    seen: Mutex<HashMap<UserId, OffsetDateTime>>,
}

impl PgPresence {
    /// How often presence is written, for a no-show limit of `no_show_after`.
    pub(crate) fn interval(no_show_after: Duration) -> Duration {
        (no_show_after / 12).clamp(Duration::from_millis(100), Duration::from_secs(5))
    }

    /// Starts writing every `interval`, until told to stop, and then once more.
    pub(crate) fn start(
        line: Arc<FollowedLine>,
        clock: Arc<dyn Clock>,
        database: Database,
        interval: Duration,
        tasks: &Tasks,
    ) -> Arc<Self> {
        let presence = Arc::new(Self {
            line,
            clock,
            seen: Mutex::default(),
        });
        let (writer, stop) = (presence.clone(), tasks.stop.clone());
        tasks.tracker.spawn(async move {
            let mut trouble = Trouble::with("writing who is still there");
            loop {
                let stopped = tokio::time::timeout(interval, stop.cancelled())
                    .await
                    .is_ok();
                trouble.note(&writer.write(&database).await);
                if stopped {
                    return;
                }
            }
        });
        presence
    }

    async fn write(&self, database: &Database) -> Result<(), StorageError> {
        let seen = std::mem::take(&mut *self.seen.lock().unwrap_or_else(PoisonError::into_inner));
        if seen.is_empty() {
            return Ok(());
        }
        let (users, times): (Vec<_>, Vec<_>) = seen.iter().map(|(u, at)| (u.get(), *at)).unzip();
        let written = update(database, users, times).await;
        if written.is_err() {
            // Whoever was seen since is newer.
            let mut again = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            for (user, at) in seen {
                again.entry(user).or_insert(at);
            }
        }
        written
    }
}

async fn update(
    database: &Database,
    users: Vec<uuid::Uuid>,
    times: Vec<OffsetDateTime>,
) -> Result<(), StorageError> {
    let mut conn = database.connection().await?;
    // A row that is locked right now is being admitted or ended: there is nothing to add, and
    // waiting for it could be waiting in a circle.
    let written: QueryResult<usize> = sql::<()>(
        "WITH seen AS (SELECT t.id, s.at FROM unnest($1, $2) AS s (user_id, at) \
         JOIN queue_tokens t ON t.user_id = s.user_id AND t.status = 'active' \
         FOR NO KEY UPDATE OF t SKIP LOCKED) \
         UPDATE queue_tokens t SET seen_at = greatest(t.seen_at, seen.at) \
         FROM seen WHERE t.id = seen.id AND t.status = 'active'",
    )
    .bind::<Array<Uuid>, _>(users)
    .bind::<Array<Timestamptz>, _>(times)
    .execute(&mut conn)
    .await;
    written.map(|_| ()).map_err(storage)
}

impl Presence for PgPresence {
    fn saw(&self, user: UserId) {
        if self.line.is_admitted(user) {
            let now = self.clock.now();
            self.seen
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(user, now);
        }
    }
}
