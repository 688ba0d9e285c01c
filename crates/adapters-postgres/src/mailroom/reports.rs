//! Endpoints as the operator sees them.

use diesel::{
    QueryResult,
    sql_types::{BigInt, Integer, Nullable, Text, Timestamptz, Uuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{events::EndpointReport, id::EndpointId};
use time::OffsetDateTime;

use super::{EndpointColumns, EndpointRow, endpoint};
use crate::sql::sql;

type StateColumns = (
    Nullable<Timestamptz>,
    Integer,
    Nullable<Text>,
    BigInt,
    Nullable<Timestamptz>,
    BigInt,
    BigInt,
);
type StateRow = (
    Option<OffsetDateTime>,
    i32,
    Option<String>,
    i64,
    Option<OffsetDateTime>,
    i64,
    i64,
);

/// The one with this id, or all, the oldest first.
pub(super) async fn find(
    conn: &mut AsyncPgConnection,
    id: Option<EndpointId>,
) -> QueryResult<Vec<EndpointReport>> {
    let rows: Vec<(EndpointRow, StateRow)> = sql::<(EndpointColumns, StateColumns)>(
        "SELECT e.id, e.url, e.kinds, e.secret, e.created_at, e.disabled_at, e.failures, \
           e.last_error, e.position, \
           least(letters.oldest, (SELECT occurred_at FROM event_batches \
             WHERE last_position > e.position ORDER BY last_position LIMIT 1)), \
           letters.waiting, letters.dead \
         FROM webhook_endpoints e CROSS JOIN LATERAL (SELECT \
           min(occurred_at) FILTER (WHERE died_at IS NULL) AS oldest, \
           count(*) FILTER (WHERE died_at IS NULL) AS waiting, \
           count(*) FILTER (WHERE died_at IS NOT NULL) AS dead \
           FROM webhook_letters WHERE endpoint_id = e.id) AS letters \
         WHERE $1 IS NULL OR e.id = $1 ORDER BY e.created_at, e.id",
    )
    .bind::<Nullable<Uuid>, _>(id.map(EndpointId::get))
    .load(conn)
    .await?;
    Ok(rows.into_iter().map(report).collect())
}

fn report(
    (row, (disabled_at, failures, last_error, position, oldest, waiting, dead)): (
        EndpointRow,
        StateRow,
    ),
) -> EndpointReport {
    EndpointReport {
        endpoint: endpoint(row),
        disabled_at,
        failures: failures.unsigned_abs(),
        last_error,
        position: position.unsigned_abs(),
        oldest_undelivered: oldest,
        waiting: waiting.unsigned_abs(),
        dead: dead.unsigned_abs(),
    }
}
