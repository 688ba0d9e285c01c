//! What the fans were told beside what is stored.

use anyhow::Result;
use tokio_postgres::Client;

use super::fan::Trip;

/// Numbers of what was made.
#[derive(Debug, PartialEq, Eq)]
pub struct Counts {
    /// Reservations, paid or not.
    holds: i64,
    /// Payments.
    payments: i64,
    /// Seats sold.
    seats: i64,
}

impl Counts {
    /// What the database has of these dates.
    pub async fn stored(client: &Client, dates: &[String]) -> Result<Self> {
        let query = "SELECT count(r.id), count(p.id), \
            (SELECT coalesce(sum(sold_seats), 0) FROM schedules WHERE id::text = ANY($1)) \
            FROM reservations r LEFT JOIN payments p ON p.reservation_id = r.id \
            WHERE r.schedule_id::text = ANY($1)";
        let row = client.query_one(query, &[&dates]).await?;
        Ok(Self {
            holds: row.get(0),
            payments: row.get(1),
            seats: row.get(2),
        })
    }

    /// What those who arrived were told: each has one reservation, paid.
    pub fn told(trips: &[Trip]) -> Self {
        let all = i64::try_from(trips.len()).unwrap_or(i64::MAX);
        Self {
            holds: all,
            payments: all,
            seats: trips.iter().map(|trip| trip.seats).sum(),
        }
    }
}
