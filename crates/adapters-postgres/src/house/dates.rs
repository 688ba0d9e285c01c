//! Concerts and dates as the house edits and watches them.

use diesel::{
    QueryResult,
    result::Error,
    sql_types::{BigInt, Bool, Integer, Nullable, Text, Timestamptz, Uuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{
    catalogue::{Concert, Schedule, ShortText},
    clock::Clock,
    house::{ConcertEdit, DateEdit, DateReport, HouseDate, HouseError, takes_place},
    id::{ConcertId, ScheduleId},
    money::Money,
    operators::Operator,
};
use time::OffsetDateTime;

use crate::{
    admin_log, schedules,
    sql::{self, Sql, sql},
};

pub(super) async fn concert(
    conn: &AsyncPgConnection,
    id: ConcertId,
) -> QueryResult<Option<Concert>> {
    let find = sql("SELECT title, venue FROM concerts WHERE id = $1");
    read_concert(conn, id, find).await
}

async fn read_concert(
    mut conn: &AsyncPgConnection,
    id: ConcertId,
    find: Sql<(Text, Text)>,
) -> QueryResult<Option<Concert>> {
    let rows: Vec<(String, String)> = find.bind::<Uuid, _>(id.get()).load(&mut conn).await?;
    let text = |text: &str| {
        ShortText::new(text).map_err(|invalid| Error::DeserializationError(invalid.into()))
    };
    let concert = |(title, venue): (String, String)| {
        let (title, venue) = (text(&title)?, text(&venue)?);
        Ok(Concert { id, title, venue })
    };
    rows.into_iter().next().map(concert).transpose()
}

pub(super) async fn edit_concert(
    conn: &mut AsyncPgConnection,
    clock: &dyn Clock,
    operator: &Operator,
    id: ConcertId,
    edit: ConcertEdit,
) -> QueryResult<Option<Concert>> {
    let lock = sql("SELECT title, venue FROM concerts WHERE id = $1 FOR NO KEY UPDATE");
    let Some(concert) = read_concert(conn, id, lock).await? else {
        return Ok(None);
    };
    let (edited, change) = concert.edited(edit);
    if !change.details.is_empty() {
        let write = sql("UPDATE concerts SET title = $1, venue = $2 WHERE id = $3")
            .bind::<Text, _>(edited.title.as_str().to_owned())
            .bind::<Text, _>(edited.venue.as_str().to_owned())
            .bind::<Uuid, _>(id.get());
        let log = admin_log::entry(operator, clock.now(), &change);
        sql::run(conn, vec![write, log]).await?;
    }
    Ok(Some(edited))
}

/// The edited date. It has a new version: its seat maps tell when it starts.
pub(super) async fn edit_date(
    conn: &mut AsyncPgConnection,
    clock: &dyn Clock,
    operator: &Operator,
    id: ScheduleId,
    edit: DateEdit,
) -> QueryResult<Result<HouseDate, HouseError>> {
    let locked = schedules::lock(conn, [id].into()).await?;
    if let Err(refused) = takes_place(locked.on_sale.get(&id)) {
        return Ok(Err(refused));
    }
    let now = clock.now();
    let Some(date) = date(conn, id, now).await? else {
        return Ok(Err(HouseError::ScheduleNotFound));
    };
    let (edited, change) = match date.edited(now, edit) {
        Ok(decided) => decided,
        Err(refused) => return Ok(Err(refused)),
    };
    if !change.details.is_empty() {
        let write = sql(
            "UPDATE schedules SET starts_at = $1, sales_open_at = $2, sales_closed = $3, \
             version = $4 WHERE id = $5",
        )
        .bind::<Timestamptz, _>(edited.schedule.starts_at)
        .bind::<Nullable<Timestamptz>, _>(edited.schedule.sales_open_at)
        .bind::<Bool, _>(edited.sales_closed)
        .bind::<BigInt, _>(locked.version(id))
        .bind::<Uuid, _>(id.get());
        let log = admin_log::entry(operator, now, &change);
        sql::run(conn, vec![write, log]).await?;
    }
    Ok(Ok(edited))
}

type Columns = (
    Uuid,
    Uuid,
    Timestamptz,
    Nullable<Timestamptz>,
    Bool,
    Integer,
    BigInt,
    Integer,
);
type Row = (
    uuid::Uuid,
    uuid::Uuid,
    OffsetDateTime,
    Option<OffsetDateTime>,
    bool,
    i32,
    i64,
    i32,
);

/// The columns of a date `s` at `$2`. Seats of holds that are over remain, swept or not.
macro_rules! date_columns {
    () => {
        "s.id, s.concert_id, s.starts_at, s.sales_open_at, s.sales_closed, s.total_seats, \
         s.remaining_seats + coalesce((SELECT sum(cardinality(r.seat_numbers)) FROM reservations r \
           WHERE r.schedule_id = s.id AND r.status = 'pending_payment' \
           AND r.held_until <= $2), 0), s.sold_seats"
    };
}

fn house_date(
    (id, concert, starts_at, sales_open_at, sales_closed, total, remaining, sold): Row,
) -> HouseDate {
    let schedule = Schedule {
        id: ScheduleId::new(id),
        concert_id: ConcertId::new(concert),
        starts_at,
        sales_open_at,
        total_seats: total.unsigned_abs(),
        remaining_seats: count(remaining),
        sold_seats: sold.unsigned_abs(),
    };
    HouseDate {
        schedule,
        sales_closed,
    }
}

fn count(counted: i64) -> u32 {
    u32::try_from(counted).unwrap_or_default()
}

async fn date(
    mut conn: &AsyncPgConnection,
    id: ScheduleId,
    now: OffsetDateTime,
) -> QueryResult<Option<HouseDate>> {
    let find = concat!(
        "SELECT ",
        date_columns!(),
        " FROM schedules s WHERE s.id = $1"
    );
    let rows: Vec<Row> = sql::<Columns>(find)
        .bind::<Uuid, _>(id.get())
        .bind::<Timestamptz, _>(now)
        .load(&mut conn)
        .await?;
    Ok(rows.into_iter().next().map(house_date))
}

/// All dates of a concert, by start.
pub(super) async fn of_concert(
    mut conn: &AsyncPgConnection,
    id: ConcertId,
    now: OffsetDateTime,
) -> QueryResult<Vec<HouseDate>> {
    let find = concat!(
        "SELECT ",
        date_columns!(),
        " FROM schedules s WHERE s.concert_id = $1 ORDER BY s.starts_at, s.id"
    );
    let rows: Vec<Row> = sql::<Columns>(find)
        .bind::<Uuid, _>(id.get())
        .bind::<Timestamptz, _>(now)
        .load(&mut conn)
        .await?;
    Ok(rows.into_iter().map(house_date).collect())
}

/// How a date sells, all at one instant. Its sold seats lead to their reservations: these are not
/// indexed by their schedules, because every hold would pay for that.
pub(super) async fn report(
    mut conn: &AsyncPgConnection,
    id: ScheduleId,
    now: OffsetDateTime,
) -> QueryResult<Option<DateReport>> {
    let find = concat!(
        "SELECT ",
        date_columns!(),
        ", (SELECT count(*) FROM blocked_seats WHERE schedule_id = s.id), paid.seats, paid.amount \
         FROM schedules s CROSS JOIN (\
           SELECT coalesce(sum(cardinality(seat_numbers)) FILTER (WHERE complimentary), 0)::bigint \
             AS seats, coalesce(sum(amount), 0)::bigint AS amount \
           FROM reservations WHERE id IN (\
             SELECT reservation_id FROM seats WHERE schedule_id = $1 AND status = 'sold')) AS paid \
         WHERE s.id = $1"
    );
    let rows: Vec<(Row, i64, i64, i64)> = sql::<(Columns, BigInt, BigInt, BigInt)>(find)
        .bind::<Uuid, _>(id.get())
        .bind::<Timestamptz, _>(now)
        .load(&mut conn)
        .await?;
    let report = |(row, blocked, complimentary, revenue)| {
        let (date, blocked) = (house_date(row), count(blocked));
        let Schedule {
            total_seats,
            remaining_seats,
            sold_seats,
            ..
        } = date.schedule;
        DateReport {
            held: total_seats.saturating_sub(remaining_seats + sold_seats),
            sold: sold_seats.saturating_sub(blocked),
            complimentary: count(complimentary),
            blocked,
            revenue: Money::won(revenue),
            date,
        }
    };
    Ok(rows.into_iter().next().map(report))
}
