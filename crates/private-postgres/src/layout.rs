//! The names inside a data directory, its creation, its lock, and the URLs that lead to it.

use std::fmt::Write as _;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::account::Account;
use crate::error::{Error, failed};

/// `sun_path` without its closing zero byte.
const SOCKET_PATH_LIMIT: usize = if cfg!(target_os = "linux") { 107 } else { 103 };

const TAIL_LINES: usize = 12;

#[derive(Debug)]
pub(crate) struct Layout {
    root: PathBuf,
}

impl Layout {
    pub(crate) fn of(data_dir: &Path) -> Result<Self, Error> {
        let root = std::path::absolute(data_dir).map_err(failed("resolve", data_dir))?;
        let layout = Self { root };
        let path = layout.socket();
        if path.as_os_str().len() > SOCKET_PATH_LIMIT {
            return Err(Error::SocketPathTooLong {
                path,
                limit: SOCKET_PATH_LIMIT,
            });
        }
        Ok(layout)
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.root.join("data")
    }

    /// A name of its own for each attempt: what an interrupted one still writes does not mix in.
    pub(crate) fn unfinished(&self) -> PathBuf {
        self.root.join(format!("data.new-{}", std::process::id()))
    }

    pub(crate) fn socket_dir(&self) -> PathBuf {
        self.root.join("socket")
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.socket_dir().join(".s.PGSQL.5432")
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.root.join("postgres.log")
    }

    /// An empty log; the one of the last start is kept beside it.
    pub(crate) fn fresh_log(&self) -> Result<File, Error> {
        let log = self.log();
        match fs::rename(&log, log.with_extension("log.1")) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(failed("rename", &log)(error));
            }
            _ => {}
        }
        let mut options = OpenOptions::new();
        // It may quote statements.
        options.append(true).create_new(true).mode(0o600);
        options.open(&log).map_err(failed("create", &log))
    }

    /// The last lines of the log.
    pub(crate) fn end_of_log(&self) -> String {
        let log = fs::read(self.log()).unwrap_or_default();
        let text = String::from_utf8_lossy(&log);
        let lines: Vec<_> = text.lines().collect();
        lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
    }

    pub(crate) fn url(&self, database: &str) -> String {
        let host = percent_encoded(self.socket_dir().as_os_str().as_bytes());
        format!(
            "postgres://postgres@{host}:5432/{}",
            percent_encoded(database.as_bytes())
        )
    }

    /// Makes the data directory and those above it. What exists keeps its mode; what is made for
    /// PostgreSQL running as another user lets that user pass.
    pub(crate) fn make_root(&self, account: &Account, disposable: bool) -> Result<(), Error> {
        let missing = self.root.ancestors().take_while(|path| !path.exists());
        let mut missing: Vec<_> = missing.collect();
        missing.reverse();
        for path in &missing {
            make_directory(path, if account.switches() { 0o711 } else { 0o700 })?;
        }
        self.refuse_a_stranger_s(account)?;
        if !disposable {
            return Ok(());
        }
        let mut entries = fs::read_dir(&self.root).map_err(failed("read", &self.root))?;
        if entries.next().is_some() {
            return Err(Error::NotEmpty(self.root.clone()));
        }
        // The guard, running as that user, is to remove it.
        account.give(&self.root)
    }

    pub(crate) fn make_socket_dir(&self, account: &Account) -> Result<(), Error> {
        make_private(&self.socket_dir(), account)
    }

    /// Takes the lock that says: this process runs the cluster. It ends with the returned file.
    pub(crate) fn lock(&self) -> Result<File, Error> {
        let path = self.root.join("lock");
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(&path).map_err(failed("open", &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let pid = fs::read_to_string(&path)
                    .ok()
                    .and_then(|text| text.trim().parse().ok());
                return Err(Error::InUse {
                    data_dir: self.root.clone(),
                    pid,
                });
            }
            Err(TryLockError::Error(error)) => return Err(failed("lock", &path)(error)),
        }
        file.set_len(0)
            .and_then(|()| writeln!(file, "{}", std::process::id()))
            .map_err(failed("write", &path))?;
        Ok(file)
    }

    /// Somebody else's directory could be changed under a running cluster.
    fn refuse_a_stranger_s(&self, account: &Account) -> Result<(), Error> {
        let uid = fs::metadata(&self.root)
            .map_err(failed("read", &self.root))?
            .uid();
        if account.trusts(uid) {
            return Ok(());
        }
        Err(Error::ForeignOwner {
            path: self.root.clone(),
            uid,
        })
    }
}

/// A directory for the database's user alone, made or put right.
pub(crate) fn make_private(path: &Path, account: &Account) -> Result<(), Error> {
    make_directory(path, 0o700)?;
    account.give(path)
}

/// A directory of exactly this mode, whatever the umask.
fn make_directory(path: &Path, mode: u32) -> Result<(), Error> {
    match DirBuilder::new().mode(mode).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        result => result.map_err(failed("create", path))?,
    }
    let permissions = Permissions::from_mode(mode);
    fs::set_permissions(path, permissions).map_err(failed("set the mode of", path))
}

fn percent_encoded(bytes: &[u8]) -> String {
    let mut encoded = String::new();
    for &byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_carries_the_socket_directory_as_its_host() {
        let layout = Layout::of(Path::new("/var/lib/box office")).unwrap();
        assert_eq!(
            layout.url("boxoffice"),
            "postgres://postgres@%2Fvar%2Flib%2Fbox%20office%2Fsocket:5432/boxoffice"
        );
    }

    #[test]
    fn the_longest_socket_path_is_accepted_and_the_next_refused() {
        let room = SOCKET_PATH_LIMIT - "/socket/.s.PGSQL.5432".len() - 1;
        assert!(Layout::of(Path::new(&format!("/{}", "d".repeat(room)))).is_ok());
        let refused = Layout::of(Path::new(&format!("/{}", "d".repeat(room + 1))));
        assert!(matches!(refused, Err(Error::SocketPathTooLong { .. })));
    }
}
