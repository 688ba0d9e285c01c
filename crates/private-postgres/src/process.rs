//! Other processes, without a C library at hand.

use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

const POLL: Duration = Duration::from_millis(10);

/// Fast shutdown waits for a last checkpoint, so this is generous.
const FAST_SHUTDOWN: Duration = Duration::from_mins(1);
const IMMEDIATE_SHUTDOWN: Duration = Duration::from_secs(10);

/// Waits until `done`; false when `limit` passed first.
pub(crate) fn wait_until(limit: Duration, mut done: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + limit;
    while !done() {
        if Instant::now() >= deadline {
            return false;
        }
        thread::sleep(POLL);
    }
    true
}

/// Whether process `pid` is a live postmaster of `data`. A process id alone proves nothing: it may
/// have been given to somebody else since.
#[cfg(target_os = "linux")]
pub(crate) fn is_postmaster(pid: u32, data: &Path) -> bool {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    // Its command line, which anyone may read, names the directory; that of a zombie is empty.
    let Ok(line) = std::fs::read(format!("/proc/{pid}/cmdline")) else {
        return false;
    };
    let mut arguments = line
        .split(|&byte| byte == 0)
        .skip_while(|&argument| argument != b"-D");
    let named = arguments
        .nth(1)
        .map(|path| Path::new(OsStr::from_bytes(path)).canonicalize());
    matches!((named, data.canonicalize()), (Some(Ok(named)), Ok(data)) if named == data)
}

/// As on Linux, but by the command line that we start it with.
#[cfg(not(target_os = "linux"))]
pub(crate) fn is_postmaster(pid: u32, data: &Path) -> bool {
    let ps = Command::new("ps")
        .args(["-ww", "-o", "command=", "-p", &pid.to_string()])
        .output();
    ps.is_ok_and(|output| {
        String::from_utf8_lossy(&output.stdout).contains(&format!("-D {}", data.display()))
    })
}

/// Stops the postmaster of `data`, in order if it can be; false when even that did not help.
pub(crate) fn end_postmaster(pid: u32, data: &Path) -> bool {
    let steps = [
        ("INT", FAST_SHUTDOWN),
        ("QUIT", IMMEDIATE_SHUTDOWN),
        ("KILL", IMMEDIATE_SHUTDOWN),
    ];
    steps.into_iter().any(|(name, limit)| {
        if is_postmaster(pid, data) {
            signal(pid, name);
        }
        wait_until(limit, || !is_postmaster(pid, data))
    })
}

/// The shell's own `kill` is always there. Nothing to do about a failure: the process is gone.
fn signal(pid: u32, name: &str) {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", r#"kill -s "$1" "$2""#, "sh", name, &pid.to_string()]);
    let _ = command.stderr(Stdio::null()).status();
}
