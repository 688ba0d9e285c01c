//! What a caller decides about a cluster.

use std::env;
use std::path::PathBuf;
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

/// Which cluster to run, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Where the cluster lives; made when missing. Its socket needs a path of at most 107 bytes,
    /// which leaves about 85 for this one.
    pub data_dir: PathBuf,
    /// The database that is created together with the cluster.
    pub database: String,
    /// Whether the data must survive.
    pub durability: Durability,
    /// Further settings for PostgreSQL (`max_connections`, …); they win over the built-in ones.
    pub parameters: Vec<(String, String)>,
}

/// Whether a cluster's data must survive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// What is committed is on disk, and stays after the cluster stops.
    Durable,
    /// Fast and forgetful, for tests: nothing is flushed, and the whole data directory is removed
    /// when the cluster stops or its process dies. It must be missing or empty at the start.
    Disposable,
}

impl Settings {
    /// A durable cluster in `data_dir`.
    pub fn durable(data_dir: impl Into<PathBuf>, database: impl Into<String>) -> Self {
        Self {
            data_dir: data_dir.into(),
            database: database.into(),
            durability: Durability::Durable,
            parameters: Vec::new(),
        }
    }

    /// A disposable cluster in a fresh directory among the system's temporary files.
    pub fn disposable(database: impl Into<String>) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("private-postgres-{}-{count}", process::id());
        Self {
            durability: Durability::Disposable,
            ..Self::durable(env::temp_dir().join(name), database)
        }
    }

    /// The same with one more PostgreSQL setting.
    pub fn with_parameter(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.parameters.push((name.into(), value.into()));
        self
    }

    pub(crate) fn is_disposable(&self) -> bool {
        self.durability == Durability::Disposable
    }
}
