//! What the database holds of some requests.

use std::collections::HashMap;

use tokio_postgres::{Client, Row};

use super::entry::Entry;
use crate::deed::Deed;

/// What the database holds of some requests.
#[derive(Debug, Default)]
pub struct Stored {
    /// What each key made.
    pub made: HashMap<String, Made>,
    /// The status of the reservations that were to be paid or cancelled.
    pub statuses: HashMap<String, String>,
    /// What was made without any key, though every request had one: something was done twice.
    pub orphans: Vec<String>,
}

/// What a key made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// Its id.
    pub id: String,
    /// Whose it is and what was asked for; nothing when only the key is there.
    pub what: Option<(String, Deed)>,
}

const MADE: &str = "\
    SELECT k.key, k.operation, k.resource_id::text AS id, \
           coalesce(l.user_id, r.user_id, p.user_id)::text AS owner, l.amount, \
           r.schedule_id::text AS schedule, r.seat_numbers, p.reservation_id::text AS reservation \
    FROM idempotency_keys k \
    LEFT JOIN ledger_entries l ON k.operation = 'charge' AND l.kind = 'charge' \
        AND l.user_id = k.user_id AND l.id = k.resource_id \
    LEFT JOIN reservations r ON k.operation = 'hold' AND r.id = k.resource_id \
    LEFT JOIN payments p ON k.operation = 'payment' AND p.id = k.resource_id \
    WHERE k.key = ANY($1)";

const STATUSES: &str = "SELECT id::text, status FROM reservations WHERE id::text = ANY($1)";

const ORPHANS: &str = "\
    SELECT 'charge ' || l.id FROM ledger_entries l WHERE kind = 'charge' AND NOT EXISTS \
        (SELECT FROM idempotency_keys k WHERE operation = 'charge' AND resource_id = l.id) \
    UNION ALL \
    SELECT 'hold ' || r.id FROM reservations r WHERE NOT EXISTS \
        (SELECT FROM idempotency_keys k WHERE operation = 'hold' AND resource_id = r.id) \
    UNION ALL \
    SELECT 'payment ' || p.id FROM payments p WHERE NOT EXISTS \
        (SELECT FROM idempotency_keys k WHERE operation = 'payment' AND resource_id = p.id)";

impl Stored {
    /// Asks the database about `entries`.
    pub async fn of(entries: &[Entry], database: &Client) -> Self {
        let keys: Vec<_> = entries.iter().map(|entry| entry.key.as_str()).collect();
        let reservations: Vec<_> = entries.iter().filter_map(reservation).collect();
        let made = database.query(MADE, &[&keys]).await.unwrap();
        let statuses = database.query(STATUSES, &[&reservations]).await.unwrap();
        let orphans = database.query(ORPHANS, &[]).await.unwrap();
        Self {
            made: made
                .iter()
                .map(|row| (row.get("key"), made_of(row)))
                .collect(),
            statuses: statuses
                .iter()
                .map(|row| (row.get(0), row.get(1)))
                .collect(),
            orphans: orphans.iter().map(|row| row.get(0)).collect(),
        }
    }
}

fn reservation(entry: &Entry) -> Option<&str> {
    match &entry.deed {
        Deed::Pay { reservation } | Deed::Cancel { reservation } => Some(reservation),
        _ => None,
    }
}

fn made_of(row: &Row) -> Made {
    let owner: Option<String> = row.get("owner");
    let what = owner.map(|owner| {
        let deed = match row.get("operation") {
            "charge" => Deed::Charge {
                amount: row.get("amount"),
            },
            "hold" => Deed::Hold {
                schedule: row.get("schedule"),
                seats: numbers(row),
            },
            _ => Deed::Pay {
                reservation: row.get("reservation"),
            },
        };
        (owner, deed)
    });
    let id = row.get("id");
    Made { id, what }
}

fn numbers(row: &Row) -> Vec<u32> {
    let numbers: Vec<i32> = row.get("seat_numbers");
    numbers.into_iter().map(i32::cast_unsigned).collect()
}
