//! The waiting queue: [`TokenQueue`] on PostgreSQL.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use diesel::{
    QueryResult,
    sql_types::{Array, BigInt, Bool, Integer, Nullable, Text, Timestamptz, Uuid},
};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use domain::{
    clock::Clock,
    id::{TokenId, UserId},
    operators::Operator,
    queue::{
        Board, EndReason, InvalidPolicy, Issued, JoinRefusal, JoinRequest, PolicyChange,
        QueuePolicy, QueueTimes, QueueToken, Tick, TokenQueue, TokenState, join,
    },
    storage::StorageError,
};
use futures_util::try_join;
use time::OffsetDateTime;

use crate::{
    admin_log,
    error::storage,
    lane::{Batch, Decided, Lane, LaneSettings, Tasks},
    meters::QueueMeter,
    outbox,
    pool::Database,
    queue_state::{self, Locked},
    sql::{self, Sql, sql},
    tokens,
};

mod tick;

/// [`TokenQueue`] on PostgreSQL.
pub struct PgTokenQueue {
    database: Database,
    clock: Arc<dyn Clock>,
    times: QueueTimes,
    presence_lag: Duration,
    joins: Lane<Joining>,
    meter: Arc<QueueMeter>,
}

impl PgTokenQueue {
    /// Makes the queue's row with `policy` unless there is one, and starts the joining lane.
    pub(crate) async fn start(
        database: Database,
        clock: Arc<dyn Clock>,
        times: QueueTimes,
        policy: QueuePolicy,
        presence_lag: Duration,
        lane: LaneSettings,
        tasks: &Tasks,
    ) -> Result<Self, StorageError> {
        let mut conn = database.connection().await?;
        found_queue(&mut conn, policy, clock.now())
            .await
            .map_err(storage)?;
        let meter = Arc::new(QueueMeter::default());
        let joining = Joining {
            clock: clock.clone(),
            times,
            meter: meter.clone(),
        };
        let joins = Lane::start(joining, database.clone(), lane, tasks);
        Ok(Self {
            database,
            clock,
            times,
            presence_lag,
            joins,
            meter,
        })
    }
}

async fn found_queue(
    conn: &mut AsyncPgConnection,
    policy: QueuePolicy,
    now: OffsetDateTime,
) -> QueryResult<()> {
    sql::<()>(
        "INSERT INTO queue_state (capacity, admission_batch, paused, next_tick_at) \
         VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
    )
    .bind::<Integer, _>(policy.capacity.cast_signed())
    .bind::<Integer, _>(policy.admission_batch.cast_signed())
    .bind::<Bool, _>(policy.paused)
    .bind::<Timestamptz, _>(now)
    .execute(conn)
    .await?;
    Ok(())
}

#[async_trait]
impl TokenQueue for PgTokenQueue {
    async fn join(
        &self,
        request: JoinRequest,
    ) -> Result<Result<Issued, JoinRefusal>, StorageError> {
        self.joins.submit(request).await
    }

    async fn leave(&self, id: TokenId) -> Result<bool, StorageError> {
        let (database, clock) = (self.database.clone(), self.clock.clone());
        let left = self.database.detached(async move {
            let mut conn = database.connection().await?;
            conn.transaction(async |conn| leave(conn, &*clock, id).await)
                .await
                .map_err(storage)
        });
        let left = left.await?;
        self.meter.left.increment(u64::from(left));
        Ok(left)
    }

    async fn tick(&self) -> Result<Tick, StorageError> {
        let (database, clock) = (self.database.clone(), self.clock.clone());
        let (times, lag) = (self.times, self.presence_lag);
        let done = self.database.detached(async move {
            let mut conn = database.connection().await?;
            conn.transaction(async |conn| tick::tick(conn, &*clock, &times, lag).await)
                .await
                .map_err(storage)
        });
        let (tick, no_shows) = done.await?;
        self.meter.admissions.increment(tick.admitted);
        self.meter.no_shows.increment(no_shows);
        self.meter.by_time.increment(tick.ended - no_shows);
        Ok(tick)
    }

    async fn board(&self) -> Result<Board, StorageError> {
        let mut conn = self.database.connection().await?;
        board(&mut conn, self.clock.now()).await.map_err(storage)
    }

    async fn change_policy(
        &self,
        operator: Operator,
        change: PolicyChange,
    ) -> Result<Result<Board, InvalidPolicy>, StorageError> {
        let (database, clock) = (self.database.clone(), self.clock.clone());
        self.database
            .detached(async move {
                let mut conn = database.connection().await?;
                conn.transaction(async |conn| change_policy(conn, &*clock, &operator, change).await)
                    .await
                    .map_err(storage)
            })
            .await
    }
}

async fn leave(conn: &mut AsyncPgConnection, clock: &dyn Clock, id: TokenId) -> QueryResult<bool> {
    let (locked, found) = try_join!(queue_state::lock(conn), tokens::find(conn, vec![id.get()]))?;
    let now = clock.now();
    let Some(token) = found.get(&id).filter(|token| token.is_live(now)) else {
        return Ok(false);
    };
    let mut writes = vec![sql("UPDATE queue_state SET left_count = left_count + 1")];
    writes.extend(queue_state::end(locked, now, &[*token], EndReason::Left));
    sql::run(conn, writes).await?;
    Ok(true)
}

async fn change_policy(
    conn: &mut AsyncPgConnection,
    clock: &dyn Clock,
    operator: &Operator,
    change: PolicyChange,
) -> QueryResult<Result<Board, InvalidPolicy>> {
    let locked = queue_state::lock(conn).await?;
    let policy = match locked.state.policy.with(change) {
        Ok(policy) => policy,
        Err(invalid) => return Ok(Err(invalid)),
    };
    let now = clock.now();
    let set = sql("UPDATE queue_state SET capacity = $1, admission_batch = $2, paused = $3")
        .bind::<Integer, _>(policy.capacity.cast_signed())
        .bind::<Integer, _>(policy.admission_batch.cast_signed())
        .bind::<Bool, _>(policy.paused);
    let log = admin_log::entry(operator, now, &locked.state.policy.became(policy));
    sql::run(conn, vec![set, log]).await?;
    board(conn, now).await.map(Ok)
}

async fn board(conn: &mut AsyncPgConnection, now: OffsetDateTime) -> QueryResult<Board> {
    type Columns = (
        BigInt,
        BigInt,
        BigInt,
        BigInt,
        BigInt,
        Integer,
        Integer,
        Bool,
    );
    type Row = (i64, i64, i64, i64, i64, i32, i32, bool);
    let (waiting, active, left, no_shows, admitted, capacity, batch, paused): Row = sql::<Columns>(
        "SELECT waiting, active, left_count, no_show_count, \
             (SELECT coalesce(sum(admitted), 0)::bigint FROM queue_admissions \
              WHERE admitted_at > $1), \
             capacity, admission_batch, paused FROM queue_state",
    )
    .bind::<Timestamptz, _>(now - time::Duration::MINUTE)
    .get_result(conn)
    .await?;
    let policy = QueuePolicy {
        capacity: capacity.unsigned_abs(),
        admission_batch: batch.unsigned_abs(),
        paused,
    };
    Ok(Board {
        policy,
        waiting: waiting.unsigned_abs(),
        active: active.unsigned_abs(),
        admitted_last_minute: admitted.unsigned_abs(),
        left: left.unsigned_abs(),
        no_shows: no_shows.unsigned_abs(),
    })
}

/// Joins, many in a transaction.
struct Joining {
    clock: Arc<dyn Clock>,
    times: QueueTimes,
    meter: Arc<QueueMeter>,
}

impl Batch for Joining {
    type Request = JoinRequest;
    type Answer = Result<Issued, JoinRefusal>;
    type Found = (Locked, HashSet<UserId>, HashMap<UserId, QueueToken>);
    const NAME: &'static str = "people joining the queue";
    const LANE: &'static str = "join";

    async fn find(
        &self,
        conn: &AsyncPgConnection,
        requests: &[JoinRequest],
    ) -> QueryResult<Self::Found> {
        let users: Vec<_> = requests
            .iter()
            .map(|request| request.user_id.get())
            .collect();
        try_join!(
            queue_state::lock(conn),
            known_users(conn, users.clone()),
            tokens::live(conn, users)
        )
    }

    fn decide(
        &self,
        (mut locked, known, live): Self::Found,
        requests: &[JoinRequest],
    ) -> Decided<Self::Answer> {
        let now = self.clock.now();
        let joins = join(now, &self.times, &mut locked.state, &known, live, requests);
        let (mut writes, mut tally) = (Vec::new(), Vec::new());
        let ended: Vec<_> = joins.ended.iter().map(|token| token.get()).collect();
        if !ended.is_empty() {
            tally.push((self.meter.by_time.clone(), ended.len() as u64));
            let ends = queue_state::write_ends(locked.version, now, ended, EndReason::Time);
            writes.push(ends);
        }
        let issued = joins
            .answers
            .iter()
            .filter_map(|answer| answer.as_ref().ok());
        let issued: Vec<_> = issued.map(|issued| &issued.token).collect();
        if !issued.is_empty() {
            writes.push(insert(locked.version, &issued));
            let at_once = issued
                .iter()
                .filter(|token| token.state != TokenState::Waiting)
                .count();
            writes.extend(queue_state::log_admissions(
                &locked,
                now,
                at_once as u64,
                false,
            ));
            writes.extend(outbox::admitted(now, issued.iter().copied()));
            writes.push(queue_state::store(&locked));
            tally.push((self.meter.joins.clone(), issued.len() as u64));
            tally.push((self.meter.admissions.clone(), at_once as u64));
        }
        Decided {
            answers: joins.answers,
            writes,
            tally,
        }
    }
}

async fn known_users(
    mut conn: &AsyncPgConnection,
    ids: Vec<uuid::Uuid>,
) -> QueryResult<HashSet<UserId>> {
    let rows: Vec<(uuid::Uuid,)> = sql::<(Uuid,)>("SELECT id FROM users WHERE id = ANY($1)")
        .bind::<Array<Uuid>, _>(ids)
        .load(&mut conn)
        .await?;
    Ok(rows.into_iter().map(|(id,)| UserId::new(id)).collect())
}

fn insert(version: i64, issued: &[&QueueToken]) -> Sql {
    let admitted = |token: &&QueueToken| match token.state {
        TokenState::Active { since, until } => Some((since, until)),
        TokenState::Waiting | TokenState::Ended(_) => None,
    };
    let status = |token: &&QueueToken| {
        if admitted(token).is_some() {
            "active"
        } else {
            "waiting"
        }
    };
    sql(
        "INSERT INTO queue_tokens (id, user_id, ticket, entered_at, waiting_until, status, \
         admitted_at, active_until, seen_at, joined_version, admitted_version, version) \
         SELECT id, user_id, ticket, entered_at, waiting_until, status, admitted_at, active_until, \
         admitted_at, $9, CASE WHEN admitted_at IS NULL THEN NULL ELSE $9 END, $9 \
         FROM unnest($1, $2, $3, $4, $5, $6, $7, $8) AS new \
         (id, user_id, ticket, entered_at, waiting_until, status, admitted_at, active_until)",
    )
    .bind::<Array<Uuid>, _>(
        issued
            .iter()
            .map(|t| t.pass.token_id.get())
            .collect::<Vec<_>>(),
    )
    .bind::<Array<Uuid>, _>(
        issued
            .iter()
            .map(|t| t.pass.user_id.get())
            .collect::<Vec<_>>(),
    )
    .bind::<Array<BigInt>, _>(
        issued
            .iter()
            .map(|t| t.pass.ticket.get().cast_signed())
            .collect::<Vec<_>>(),
    )
    .bind::<Array<Timestamptz>, _>(issued.iter().map(|t| t.pass.entered_at).collect::<Vec<_>>())
    .bind::<Array<Timestamptz>, _>(
        issued
            .iter()
            .map(|t| t.pass.waiting_until)
            .collect::<Vec<_>>(),
    )
    .bind::<Array<Text>, _>(issued.iter().map(status).collect::<Vec<_>>())
    .bind::<Array<Nullable<Timestamptz>>, _>(
        issued
            .iter()
            .map(|t| admitted(t).map(|a| a.0))
            .collect::<Vec<_>>(),
    )
    .bind::<Array<Nullable<Timestamptz>>, _>(
        issued
            .iter()
            .map(|t| admitted(t).map(|a| a.1))
            .collect::<Vec<_>>(),
    )
    .bind::<BigInt, _>(version)
}
