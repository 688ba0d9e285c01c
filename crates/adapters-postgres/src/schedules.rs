//! Schedules under lock. A schedule's row lock is the lock of its seats and reservations, too: all
//! who change any of them take it first, in the order of the ids.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use diesel::{
    QueryResult,
    sql_types::{Array, BigInt, Bool, Integer, Nullable, Text, Timestamptz, Uuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{
    catalogue::ShortText,
    id::ScheduleId,
    reservations::{CalledOff, OnSale},
};
use time::OffsetDateTime;

use crate::sql::{Sql, sql};

/// Schedules that are locked until the transaction ends.
#[derive(Default)]
pub(crate) struct Locked {
    pub(crate) on_sale: HashMap<ScheduleId, OnSale>,
    /// The version that each gets by this transaction, if it changes anything there.
    versions: HashMap<ScheduleId, i64>,
}

impl Locked {
    /// The version that this transaction's changes to `schedule` get.
    pub(crate) fn version(&self, schedule: ScheduleId) -> i64 {
        self.versions.get(&schedule).copied().unwrap_or_default()
    }

    pub(crate) fn contains(&self, schedule: ScheduleId) -> bool {
        self.versions.contains_key(&schedule)
    }
}

/// Locks these schedules until the transaction ends; unknown ones are left out.
pub(crate) async fn lock(
    conn: &AsyncPgConnection,
    ids: BTreeSet<ScheduleId>,
) -> QueryResult<Locked> {
    let ids: Vec<_> = ids.into_iter().map(ScheduleId::get).collect();
    lock_with(
        conn,
        sql(
            "SELECT id, starts_at, sales_open_at, sales_closed, total_seats, version, cancelled_at, \
             cancel_reason FROM schedules WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE",
        )
        .bind::<Array<Uuid>, _>(ids),
    )
    .await
}

/// Locks the schedules of these reservations until the transaction ends. (Those never change, so
/// they can be asked before the lock is held.)
pub(crate) async fn lock_of(
    conn: &AsyncPgConnection,
    reservations: Vec<uuid::Uuid>,
) -> QueryResult<Locked> {
    lock_with(
        conn,
        sql(
            "SELECT id, starts_at, sales_open_at, sales_closed, total_seats, version, cancelled_at, \
             cancel_reason FROM schedules WHERE id IN (SELECT schedule_id FROM reservations WHERE id = ANY($1)) \
             ORDER BY id FOR NO KEY UPDATE",
        )
        .bind::<Array<Uuid>, _>(reservations),
    )
    .await
}

type Columns = (
    Uuid,
    Timestamptz,
    Nullable<Timestamptz>,
    Bool,
    Integer,
    BigInt,
    Nullable<Timestamptz>,
    Nullable<Text>,
);
type Row = (
    uuid::Uuid,
    OffsetDateTime,
    Option<OffsetDateTime>,
    bool,
    i32,
    i64,
    Option<OffsetDateTime>,
    Option<String>,
);

async fn lock_with(mut conn: &AsyncPgConnection, lock: Sql<Columns>) -> QueryResult<Locked> {
    let rows: Vec<Row> = lock.load(&mut conn).await?;
    let mut locked = Locked::default();
    for (id, starts_at, sales_open_at, sales_closed, total_seats, version, off, reason) in rows {
        let (id, on_sale) = (
            ScheduleId::new(id),
            OnSale {
                starts_at,
                sales_open_at,
                sales_closed,
                total_seats: total_seats.unsigned_abs(),
                called_off: off.map(|_| called_off(reason)),
            },
        );
        locked.on_sale.insert(id, on_sale);
        locked.versions.insert(id, version + 1);
    }
    Ok(locked)
}

fn called_off(reason: Option<String>) -> CalledOff {
    CalledOff {
        reason: reason.and_then(|text| ShortText::new(&text).ok()),
    }
}

/// Changes the counts of locked schedules, by how many seats `remaining_seats` and `sold_seats`
/// rise or fall, and gives them their new version.
pub(crate) fn count(locked: &Locked, changes: &BTreeMap<ScheduleId, Counts>) -> Sql {
    sql(
        "UPDATE schedules s SET remaining_seats = remaining_seats + change.remaining, \
         sold_seats = sold_seats + change.sold, version = change.version \
         FROM unnest($1, $2, $3, $4) AS change (id, remaining, sold, version) \
         WHERE s.id = change.id",
    )
    .bind::<Array<Uuid>, _>(changes.keys().map(|id| id.get()).collect::<Vec<_>>())
    .bind::<Array<Integer>, _>(changes.values().map(|c| c.remaining).collect::<Vec<_>>())
    .bind::<Array<Integer>, _>(changes.values().map(|c| c.sold).collect::<Vec<_>>())
    .bind::<Array<BigInt>, _>(
        changes
            .keys()
            .map(|id| locked.version(*id))
            .collect::<Vec<_>>(),
    )
}

/// By how many seats the counts of a schedule change.
#[derive(Clone, Copy, Default)]
pub(crate) struct Counts {
    pub(crate) remaining: i32,
    pub(crate) sold: i32,
}
