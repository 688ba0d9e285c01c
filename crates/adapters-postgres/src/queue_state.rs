//! The one row of the queue, which every change of the queue locks first.

use diesel::{
    QueryResult,
    sql_types::{Array, BigInt, Bool, Integer, Text, Timestamptz, Uuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::queue::{EndReason, QueuePolicy, QueueState, QueueToken, Ticket};
use time::OffsetDateTime;

use crate::{
    sql::{Sql, sql},
    tokens::reason,
};

/// The row, locked until the transaction ends.
pub(crate) struct Locked {
    pub(crate) state: QueueState,
    /// The version that this transaction's changes get.
    pub(crate) version: i64,
    pub(crate) next_tick_at: OffsetDateTime,
}

pub(crate) async fn lock(mut conn: &AsyncPgConnection) -> QueryResult<Locked> {
    type Columns = (
        BigInt,
        BigInt,
        BigInt,
        BigInt,
        Integer,
        Integer,
        Bool,
        Timestamptz,
    );
    type Row = (i64, i64, i64, i64, i32, i32, bool, OffsetDateTime);
    let (version, next_ticket, waiting, active, capacity, batch, paused, next_tick_at): Row =
        sql::<Columns>(
            "SELECT version, next_ticket, waiting, active, capacity, admission_batch, paused, \
             next_tick_at FROM queue_state FOR NO KEY UPDATE",
        )
        .get_result(&mut conn)
        .await?;
    let policy = QueuePolicy {
        capacity: capacity.unsigned_abs(),
        admission_batch: batch.unsigned_abs(),
        paused,
    };
    let state = QueueState {
        policy,
        next_ticket: Ticket::new(next_ticket.unsigned_abs()),
        waiting: waiting.unsigned_abs(),
        active: active.unsigned_abs(),
    };
    Ok(Locked {
        state,
        version: version + 1,
        next_tick_at,
    })
}

/// Writes the row back with the new version.
pub(crate) fn store(locked: &Locked) -> Sql {
    sql(
        "UPDATE queue_state SET version = $1, next_ticket = $2, waiting = $3, active = $4, \
         next_tick_at = $5",
    )
    .bind::<BigInt, _>(locked.version)
    .bind::<BigInt, _>(locked.state.next_ticket.get().cast_signed())
    .bind::<BigInt, _>(locked.state.waiting.cast_signed())
    .bind::<BigInt, _>(locked.state.active.cast_signed())
    .bind::<Timestamptz, _>(locked.next_tick_at)
}

/// Ends `tokens`, which are live, and takes them out of the counts.
pub(crate) fn end(
    mut locked: Locked,
    now: OffsetDateTime,
    tokens: &[QueueToken],
    why: EndReason,
) -> [Sql; 2] {
    let ids: Vec<_> = tokens
        .iter()
        .map(|token| token.pass.token_id.get())
        .collect();
    for token in tokens {
        locked.state.left_by(token.state);
    }
    [write_ends(locked.version, now, ids, why), store(&locked)]
}

/// Marks live tokens as ended.
pub(crate) fn write_ends(
    version: i64,
    now: OffsetDateTime,
    ids: Vec<uuid::Uuid>,
    why: EndReason,
) -> Sql {
    sql(
        "UPDATE queue_tokens SET status = 'expired', end_reason = $1, ended_at = $2, \
         ended_version = $3, version = $3 WHERE id = ANY($4) AND status <> 'expired'",
    )
    .bind::<Text, _>(reason(why))
    .bind::<Timestamptz, _>(now)
    .bind::<BigInt, _>(version)
    .bind::<Array<Uuid>, _>(ids)
}

/// Logs that this transaction admitted people: the evidence for the audit. `None` when it did not.
pub(crate) fn log_admissions(
    locked: &Locked,
    now: OffsetDateTime,
    admitted: u64,
    from_line: bool,
) -> Option<Sql> {
    if admitted == 0 {
        return None;
    }
    let insert = sql("INSERT INTO queue_admissions \
         (version, admitted_at, admitted, from_line, active_after, capacity) \
         VALUES ($1, $2, $3, $4, $5, $6)")
    .bind::<BigInt, _>(locked.version)
    .bind::<Timestamptz, _>(now)
    .bind::<BigInt, _>(admitted.cast_signed())
    .bind::<Bool, _>(from_line)
    .bind::<BigInt, _>(locked.state.active.cast_signed())
    .bind::<Integer, _>(locked.state.policy.capacity.cast_signed());
    Some(insert)
}
