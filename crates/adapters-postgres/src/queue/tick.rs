//! A tick of the admission scheduler (SPEC rules 4 and 5).

use std::time::Duration;

use diesel::{
    QueryResult,
    sql_types::{BigInt, Nullable, Text, Timestamptz, Uuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{
    clock::Clock,
    events::Happening,
    id::UserId,
    queue::{QueueTimes, Tick, Ticket},
};
use time::OffsetDateTime;

use crate::{
    outbox,
    queue_state::{self, Locked},
    sql::sql,
};

/// Ends what is past its time, then admits from the head of the line, if a tick is due. Every
/// process does this; the row's lock and its `next_tick_at` make one of them do it at a time. Also
/// tells how many of those who were ended had been silent.
pub(super) async fn tick(
    conn: &mut AsyncPgConnection,
    clock: &dyn Clock,
    times: &QueueTimes,
    presence_lag: Duration,
) -> QueryResult<(Tick, u64)> {
    let mut locked = queue_state::lock(conn).await?;
    let now = clock.now();
    if now < locked.next_tick_at {
        let nothing = Tick {
            ended: 0,
            admitted: 0,
            next_due: locked.next_tick_at,
        };
        return Ok((nothing, 0));
    }
    let lag = presence_lag.try_into().unwrap_or_default();
    if let Some(until) = times.heard_until(now, locked.next_tick_at, lag) {
        count_as_heard(conn, until).await?;
    }
    let (ended, no_shows) =
        end_overdue(conn, &mut locked, now, times.silent_since(now, lag)).await?;
    let admitted = admit(conn, &mut locked, now, times).await?;
    if ended + admitted == 0 {
        locked.version -= 1;
    }
    locked.next_tick_at = now + times.admission_interval;
    queue_state::store(&locked).execute(conn).await?;
    let tick = Tick {
        ended,
        admitted,
        next_due: locked.next_tick_at,
    };
    Ok((tick, no_shows))
}

async fn count_as_heard(conn: &mut AsyncPgConnection, until: OffsetDateTime) -> QueryResult<usize> {
    sql::<()>("UPDATE queue_tokens SET seen_at = $1 WHERE status = 'active' AND seen_at < $1")
        .bind::<Timestamptz, _>(until)
        .execute(conn)
        .await
}

async fn end_overdue(
    conn: &mut AsyncPgConnection,
    locked: &mut Locked,
    now: OffsetDateTime,
    silent_since: Option<OffsetDateTime>,
) -> QueryResult<(u64, u64)> {
    // Two statements, so that each finds its rows by its own partial index.
    let waiting = sql::<()>(
        "UPDATE queue_tokens SET status = 'expired', end_reason = 'time', ended_at = $1, \
         ended_version = $2, version = $2 WHERE status = 'waiting' AND waiting_until <= $1",
    )
    .bind::<Timestamptz, _>(now)
    .bind::<BigInt, _>(locked.version)
    .execute(conn)
    .await? as u64;
    let reasons: Vec<(String,)> = sql::<(Text,)>(
        "UPDATE queue_tokens SET status = 'expired', \
         end_reason = CASE WHEN active_until <= $1 THEN 'time' ELSE 'no_show' END, \
         ended_at = $1, ended_version = $2, version = $2 \
         WHERE status = 'active' AND (active_until <= $1 OR seen_at <= $3) RETURNING end_reason",
    )
    .bind::<Timestamptz, _>(now)
    .bind::<BigInt, _>(locked.version)
    .bind::<Nullable<Timestamptz>, _>(silent_since)
    .load(conn)
    .await?;
    let no_shows = reasons
        .iter()
        .filter(|(reason,)| reason == "no_show")
        .count();
    if no_shows > 0 {
        sql::<()>("UPDATE queue_state SET no_show_count = no_show_count + $1")
            .bind::<BigInt, _>(i64::try_from(no_shows).unwrap_or(i64::MAX))
            .execute(conn)
            .await?;
    }
    let active = reasons.len() as u64;
    locked.state.waiting = locked.state.waiting.saturating_sub(waiting);
    locked.state.active = locked.state.active.saturating_sub(active);
    Ok((waiting + active, no_shows as u64))
}

async fn admit(
    conn: &mut AsyncPgConnection,
    locked: &mut Locked,
    now: OffsetDateTime,
    times: &QueueTimes,
) -> QueryResult<u64> {
    let places = locked.state.admissions();
    if places == 0 {
        return Ok(0);
    }
    let mut admitted: Vec<(uuid::Uuid, i64)> = sql::<(Uuid, BigInt)>(
        "UPDATE queue_tokens SET status = 'active', admitted_at = $1, active_until = $2, \
         seen_at = $1, admitted_version = $3, version = $3 \
         WHERE id IN (SELECT id FROM queue_tokens WHERE status = 'waiting' ORDER BY ticket LIMIT $4) \
         RETURNING user_id, ticket",
    )
    .bind::<Timestamptz, _>(now)
    .bind::<Timestamptz, _>(now + times.active_ttl)
    .bind::<BigInt, _>(locked.version)
    .bind::<BigInt, _>(places.cast_signed())
    .load(conn)
    .await?;
    admitted.sort_unstable_by_key(|(_, ticket)| *ticket);
    let happenings = admitted.iter().map(|(user, ticket)| Happening::Admitted {
        user: UserId::new(*user),
        ticket: Ticket::new(ticket.unsigned_abs()),
        until: now + times.active_ttl,
    });
    if let Some(told) = outbox::insert(now, happenings) {
        told.execute(conn).await?;
    }
    let admitted = admitted.len() as u64;
    locked.state.waiting = locked.state.waiting.saturating_sub(admitted);
    locked.state.active += admitted;
    if let Some(log) = queue_state::log_admissions(locked, now, admitted, true) {
        log.execute(conn).await?;
    }
    Ok(admitted)
}
