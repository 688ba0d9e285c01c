//! Seats and holds: [`SeatStore`] on PostgreSQL.

use std::{collections::HashMap, sync::Arc};

use async_trait::async_trait;
use diesel::{
    QueryResult,
    sql_types::{BigInt, Nullable, Timestamptz, Uuid},
};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use domain::{
    clock::Clock,
    id::{ReservationId, ScheduleId, UserId},
    idempotency::Outcome,
    page::{Page, PageRequest},
    reservations::{
        CancelError, CancelRequest, Cancelled, HoldError, HoldRequest, HoldRules, RefundRules,
        Reservation, ReservationStatus, SeatStore, cancel as decide,
    },
    storage::StorageError,
};
use futures_util::try_join;
use time::OffsetDateTime;

use crate::{
    accounts,
    error::storage,
    lane::{Lane, LaneSettings, Tasks},
    meters::{HoldMeter, Tally, count},
    pool::Database,
    refunds,
    reservations::{self, Released},
    schedules,
    seat_maps::PgSeatMaps,
    sql::{self, sql},
};

mod holding;

use holding::Holding;

/// [`SeatStore`] on PostgreSQL.
pub struct PgSeatStore {
    database: Database,
    clock: Arc<dyn Clock>,
    refund_rules: RefundRules,
    maps: Arc<PgSeatMaps>,
    holds: Lane<Holding>,
    meter: Arc<HoldMeter>,
}

impl PgSeatStore {
    /// Starts the lane for holds.
    pub(crate) fn start(
        database: Database,
        clock: Arc<dyn Clock>,
        rules: HoldRules,
        refund_rules: RefundRules,
        maps: Arc<PgSeatMaps>,
        lane: LaneSettings,
        tasks: &Tasks,
    ) -> Self {
        let meter = Arc::new(HoldMeter::default());
        let holding = Holding {
            clock: clock.clone(),
            rules,
            meter: meter.clone(),
        };
        let holds = Lane::start(holding, database.clone(), lane, tasks);
        Self {
            database,
            clock,
            refund_rules,
            maps,
            holds,
            meter,
        }
    }
}

#[async_trait]
impl SeatStore for PgSeatStore {
    async fn hold(&self, request: HoldRequest) -> Result<Outcome<Reservation>, HoldError> {
        let held = self.holds.submit(request).await??;
        self.maps.seats_changed(held.value.schedule_id);
        Ok(held)
    }

    async fn cancel(&self, request: CancelRequest) -> Result<Reservation, CancelError> {
        let (database, clock) = (self.database.clone(), self.clock.clone());
        let (rules, meter) = (self.refund_rules, self.meter.clone());
        let cancelled = self.database.detached(async move {
            let mut conn = database.connection().await?;
            conn.transaction(async |conn| cancel(conn, &*clock, &rules, &meter, request).await)
                .await
                .map_err(storage)
        });
        let (cancelled, tally) = cancelled.await?;
        count(tally);
        let cancelled = cancelled?;
        self.maps.seats_changed(cancelled.schedule_id);
        Ok(cancelled)
    }

    async fn find(
        &self,
        id: ReservationId,
        owner: UserId,
    ) -> Result<Option<Reservation>, StorageError> {
        let conn = self.database.connection().await?;
        let mut found = reservations::find(&conn, vec![id.get()])
            .await
            .map_err(storage)?;
        let own = found
            .remove(&id)
            .filter(|reservation| reservation.user_id == owner);
        Ok(own.map(|reservation| reservation.at(self.clock.now())))
    }

    async fn list(
        &self,
        owner: UserId,
        page: PageRequest<ReservationId>,
    ) -> Result<Page<Reservation, ReservationId>, StorageError> {
        let conn = self.database.connection().await?;
        let found = list(&conn, owner, page).await.map_err(storage)?;
        let now = self.clock.now();
        let found = found
            .into_iter()
            .map(|reservation| reservation.at(now))
            .collect();
        Ok(Page::of(found, page.limit, |reservation: &Reservation| {
            reservation.id
        }))
    }

    async fn sweep(&self) -> Result<u64, StorageError> {
        let (database, clock) = (self.database.clone(), self.clock.clone());
        let meter = self.meter.clone();
        self.database
            .detached(async move {
                let mut swept = 0;
                loop {
                    let mut conn = database.connection().await?;
                    let some = conn
                        .transaction(async |conn| sweep(conn, clock.now()).await)
                        .await;
                    match some.map_err(storage)? {
                        None => return Ok(swept),
                        Some(some) => {
                            swept += some;
                            meter.expired.increment(some);
                        }
                    }
                }
            })
            .await
    }
}

async fn cancel(
    conn: &mut AsyncPgConnection,
    clock: &dyn Clock,
    rules: &RefundRules,
    meter: &HoldMeter,
    request: CancelRequest,
) -> QueryResult<(Result<Reservation, CancelError>, Tally)> {
    let ids = vec![request.reservation_id.get()];
    let (locked, mut found) = try_join!(
        schedules::lock_of(conn, ids.clone()),
        reservations::find(conn, ids.clone())
    )?;
    found.retain(|_, reservation| reservation.user_id == request.user_id);
    let paid = |r: &&Reservation| matches!(r.status, ReservationStatus::Paid { .. });
    let payer = found.values().find(paid).map(|r| r.user_id);
    let mut accounts = match payer {
        Some(user) => accounts::lock(conn, [user].into()).await?,
        None => HashMap::new(),
    };
    let now = clock.now();
    let (expired, mut writes) = reservations::expire_over(now, &mut found);
    let mut tally = vec![(meter.expired.clone(), expired)];
    let reservation = found.remove(&request.reservation_id);
    let show = reservation.as_ref().map(|r| r.schedule_id);
    let show = show.and_then(|schedule| locked.on_sale.get(&schedule));
    let (Some(reservation), Some(show)) = (reservation, show) else {
        return Ok((Err(CancelError::NotFound), Tally::new()));
    };
    let entry_id = request.entry_id;
    let cancelled = decide(now, rules, show, reservation, &mut accounts, entry_id);
    match &cancelled {
        Ok(Cancelled::Released(_)) => {
            writes.extend(reservations::release(now, ids, Released::Cancelled));
            tally.push((meter.cancelled.clone(), 1));
        }
        Ok(Cancelled::Refunded(refund)) => {
            let refund = std::slice::from_ref(refund);
            writes.extend(refunds::store(&locked, now, &accounts, refund));
            tally.extend(meter.refunded.tally(refund.iter().map(|r| r.entry.amount)));
        }
        Ok(Cancelled::Before(_)) | Err(_) => {}
    }
    sql::run(conn, writes).await?;
    Ok((cancelled.map(Cancelled::into_reservation), tally))
}

async fn list(
    mut conn: &AsyncPgConnection,
    owner: UserId,
    page: PageRequest<ReservationId>,
) -> QueryResult<Vec<Reservation>> {
    let ids: Vec<(uuid::Uuid,)> = sql::<(Uuid,)>(
        "SELECT id FROM reservations WHERE user_id = $1 AND ($2 IS NULL OR id < $2) \
         ORDER BY id DESC LIMIT $3",
    )
    .bind::<Uuid, _>(owner.get())
    .bind::<Nullable<Uuid>, _>(page.after.map(ReservationId::get))
    .bind::<BigInt, _>(i64::from(page.limit) + 1)
    .load(&mut conn)
    .await?;
    let ids: Vec<_> = ids.into_iter().map(|(id,)| id).collect();
    let mut found = reservations::find(conn, ids.clone()).await?;
    let in_order = ids.into_iter().map(ReservationId::new);
    Ok(in_order.filter_map(|id| found.remove(&id)).collect())
}

/// Expires holds that are over, of one schedule, up to a bound, and tells how many; `None` when
/// nothing is due anywhere. Waits for the schedule's lock in line: on an opening night it is never
/// free, and skipping it would be for good. Whoever had it may have left nothing to do there.
async fn sweep(conn: &mut AsyncPgConnection, now: OffsetDateTime) -> QueryResult<Option<u64>> {
    const MOST: i64 = 1_000;
    let due: Vec<(uuid::Uuid,)> = sql::<(Uuid,)>(
        "SELECT schedule_id FROM reservations WHERE status = 'pending_payment' \
         AND held_until <= $1 ORDER BY held_until LIMIT 1",
    )
    .bind::<Timestamptz, _>(now)
    .load(conn)
    .await?;
    let [(schedule,)] = due[..] else {
        return Ok(None);
    };
    schedules::lock(conn, [ScheduleId::new(schedule)].into()).await?;
    let due: Vec<(uuid::Uuid,)> = sql::<(Uuid,)>(
        "SELECT id FROM reservations WHERE schedule_id = $1 AND status = 'pending_payment' \
         AND held_until <= $2 ORDER BY held_until LIMIT $3",
    )
    .bind::<Uuid, _>(schedule)
    .bind::<Timestamptz, _>(now)
    .bind::<BigInt, _>(MOST)
    .load(conn)
    .await?;
    let due: Vec<_> = due.into_iter().map(|(id,)| id).collect();
    let expired = due.len() as u64;
    sql::run(conn, reservations::release(now, due, Released::Expired)).await?;
    Ok(Some(expired))
}
