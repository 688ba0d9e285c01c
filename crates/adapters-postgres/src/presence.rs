//! Who of those admitted is still there (SPEC rule 5): remembered in memory, written in batches.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use diesel::{
    QueryResult,
    sql_types::{Array, BigInt, Timestamptz},
};
use diesel_async::RunQueryDsl;
use domain::{
    clock::Clock,
    id::UserId,
    queue::{Presence, Ticket},
    storage::StorageError,
};
use time::OffsetDateTime;

use crate::{
    error::storage, lane::Tasks, line::FollowedLine, pool::Database, sql::sql, trouble::Trouble,
};

/// [`Presence`] on PostgreSQL: one statement every few seconds, however many requests came in.
///
/// The database only has to know of a sighting in time to keep someone from being ended. So it is
/// told when what it knows is half of the limit old: a fan who is done sooner costs no write.
pub struct PgPresence {
    line: Arc<FollowedLine>,
    clock: Arc<dyn Clock>,
    limit: Duration,
    seen: Mutex<HashMap<UserId, Sighting>>,
}

#[derive(Clone, Copy)]
struct Sighting {
    ticket: Ticket,
    at: OffsetDateTime,
    /// What the database knows, at least.
    written: OffsetDateTime,
}

impl PgPresence {
    /// How often presence is written, for a no-show limit of `limit`.
    pub(crate) fn interval(limit: Duration) -> Duration {
        (limit / 12).clamp(Duration::from_millis(100), Duration::from_secs(5))
    }

    /// Starts writing for a no-show limit of `limit`, until told to stop, and then once more.
    /// Without a limit there is nobody to tell.
    pub(crate) fn start(
        line: Arc<FollowedLine>,
        clock: Arc<dyn Clock>,
        database: Database,
        limit: Duration,
        tasks: &Tasks,
    ) -> Arc<Self> {
        let presence = Arc::new(Self {
            line,
            clock,
            limit,
            seen: Mutex::default(),
        });
        if !limit.is_zero() {
            let writer = presence.clone();
            tasks.tracker.spawn(writer.follow(database, tasks.clone()));
        }
        presence
    }

    async fn follow(self: Arc<Self>, database: Database, tasks: Tasks) {
        let mut trouble = Trouble::with("writing who is still there");
        loop {
            let pause = tokio::time::timeout(Self::interval(self.limit), tasks.stop.cancelled());
            let stopped = pause.await.is_ok();
            // Other processes go on with what the database knows: at the end it is told everything.
            let age = if stopped {
                Duration::ZERO
            } else {
                self.limit / 2
            };
            trouble.note(&self.write(&database, age).await);
            if stopped {
                return;
            }
        }
    }

    /// Writes the sightings of those of whom the database's knowledge is older than `age`.
    async fn write(&self, database: &Database, age: Duration) -> Result<(), StorageError> {
        let known = self.clock.now() - age;
        let due: Vec<(UserId, Sighting)> = {
            let mut seen = self.seen();
            seen.retain(|user, _| self.line.admitted(*user).is_some());
            let due = seen
                .iter()
                .filter(|(_, s)| s.written < s.at && s.written <= known);
            due.map(|(user, sighting)| (*user, *sighting)).collect()
        };
        if due.is_empty() {
            return Ok(());
        }
        update(database, &due).await?;
        let mut seen = self.seen();
        for (user, written) in due {
            if let Some(sighting) = seen.get_mut(&user) {
                sighting.written = sighting.written.max(written.at);
            }
        }
        Ok(())
    }

    fn seen(&self) -> MutexGuard<'_, HashMap<UserId, Sighting>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn update(database: &Database, due: &[(UserId, Sighting)]) -> Result<(), StorageError> {
    let mut conn = database.connection().await?;
    let tickets = due.iter().map(|(_, s)| s.ticket.get().cast_signed());
    let times = due.iter().map(|(_, s)| s.at);
    // A row that is locked right now is being admitted or ended: there is nothing to add, and
    // waiting for it could be waiting in a circle. Row by row, or a planner without statistics compares
    // each with all who shop.
    let written: QueryResult<usize> = sql::<()>(
        "WITH seen AS (SELECT locked.id, s.at FROM unnest($1, $2) AS s (ticket, at) CROSS JOIN LATERAL (\
           SELECT id FROM queue_tokens WHERE ticket = s.ticket AND status = 'active' \
           FOR NO KEY UPDATE SKIP LOCKED) AS locked) \
         UPDATE queue_tokens t SET seen_at = greatest(t.seen_at, seen.at) \
         FROM seen WHERE t.id = seen.id",
    )
    .bind::<Array<BigInt>, _>(tickets.collect::<Vec<_>>())
    .bind::<Array<Timestamptz>, _>(times.collect::<Vec<_>>())
    .execute(&mut conn)
    .await;
    written.map(|_| ()).map_err(storage)
}

impl Presence for PgPresence {
    fn saw(&self, user: UserId) {
        if self.limit.is_zero() {
            return;
        }
        if let Some((ticket, since)) = self.line.admitted(user) {
            let at = self.clock.now();
            let new = Sighting {
                ticket,
                at,
                written: since,
            };
            let mut seen = self.seen();
            let sighting = seen.entry(user).or_insert(new);
            if sighting.ticket == ticket {
                sighting.at = at;
            } else {
                *sighting = new;
            }
        }
    }
}
