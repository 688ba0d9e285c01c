//! How the sale of each concert goes, for those who watch it.

use std::{collections::HashMap, sync::Arc};

use diesel::{
    QueryResult,
    sql_types::{Array, BigInt, Integer, Text, Timestamptz, Uuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{clock::Clock, storage::StorageError};
use time::{Duration, OffsetDateTime};

use crate::{error::storage, pool::Database, sql::sql};

/// Of so many concerts, those that have sold the most.
const CONCERTS: i64 = 100;
/// Dates that are longer past than this are not looked at.
const PAST: Duration = Duration::days(2);
/// The amounts of so many dates are added up in one round. That is a look at each of their sold seats.
const ADDED_UP: usize = 20;

/// How the sale of a concert goes: of all its dates that are not long past.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConcertSales {
    /// The concert's id.
    pub id: uuid::Uuid,
    /// Its title.
    pub title: String,
    /// How many seats there are.
    pub seats: u64,
    /// How many are neither held nor sold.
    pub remaining: u64,
    /// How many are sold, with those that the house keeps or gave away.
    pub sold: u64,
    /// What was paid for them, in won.
    pub revenue: u64,
}

/// Watches the sale of concerts.
pub struct SalesWatch {
    database: Database,
    clock: Arc<dyn Clock>,
    revenues: HashMap<uuid::Uuid, Revenue>,
    round: u64,
}

/// What was paid for the sold seats of a date, when its version was this.
#[derive(Clone, Copy, Default)]
struct Revenue {
    version: i64,
    won: i64,
    /// The round in which they were added up.
    round: u64,
}

/// A date as stored.
struct Date {
    concert: uuid::Uuid,
    title: String,
    schedule: uuid::Uuid,
    version: i64,
    seats: i32,
    remaining: i32,
    sold: i32,
}

impl SalesWatch {
    /// Has seen nothing yet.
    pub fn new(database: Database, clock: Arc<dyn Clock>) -> Self {
        Self {
            database,
            clock,
            revenues: HashMap::new(),
            round: 0,
        }
    }

    /// Looks at the sales of the hundred concerts that have sold the most. Prices are added up only
    /// where seats have changed, of at most twenty dates a look: with more the others come next.
    pub async fn look(&mut self) -> Result<Vec<ConcertSales>, StorageError> {
        let mut conn = self.database.connection().await?;
        let since = self.clock.now() - PAST;
        let dates = dates(&mut conn, since).await.map_err(storage)?;
        self.round += 1;
        self.add_up(&mut conn, &dates).await.map_err(storage)?;
        Ok(self.by_concert(dates))
    }

    async fn add_up(&mut self, conn: &mut AsyncPgConnection, dates: &[Date]) -> QueryResult<()> {
        let known = |date: &Date| self.revenues.get(&date.schedule).copied();
        let is_stale = |date: &&Date| known(date).is_none_or(|k| k.version != date.version);
        let mut stale: Vec<_> = dates.iter().filter(is_stale).collect();
        stale.sort_by_key(|date| known(date).map(|known| known.round));
        stale.truncate(ADDED_UP);
        let sums = prices(conn, stale.iter().map(|date| date.schedule).collect()).await?;
        let new = stale.into_iter().map(|date| {
            let revenue = Revenue {
                version: date.version,
                won: sums.get(&date.schedule).copied().unwrap_or_default(),
                round: self.round,
            };
            (date.schedule, revenue)
        });
        let new: HashMap<_, _> = new.collect();
        let wanted = |id: &uuid::Uuid| dates.iter().any(|date| date.schedule == *id);
        self.revenues.retain(|id, _| wanted(id));
        self.revenues.extend(new);
        Ok(())
    }

    fn by_concert(&self, dates: Vec<Date>) -> Vec<ConcertSales> {
        let mut concerts: Vec<ConcertSales> = Vec::new();
        for date in dates {
            let won = self.revenues.get(&date.schedule).map_or(0, |sum| sum.won);
            if concerts.last().is_none_or(|last| last.id != date.concert) {
                concerts.push(ConcertSales::none(date.concert, date.title));
            }
            let Some(concert) = concerts.last_mut() else {
                continue;
            };
            concert.seats += u64::from(date.seats.unsigned_abs());
            concert.remaining += u64::from(date.remaining.unsigned_abs());
            concert.sold += u64::from(date.sold.unsigned_abs());
            concert.revenue += won.unsigned_abs();
        }
        concerts
    }
}

impl ConcertSales {
    fn none(id: uuid::Uuid, title: String) -> Self {
        Self {
            id,
            title,
            seats: 0,
            remaining: 0,
            sold: 0,
            revenue: 0,
        }
    }
}

/// The dates of the concerts that have sold the most, the best selling concert first.
async fn dates(conn: &mut AsyncPgConnection, since: OffsetDateTime) -> QueryResult<Vec<Date>> {
    type Columns = (Uuid, Text, Uuid, BigInt, Integer, Integer, Integer);
    type Row = (uuid::Uuid, String, uuid::Uuid, i64, i32, i32, i32);
    let rows: Vec<Row> = sql::<Columns>(
        "SELECT c.id, c.title, s.id, s.version, s.total_seats, s.remaining_seats, s.sold_seats \
         FROM (SELECT concert_id, sum(sold_seats) AS sold FROM schedules WHERE starts_at > $1 \
           GROUP BY concert_id ORDER BY sold DESC, concert_id LIMIT $2) AS best \
         JOIN concerts c ON c.id = best.concert_id \
         JOIN schedules s ON s.concert_id = c.id AND s.starts_at > $1 \
         ORDER BY best.sold DESC, c.id, s.id",
    )
    .bind::<Timestamptz, _>(since)
    .bind::<BigInt, _>(CONCERTS)
    .load(conn)
    .await?;
    let date = |(concert, title, schedule, version, seats, remaining, sold): Row| Date {
        concert,
        title,
        schedule,
        version,
        seats,
        remaining,
        sold,
    };
    Ok(rows.into_iter().map(date).collect())
}

/// What was paid for the sold seats of these schedules. What the house keeps or gives away costs
/// nothing.
async fn prices(
    conn: &mut AsyncPgConnection,
    schedules: Vec<uuid::Uuid>,
) -> QueryResult<HashMap<uuid::Uuid, i64>> {
    if schedules.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<(uuid::Uuid, i64)> = sql::<(Uuid, BigInt)>(
        "SELECT schedule_id, sum(amount)::bigint FROM reservations WHERE id IN (\
           SELECT reservation_id FROM seats WHERE schedule_id = ANY($1) AND status = 'sold') \
         GROUP BY schedule_id",
    )
    .bind::<Array<Uuid>, _>(schedules)
    .load(conn)
    .await?;
    Ok(rows.into_iter().collect())
}
