//! How long a commit takes.

use std::time::Duration;

use anyhow::{Result, ensure};
use tokio::time::sleep;

use crate::stage::Stage;

/// How much longer than the disk needs, in microseconds: the most that PostgreSQL takes.
const DELAY: u32 = 100_000;

/// From now on each commit takes 100 ms more.
pub async fn slow_down(stage: &Stage) -> Result<()> {
    delay(stage, DELAY).await
}

/// From now on a commit takes what the disk needs.
pub async fn usual(stage: &Stage) -> Result<()> {
    delay(stage, 0).await
}

async fn delay(stage: &Stage, micros: u32) -> Result<()> {
    let client = stage.client().await?;
    client
        .batch_execute(&format!("ALTER SYSTEM SET commit_delay = {micros}"))
        .await?;
    client.batch_execute("SELECT pg_reload_conf()").await?;
    // Every session reads the new value when it is told to, a moment later.
    for _ in 0..100 {
        sleep(Duration::from_millis(50)).await;
        let row = client.query_one("SHOW commit_delay", &[]).await?;
        if row.get::<_, String>(0) == micros.to_string() {
            return Ok(());
        }
    }
    ensure!(false, "commit_delay does not become {micros}");
    Ok(())
}
