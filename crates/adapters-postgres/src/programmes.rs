//! Whole programmes: [`Programmes`] on PostgreSQL.

use std::{collections::HashMap, sync::Arc};

use async_trait::async_trait;
use diesel::{
    QueryResult,
    sql_types::{Array, BigInt, Integer, Nullable, Text, Timestamptz, Uuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use domain::{
    catalogue::{
        Additions, Clash, Imported, KnownShow, Programmes, SeatBlock, SeatPlan, ShortText, Show,
        ShowDate, additions,
    },
    clock::Clock,
    id::{ConcertId, IdGenerator},
    money::Money,
    operators::Operator,
    seats::SeatNumber,
    storage::StorageError,
};
use time::OffsetDateTime;

use crate::{
    admin_log,
    audit::WHOLE_TABLES,
    catalogue::add_schedule,
    error::storage,
    pool::Database,
    sql::{self, sql},
    turn::Turn,
};

/// [`Programmes`] on PostgreSQL.
pub struct PgProgrammes {
    database: Database,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdGenerator>,
}

impl PgProgrammes {
    /// The programme of `database`; what is added gets its ids from `ids`.
    pub fn new(database: Database, clock: Arc<dyn Clock>, ids: Arc<dyn IdGenerator>) -> Self {
        Self {
            database,
            clock,
            ids,
        }
    }
}

#[async_trait]
impl Programmes for PgProgrammes {
    async fn import(
        &self,
        operator: Operator,
        shows: Vec<Show>,
        only_check: bool,
    ) -> Result<Result<Imported, Vec<Clash>>, StorageError> {
        let (database, clock) = (self.database.clone(), self.clock.clone());
        let ids = self.ids.clone();
        self.database
            .detached(async move {
                // One import at a time: no key is looked up twice before it is stored. Should anything
                // fail, the transaction ends with its connection.
                let mut conn = Turn::take(&database).await?.into_connection();
                begin(&mut conn).await.map_err(storage)?;
                let keys = shows.iter().filter_map(|show| show.key.as_ref());
                let keys = keys.map(|key| key.as_str().to_owned()).collect();
                let known = shows_of(&mut conn, Some(keys)).await?;
                let new = match additions(&known, &shows, ids.as_ref()) {
                    Ok(new) => new,
                    Err(clashes) => return Ok(Err(clashes)),
                };
                let imported = Imported::from(&new);
                if !only_check {
                    add(&mut conn, &operator, clock.now(), new)
                        .await
                        .map_err(storage)?;
                    conn.batch_execute("COMMIT").await.map_err(storage)?;
                }
                Ok(Ok(imported))
            })
            .await
    }

    async fn export(&self) -> Result<Vec<KnownShow>, StorageError> {
        let mut conn = self.database.own().await?;
        begin(&mut conn).await.map_err(storage)?;
        shows_of(&mut conn, None).await
    }
}

/// Everything is read as of one moment.
async fn begin(conn: &mut AsyncPgConnection) -> QueryResult<()> {
    conn.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        .await?;
    conn.batch_execute(WHOLE_TABLES).await
}

async fn add(
    conn: &mut AsyncPgConnection,
    operator: &Operator,
    now: OffsetDateTime,
    new: Additions,
) -> QueryResult<()> {
    let made = new.concerts.iter().map(|(concert, _)| concert.created());
    let dated = new.schedules.iter().map(|new| new.schedule.created());
    let log = made.chain(dated);
    let log = log
        .map(|change| admin_log::entry(operator, now, &change))
        .collect();
    let concerts = || new.concerts.iter().map(|(concert, _)| concert);
    let keys = new.concerts.iter().map(|(_, key)| key.as_ref());
    let keys: Vec<_> = keys
        .map(|key| key.map(|key| key.as_str().to_owned()))
        .collect();
    sql::<()>(
        "INSERT INTO concerts (id, title, venue, key) \
         SELECT * FROM unnest($1, $2, $3, $4)",
    )
    .bind::<Array<Uuid>, _>(concerts().map(|c| c.id.get()).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(
        concerts()
            .map(|c| c.title.as_str().to_owned())
            .collect::<Vec<_>>(),
    )
    .bind::<Array<Text>, _>(
        concerts()
            .map(|c| c.venue.as_str().to_owned())
            .collect::<Vec<_>>(),
    )
    .bind::<Array<Nullable<Text>>, _>(keys)
    .execute(conn)
    .await?;
    for schedule in new.schedules {
        add_schedule(conn, schedule).await?;
    }
    sql::run(conn, log).await
}

/// The shows that have these keys or ids, or all of them; oldest first.
async fn shows_of(
    conn: &mut AsyncPgConnection,
    names: Option<Vec<String>>,
) -> Result<Vec<KnownShow>, StorageError> {
    let concerts = concerts(conn, names).await.map_err(storage)?;
    let ids: Vec<_> = concerts.iter().map(|concert| concert.0).collect();
    let mut plans = plans(conn, ids.clone()).await?;
    let mut dates: HashMap<_, Vec<_>> = HashMap::new();
    for (id, concert, starts_at, sales_open_at) in schedules(conn, ids).await.map_err(storage)? {
        let blocks = plans.remove(&id).unwrap_or_default();
        let plan = SeatPlan::new(blocks).map_err(StorageError::failed)?;
        dates.entry(concert).or_default().push(ShowDate {
            starts_at,
            sales_open_at,
            plan,
        });
    }
    let known = |(id, title, venue, key): ConcertRow| {
        let show = Show {
            key: key.as_deref().map(text).transpose()?,
            title: text(&title)?,
            venue: text(&venue)?,
            dates: dates.remove(&id).unwrap_or_default(),
        };
        let id = ConcertId::new(id);
        Ok(KnownShow { id, show })
    };
    concerts.into_iter().map(known).collect()
}

fn text(text: &str) -> Result<ShortText, StorageError> {
    ShortText::new(text).map_err(StorageError::failed)
}

type ConcertRow = (uuid::Uuid, String, String, Option<String>);

async fn concerts(
    conn: &mut AsyncPgConnection,
    names: Option<Vec<String>>,
) -> QueryResult<Vec<ConcertRow>> {
    sql::<(Uuid, Text, Text, Nullable<Text>)>(
        "SELECT id, title, venue, key FROM concerts \
         WHERE $1 IS NULL OR coalesce(key, id::text) = ANY($1) ORDER BY id",
    )
    .bind::<Nullable<Array<Text>>, _>(names)
    .load(conn)
    .await
}

type ScheduleRow = (
    uuid::Uuid,
    uuid::Uuid,
    OffsetDateTime,
    Option<OffsetDateTime>,
);

async fn schedules(
    conn: &mut AsyncPgConnection,
    concerts: Vec<uuid::Uuid>,
) -> QueryResult<Vec<ScheduleRow>> {
    sql::<(Uuid, Uuid, Timestamptz, Nullable<Timestamptz>)>(
        "SELECT id, concert_id, starts_at, sales_open_at FROM schedules \
         WHERE concert_id = ANY($1) ORDER BY starts_at, id",
    )
    .bind::<Array<Uuid>, _>(concerts)
    .load(conn)
    .await
}

/// The seats of each schedule, as runs of seats alike.
async fn plans(
    conn: &mut AsyncPgConnection,
    concerts: Vec<uuid::Uuid>,
) -> Result<HashMap<uuid::Uuid, Vec<SeatBlock>>, StorageError> {
    type Row = (uuid::Uuid, String, i64, i32, i32);
    let rows: QueryResult<Vec<Row>> = sql::<(Uuid, Text, BigInt, Integer, Integer)>(
        "SELECT schedule_id, grade, price, min(number), max(number) FROM ( \
           SELECT schedule_id, grade, price, number, number - row_number() \
             OVER (PARTITION BY schedule_id, grade, price ORDER BY number) AS run \
           FROM seats WHERE schedule_id IN \
             (SELECT id FROM schedules WHERE concert_id = ANY($1))) AS numbered \
         GROUP BY schedule_id, grade, price, run",
    )
    .bind::<Array<Uuid>, _>(concerts)
    .load(conn)
    .await;
    let mut plans: HashMap<_, Vec<_>> = HashMap::new();
    for (schedule, grade, price, from, to) in rows.map_err(storage)? {
        let number = |number: i32| {
            let number = SeatNumber::new(number.into());
            number.ok_or_else(|| StorageError::failed("a seat has a number that no seat can have"))
        };
        plans.entry(schedule).or_default().push(SeatBlock {
            grade: text(&grade)?,
            price: Money::won(price),
            from: number(from)?,
            to: number(to)?,
        });
    }
    Ok(plans)
}
