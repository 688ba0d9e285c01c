//! What this process takes of the machine.

use std::fs;

use domain::clock::Clock;
use metrics::{Gauge, describe_gauge, gauge};
use rustix::process::{Resource, getrlimit};

/// Says what the metrics mean.
pub fn describe() {
    describe_gauge!(
        "boxoffice_process_resident_memory_bytes",
        "Memory of this process"
    );
    describe_gauge!(
        "boxoffice_process_open_fds",
        "Files and connections that this process has open"
    );
    describe_gauge!(
        "boxoffice_process_max_fds",
        "Files and connections that this process may have open"
    );
    describe_gauge!(
        "boxoffice_process_start_time_seconds",
        "When this process was started, in seconds since 1970"
    );
}

/// Looks at this process.
#[derive(Clone)]
pub struct Process {
    memory: Gauge,
    open: Gauge,
    most: Gauge,
}

impl Process {
    /// It has started now.
    pub fn started(clock: &dyn Clock) -> Self {
        let now = clock.now() - time::OffsetDateTime::UNIX_EPOCH;
        gauge!("boxoffice_process_start_time_seconds").set(now.as_seconds_f64());
        Self {
            memory: gauge!("boxoffice_process_resident_memory_bytes"),
            open: gauge!("boxoffice_process_open_fds"),
            most: gauge!("boxoffice_process_max_fds"),
        }
    }

    /// Looks now. With thousands of connections that takes milliseconds, so it blocks nobody.
    pub async fn look(&self) {
        let process = self.clone();
        let _ = tokio::task::spawn_blocking(move || process.look_now()).await;
    }

    fn look_now(&self) {
        if let Some(bytes) = resident_memory() {
            self.memory.set(bytes);
        }
        if let Some(files) = open_files() {
            self.open.set(files);
        }
        if let Some(most) = getrlimit(Resource::Nofile).current {
            self.most.set(value(most));
        }
    }
}

#[allow(clippy::cast_precision_loss, reason = "exact up to 2⁵³")]
fn value(number: u64) -> f64 {
    number as f64
}

/// In bytes; `None` where the system does not tell.
fn resident_memory() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(value(kibibytes * 1_024))
}

fn open_files() -> Option<f64> {
    let files = fs::read_dir("/proc/self/fd").ok()?.count();
    // One of them is this look.
    Some(value(files as u64 - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_has_memory_and_open_files() {
        assert!(resident_memory().unwrap() > 1_000_000.0);
        assert!(open_files().unwrap() >= 3.0);
    }
}
