//! Everything that can go wrong, one sentence each.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why a cluster could not be started or stopped. Each message says what happened and what to do.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// No PostgreSQL is installed where one is looked for.
    NotFound,
    /// `PG_BINDIR` is set, but does not hold PostgreSQL's programs.
    WrongBinDir(PathBuf),
    /// Another live process runs a cluster on this data directory.
    InUse {
        /// The data directory.
        data_dir: PathBuf,
        /// The process that runs it, unless it has only just started.
        pid: Option<u32>,
    },
    /// The data directory's path is too long for a unix socket in it.
    SocketPathTooLong {
        /// The socket's path.
        path: PathBuf,
        /// How long it may be, in bytes.
        limit: usize,
    },
    /// The data was made by another major version than the installed ones.
    OtherVersion {
        /// PostgreSQL's data directory.
        path: PathBuf,
        /// The major version that made it.
        data: u32,
        /// The major versions that are installed.
        installed: Vec<u32>,
    },
    /// A directory is in the place of PostgreSQL's data, but holds something else.
    NotACluster(PathBuf),
    /// A disposable cluster was to be made in a directory that is not empty.
    NotEmpty(PathBuf),
    /// A directory of the cluster belongs to a user that must not or cannot run it.
    ForeignOwner {
        /// The directory.
        path: PathBuf,
        /// The user id it belongs to.
        uid: u32,
    },
    /// A directory bars the way of the user that PostgreSQL runs under.
    Unreachable {
        /// What the user must get to.
        wanted: PathBuf,
        /// The first directory on the way there that the user cannot enter.
        blocked: PathBuf,
        /// The user.
        user: String,
    },
    /// PostgreSQL refuses to run as root, and there is no other user for it.
    NoAccount,
    /// The database's name is empty or holds control characters.
    InvalidDatabase(String),
    /// A program of PostgreSQL failed while the cluster was made.
    Failed {
        /// Which program.
        program: &'static str,
        /// The end of what it printed.
        output: String,
    },
    /// PostgreSQL ended before it answered.
    Exited {
        /// Its log file.
        log: PathBuf,
        /// The end of its log.
        tail: String,
    },
    /// PostgreSQL did not answer in time.
    NotReady {
        /// Its log file.
        log: PathBuf,
        /// The end of its log.
        tail: String,
    },
    /// PostgreSQL could not be stopped.
    StillRunning {
        /// The process id of its postmaster.
        pid: u32,
    },
    /// The operating system refused something.
    Io {
        /// What was to be done.
        action: String,
        /// What the operating system said.
        source: io::Error,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => f.write_str(
                "PostgreSQL was not found: run `make postgres`, install it \
                 (`apt-get install postgresql`, `brew install postgresql`), or set PG_BINDIR to \
                 the directory that holds `initdb` and `postgres`",
            ),
            Self::WrongBinDir(path) => write!(
                f,
                "PG_BINDIR is {}, which does not hold `initdb` and `postgres`: \
                 correct it, or unset it to search the usual places",
                path.display()
            ),
            Self::InUse { data_dir, pid } => {
                write!(f, "{} is in use by another server", data_dir.display())?;
                if let Some(pid) = pid {
                    write!(f, " (process {pid})")?;
                }
                f.write_str(": stop that one first, or choose another data directory")
            }
            Self::SocketPathTooLong { path, limit } => write!(
                f,
                "the socket's path {} is {} bytes long and the system allows {limit}: \
                 choose a data directory with a shorter path",
                path.display(),
                path.as_os_str().len()
            ),
            Self::OtherVersion {
                path,
                data,
                installed,
            } => write!(
                f,
                "{} was made by PostgreSQL {data}, but the one found is {}: \
                 install PostgreSQL {data}, point PG_BINDIR to it, or upgrade the data with \
                 `pg_upgrade`",
                path.display(),
                list(installed)
            ),
            Self::NotACluster(path) => write!(
                f,
                "{} holds files, but no PostgreSQL data: \
                 move it away, or choose another data directory",
                path.display()
            ),
            Self::NotEmpty(path) => write!(
                f,
                "{} is not empty, and a disposable cluster removes its directory in the end: \
                 remove it, or name one that does not exist",
                path.display()
            ),
            Self::ForeignOwner { path, uid } => write!(
                f,
                "{} belongs to user id {uid}, who cannot run PostgreSQL on it here: \
                 give it to the right user with `chown -R`, or choose another data directory",
                path.display()
            ),
            Self::Unreachable {
                wanted,
                blocked,
                user,
            } => write!(
                f,
                "PostgreSQL does not run as root, and the user `{user}` it runs as instead cannot \
                 enter {blocked} on the way to {wanted}: allow that with `chmod o+x {blocked}`, or \
                 choose another place (such as DATA_DIR=/var/lib/boxoffice)",
                blocked = blocked.display(),
                wanted = wanted.display()
            ),
            Self::NoAccount => f.write_str(
                "PostgreSQL does not run as root, and there is no user `postgres` or `nobody` to \
                 run it as: add one, or start the server as an ordinary user",
            ),
            Self::InvalidDatabase(name) => write!(
                f,
                "{name:?} cannot be a database's name: use letters, digits and underscores"
            ),
            Self::Failed { program, output } => {
                write!(
                    f,
                    "`{program}` failed while the database was made, saying:\n{output}"
                )
            }
            Self::Exited { log, tail } => write!(
                f,
                "PostgreSQL ended before it was ready; the end of its log, {}:\n{tail}",
                log.display()
            ),
            Self::NotReady { log, tail } => write!(
                f,
                "PostgreSQL did not answer in time; the end of its log, {}:\n{tail}",
                log.display()
            ),
            Self::StillRunning { pid } => write!(
                f,
                "PostgreSQL (process {pid}) did not stop: see what keeps it, then end it with \
                 `kill -QUIT {pid}`"
            ),
            Self::Io { action, .. } => write!(f, "could not {action}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}

/// Names what was tried, for `map_err`: `.map_err(failed("lock", &path))`.
pub(crate) fn failed(verb: &str, path: &Path) -> impl FnOnce(io::Error) -> Error {
    move |source| Error::Io {
        action: format!("{verb} {}", path.display()),
        source,
    }
}

fn list(versions: &[u32]) -> String {
    let names: Vec<_> = versions.iter().map(u32::to_string).collect();
    names.join(" and ")
}
