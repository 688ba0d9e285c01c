//! Dates that are called off: [`CancellationStore`] on PostgreSQL.
//!
//! How far the refunds have come is not counted anywhere: it is what the seats and the records of the
//! refunds say. So there is nothing that a crash could leave wrong, and nothing to resume.

use std::{collections::BTreeSet, sync::Arc};

use async_trait::async_trait;
use diesel::{
    QueryResult,
    sql_types::{BigInt, Nullable, Text, Timestamptz, Uuid},
};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use domain::{
    cancellation::{Cancellation, CancellationError, CancellationStore, call_off, called_off},
    catalogue::ShortText,
    clock::Clock,
    id::{EntryId, ReservationId, ScheduleId},
    money::Money,
    operators::Operator,
    reservations::ReservationStatus,
    storage::StorageError,
};
use time::OffsetDateTime;

use crate::{
    accounts, admin_log,
    error::storage,
    meters::{HoldMeter, Tally, count},
    pool::Database,
    refunds,
    reservations::{self, Released},
    schedules,
    seat_maps::PgSeatMaps,
    sql::{self, sql},
};

/// [`CancellationStore`] on PostgreSQL.
pub(crate) struct PgCancellations {
    database: Database,
    clock: Arc<dyn Clock>,
    maps: Arc<PgSeatMaps>,
    meter: Arc<HoldMeter>,
}

impl PgCancellations {
    /// Of the dates of `database`, whose seats are shown by `maps`.
    pub(crate) fn new(database: Database, clock: Arc<dyn Clock>, maps: Arc<PgSeatMaps>) -> Self {
        Self {
            database,
            clock,
            maps,
            meter: Arc::default(),
        }
    }
}

#[async_trait]
impl CancellationStore for PgCancellations {
    async fn begin(
        &self,
        operator: Operator,
        schedule: ScheduleId,
        reason: Option<ShortText>,
    ) -> Result<bool, StorageError> {
        let (database, clock) = (self.database.clone(), self.clock.clone());
        let begun = self.database.detached(async move {
            let mut conn = database.connection().await?;
            conn.transaction(async |conn| begin(conn, &*clock, &operator, schedule, reason).await)
                .await
                .map_err(storage)
        });
        let begun = begun.await?;
        self.maps.seats_changed(schedule);
        Ok(begun)
    }

    async fn find(&self, schedule: ScheduleId) -> Result<Cancellation, CancellationError> {
        let mut conn = self.database.connection().await?;
        let found = find(&mut conn, schedule).await.map_err(storage)?;
        let row = found.ok_or(CancellationError::ScheduleNotFound)?;
        cancellation(schedule, row).ok_or(CancellationError::NotCancelled)
    }

    async fn proceed(&self, entry_ids: Vec<EntryId>) -> Result<u64, StorageError> {
        let (database, clock) = (self.database.clone(), self.clock.clone());
        let meter = self.meter.clone();
        let ended = self.database.detached(async move {
            let mut conn = database.connection().await?;
            conn.transaction(async |conn| proceed(conn, &*clock, &meter, &entry_ids).await)
                .await
                .map_err(storage)
        });
        let (ended, tally) = ended.await?;
        count(tally);
        Ok(ended)
    }
}

async fn begin(
    conn: &mut AsyncPgConnection,
    clock: &dyn Clock,
    operator: &Operator,
    schedule: ScheduleId,
    reason: Option<ShortText>,
) -> QueryResult<bool> {
    let locked = schedules::lock(conn, [schedule].into()).await?;
    let Some(show) = locked.on_sale.get(&schedule) else {
        return Ok(false);
    };
    if show.called_off.is_none() {
        let now = clock.now();
        let log = admin_log::entry(operator, now, &called_off(schedule, reason.as_ref()));
        let cancel =
            sql("UPDATE schedules SET cancelled_at = $2, cancel_reason = $3 WHERE id = $1")
                .bind::<Uuid, _>(schedule.get())
                .bind::<Timestamptz, _>(now)
                .bind::<Nullable<Text>, _>(reason.map(|reason| reason.as_str().to_owned()));
        sql::run(conn, vec![cancel, log]).await?;
    }
    Ok(true)
}

type Columns = (
    Nullable<Timestamptz>,
    Nullable<Timestamptz>,
    Nullable<Text>,
    BigInt,
    BigInt,
    BigInt,
);
type Row = (
    Option<OffsetDateTime>,
    Option<OffsetDateTime>,
    Option<String>,
    i64,
    i64,
    i64,
);

async fn find(conn: &mut AsyncPgConnection, schedule: ScheduleId) -> QueryResult<Option<Row>> {
    let mut rows: Vec<Row> = sql::<Columns>(
        "SELECT s.cancelled_at, s.cancel_finished_at, s.cancel_reason, \
         (SELECT count(DISTINCT r.id) FROM seats JOIN reservations r ON r.id = reservation_id \
           WHERE seats.schedule_id = s.id AND seats.status = 'sold'), \
         back.refunds, back.amount \
         FROM schedules s CROSS JOIN LATERAL (\
           SELECT count(*) AS refunds, coalesce(sum(amount), 0)::bigint AS amount FROM refunds \
           WHERE schedule_id = s.id AND cause = 'schedule') AS back \
         WHERE s.id = $1",
    )
    .bind::<Uuid, _>(schedule.get())
    .load(conn)
    .await?;
    Ok(rows.pop())
}

/// `None` for a date that takes place.
fn cancellation(schedule_id: ScheduleId, row: Row) -> Option<Cancellation> {
    let (started_at, finished_at, reason, remaining, refunded, amount) = row;
    Some(Cancellation {
        schedule_id,
        reason: reason.and_then(|text| ShortText::new(&text).ok()),
        started_at: started_at?,
        finished_at,
        refunded: refunded.unsigned_abs(),
        remaining: remaining.unsigned_abs(),
        amount_refunded: Money::won(amount),
    })
}

/// The next batch of the date that was called off first. Two processes that come at once take turns at
/// the schedule's lock, and each reads behind it what the other has left.
async fn proceed(
    conn: &mut AsyncPgConnection,
    clock: &dyn Clock,
    meter: &HoldMeter,
    entry_ids: &[EntryId],
) -> QueryResult<(u64, Tally)> {
    let Some(schedule) = next_due(conn).await? else {
        return Ok((0, Tally::new()));
    };
    let locked = schedules::lock(conn, [schedule].into()).await?;
    let live = live(conn, schedule, clock.now(), entry_ids.len()).await?;
    if live.is_empty() {
        finish(conn, schedule, clock.now()).await?;
        return Ok((0, Tally::new()));
    }
    let found = reservations::find(conn, live).await?;
    let paid = |status| matches!(status, ReservationStatus::Paid { .. });
    let payers = found.values().filter(|r| paid(r.status));
    let mut accounts = accounts::lock(conn, payers.map(|r| r.user_id).collect()).await?;
    let now = clock.now();
    let batch = call_off(now, found.into_values(), &mut accounts, entry_ids);
    let ended = batch.released.len() + batch.refunds.len();
    if ended == 0 {
        tracing::warn!(%schedule, "reservations of a cancelled date cannot be ended");
    }
    let mut tally = vec![(meter.cancelled.clone(), batch.released.len() as u64)];
    tally.extend(
        meter
            .refunded
            .tally(batch.refunds.iter().map(|r| r.entry.amount)),
    );
    let released = batch.released.into_iter().map(ReservationId::get).collect();
    let mut writes = reservations::release(now, released, Released::Cancelled);
    writes.extend(refunds::store(&locked, now, &accounts, &batch.refunds));
    sql::run(conn, writes).await?;
    Ok((ended as u64, tally))
}

async fn next_due(conn: &mut AsyncPgConnection) -> QueryResult<Option<ScheduleId>> {
    let mut due: Vec<(uuid::Uuid,)> = sql::<(Uuid,)>(
        "SELECT id FROM schedules WHERE cancelled_at IS NOT NULL AND cancel_finished_at IS NULL \
         ORDER BY cancelled_at LIMIT 1",
    )
    .load(conn)
    .await?;
    Ok(due.pop().map(|(id,)| ScheduleId::new(id)))
}

/// The first reservations that are paid, or pending and not over, at most so many. Those that are over
/// are the sweeper's, and seats without a reservation are the house's.
async fn live(
    conn: &mut AsyncPgConnection,
    schedule: ScheduleId,
    now: OffsetDateTime,
    most: usize,
) -> QueryResult<Vec<uuid::Uuid>> {
    let rows: Vec<(uuid::Uuid,)> = sql::<(Uuid,)>(
        "SELECT r.id FROM seats s JOIN reservations r ON r.id = s.reservation_id \
         WHERE s.schedule_id = $1 AND (s.status = 'sold' OR s.held_until > $2) \
         ORDER BY s.number LIMIT $3",
    )
    .bind::<Uuid, _>(schedule.get())
    .bind::<Timestamptz, _>(now)
    .bind::<BigInt, _>(i64::try_from(most).unwrap_or(i64::MAX))
    .load(conn)
    .await?;
    let distinct: BTreeSet<_> = rows.into_iter().map(|(id,)| id).collect();
    Ok(distinct.into_iter().collect())
}

async fn finish(
    conn: &mut AsyncPgConnection,
    schedule: ScheduleId,
    now: OffsetDateTime,
) -> QueryResult<()> {
    sql::<()>(
        "UPDATE schedules SET cancel_finished_at = $2 \
         WHERE id = $1 AND cancel_finished_at IS NULL",
    )
    .bind::<Uuid, _>(schedule.get())
    .bind::<Timestamptz, _>(now)
    .execute(conn)
    .await?;
    Ok(())
}
