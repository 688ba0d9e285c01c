//! Which statements the time goes into, by `pg_stat_statements`. It costs a little, so it is only
//! there when asked for.

use anyhow::Result;
use tokio_postgres::{Client, Row};

use crate::{say, stats::number};

/// What PostgreSQL has to be started with.
pub const PARAMETERS: [(&str, &str); 3] = [
    ("shared_preload_libraries", "pg_stat_statements"),
    ("pg_stat_statements.track", "all"),
    ("pg_stat_statements.track_planning", "on"),
];

const TOP: &str = "SELECT calls, rows, total_exec_time, total_plan_time, wal_bytes::bigint, \
    regexp_replace(query, '\\s+', ' ', 'g') \
    FROM pg_stat_statements \
    WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) \
    ORDER BY total_exec_time + total_plan_time DESC LIMIT 15";

/// The statements of one round.
pub struct Statements(Vec<Row>);

/// Forgets what was counted up to now in the database of `client`.
pub async fn reset(client: &Client) -> Result<()> {
    let reset = "CREATE EXTENSION IF NOT EXISTS pg_stat_statements; \
        SELECT pg_stat_statements_reset()";
    Ok(client.batch_execute(reset).await?)
}

/// The 15 that took most time since the last reset.
pub async fn top(client: &Client) -> Result<Statements> {
    Ok(Statements(client.query(TOP, &[]).await?))
}

impl Statements {
    /// Prints them; so many requests succeeded meanwhile.
    pub fn print(&self, successes: u64) {
        say("   calls      rows    exec ms    plan ms    WAL bytes  ms/10,000  statement");
        for row in &self.0 {
            let (calls, rows, wal): (i64, i64, i64) = (row.get(0), row.get(1), row.get(4));
            let (execution, planning): (f64, f64) = (row.get(2), row.get(3));
            #[allow(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
            let share = (execution + planning) * 10_000.0 / successes.max(1) as f64;
            let [execution, planning, share] =
                [execution, planning, share].map(|value| number(value, 1));
            let statement: String = row.get::<_, String>(5).chars().take(110).collect();
            say(&format!(
                "{calls:>8} {rows:>9} {execution:>10} {planning:>10} {wal:>12} {share:>10}  {statement}"
            ));
        }
    }
}
