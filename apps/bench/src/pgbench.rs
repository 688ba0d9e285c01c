//! PostgreSQL's own benchmark, doing what a server does that takes one transaction a request.

use std::{
    ffi::OsStr,
    fmt::{Display, Write},
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use tokio::process::Command;

use crate::{
    stage::Stage,
    stats::{median, number},
};

/// Transactions a second at each of several numbers of clients.
pub struct Rates(Vec<(u32, f64)>);

impl Rates {
    /// At how many clients it was fastest, and how fast.
    pub fn best(&self) -> (u32, f64) {
        let best = self.0.iter().max_by(|a, b| a.1.total_cmp(&b.1));
        best.copied().unwrap_or_default()
    }

    /// For people: `1,234 (8 clients), 2,345 (16)`.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for (place, (clients, rate)) in self.0.iter().enumerate() {
            let (comma, word) = if place == 0 {
                ("", " clients")
            } else {
                (", ", "")
            };
            // Writing to a String cannot fail.
            let _ = write!(text, "{comma}{} ({clients}{word})", number(*rate, 0));
        }
        text
    }
}

/// Transactions a second of `script` on `database`, so many seconds with each number of clients.
pub async fn rates(
    stage: &Stage,
    database: &str,
    script: &str,
    clients: &[u32],
    seconds: u32,
) -> Result<Rates> {
    let mut rates = Vec::new();
    for clients in clients {
        let said = run(stage, database, script, *clients, seconds, &[]).await?;
        let rate = figure(&said, "tps = ").context("pgbench told no tps")?;
        rates.push((*clients, rate));
    }
    Ok(Rates(rates))
}

/// The best rate over these numbers of clients, and at how many it was.
pub async fn best(
    stage: &Stage,
    database: &str,
    script: &str,
    clients: &[u32],
    seconds: u32,
) -> Result<(f64, u32)> {
    let rates = rates(stage, database, script, clients, seconds).await?;
    let (clients, rate) = rates.best();
    Ok((rate, clients))
}

/// How long a transaction takes when there is one client, in milliseconds.
pub struct Latency {
    /// As pgbench reports it.
    pub average: f64,
    /// Of its log of every transaction.
    pub median: f64,
}

/// The latency of `script` on `database` with one client.
pub async fn latency(stage: &Stage, database: &str, script: &str, seconds: u32) -> Result<Latency> {
    let log = stage.directory().join("pgbench-log");
    fs::create_dir_all(&log)?;
    let prefix = format!("--log-prefix={}", log.join("lone").display());
    let said = run(stage, database, script, 1, seconds, &["--log", &prefix]).await?;
    let average = figure(&said, "latency average = ").context("pgbench told no latency")?;
    let mut logged = Vec::new();
    for file in log.read_dir()? {
        logged.extend(latencies(&fs::read_to_string(file?.path())?));
    }
    fs::remove_dir_all(&log)?;
    ensure!(!logged.is_empty(), "pgbench logged nothing");
    Ok(Latency {
        average,
        median: median(logged) / 1_000.0,
    })
}

/// Runs `script` and returns what pgbench reports.
async fn run(
    stage: &Stage,
    database: &str,
    script: &str,
    clients: u32,
    seconds: u32,
    more: &[&str],
) -> Result<String> {
    let file = stage.directory().join("pgbench.sql");
    fs::write(&file, script)?;
    let cores = u32::try_from(std::thread::available_parallelism()?.get())?;
    let output = Command::new(program().context("pgbench is missing: install postgresql-contrib")?)
        .args(["--no-vacuum", "--protocol=prepared", "--username=postgres"])
        .arg(option("host", stage.socket().display()))
        .arg(option("client", clients))
        .arg(option("jobs", clients.min(cores)))
        .arg(option("time", seconds))
        .arg(option("file", file.display()))
        .args(more.iter().map(OsStr::new))
        .arg(database)
        .output()
        .await?;
    let (said, complaints) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    let failed = figure(&said, "number of failed transactions: ").unwrap_or(0.0);
    ensure!(
        output.status.success() && failed == 0.0 && !complaints.contains("ERROR"),
        "pgbench: {complaints}{said}"
    );
    Ok(said.into_owned())
}

fn option(name: &str, value: impl Display) -> String {
    format!("--{name}={value}")
}

/// The number that follows `name` at the start of a line.
fn figure(said: &str, name: &str) -> Option<f64> {
    let value = said.lines().find_map(|line| line.strip_prefix(name))?;
    value.split_whitespace().next()?.parse().ok()
}

/// The third field of each line of pgbench's log, in microseconds.
fn latencies(log: &str) -> impl Iterator<Item = f64> {
    log.lines()
        .filter_map(|line| line.split_whitespace().nth(2)?.parse().ok())
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

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "these numbers have exact binary forms")]
mod tests {
    use super::*;

    #[test]
    fn figures_are_found_in_what_pgbench_says() {
        let said = "number of failed transactions: 0 (0.000%)\nlatency average = 0.750 ms\n\
            initial connection time = 4.0 ms\ntps = 1234.5 (without initial connection time)\n";
        assert_eq!(figure(said, "tps = "), Some(1234.5));
        assert_eq!(figure(said, "latency average = "), Some(0.75));
        assert_eq!(figure(said, "number of failed transactions: "), Some(0.0));
        assert_eq!(figure(said, "latency stddev = "), None);
    }

    #[test]
    fn a_log_line_tells_the_latency_third() {
        let log = "0 1 912 0 1700000000 123456\n0 2 250 0 1700000000 123999\n";
        assert_eq!(latencies(log).collect::<Vec<_>>(), [912.0, 250.0]);
    }

    #[test]
    fn the_best_number_of_clients_is_told_with_its_rate() {
        let rates = Rates(vec![(8, 1_000.0), (16, 2_000.5), (32, 1_500.0)]);
        assert_eq!(rates.best(), (16, 2_000.5));
        assert_eq!(rates.text(), "1,000 (8 clients), 2,000 (16), 1,500 (32)");
    }
}
