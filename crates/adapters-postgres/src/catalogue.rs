//! Concerts and dates: [`CatalogueStore`] on PostgreSQL.

use std::{ops::Range, sync::Arc};

use async_trait::async_trait;
use diesel::{
    QueryResult,
    sql_types::{Array, BigInt, Integer, Nullable, Text, Timestamptz, Uuid},
};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use domain::{
    catalogue::{CatalogueStore, Concert, NewSchedule, Schedule, ShortText},
    clock::Clock,
    id::{ConcertId, ScheduleId},
    operators::Operator,
    page::{Page, PageRequest},
    storage::StorageError,
};
use futures_util::try_join;
use time::OffsetDateTime;

use crate::{
    admin_log,
    error::storage,
    pool::Database,
    seat_maps::PgSeatMaps,
    sql::{self, sql},
};

/// [`CatalogueStore`] on PostgreSQL.
pub struct PgCatalogue {
    database: Database,
    maps: Arc<PgSeatMaps>,
    clock: Arc<dyn Clock>,
}

impl PgCatalogue {
    /// The catalogue of `database`, whose seats are shown by `maps`.
    pub fn new(database: Database, maps: Arc<PgSeatMaps>, clock: Arc<dyn Clock>) -> Self {
        Self {
            database,
            maps,
            clock,
        }
    }
}

#[async_trait]
impl CatalogueStore for PgCatalogue {
    async fn add_concert(&self, operator: Operator, concert: Concert) -> Result<(), StorageError> {
        let (database, clock) = (self.database.clone(), self.clock.clone());
        self.database
            .detached(async move {
                let mut conn = database.connection().await?;
                let add = sql("INSERT INTO concerts (id, title, venue) VALUES ($1, $2, $3)")
                    .bind::<Uuid, _>(concert.id.get())
                    .bind::<Text, _>(concert.title.as_str().to_owned())
                    .bind::<Text, _>(concert.venue.as_str().to_owned());
                let log = admin_log::entry(&operator, clock.now(), &concert.created());
                conn.transaction(async |conn| sql::run(conn, vec![add, log]).await)
                    .await
                    .map_err(storage)
            })
            .await
    }

    async fn add_schedule(
        &self,
        operator: Operator,
        new: NewSchedule,
    ) -> Result<bool, StorageError> {
        let (database, concert) = (self.database.clone(), new.schedule.concert_id);
        let clock = self.clock.clone();
        let added = self.database.detached(async move {
            let mut conn = database.connection().await?;
            conn.transaction(async |conn| {
                let log = admin_log::entry(&operator, clock.now(), &new.schedule.created());
                let added = add_schedule(conn, new).await?;
                if added {
                    log.execute(conn).await?;
                }
                Ok(added)
            })
            .await
            .map_err(storage)
        });
        let added = added.await?;
        self.maps.dates_changed(concert);
        Ok(added)
    }

    async fn concerts(
        &self,
        page: PageRequest<ConcertId>,
    ) -> Result<Page<Concert, ConcertId>, StorageError> {
        let mut conn = self.database.connection().await?;
        let rows: QueryResult<Vec<(uuid::Uuid, String, String)>> = sql::<(Uuid, Text, Text)>(
            "SELECT id, title, venue FROM concerts WHERE $1 IS NULL OR id > $1 \
             ORDER BY id LIMIT $2",
        )
        .bind::<Nullable<Uuid>, _>(page.after.map(ConcertId::get))
        .bind::<BigInt, _>(i64::from(page.limit) + 1)
        .load(&mut conn)
        .await;
        let concert = |(id, title, venue): (_, String, String)| {
            let text = |text: &str| ShortText::new(text).map_err(StorageError::failed);
            Ok(Concert {
                id: ConcertId::new(id),
                title: text(&title)?,
                venue: text(&venue)?,
            })
        };
        let concerts: Result<Vec<_>, StorageError> =
            rows.map_err(storage)?.into_iter().map(concert).collect();
        Ok(Page::of(concerts?, page.limit, |concert| concert.id))
    }

    async fn schedules(
        &self,
        concert: ConcertId,
        span: Range<OffsetDateTime>,
        now: OffsetDateTime,
    ) -> Result<Option<Vec<Schedule>>, StorageError> {
        let conn = self.database.connection().await?;
        let found = try_join!(exists(&conn, concert), schedules(&conn, concert, span, now));
        let (exists, schedules) = found.map_err(storage)?;
        Ok(exists.then_some(schedules))
    }
}

pub(crate) async fn add_schedule(
    conn: &mut AsyncPgConnection,
    new: NewSchedule,
) -> QueryResult<bool> {
    let NewSchedule { schedule, seats } = new;
    let added = sql::<()>(
        "INSERT INTO schedules (id, concert_id, starts_at, sales_open_at, total_seats, \
         remaining_seats, sold_seats) \
         SELECT $1, id, $3, $4, $5, $6, $7 FROM concerts WHERE id = $2",
    )
    .bind::<Uuid, _>(schedule.id.get())
    .bind::<Uuid, _>(schedule.concert_id.get())
    .bind::<Timestamptz, _>(schedule.starts_at)
    .bind::<Nullable<Timestamptz>, _>(schedule.sales_open_at)
    .bind::<Integer, _>(schedule.total_seats.cast_signed())
    .bind::<Integer, _>(schedule.remaining_seats.cast_signed())
    .bind::<Integer, _>(schedule.sold_seats.cast_signed())
    .execute(conn)
    .await?;
    if added == 0 {
        return Ok(false);
    }
    sql::<()>(
        "INSERT INTO seats (id, schedule_id, number, grade, price) \
         SELECT id, $1, number, grade, price \
         FROM unnest($2, $3, $4, $5) AS new (id, number, grade, price)",
    )
    .bind::<Uuid, _>(schedule.id.get())
    .bind::<Array<Uuid>, _>(seats.iter().map(|s| s.id.get()).collect::<Vec<_>>())
    .bind::<Array<Integer>, _>(
        seats
            .iter()
            .map(|s| s.number.get().cast_signed())
            .collect::<Vec<_>>(),
    )
    .bind::<Array<Text>, _>(seats.iter().map(|s| s.grade.clone()).collect::<Vec<_>>())
    .bind::<Array<BigInt>, _>(seats.iter().map(|s| s.price.get()).collect::<Vec<_>>())
    .execute(conn)
    .await?;
    Ok(true)
}

async fn exists(mut conn: &AsyncPgConnection, concert: ConcertId) -> QueryResult<bool> {
    let rows: Vec<(uuid::Uuid,)> = sql::<(Uuid,)>("SELECT id FROM concerts WHERE id = $1")
        .bind::<Uuid, _>(concert.get())
        .load(&mut conn)
        .await?;
    Ok(!rows.is_empty())
}

/// The schedules within `span` that were not called off. Seats of holds that are over count as remaining (SPEC rule 16),
/// swept or not.
async fn schedules(
    mut conn: &AsyncPgConnection,
    concert: ConcertId,
    span: Range<OffsetDateTime>,
    now: OffsetDateTime,
) -> QueryResult<Vec<Schedule>> {
    type Columns = (
        Uuid,
        Timestamptz,
        Nullable<Timestamptz>,
        Integer,
        BigInt,
        Integer,
    );
    type Row = (
        uuid::Uuid,
        OffsetDateTime,
        Option<OffsetDateTime>,
        i32,
        i64,
        i32,
    );
    let rows: Vec<Row> = sql::<Columns>(
        "SELECT s.id, s.starts_at, s.sales_open_at, s.total_seats, \
         s.remaining_seats + coalesce((SELECT sum(cardinality(r.seat_numbers)) FROM reservations r \
           WHERE r.schedule_id = s.id AND r.status = 'pending_payment' \
           AND r.held_until <= $4), 0), \
         s.sold_seats FROM schedules s \
         WHERE s.concert_id = $1 AND s.starts_at >= $2 AND s.starts_at < $3 \
         AND s.cancelled_at IS NULL \
         ORDER BY s.starts_at, s.id",
    )
    .bind::<Uuid, _>(concert.get())
    .bind::<Timestamptz, _>(span.start)
    .bind::<Timestamptz, _>(span.end)
    .bind::<Timestamptz, _>(now)
    .load(&mut conn)
    .await?;
    let schedule = |(id, starts_at, sales_open_at, total, remaining, sold): Row| Schedule {
        id: ScheduleId::new(id),
        concert_id: concert,
        starts_at,
        sales_open_at,
        total_seats: total.unsigned_abs(),
        remaining_seats: u32::try_from(remaining).unwrap_or(0),
        sold_seats: sold.unsigned_abs(),
    };
    Ok(rows.into_iter().map(schedule).collect())
}
