//! Finds PostgreSQL's binaries and runs a private cluster with them.
//!
//! The server uses it when no database is configured, the tests use it for a throwaway database.
//! A private cluster listens on a unix socket in a directory that only its owner may enter, never
//! on TCP, and lives exactly as long as the process that started it: even when that process is
//! killed outright, a guard process takes PostgreSQL down in order.
//!
//! ```no_run
//! use private_postgres::{Cluster, Settings};
//!
//! let cluster = Cluster::start(&Settings::disposable("boxoffice"))?;
//! println!("connect to {}", cluster.url());
//! cluster.stop()?;
//! # Ok::<(), private_postgres::Error>(())
//! ```
//!
//! A data directory holds:
//!
//! | name | |
//! | --- | --- |
//! | `data/` | PostgreSQL's own files; present only when complete |
//! | `data.new-PID/` | a cluster in the making, removed by the next start if it was never finished |
//! | `socket/` | the unix socket, mode 0700 |
//! | `lock` | locked by the process that runs the cluster, and names it |
//! | `postgres.log`, `postgres.log.1` | PostgreSQL's log since its last start, and the one before |

mod account;
mod binaries;
mod cluster;
mod create;
mod error;
mod guard;
mod launch;
mod layout;
mod postmaster;
mod process;
mod settings;

pub use cluster::Cluster;
pub use error::Error;
pub use settings::{Durability, Settings};
