//! Payments: [`Cashier`] on PostgreSQL.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use async_trait::async_trait;
use diesel::{
    QueryResult,
    sql_types::{Array, BigInt, Nullable, Timestamptz, Uuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{
    clock::Clock,
    events::Happening,
    id::{PaymentId, ReservationId, ScheduleId, UserId},
    idempotency::Outcome,
    money::Money,
    page::{Page, PageRequest},
    payment::{Cashier, PayError, PayRequest, Receipt, Settlement, Till, settle_all},
    queue::EndReason,
    storage::StorageError,
};
use futures_util::try_join;
use time::OffsetDateTime;

use crate::{
    accounts,
    error::storage,
    idempotency::{self, Operation},
    lane::{Batch, Decided, Lane, LaneSettings, Tasks},
    meters::{HoldMeter, MoneyMeter, QueueMeter},
    outbox,
    pool::Database,
    queue_state, reservations,
    schedules::{self, Counts, Locked},
    seat_maps::PgSeatMaps,
    sql::{Sql, sql},
    tokens,
};

/// [`Cashier`] on PostgreSQL.
pub struct PgCashier {
    database: Database,
    maps: Arc<PgSeatMaps>,
    payments: Lane<Paying>,
}

impl PgCashier {
    /// Starts the lane for payments.
    pub(crate) fn start(
        database: Database,
        clock: Arc<dyn Clock>,
        maps: Arc<PgSeatMaps>,
        lane: LaneSettings,
        tasks: &Tasks,
    ) -> Self {
        let payments = Lane::start(Paying::new(clock), database.clone(), lane, tasks);
        Self {
            database,
            maps,
            payments,
        }
    }
}

#[async_trait]
impl Cashier for PgCashier {
    async fn pay(&self, request: PayRequest) -> Result<Outcome<Receipt>, PayError> {
        let paid = self.payments.submit(request).await??;
        self.maps.seats_changed(paid.value.reservation.schedule_id);
        Ok(paid)
    }

    async fn find(&self, id: PaymentId, owner: UserId) -> Result<Option<Receipt>, StorageError> {
        let conn = self.database.connection().await?;
        let mut found = find(&conn, vec![id.get()]).await.map_err(storage)?;
        Ok(found
            .remove(&id)
            .filter(|receipt| receipt.reservation.user_id == owner))
    }

    async fn list(
        &self,
        owner: UserId,
        page: PageRequest<PaymentId>,
    ) -> Result<Page<Receipt, PaymentId>, StorageError> {
        let conn = self.database.connection().await?;
        let found = list(&conn, owner, page).await.map_err(storage)?;
        Ok(Page::of(found, page.limit, |receipt: &Receipt| receipt.id))
    }
}

type PaymentColumns = (Uuid, Uuid, BigInt, BigInt, Timestamptz);
type PaymentRow = (uuid::Uuid, uuid::Uuid, i64, i64, OffsetDateTime);

async fn find(
    mut conn: &AsyncPgConnection,
    ids: Vec<uuid::Uuid>,
) -> QueryResult<HashMap<PaymentId, Receipt>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<PaymentRow> = sql::<PaymentColumns>(
        "SELECT id, reservation_id, amount, balance_after, paid_at FROM payments \
         WHERE id = ANY($1)",
    )
    .bind::<Array<Uuid>, _>(ids)
    .load(&mut conn)
    .await?;
    let receipts = receipts(conn, rows).await?.into_iter();
    Ok(receipts.map(|receipt| (receipt.id, receipt)).collect())
}

async fn list(
    mut conn: &AsyncPgConnection,
    owner: UserId,
    page: PageRequest<PaymentId>,
) -> QueryResult<Vec<Receipt>> {
    let rows: Vec<PaymentRow> = sql::<PaymentColumns>(
        "SELECT id, reservation_id, amount, balance_after, paid_at FROM payments \
         WHERE user_id = $1 AND ($2 IS NULL OR id < $2) ORDER BY id DESC LIMIT $3",
    )
    .bind::<Uuid, _>(owner.get())
    .bind::<Nullable<Uuid>, _>(page.after.map(PaymentId::get))
    .bind::<BigInt, _>(i64::from(page.limit) + 1)
    .load(&mut conn)
    .await?;
    receipts(conn, rows).await
}

async fn receipts(conn: &AsyncPgConnection, rows: Vec<PaymentRow>) -> QueryResult<Vec<Receipt>> {
    let mut paid = reservations::find(conn, rows.iter().map(|row| row.1).collect()).await?;
    let receipt = |(id, reservation, amount, after, paid_at): PaymentRow| {
        Some(Receipt {
            id: PaymentId::new(id),
            amount: Money::won(amount),
            balance_after: Money::won(after),
            paid_at,
            reservation: paid.remove(&ReservationId::new(reservation))?,
        })
    };
    Ok(rows.into_iter().filter_map(receipt).collect())
}

/// Payments, many in a transaction.
struct Paying {
    clock: Arc<dyn Clock>,
    money: MoneyMeter,
    holds: HoldMeter,
    queue: QueueMeter,
}

impl Paying {
    fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            money: MoneyMeter::payments(),
            holds: HoldMeter::default(),
            queue: QueueMeter::default(),
        }
    }
}

impl Batch for Paying {
    type Request = PayRequest;
    type Answer = Result<Outcome<Receipt>, PayError>;
    type Found = (queue_state::Locked, Locked, Till);
    const NAME: &'static str = "payments";
    const LANE: &'static str = "pay";

    async fn find(
        &self,
        conn: &AsyncPgConnection,
        requests: &[PayRequest],
    ) -> QueryResult<Self::Found> {
        let ids: BTreeSet<_> = requests.iter().map(|r| r.reservation_id.get()).collect();
        let ids: Vec<_> = ids.into_iter().collect();
        let payers = requests
            .iter()
            .map(|request| request.pass.user_id)
            .collect();
        let tokens = requests.iter().map(|r| r.pass.token_id.get()).collect();
        let keys = requests
            .iter()
            .filter_map(|r| Some((r.pass.user_id, r.key.as_ref()?)));
        // The lock order: queue, schedules (with their seats and reservations), balances. Payments
        // end queue tokens, so the queue comes first.
        let (queue, mut locked, accounts, mut reservations, tokens, used) = try_join!(
            queue_state::lock(conn),
            schedules::lock_of(conn, ids.clone()),
            accounts::lock(conn, payers),
            reservations::find(conn, ids),
            tokens::find(conn, tokens),
            idempotency::find(conn, Operation::Payment, keys),
        )?;
        // Made while this waited for its locks: its schedule may not be among them.
        reservations.retain(|_, reservation| locked.contains(reservation.schedule_id));
        let made = find(conn, idempotency::resources(&used)).await?;
        let till = Till {
            reservations,
            schedules: std::mem::take(&mut locked.on_sale),
            accounts,
            tokens,
            earlier: idempotency::earlier(used, |id| made.get(&PaymentId::new(id)).cloned()),
        };
        Ok((queue, locked, till))
    }

    fn decide(
        &self,
        (queue, locked, mut till): Self::Found,
        requests: &[PayRequest],
    ) -> Decided<Self::Answer> {
        let now = self.clock.now();
        let (expired, mut writes) = reservations::expire_over(now, &mut till.reservations);
        let (answers, settled) = settle_all(now, &mut till, requests);
        if !settled.is_empty() {
            let spent: Vec<_> = settled.iter().map(|settlement| settlement.token).collect();
            writes.extend(queue_state::end(queue, now, &spent, EndReason::Paid));
            writes.extend(store(&locked, now, &till, requests, &settled));
        }
        let paid = settled.len() as u64;
        let mut tally = vec![
            (self.holds.expired.clone(), expired),
            (self.holds.paid.clone(), paid),
            (self.queue.paid.clone(), paid),
        ];
        let amounts = settled.iter().map(|settlement| settlement.receipt.amount);
        tally.extend(self.money.tally(amounts));
        Decided {
            answers,
            writes,
            tally,
        }
    }
}

fn store(
    locked: &Locked,
    now: OffsetDateTime,
    till: &Till,
    requests: &[PayRequest],
    settled: &[Settlement],
) -> Vec<Sql> {
    let mut counts: BTreeMap<ScheduleId, Counts> = BTreeMap::new();
    for Settlement { receipt, .. } in settled {
        let sold = i32::try_from(receipt.reservation.seats.len()).unwrap_or(i32::MAX);
        counts
            .entry(receipt.reservation.schedule_id)
            .or_default()
            .sold += sold;
    }
    let by_payment: HashMap<_, _> = requests.iter().map(|r| (r.payment_id, r)).collect();
    let keys = settled.iter().filter_map(|Settlement { receipt, .. }| {
        let key = by_payment.get(&receipt.id)?.key.as_ref()?;
        Some((receipt.reservation.user_id, key, receipt.id.get()))
    });
    let mut writes = vec![
        insert(&settled.iter().map(|s| &s.receipt).collect::<Vec<_>>()),
        mark_paid(settled),
        sell_seats(locked, settled),
        schedules::count(locked, &counts),
    ];
    let entries = settled.iter().map(|settlement| &settlement.entry);
    writes.extend(accounts::store(&till.accounts, &entries));
    writes.extend(idempotency::store(Operation::Payment, now, keys));
    let receipts = settled.iter().map(|settlement| &settlement.receipt);
    writes.extend(outbox::insert(
        now,
        receipts.flat_map(Happening::of_payment),
    ));
    writes
}

/// Stores new payments.
pub(crate) fn insert(new: &[&Receipt]) -> Sql {
    let receipts = || new.iter();
    sql(
        "INSERT INTO payments (id, reservation_id, user_id, amount, balance_after, paid_at) \
         SELECT * FROM unnest($1, $2, $3, $4, $5, $6)",
    )
    .bind::<Array<Uuid>, _>(receipts().map(|r| r.id.get()).collect::<Vec<_>>())
    .bind::<Array<Uuid>, _>(
        receipts()
            .map(|r| r.reservation.id.get())
            .collect::<Vec<_>>(),
    )
    .bind::<Array<Uuid>, _>(
        receipts()
            .map(|r| r.reservation.user_id.get())
            .collect::<Vec<_>>(),
    )
    .bind::<Array<BigInt>, _>(receipts().map(|r| r.amount.get()).collect::<Vec<_>>())
    .bind::<Array<BigInt>, _>(
        receipts()
            .map(|r| r.balance_after.get())
            .collect::<Vec<_>>(),
    )
    .bind::<Array<Timestamptz>, _>(receipts().map(|r| r.paid_at).collect::<Vec<_>>())
}

fn mark_paid(settled: &[Settlement]) -> Sql {
    let receipts = || settled.iter().map(|settlement| &settlement.receipt);
    sql(
        "UPDATE reservations SET status = 'paid', payment_id = paid.payment_id \
         FROM unnest($1, $2) AS paid (id, payment_id) WHERE reservations.id = paid.id",
    )
    .bind::<Array<Uuid>, _>(
        receipts()
            .map(|r| r.reservation.id.get())
            .collect::<Vec<_>>(),
    )
    .bind::<Array<Uuid>, _>(receipts().map(|r| r.id.get()).collect::<Vec<_>>())
}

fn sell_seats(locked: &Locked, settled: &[Settlement]) -> Sql {
    let sold = settled.iter().flat_map(|Settlement { receipt, .. }| {
        let version = locked.version(receipt.reservation.schedule_id);
        let seats = receipt.reservation.seats.iter();
        seats.map(move |seat| (seat.id.get(), version))
    });
    let (seats, versions): (Vec<_>, Vec<_>) = sold.unzip();
    sql(
        "UPDATE seats SET status = 'sold', held_until = NULL, version = sold.version \
         FROM unnest($1, $2) AS sold (id, version) WHERE seats.id = sold.id",
    )
    .bind::<Array<Uuid>, _>(seats)
    .bind::<Array<BigInt>, _>(versions)
}
