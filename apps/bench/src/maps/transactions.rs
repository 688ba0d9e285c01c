//! How much PostgreSQL has to do.

use std::time::{Duration, Instant};

use anyhow::Result;
use tokio_postgres::Client;

use crate::durations::count;

/// PostgreSQL tells what its sessions did up to so much later.
pub const LATE: Duration = Duration::from_millis(2_500);

/// The transactions that were committed up to a moment.
pub struct Transactions {
    committed: i64,
    at: Instant,
}

impl Transactions {
    /// Counts up to now.
    pub async fn count(client: &Client) -> Result<Self> {
        let query = "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()";
        Ok(Self {
            committed: client.query_one(query, &[]).await?.get(0),
            at: Instant::now(),
        })
    }

    /// Commits a second since then, reads included. As PostgreSQL is about as late at both ends,
    /// that is right for a load that is the same all the time.
    pub async fn a_second(&self, client: &Client) -> Result<f64> {
        let now = Self::count(client).await?;
        let committed = usize::try_from(now.committed - self.committed)?;
        Ok(count(committed) / (now.at - self.at).as_secs_f64())
    }
}
