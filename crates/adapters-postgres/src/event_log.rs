//! What happened, in order: [`EventLog`] on PostgreSQL.
//!
//! Batches are written by many transactions at once, and the numbers that they draw are not in the order
//! of commits. So nobody reads by number: what is committed is given positions here, under the lock of one
//! row. Two batches about one reservation keep their order, because the second was written under
//! the lock of its schedule, after the first one was committed: it has the larger number, and whoever sees
//! it sees the first one, too.

use async_trait::async_trait;
use diesel::{
    QueryResult,
    sql_types::{BigInt, Bool, Text, Timestamptz, Uuid},
};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use domain::{
    clock::Clock,
    events::{EventLog, Told},
    id::EventId,
    storage::StorageError,
};
use std::sync::Arc;
use time::{Duration, OffsetDateTime};

use crate::{error::storage, pool::Database, sql::sql};

/// [`EventLog`] on PostgreSQL.
pub struct PgEventLog {
    database: Database,
    clock: Arc<dyn Clock>,
}

impl PgEventLog {
    pub(crate) fn new(database: Database, clock: Arc<dyn Clock>) -> Self {
        Self { database, clock }
    }
}

#[async_trait]
impl EventLog for PgEventLog {
    async fn number(&self) -> Result<u64, StorageError> {
        let database = self.database.clone();
        self.database
            .detached(async move {
                let mut conn = database.connection().await?;
                if !has_new(&mut conn).await.map_err(storage)? {
                    return Ok(0);
                }
                let numbered = conn.transaction(async |conn| number(conn).await).await;
                numbered.map_err(storage)
            })
            .await
    }

    async fn after(&self, position: u64, limit: u32) -> Result<Vec<Told>, StorageError> {
        let conn = self.database.connection().await?;
        after(&conn, position, limit).await.map_err(storage)
    }

    async fn forget(&self, age: Duration) -> Result<u64, StorageError> {
        let (database, before) = (self.database.clone(), self.clock.now() - age);
        self.database
            .detached(async move {
                let mut forgotten = 0;
                loop {
                    let mut conn = database.connection().await?;
                    match forget(&mut conn, before).await.map_err(storage)? {
                        0 => return Ok(forgotten),
                        some => forgotten += some,
                    }
                }
            })
            .await
    }
}

async fn has_new(conn: &mut AsyncPgConnection) -> QueryResult<bool> {
    let new =
        sql::<(Bool,)>("SELECT EXISTS (SELECT FROM event_batches WHERE last_position IS NULL)");
    let (new,): (bool,) = new.get_result(conn).await?;
    Ok(new)
}

/// Two statements: what the second one sees is as whoever had the lock before has left it. While
/// somebody else does it, there is nothing to do.
async fn number(conn: &mut AsyncPgConnection) -> QueryResult<u64> {
    let lock = "SELECT position FROM event_state FOR NO KEY UPDATE SKIP LOCKED";
    let locked: Vec<(i64,)> = sql::<(BigInt,)>(lock).load(conn).await?;
    let [(position,)] = locked[..] else {
        return Ok(0);
    };
    let (last,): (i64,) = sql::<(BigInt,)>(
        "WITH new AS (SELECT number, count FROM event_batches WHERE last_position IS NULL \
             ORDER BY number LIMIT 1000), \
         placed AS (SELECT number, $1 + sum(count) OVER (ORDER BY number) AS last FROM new), \
         numbered AS (UPDATE event_batches b SET last_position = placed.last FROM placed \
             WHERE b.number = placed.number AND b.last_position IS NULL RETURNING placed.last) \
         UPDATE event_state SET position = coalesce((SELECT max(last) FROM numbered), $1)::bigint \
         RETURNING position",
    )
    .bind::<BigInt, _>(position)
    .get_result(conn)
    .await?;
    Ok((last - position).unsigned_abs())
}

/// Positions are gapless, so those of a page tell which batches it is in. What was deleted is passed
/// over.
pub(crate) async fn after(
    mut conn: &AsyncPgConnection,
    position: u64,
    limit: u32,
) -> QueryResult<Vec<Told>> {
    type Columns = (BigInt, Uuid, Text, Uuid, Timestamptz, Text);
    type Row = (i64, uuid::Uuid, String, uuid::Uuid, OffsetDateTime, String);
    let rows: Vec<Row> = sql::<Columns>(
        "SELECT batch.before + e.place, (e.event ->> 'id')::uuid, e.event ->> 'type', \
           (e.event ->> 'subject')::uuid, (e.event ->> 'occurred_at')::timestamptz, \
           (e.event -> 'data')::text \
         FROM (SELECT last_position - count AS before, last_position, events, \
             greatest($1, first_value(last_position - count) OVER (ORDER BY last_position)) AS start \
           FROM (SELECT * FROM event_batches WHERE last_position > $1 \
             ORDER BY last_position LIMIT $2) AS next) AS batch \
         CROSS JOIN LATERAL json_array_elements(batch.events) WITH ORDINALITY AS e (event, place) \
         WHERE batch.before < batch.start + $2 \
           AND batch.before + e.place > batch.start AND batch.before + e.place <= batch.start + $2 \
         ORDER BY 1",
    )
    .bind::<BigInt, _>(i64::try_from(position).unwrap_or(i64::MAX))
    .bind::<BigInt, _>(i64::from(limit))
    .load(&mut conn)
    .await?;
    let told = |(position, id, kind, subject, occurred_at, data): Row| Told {
        position: position.unsigned_abs(),
        id: EventId::new(id),
        kind,
        subject,
        occurred_at,
        data,
    };
    Ok(rows.into_iter().map(told).collect())
}

/// Deletes some of the oldest batches, if nobody waits for them, and tells how many events were in
/// them.
async fn forget(conn: &mut AsyncPgConnection, before: OffsetDateTime) -> QueryResult<u64> {
    let (forgotten,): (i64,) = sql::<(BigInt,)>(
        "WITH oldest AS (SELECT last_position FROM event_batches WHERE last_position <= (\
             SELECT coalesce(min(position), 9223372036854775807) FROM webhook_endpoints \
             WHERE disabled_at IS NULL) \
           ORDER BY last_position LIMIT 1000), \
         forgotten AS (DELETE FROM event_batches b USING oldest \
           WHERE b.last_position = oldest.last_position AND b.occurred_at < $1 RETURNING b.count) \
         SELECT coalesce(sum(count), 0)::bigint FROM forgotten",
    )
    .bind::<Timestamptz, _>(before)
    .get_result(conn)
    .await?;
    Ok(forgotten.unsigned_abs())
}
