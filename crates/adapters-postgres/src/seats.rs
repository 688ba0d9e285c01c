//! Seats and holds: [`SeatStore`] on PostgreSQL.

use std::sync::Arc;

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
        CancelError, HoldError, HoldRequest, HoldRules, Reservation, ReservationStatus, SeatStore,
    },
    storage::StorageError,
};
use futures_util::try_join;
use time::OffsetDateTime;

use crate::{
    error::storage,
    lane::{Lane, LaneSettings, Tasks},
    meters::{HoldMeter, Tally, count},
    pool::Database,
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

    async fn cancel(&self, id: ReservationId, owner: UserId) -> Result<Reservation, CancelError> {
        let (database, clock) = (self.database.clone(), self.clock.clone());
        let meter = self.meter.clone();
        let cancelled = self.database.detached(async move {
            let mut conn = database.connection().await?;
            conn.transaction(async |conn| cancel(conn, &*clock, &meter, id, owner).await)
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
    meter: &HoldMeter,
    id: ReservationId,
    owner: UserId,
) -> QueryResult<(Result<Reservation, CancelError>, Tally)> {
    let ids = vec![id.get()];
    let (_, mut found) = try_join!(
        schedules::lock_of(conn, ids.clone()),
        reservations::find(conn, ids.clone())
    )?;
    found.retain(|_, reservation| reservation.user_id == owner);
    let (expired, mut writes) = reservations::expire_over(clock.now(), &mut found);
    let mut tally = vec![(meter.expired.clone(), expired)];
    let Some(reservation) = found.remove(&id) else {
        return Ok((Err(CancelError::NotFound), Tally::new()));
    };
    let pending = reservation.status == ReservationStatus::PendingPayment;
    let cancelled = reservation.cancel();
    if pending && cancelled.is_ok() {
        writes.extend(reservations::release(ids, Released::Cancelled));
        tally.push((meter.cancelled.clone(), 1));
    }
    sql::run(conn, writes).await?;
    Ok((cancelled, tally))
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
    sql::run(conn, reservations::release(due, Released::Expired)).await?;
    Ok(Some(expired))
}
