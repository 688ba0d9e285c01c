//! Schedules under lock. A schedule's row lock is the lock of its seats and reservations, too: all
//! who change any of them take it first, in the order of the ids.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use diesel::{
    QueryResult,
    sql_types::{Array, Integer, Nullable, Timestamptz, Uuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{id::ScheduleId, reservations::OnSale};
use time::OffsetDateTime;

use crate::sql::sql;

/// Locks these schedules until the transaction ends; unknown ones are left out.
pub(crate) async fn lock(
    conn: &mut AsyncPgConnection,
    ids: BTreeSet<ScheduleId>,
) -> QueryResult<HashMap<ScheduleId, OnSale>> {
    let ids: Vec<_> = ids.into_iter().map(ScheduleId::get).collect();
    let rows: Vec<(uuid::Uuid, OffsetDateTime, Option<OffsetDateTime>)> =
        sql::<(Uuid, Timestamptz, Nullable<Timestamptz>)>(
            "SELECT id, starts_at, sales_open_at FROM schedules WHERE id = ANY($1) \
             ORDER BY id FOR NO KEY UPDATE",
        )
        .bind::<Array<Uuid>, _>(ids)
        .load(conn)
        .await?;
    let on_sale = |(id, starts_at, sales_open_at)| {
        (
            ScheduleId::new(id),
            OnSale {
                starts_at,
                sales_open_at,
            },
        )
    };
    Ok(rows.into_iter().map(on_sale).collect())
}

/// Changes the counts of locked schedules: by how many seats `remaining_seats` and `sold_seats`
/// rise or fall.
pub(crate) async fn count(
    mut conn: &AsyncPgConnection,
    changes: &BTreeMap<ScheduleId, Counts>,
) -> QueryResult<()> {
    if changes.is_empty() {
        return Ok(());
    }
    sql::<()>(
        "UPDATE schedules s SET remaining_seats = remaining_seats + change.remaining, \
         sold_seats = sold_seats + change.sold \
         FROM unnest($1, $2, $3) AS change (id, remaining, sold) WHERE s.id = change.id",
    )
    .bind::<Array<Uuid>, _>(changes.keys().map(|id| id.get()).collect::<Vec<_>>())
    .bind::<Array<Integer>, _>(changes.values().map(|c| c.remaining).collect::<Vec<_>>())
    .bind::<Array<Integer>, _>(changes.values().map(|c| c.sold).collect::<Vec<_>>())
    .execute(&mut conn)
    .await?;
    Ok(())
}

/// By how many seats the counts of a schedule change.
#[derive(Clone, Copy, Default)]
pub(crate) struct Counts {
    pub(crate) remaining: i32,
    pub(crate) sold: i32,
}
