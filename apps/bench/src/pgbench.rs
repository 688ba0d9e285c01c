//! PostgreSQL's own benchmark, doing what a server does that takes one transaction a request.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use tokio::process::Command;

use crate::stage::Stage;

/// Runs `script` on `database` with so many clients for so many seconds; transactions a second.
async fn run(
    stage: &Stage,
    database: &str,
    script: &str,
    clients: u32,
    seconds: u32,
) -> Result<f64> {
    let file = stage
        .socket()
        .with_file_name(format!("pgbench-{clients}.sql"));
    std::fs::write(&file, script)?;
    let output = Command::new(program().context("pgbench is missing: install postgresql-contrib")?)
        .args(["--no-vacuum", "--protocol=prepared", "--username=postgres"])
        .arg(format!("--host={}", stage.socket().display()))
        .arg(format!("--client={clients}"))
        .arg("--jobs=2")
        .arg(format!("--time={seconds}"))
        .arg(format!("--file={}", file.display()))
        .arg(database)
        .output()
        .await?;
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(
        output.status.success(),
        "pgbench: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let tps = said
        .lines()
        .find_map(|line| line.strip_prefix("tps = "))
        .context("no tps")?;
    Ok(tps.split_whitespace().next().context("no tps")?.parse()?)
}

/// The best rate over these numbers of clients, and at how many it was.
pub async fn best(
    stage: &Stage,
    database: &str,
    script: &str,
    clients: &[u32],
    seconds: u32,
) -> Result<(f64, u32)> {
    let mut best = (0.0, 0);
    for clients in clients {
        let rate = run(stage, database, script, *clients, seconds).await?;
        if rate > best.0 {
            best = (rate, *clients);
        }
    }
    Ok(best)
}

fn program() -> Option<PathBuf> {
    let bin = std::env::var_os("PG_BINDIR").map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut directories: Vec<_> = bin
        .into_iter()
        .chain(std::env::split_paths(&path))
        .collect();
    if let Ok(versions) = Path::new("/usr/lib/postgresql").read_dir() {
        directories.extend(versions.flatten().map(|version| version.path().join("bin")));
    }
    directories
        .into_iter()
        .map(|directory| directory.join("pgbench"))
        .find(|file| file.exists())
}
