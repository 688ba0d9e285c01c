//! Charging and balances: [`Ledger`] on PostgreSQL.

use std::{collections::HashMap, sync::Arc};

use async_trait::async_trait;
use diesel::{
    QueryResult,
    sql_types::{BigInt, Nullable, Uuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{
    balance::{Account, ChargeError, ChargeRequest, ChargeRules, Ledger, LedgerEntry, charge_all},
    clock::Clock,
    id::{EntryId, UserId},
    idempotency::{Earlier, Outcome},
    page::{Page, PageRequest},
    storage::StorageError,
};
use futures_util::try_join;

use crate::{
    accounts::{self, EntryColumns, EntryRow},
    error::storage,
    idempotency::{self, Operation},
    lane::{Batch, Decided, Lane, LaneSettings, Tasks},
    meters::MoneyMeter,
    pool::Database,
    sql::sql,
};

/// [`Ledger`] on PostgreSQL.
pub struct PgLedger {
    database: Database,
    charges: Lane<Charging>,
}

impl PgLedger {
    /// Starts the lane for charges.
    pub(crate) fn start(
        database: Database,
        clock: Arc<dyn Clock>,
        rules: ChargeRules,
        lane: LaneSettings,
        tasks: &Tasks,
    ) -> Self {
        let charging = Charging {
            clock,
            rules,
            meter: MoneyMeter::charges(),
        };
        let charges = Lane::start(charging, database.clone(), lane, tasks);
        Self { database, charges }
    }
}

#[async_trait]
impl Ledger for PgLedger {
    async fn charge(&self, request: ChargeRequest) -> Result<Outcome<LedgerEntry>, ChargeError> {
        self.charges.submit(request).await?
    }

    async fn find(&self, user: UserId) -> Result<Option<Account>, StorageError> {
        let mut conn = self.database.connection().await?;
        let rows: QueryResult<Vec<(uuid::Uuid, i64, i64)>> = sql::<(Uuid, BigInt, BigInt)>(
            "SELECT user_id, balance, entries FROM balances WHERE user_id = $1",
        )
        .bind::<Uuid, _>(user.get())
        .load(&mut conn)
        .await;
        Ok(rows.map_err(storage)?.pop().map(accounts::account))
    }

    async fn entries(
        &self,
        user: UserId,
        page: PageRequest<u64>,
    ) -> Result<Page<LedgerEntry, u64>, StorageError> {
        let mut conn = self.database.connection().await?;
        let rows: QueryResult<Vec<EntryRow>> = sql::<EntryColumns>(
            "SELECT id, user_id, number, payment_id, refund_of, amount, balance_after, created_at \
             FROM ledger_entries WHERE user_id = $1 AND ($2 IS NULL OR number < $2) \
             ORDER BY number DESC LIMIT $3",
        )
        .bind::<Uuid, _>(user.get())
        .bind::<Nullable<BigInt>, _>(page.after.map(u64::cast_signed))
        .bind::<BigInt, _>(i64::from(page.limit) + 1)
        .load(&mut conn)
        .await;
        let entries = rows
            .map_err(storage)?
            .into_iter()
            .map(accounts::entry)
            .collect();
        Ok(Page::of(entries, page.limit, |entry: &LedgerEntry| {
            entry.number
        }))
    }
}

/// Charges, many in a transaction.
struct Charging {
    clock: Arc<dyn Clock>,
    rules: ChargeRules,
    meter: MoneyMeter,
}

impl Batch for Charging {
    type Request = ChargeRequest;
    type Answer = Result<Outcome<LedgerEntry>, ChargeError>;
    type Found = (HashMap<UserId, Account>, Earlier<LedgerEntry>);
    const NAME: &'static str = "charges";
    const LANE: &'static str = "charge";

    async fn find(
        &self,
        conn: &AsyncPgConnection,
        requests: &[ChargeRequest],
    ) -> QueryResult<Self::Found> {
        let users = requests.iter().map(|request| request.user_id).collect();
        let keys = requests
            .iter()
            .filter_map(|r| Some((r.user_id, r.key.as_ref()?)));
        let (accounts, used) = try_join!(
            accounts::lock(conn, users),
            idempotency::find(conn, Operation::Charge, keys)
        )?;
        let (users, ids) = (idempotency::users(&used), idempotency::resources(&used));
        let made = accounts::find_entries(conn, users, ids).await?;
        let earlier = idempotency::earlier(used, |id| made.get(&EntryId::new(id)).copied());
        Ok((accounts, earlier))
    }

    fn decide(
        &self,
        (mut accounts, mut earlier): Self::Found,
        requests: &[ChargeRequest],
    ) -> Decided<Self::Answer> {
        let now = self.clock.now();
        let answers = charge_all(now, &self.rules, &mut accounts, &mut earlier, requests);

        let fresh = requests
            .iter()
            .zip(&answers)
            .filter_map(|(request, answer)| match answer {
                Ok(Outcome {
                    value,
                    replayed: false,
                }) => Some((request, value)),
                Ok(_) | Err(_) => None,
            });
        let keys = fresh.clone().filter_map(|(request, entry)| {
            Some((entry.user_id, request.key.as_ref()?, entry.id.get()))
        });
        let won = fresh
            .clone()
            .map(|(_, entry)| entry.amount.get().unsigned_abs());
        let tally = vec![
            (self.meter.times.clone(), fresh.clone().count() as u64),
            (self.meter.won.clone(), won.sum()),
        ];
        let mut writes = Vec::new();
        if fresh.clone().next().is_some() {
            let entries = fresh.map(|(_, entry)| entry);
            writes.extend(accounts::store(&accounts, &entries));
            writes.extend(idempotency::store(Operation::Charge, now, keys));
        }
        Decided {
            answers,
            writes,
            tally,
        }
    }
}
