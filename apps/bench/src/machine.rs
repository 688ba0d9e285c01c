//! What a benchmark ran on.

use std::fs;

use anyhow::Result;
use tokio_postgres::Client;

/// The settings of PostgreSQL that decide what a commit costs.
const SETTINGS: &str = "SELECT string_agg(name || ' = ' || current_setting(name), ', ' \
    ORDER BY name) FROM pg_settings WHERE name IN ('autovacuum', 'checkpoint_timeout', \
    'fsync', 'full_page_writes', 'jit', 'max_connections', 'max_wal_size', 'shared_buffers', \
    'shared_preload_libraries', 'synchronous_commit', 'wal_level', 'wal_sync_method') \
    AND setting <> ''";

/// The program, the day, the machine, PostgreSQL and its settings, as two paragraphs.
pub async fn machine(client: &Client) -> Result<String> {
    let row = client
        .query_one(
            &format!("SELECT split_part(version(), ' on ', 1), current_date::text, ({SETTINGS})"),
            &[],
        )
        .await?;
    let (version, day, settings): (String, String, String) = (row.get(0), row.get(1), row.get(2));
    let (cores, server) = (
        std::thread::available_parallelism()?,
        env!("CARGO_PKG_VERSION"),
    );
    let cores = format!("{cores} cores for everything");
    let parts: Vec<_> = [cores].into_iter().chain(hardware()).collect();
    let parts = parts.join(", ");
    Ok(format!(
        "Boxoffice {server}, {day}, {parts}.\n\n\
         {version}; {settings}."
    ))
}

/// CPU, memory and kernel, as far as `/proc` tells.
fn hardware() -> impl Iterator<Item = String> {
    let cpu = member("/proc/cpuinfo", "model name");
    let memory = member("/proc/meminfo", "MemTotal").and_then(|text| {
        let kib: u64 = text.strip_suffix(" kB")?.parse().ok()?;
        Some(format!("{} GiB", (kib + 512 * 1024) / (1024 * 1024)))
    });
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").ok();
    let kernel = kernel.map(|release| format!("Linux {}", release.trim()));
    [cpu, memory, kernel].into_iter().flatten()
}

/// The first value of `name` in a file of lines `name : value`.
fn member(file: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let mut pairs = text.lines().filter_map(|line| line.split_once(':'));
    let (_, value) = pairs.find(|(found, _)| found.trim() == name)?;
    Some(value.trim().to_owned())
}
