//! Accounts and ledger entries as rows.

use std::collections::{BTreeSet, HashMap};

use diesel::{
    QueryResult,
    sql_types::{Array, BigInt, Nullable, Timestamptz, Uuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{
    balance::{Account, EntryKind, LedgerEntry},
    id::{EntryId, PaymentId, UserId},
    money::Money,
};
use time::OffsetDateTime;

use crate::sql::{Sql, sql};

pub(crate) type EntryColumns = (
    Uuid,
    Uuid,
    BigInt,
    Nullable<Uuid>,
    Nullable<Uuid>,
    BigInt,
    BigInt,
    Timestamptz,
);
pub(crate) type EntryRow = (
    uuid::Uuid,
    uuid::Uuid,
    i64,
    Option<uuid::Uuid>,
    Option<uuid::Uuid>,
    i64,
    i64,
    OffsetDateTime,
);

pub(crate) fn entry(
    (id, user, number, payment, refund_of, amount, after, at): EntryRow,
) -> LedgerEntry {
    let kind = match (payment.map(PaymentId::new), refund_of.map(PaymentId::new)) {
        (Some(payment), _) => EntryKind::Payment(payment),
        (None, Some(payment)) => EntryKind::Refund(payment),
        (None, None) => EntryKind::Charge,
    };
    LedgerEntry {
        id: EntryId::new(id),
        user_id: UserId::new(user),
        number: number.unsigned_abs(),
        kind,
        amount: Money::won(amount),
        balance_after: Money::won(after),
        created_at: at,
    }
}

/// Locks the accounts of these users until the transaction ends, in the order of the ids.
pub(crate) async fn lock(
    mut conn: &AsyncPgConnection,
    users: BTreeSet<UserId>,
) -> QueryResult<HashMap<UserId, Account>> {
    let users: Vec<_> = users.into_iter().map(UserId::get).collect();
    let rows: Vec<(uuid::Uuid, i64, i64)> = sql::<(Uuid, BigInt, BigInt)>(
        "SELECT user_id, balance, entries FROM balances WHERE user_id = ANY($1) \
         ORDER BY user_id FOR NO KEY UPDATE",
    )
    .bind::<Array<Uuid>, _>(users)
    .load(&mut conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(account)
        .map(|account| (account.user_id, account))
        .collect())
}

pub(crate) fn account((user, balance, entries): (uuid::Uuid, i64, i64)) -> Account {
    Account {
        user_id: UserId::new(user),
        balance: Money::won(balance),
        entries: entries.unsigned_abs(),
    }
}

/// Stores `entries` and the accounts as they are after them.
pub(crate) fn store<'a>(
    accounts: &HashMap<UserId, Account>,
    entries: &(impl Iterator<Item = &'a LedgerEntry> + Clone),
) -> [Sql; 2] {
    let changed: BTreeSet<_> = entries.clone().map(|entry| entry.user_id).collect();
    let changed: Vec<_> = changed
        .iter()
        .filter_map(|user| accounts.get(user))
        .collect();
    [write_accounts(&changed), insert(entries)]
}

fn write_accounts(accounts: &[&Account]) -> Sql {
    sql(
        "UPDATE balances SET balance = new.balance, entries = new.entries \
         FROM unnest($1, $2, $3) AS new (user_id, balance, entries) \
         WHERE balances.user_id = new.user_id",
    )
    .bind::<Array<Uuid>, _>(accounts.iter().map(|a| a.user_id.get()).collect::<Vec<_>>())
    .bind::<Array<BigInt>, _>(accounts.iter().map(|a| a.balance.get()).collect::<Vec<_>>())
    .bind::<Array<BigInt>, _>(
        accounts
            .iter()
            .map(|a| a.entries.cast_signed())
            .collect::<Vec<_>>(),
    )
}

fn insert<'a>(entries: &(impl Iterator<Item = &'a LedgerEntry> + Clone)) -> Sql {
    let payment = |entry: &LedgerEntry| match entry.kind {
        EntryKind::Payment(id) => Some(id.get()),
        EntryKind::Charge | EntryKind::Refund(_) => None,
    };
    let refund_of = |entry: &LedgerEntry| match entry.kind {
        EntryKind::Refund(id) => Some(id.get()),
        EntryKind::Charge | EntryKind::Payment(_) => None,
    };
    let all = || entries.clone();
    sql("INSERT INTO ledger_entries \
         (id, user_id, number, kind, payment_id, refund_of, amount, balance_after, created_at) \
         SELECT id, user_id, number, CASE WHEN payment_id IS NOT NULL THEN 'payment' \
           WHEN refund_of IS NOT NULL THEN 'refund' ELSE 'charge' END, \
         payment_id, refund_of, amount, balance_after, created_at \
         FROM unnest($1, $2, $3, $4, $5, $6, $7, $8) AS new \
         (id, user_id, number, payment_id, refund_of, amount, balance_after, created_at)")
    .bind::<Array<Uuid>, _>(all().map(|e| e.id.get()).collect::<Vec<_>>())
    .bind::<Array<Uuid>, _>(all().map(|e| e.user_id.get()).collect::<Vec<_>>())
    .bind::<Array<BigInt>, _>(all().map(|e| e.number.cast_signed()).collect::<Vec<_>>())
    .bind::<Array<Nullable<Uuid>>, _>(all().map(payment).collect::<Vec<_>>())
    .bind::<Array<Nullable<Uuid>>, _>(all().map(refund_of).collect::<Vec<_>>())
    .bind::<Array<BigInt>, _>(all().map(|e| e.amount.get()).collect::<Vec<_>>())
    .bind::<Array<BigInt>, _>(all().map(|e| e.balance_after.get()).collect::<Vec<_>>())
    .bind::<Array<Timestamptz>, _>(all().map(|e| e.created_at).collect::<Vec<_>>())
}

/// Those entries of these users that have these ids.
pub(crate) async fn find_entries(
    mut conn: &AsyncPgConnection,
    users: Vec<uuid::Uuid>,
    ids: Vec<uuid::Uuid>,
) -> QueryResult<HashMap<EntryId, LedgerEntry>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<EntryRow> = sql::<EntryColumns>(
        "SELECT id, user_id, number, payment_id, refund_of, amount, balance_after, created_at \
         FROM ledger_entries WHERE user_id = ANY($1) AND id = ANY($2)",
    )
    .bind::<Array<Uuid>, _>(users)
    .bind::<Array<Uuid>, _>(ids)
    .load(&mut conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(entry)
        .map(|entry| (entry.id, entry))
        .collect())
}
