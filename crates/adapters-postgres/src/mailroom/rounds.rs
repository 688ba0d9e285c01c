//! Rounds of deliveries: what is taken, and what came of it.

use std::collections::{BTreeSet, HashSet};

use diesel::{
    QueryResult,
    sql_types::{Array, BigInt, Integer, Nullable, Text, Timestamptz, Uuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{
    events::{Claim, Letter, Parked, Settlement, Told, most_at_once},
    id::{EndpointId, EventId},
};
use time::{Duration, OffsetDateTime};

use super::{EndpointColumns, EndpointRow, endpoint};
use crate::{
    event_log,
    sql::{self, Sql, sql},
};

type ClaimedColumns = (EndpointColumns, (Integer, BigInt, BigInt));
type ClaimedRow = (EndpointRow, (i32, i64, i64));

/// Leases the endpoint that has waited longest of those for whom there is something, and loads that.
pub(super) async fn claim(
    conn: &AsyncPgConnection,
    now: OffsetDateTime,
    lease: uuid::Uuid,
    term: Duration,
) -> QueryResult<Option<Claim>> {
    let mut claimed: Vec<ClaimedRow> = lease_one(now, lease, term).load(&mut &*conn).await?;
    let Some((row, (failures, position, newest))) = claimed.pop() else {
        return Ok(None);
    };
    let (endpoint, failures) = (endpoint(row), failures.unsigned_abs());
    let most = most_at_once(failures);
    let due = due(conn, now, endpoint.id, most).await?;
    // Letters first: those for which there was no time must not become more and more.
    let room = most.saturating_sub(u32::try_from(due.len()).unwrap_or(u32::MAX));
    let (events, position) = stream(conn, position, newest, room).await?;
    let subjects = events.iter().chain(due.iter().map(|letter| &letter.event));
    let blocked = blocked(conn, endpoint.id, subjects).await?;
    Ok(Some(Claim {
        lease,
        endpoint,
        failures,
        events,
        position,
        due,
        blocked,
    }))
}

/// The next events of the stream, and where it is after them. With nothing left of all that was before
/// the newest, there is nothing to wait for.
async fn stream(
    conn: &AsyncPgConnection,
    position: i64,
    newest: i64,
    room: u32,
) -> QueryResult<(Vec<Told>, u64)> {
    let from = position.unsigned_abs();
    if room == 0 {
        return Ok((Vec::new(), from));
    }
    let events = event_log::after(conn, from, room).await?;
    let end = newest.max(position).unsigned_abs();
    let end = events.last().map_or(end, |event| event.position);
    Ok((events, end))
}

fn lease_one(now: OffsetDateTime, lease: uuid::Uuid, term: Duration) -> Sql<ClaimedColumns> {
    sql(
        "UPDATE webhook_endpoints SET lease = $1, leased_until = $2 FROM event_state s \
         WHERE webhook_endpoints.id = (SELECT e.id FROM webhook_endpoints e \
           WHERE disabled_at IS NULL AND next_try_at <= $3 \
             AND (leased_until IS NULL OR leased_until <= $3) \
             AND (e.position < (SELECT position FROM event_state) OR EXISTS (\
               SELECT FROM webhook_letters l WHERE l.endpoint_id = e.id AND l.died_at IS NULL \
                 AND l.next_try_at <= $3 AND NOT EXISTS (SELECT FROM webhook_letters first \
                   WHERE first.endpoint_id = l.endpoint_id AND first.subject = l.subject \
                     AND first.died_at IS NULL AND first.position < l.position))) \
           ORDER BY next_try_at LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED) \
         RETURNING webhook_endpoints.id, url, kinds, secret, created_at, failures, \
           webhook_endpoints.position, s.position",
    )
    .bind::<Uuid, _>(lease)
    .bind::<Timestamptz, _>(now + term)
    .bind::<Timestamptz, _>(now)
}

/// Of each subject the first letter, if it is due.
async fn due(
    mut conn: &AsyncPgConnection,
    now: OffsetDateTime,
    endpoint: EndpointId,
    most: u32,
) -> QueryResult<Vec<Letter>> {
    type Columns = (BigInt, Uuid, Text, Uuid, Timestamptz, Text, Integer);
    type Row = (
        i64,
        uuid::Uuid,
        String,
        uuid::Uuid,
        OffsetDateTime,
        String,
        i32,
    );
    let rows: Vec<Row> = sql::<Columns>(
        "SELECT position, event_id, kind, subject, occurred_at, data, tries \
         FROM (SELECT DISTINCT ON (subject) * FROM webhook_letters \
           WHERE endpoint_id = $1 AND died_at IS NULL ORDER BY subject, position) AS first \
         WHERE next_try_at <= $2 ORDER BY next_try_at, position LIMIT $3",
    )
    .bind::<Uuid, _>(endpoint.get())
    .bind::<Timestamptz, _>(now)
    .bind::<BigInt, _>(i64::from(most))
    .load(&mut conn)
    .await?;
    let letter = |(position, id, kind, subject, occurred_at, data, tries): Row| Letter {
        event: Told {
            position: position.unsigned_abs(),
            id: EventId::new(id),
            kind,
            subject,
            occurred_at,
            data,
        },
        tries: tries.unsigned_abs(),
    };
    Ok(rows.into_iter().map(letter).collect())
}

async fn blocked(
    mut conn: &AsyncPgConnection,
    endpoint: EndpointId,
    events: impl Iterator<Item = &Told>,
) -> QueryResult<BTreeSet<uuid::Uuid>> {
    let subjects: HashSet<_> = events.map(|event| event.subject).collect();
    let rows: Vec<(uuid::Uuid,)> = sql::<(Uuid,)>(
        "SELECT DISTINCT subject FROM webhook_letters \
         WHERE endpoint_id = $1 AND died_at IS NULL AND subject = ANY($2)",
    )
    .bind::<Uuid, _>(endpoint.get())
    .bind::<Array<Uuid>, _>(subjects.into_iter().collect::<Vec<_>>())
    .load(&mut conn)
    .await?;
    Ok(rows.into_iter().map(|(subject,)| subject).collect())
}

/// Stores what came of a round, if the endpoint is still leased for it; gives it back.
pub(super) async fn settle(
    conn: &mut AsyncPgConnection,
    settlement: &Settlement,
) -> QueryResult<bool> {
    let is_ours = give_back(settlement).execute(conn).await? > 0;
    if is_ours {
        let mut writes = Vec::new();
        if !settlement.delivered.is_empty() {
            writes.push(forget_delivered(settlement));
        }
        if !settlement.parked.is_empty() {
            writes.push(park(settlement));
        }
        sql::run(conn, writes).await?;
    }
    Ok(is_ours)
}

fn give_back(settlement: &Settlement) -> Sql {
    sql(
        "UPDATE webhook_endpoints SET lease = NULL, leased_until = NULL, position = $3, \
           failures = $4, last_error = $5, next_try_at = $6, \
           disabled_at = coalesce(disabled_at, $7) \
         WHERE id = $1 AND lease = $2",
    )
    .bind::<Uuid, _>(settlement.endpoint.get())
    .bind::<Uuid, _>(settlement.lease)
    .bind::<BigInt, _>(settlement.position.cast_signed())
    .bind::<Integer, _>(i32::try_from(settlement.failures).unwrap_or(i32::MAX))
    .bind::<Nullable<Text>, _>(settlement.error.clone())
    .bind::<Timestamptz, _>(settlement.next_try_at)
    .bind::<Nullable<Timestamptz>, _>(settlement.disabled_at)
}

fn forget_delivered(settlement: &Settlement) -> Sql {
    let delivered = settlement.delivered.iter().map(|at| at.cast_signed());
    sql("DELETE FROM webhook_letters WHERE endpoint_id = $1 AND position = ANY($2)")
        .bind::<Uuid, _>(settlement.endpoint.get())
        .bind::<Array<BigInt>, _>(delivered.collect::<Vec<_>>())
}

fn park(settlement: &Settlement) -> Sql {
    fn each<T>(settlement: &Settlement, of: impl Fn(&Parked) -> T) -> Vec<T> {
        settlement.parked.iter().map(of).collect()
    }
    sql(
        "INSERT INTO webhook_letters (endpoint_id, position, event_id, kind, subject, \
           occurred_at, data, tries, next_try_at, died_at, error) \
         SELECT $1, * FROM unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $11) \
         ON CONFLICT (endpoint_id, position) DO UPDATE SET tries = excluded.tries, \
           next_try_at = excluded.next_try_at, died_at = excluded.died_at, \
           error = coalesce(excluded.error, webhook_letters.error)",
    )
    .bind::<Uuid, _>(settlement.endpoint.get())
    .bind::<Array<BigInt>, _>(each(settlement, |p| p.letter.event.position.cast_signed()))
    .bind::<Array<Uuid>, _>(each(settlement, |p| p.letter.event.id.get()))
    .bind::<Array<Text>, _>(each(settlement, |p| p.letter.event.kind.clone()))
    .bind::<Array<Uuid>, _>(each(settlement, |p| p.letter.event.subject))
    .bind::<Array<Timestamptz>, _>(each(settlement, |p| p.letter.event.occurred_at))
    .bind::<Array<Text>, _>(each(settlement, |p| p.letter.event.data.clone()))
    .bind::<Array<Integer>, _>(each(settlement, |p| {
        i32::try_from(p.letter.tries).unwrap_or(i32::MAX)
    }))
    .bind::<Array<Timestamptz>, _>(each(settlement, |p| p.next_try_at))
    .bind::<Array<Nullable<Timestamptz>>, _>(each(settlement, |p| p.died_at))
    .bind::<Array<Nullable<Text>>, _>(each(settlement, |p| p.error.clone()))
}
