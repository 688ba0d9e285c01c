//! Who has which seat, for any number of watchers: [`SeatMaps`] on PostgreSQL.
//!
//! A refresh is one query, which gives the seats that were written since the last one and nothing when
//! none was. Those who give seats away never look here: they lock the rows and read them.

use std::{sync::Arc, time::Instant};

use async_trait::async_trait;
use diesel::{
    QueryResult,
    sql_types::{BigInt, Nullable, Timestamptz, Uuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{
    catalogue::{Dates, MapVersion, SeatMap, SeatMaps, SeatRow, SeatsRead, Snapshot},
    clock::Clock,
    id::{ConcertId, ScheduleId},
    storage::StorageError,
};
use metrics::{Histogram, histogram};
use time::OffsetDateTime;

use crate::{
    error::storage,
    fresh::{Fresh, Source},
    lane::Tasks,
    pool::Database,
    seat_rows::{self, SeatColumns},
    sql::sql,
};

/// [`SeatMaps`] of one process.
pub struct PgSeatMaps {
    maps: Fresh<StoredSeats>,
    dates: Fresh<StoredDates>,
}

impl PgSeatMaps {
    /// With nothing in memory. To be called on the runtime that outlives all who look.
    pub fn new(database: &Database, clock: &Arc<dyn Clock>) -> Arc<Self> {
        Self::start(database, clock, &Tasks::default())
    }

    /// The same, its work being among `tasks`.
    pub(crate) fn start(database: &Database, clock: &Arc<dyn Clock>, tasks: &Tasks) -> Arc<Self> {
        let database = || database.clone();
        Arc::new(Self {
            maps: Fresh::start(StoredSeats::new(database()), clock.clone(), tasks),
            dates: Fresh::start(StoredDates(database()), clock.clone(), tasks),
        })
    }

    /// Tells that seats of `schedule` have changed, before whoever changed them is answered: what they
    /// have been told is there when they look.
    pub(crate) fn seats_changed(&self, schedule: ScheduleId) {
        self.maps.changed(schedule);
    }

    /// Tells that `concert` has one more schedule.
    pub(crate) fn dates_changed(&self, concert: ConcertId) {
        self.dates.changed(concert);
    }
}

#[async_trait]
impl SeatMaps for PgSeatMaps {
    async fn map(
        &self,
        schedule: ScheduleId,
        seen: Option<MapVersion>,
    ) -> Result<Option<Snapshot>, StorageError> {
        let enough = |known: &Snapshot| seen.is_none_or(|seen| known.map.version() >= seen);
        self.maps.get(schedule, enough).await
    }

    async fn dates(&self, concert: ConcertId) -> Result<Option<Dates>, StorageError> {
        self.dates.get(concert, |_| true).await
    }
}

struct StoredSeats {
    database: Database,
    reads: Histogram,
}

impl StoredSeats {
    fn new(database: Database) -> Self {
        let reads = histogram!("boxoffice_seat_map_read_seconds");
        Self { database, reads }
    }
}

impl Source for StoredSeats {
    type Key = ScheduleId;
    type Value = Snapshot;

    async fn read(
        &self,
        schedule: ScheduleId,
        before: Option<Snapshot>,
        now: OffsetDateTime,
    ) -> Result<Option<Snapshot>, StorageError> {
        let asked = Instant::now();
        let conn = self.database.connection().await?;
        let known = before.as_ref().map(|before| before.map.version().writes);
        let mut read = changed_seats(&conn, schedule, known)
            .await
            .map_err(storage)?;
        let mut before = before;
        // Versions only fall when the database was restored from a backup: then nothing is known.
        if read.as_ref().map(|read| read.version) < known {
            before = None;
            read = changed_seats(&conn, schedule, None)
                .await
                .map_err(storage)?;
        }
        self.reads.record(asked.elapsed());
        Ok(read.map(|read| Snapshot {
            map: state(before, read, now),
            as_of: now,
        }))
    }
}

fn state(before: Option<Snapshot>, read: SeatsRead, now: OffsetDateTime) -> Arc<SeatMap> {
    let Some(Snapshot { map, .. }) = before else {
        return Arc::new(SeatMap::new(read, now));
    };
    match map.next(read, now) {
        Some(next) => Arc::new(next),
        None => map,
    }
}

type Columns = (BigInt, Timestamptz, Nullable<SeatColumns>, Nullable<BigInt>);
type Row = (i64, OffsetDateTime, Option<seat_rows::SeatRow>, Option<i64>);

/// The schedule's version and the seats written since the version `known`, all at one instant. Of a
/// date that was called off nothing is shown.
async fn changed_seats(
    mut conn: &AsyncPgConnection,
    schedule: ScheduleId,
    known: Option<u64>,
) -> QueryResult<Option<SeatsRead>> {
    // Where nothing was written the seats are not even looked at: without `OFFSET 0` the condition on
    // the schedule would be checked seat by seat.
    let rows: Vec<Row> = sql::<Columns>(
        "SELECT s.version, s.starts_at, seat.schedule_id, seat.id, seat.number, seat.grade, \
         seat.price, seat.status, seat.reservation_id, seat.held_until, seat.version \
         FROM schedules s LEFT JOIN LATERAL (SELECT * FROM seats \
           WHERE seats.schedule_id = s.id AND seats.version > $2 AND s.version > $2 OFFSET 0) \
         AS seat ON true WHERE s.id = $1 AND s.cancelled_at IS NULL",
    )
    .bind::<Uuid, _>(schedule.get())
    .bind::<BigInt, _>(known.map_or(-1, u64::cast_signed))
    .load(&mut conn)
    .await?;
    let [(version, starts_at, ..), ..] = &rows[..] else {
        return Ok(None);
    };
    let (version, starts_at) = (version.unsigned_abs(), *starts_at);
    let seat = |(_, _, seat, version): Row| {
        let (_, seat) = seat_rows::seat(seat?)?;
        let version = version?.unsigned_abs();
        Some(SeatRow { seat, version })
    };
    Ok(Some(SeatsRead {
        schedule_id: schedule,
        starts_at,
        version,
        changed: rows.into_iter().filter_map(seat).collect(),
    }))
}

struct StoredDates(Database);

impl Source for StoredDates {
    type Key = ConcertId;
    type Value = Dates;

    async fn read(
        &self,
        concert: ConcertId,
        _: Option<Dates>,
        _: OffsetDateTime,
    ) -> Result<Option<Dates>, StorageError> {
        type Row = (Option<uuid::Uuid>, Option<OffsetDateTime>);
        let mut conn = self.0.connection().await?;
        let rows: QueryResult<Vec<Row>> = sql::<(Nullable<Uuid>, Nullable<Timestamptz>)>(
            "SELECT s.id, s.starts_at FROM concerts c LEFT JOIN schedules s ON s.concert_id = c.id \
             AND s.cancelled_at IS NULL WHERE c.id = $1 ORDER BY s.starts_at, s.id",
        )
        .bind::<Uuid, _>(concert.get())
        .load(&mut conn)
        .await;
        let rows = rows.map_err(storage)?;
        let date = |(id, starts_at): &Row| Some((ScheduleId::new((*id)?), (*starts_at)?));
        Ok((!rows.is_empty()).then(|| rows.iter().filter_map(date).collect()))
    }
}
