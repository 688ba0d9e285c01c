//! CPU time of the server, of PostgreSQL and of this program, from `/proc`. On a system without it
//! nothing is told.

use std::{fs, iter, ops::Sub, process, time::Duration};

/// CPU time, user and system together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cpu {
    /// Of the server process.
    pub server: Duration,
    /// Of all of PostgreSQL's processes, also those that have ended.
    pub postgres: Duration,
    /// Of this program.
    pub generator: Duration,
}

/// What was used between two readings.
impl Sub for Cpu {
    type Output = Self;

    fn sub(self, earlier: Self) -> Self {
        Self {
            server: self.server.saturating_sub(earlier.server),
            postgres: self.postgres.saturating_sub(earlier.postgres),
            generator: self.generator.saturating_sub(earlier.generator),
        }
    }
}

/// Reads the CPU time of a server and of PostgreSQL.
#[derive(Clone, Copy)]
pub struct Meter {
    /// The server's process id.
    pub server: u32,
    /// The process id of PostgreSQL's first process, the parent of all others.
    pub postmaster: u32,
}

impl Meter {
    /// What was used until now; `None` where `/proc` does not tell.
    pub fn read(self) -> Option<Cpu> {
        Some(Cpu {
            server: stat(self.server)?.own(),
            postgres: family(self.postmaster)?,
            generator: stat(process::id())?.own(),
        })
    }
}

/// The process `pid`, its children, and those it has waited for. A child that ends moves from the
/// second to the third, so the parent is looked at before and after: when it has waited for another
/// one in between, the sum could count that one twice or not at all, and is made again.
fn family(pid: u32) -> Option<Duration> {
    const ATTEMPTS: usize = 20;
    for _ in 0..ATTEMPTS {
        let before = stat(pid)?;
        let children: u64 = children(pid)?.map(|child| child.own_ticks).sum();
        let after = stat(pid)?;
        if before.waited_ticks == after.waited_ticks {
            return Some(duration(after.own_ticks + after.waited_ticks + children));
        }
    }
    None
}

fn children(parent: u32) -> Option<impl Iterator<Item = Stat>> {
    let mut processes = fs::read_dir("/proc").ok()?.flatten();
    let pids = iter::from_fn(move || {
        processes.find_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
    });
    Some(
        pids.filter_map(stat)
            .filter(move |stat| stat.parent == parent),
    )
}

/// What matters here of `/proc/PID/stat`.
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    parent: u32,
    /// Of all its threads, also those that have ended.
    own_ticks: u64,
    /// Of the children that it has waited for.
    waited_ticks: u64,
}

impl Stat {
    fn own(&self) -> Duration {
        duration(self.own_ticks)
    }

    fn parse(line: &str) -> Option<Self> {
        // The second field, the name, is in brackets and may hold anything, brackets too.
        let (_, rest) = line.rsplit_once(") ")?;
        let fields: Vec<_> = rest.split_ascii_whitespace().collect();
        let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
        Some(Self {
            parent: u32::try_from(field(4)?).ok()?,
            own_ticks: field(14)? + field(15)?,
            waited_ticks: field(16)? + field(17)?,
        })
    }
}

fn stat(pid: u32) -> Option<Stat> {
    Stat::parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// Linux tells CPU time in hundredths of a second, whatever its own clock does (`USER_HZ`).
fn duration(ticks: u64) -> Duration {
    Duration::from_millis(ticks * 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = "4711 (post) gres: x) S 42 4711 4711 0 -1 4194560 100 2000 0 0 \
        150 50 700 300 20 0 1 0 123 456 789";

    #[test]
    fn a_name_with_brackets_shifts_nothing() {
        let expected = Stat {
            parent: 42,
            own_ticks: 200,
            waited_ticks: 1_000,
        };
        assert_eq!(Stat::parse(LINE), Some(expected));
        assert_eq!(duration(200), Duration::from_secs(2));
    }

    #[test]
    fn a_line_cut_short_tells_nothing() {
        assert_eq!(Stat::parse("1 (init) S 0 1 1"), None);
        assert_eq!(Stat::parse(""), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_child_counts_while_it_runs_and_after_it_was_waited_for() {
        let burn = "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; read -r _";
        let mut child = process::Command::new("/bin/sh")
            .args(["-c", burn])
            .stdin(process::Stdio::piped())
            .spawn()
            .unwrap();
        let before = family(process::id()).unwrap();
        // It reads when it has counted to the end.
        drop(child.stdin.take());
        assert!(family(process::id()).unwrap() >= before);
        let alone = stat(process::id()).unwrap();
        child.wait().unwrap();
        let after = stat(process::id()).unwrap();
        assert!(after.waited_ticks > alone.waited_ticks);
        assert!(family(process::id()).unwrap() >= duration(after.own_ticks + after.waited_ticks));
    }
}
