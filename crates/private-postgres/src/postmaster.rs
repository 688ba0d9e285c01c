//! What a postmaster tells about itself: its pid file, and whether it answers.

use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use crate::layout::Layout;

/// Protocol 3.0, user and database `postgres`, after a length that counts itself.
const STARTUP: &[u8] = b"\0\0\0\x29\0\x03\0\0user\0postgres\0database\0postgres\0\0";
const TERMINATE: &[u8] = b"X\0\0\0\x04";
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// The lines of `postmaster.pid` that matter here.
pub(crate) struct Postmaster {
    pub(crate) pid: u32,
    pub(crate) ready: bool,
}

impl Postmaster {
    pub(crate) fn of(data: &Path) -> Option<Self> {
        Self::read(data).ok()
    }

    pub(crate) fn read(data: &Path) -> io::Result<Self> {
        let text = fs::read_to_string(data.join("postmaster.pid"))?;
        Self::parse(&text).ok_or_else(|| io::ErrorKind::InvalidData.into())
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let pid = lines.next()?.trim().parse().ok()?;
        let ready = lines.nth(6).is_some_and(|status| status.trim() == "ready");
        Some(Self { pid, ready })
    }
}

/// Whether a server talks to us on the socket.
pub(crate) fn answers(layout: &Layout) -> io::Result<bool> {
    let mut stream = UnixStream::connect(layout.socket())?;
    stream.set_read_timeout(Some(ANSWER_WITHIN))?;
    stream.write_all(STARTUP)?;
    let mut kind = [0];
    stream.read_exact(&mut kind)?;
    // Leaving without a word would end up in the log.
    let _ = stream.write_all(TERMINATE);
    // A welcome, or a reasoned refusal, as for too many clients.
    Ok(matches!(kind, [b'R' | b'E']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pid_file_tells_who_runs_and_whether_it_is_ready() {
        let file = "4711\n/data\n1700000000\n5432\n/socket\n\n  123  456\nready   \n";
        let postmaster = Postmaster::parse(file).unwrap();
        assert_eq!(postmaster.pid, 4711);
        assert!(postmaster.ready);
    }

    #[test]
    fn a_pid_file_in_the_making_is_not_ready() {
        assert!(!Postmaster::parse("4711\n/data\n").unwrap().ready);
        assert!(Postmaster::parse("").is_none());
    }

    #[test]
    fn the_startup_message_counts_its_own_bytes() {
        assert_eq!(STARTUP.len(), 0x29);
    }
}
