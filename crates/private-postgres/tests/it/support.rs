//! Scratch directories, waiting, signals.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// A name for a data directory, removed in the end.
pub struct Scratch {
    parent: PathBuf,
    name: &'static str,
}

impl Scratch {
    pub fn new() -> Self {
        Self::named("db")
    }

    pub fn named(name: &'static str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let parent = std::env::temp_dir().join(format!("pp-it-{}-{count}", std::process::id()));
        fs::create_dir_all(&parent).unwrap();
        Self { parent, name }
    }

    pub fn parent(&self) -> &Path {
        &self.parent
    }

    pub fn data_dir(&self) -> PathBuf {
        self.parent.join(self.name)
    }

    pub fn data(&self) -> PathBuf {
        self.data_dir().join("data")
    }

    /// The postmaster that the pid file names.
    pub fn postmaster(&self) -> u32 {
        let file = fs::read_to_string(self.data().join("postmaster.pid")).unwrap();
        file.lines().next().unwrap().parse().unwrap()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.parent);
    }
}

pub fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_mins(1);
    while !holds() {
        assert!(Instant::now() < deadline, "not in time: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

pub fn end_process(pid: u32, signal: &str) {
    let pid = pid.to_string();
    Command::new("/bin/sh")
        .args(["-c", "kill -s $0 $1", signal, &pid])
        .status()
        .unwrap();
}

/// Whether a process runs; a dead one that nobody has waited for does not.
pub fn is_running(pid: u32) -> bool {
    let output = Command::new("ps")
        .args(["-o", "stat=", "-p", &pid.to_string()])
        .output()
        .unwrap();
    let state = String::from_utf8(output.stdout).unwrap();
    !state.trim().is_empty() && !state.starts_with('Z')
}

pub fn is_root() -> bool {
    Command::new("id").arg("-u").output().unwrap().stdout == b"0\n"
}
