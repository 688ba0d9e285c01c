//! The server's private PostgreSQL, kept running.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result};
use private_postgres::{Cluster, Error, Settings};
use tokio::{
    task::{JoinHandle, block_in_place, spawn_blocking},
    time::sleep,
};
use tokio_util::sync::CancellationToken;

use crate::data_dir::CHOOSE_ANOTHER;

const DATABASE: &str = "boxoffice";

/// How often to see whether it runs, and how soon to try again when it could not be started.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The private PostgreSQL of a data directory.
pub fn settings(data_dir: &Path) -> Settings {
    Settings::durable(data_dir.join("postgres"), DATABASE)
}

/// How to connect to it when some process runs it.
pub async fn running(settings: Settings) -> Result<Option<String>> {
    spawn_blocking(move || Cluster::running(&settings))
        .await?
        .map_err(explained)
}

/// Where the PostgreSQL is that would run it. Starts nothing.
pub async fn programs(settings: Settings) -> Result<PathBuf> {
    let found = spawn_blocking(move || Cluster::programs(&settings)).await?;
    found.map_err(explained)
}

/// Whether the error says that another process runs it.
pub fn is_in_use(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(Error::InUse { .. }))
}

/// A private PostgreSQL. Should it end by itself, it is started again.
pub struct PrivatePostgres {
    url: String,
    stop: CancellationToken,
    keeper: JoinHandle<Result<()>>,
}

impl PrivatePostgres {
    /// Starts it, and makes it first when there is none.
    pub async fn start(settings: Settings) -> Result<Self> {
        let cluster = start(settings.clone()).await?;
        let (url, stop) = (cluster.url(), CancellationToken::new());
        let keeper = tokio::spawn(keep(cluster, settings, stop.clone()));
        Ok(Self { url, stop, keeper })
    }

    /// How to connect to it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Stops it in order.
    pub async fn stop(self) -> Result<()> {
        self.stop.cancel();
        self.keeper.await.context("its keeper was lost")?
    }
}

async fn keep(cluster: Cluster, settings: Settings, stop: CancellationToken) -> Result<()> {
    let mut running = Some(cluster);
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            () = sleep(LOOK_EVERY) => {}
        }
        running = match running {
            Some(cluster) if block_in_place(|| cluster.is_alive()) => Some(cluster),
            gone => again(gone, &settings).await,
        };
    }
    match running {
        Some(cluster) => Ok(spawn_blocking(move || cluster.stop()).await??),
        None => Ok(()),
    }
}

/// One more try at starting it.
async fn again(gone: Option<Cluster>, settings: &Settings) -> Option<Cluster> {
    if let Some(cluster) = gone {
        let log = cluster.log();
        let log = log.display();
        tracing::error!("PostgreSQL has ended by itself, see {log}.1; starting it again");
        // Its end frees the lock of the data directory.
        let _ = spawn_blocking(move || drop(cluster)).await;
    }
    match start(settings.clone()).await {
        Ok(cluster) => {
            tracing::info!("PostgreSQL runs again");
            Some(cluster)
        }
        Err(error) => {
            tracing::error!("PostgreSQL could not be started again: {error:#}");
            None
        }
    }
}

async fn start(settings: Settings) -> Result<Cluster> {
    spawn_blocking(move || Cluster::start(&settings))
        .await?
        .map_err(explained)
}

fn explained(error: Error) -> anyhow::Error {
    let by_the_system = matches!(error, Error::Io { .. });
    let error = anyhow::Error::new(error);
    if !by_the_system {
        return error;
    }
    error.context(format!(
        "the data directory cannot be used ({CHOOSE_ANOTHER}, or become its owner)"
    ))
}
