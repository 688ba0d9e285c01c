//! A server at work: how it comes up and how it goes down.

use std::{io, time::Duration};

use actix_web::dev::ServerHandle;
use adapters_http::Listeners;
use adapters_postgres::{Adapters, Database, DatabaseConfig, Options};
use anyhow::{Context, Result, anyhow, ensure};
use tokio::{
    task::JoinHandle,
    time::{Instant, timeout_at},
};
use tokio_util::sync::CancellationToken;

use super::api;
use crate::{
    cli::Serve,
    database::{self, Opened, unreachable},
    keys::Secrets,
    migrate::migrate,
    schedulers::{Intervals, Schedulers},
    seed,
};

/// What is left in any case for writing what was accepted.
const LAST_WRITES: Duration = Duration::from_secs(2);

/// A server at work.
pub struct Running {
    server: JoinHandle<io::Result<()>>,
    handle: ServerHandle,
    schedulers: Schedulers,
    adapters: Adapters,
    database: Database,
}

impl Running {
    /// Prepares the database and begins to serve, until `stop`.
    pub async fn start(
        options: &Serve,
        secrets: &Secrets,
        opened: &Opened,
        listeners: Listeners,
        stop: &CancellationToken,
    ) -> Result<Self> {
        prepare(options, opened).await?;
        let database = database::pool(&pool_config(options, opened))?;
        let adapters = Adapters::start(&database, &adapter_options(options)).await;
        let adapters = adapters.map_err(unreachable)?;
        let api = api::assemble(&adapters, options, secrets, stop);
        let server = adapters_http::serve(listeners, api).context("the server cannot start")?;
        let (tokens, seats) = (adapters.tokens.clone(), adapters.seats.clone());
        let schedulers =
            Schedulers::start(tokens, seats, adapters.clock.clone(), intervals(options));
        let handle = server.handle();
        Ok(Self {
            server: tokio::spawn(server),
            handle,
            schedulers,
            adapters,
            database,
        })
    }

    /// Serves until told to stop, and then lets everything finish that was begun.
    pub async fn until(mut self, stop: &CancellationToken, patience: Duration) -> Result<()> {
        let by_itself = tokio::select! {
            ended = &mut self.server => Some(ended),
            () = stop.cancelled() => None,
        };
        self.take_down(patience).await;
        match by_itself {
            None => Ok(()),
            Some(Ok(Ok(()))) => Err(anyhow!("the server has ended by itself")),
            Some(Ok(Err(error))) => Err(error).context("the server has failed"),
            Some(Err(lost)) => Err(lost).context("the server was lost"),
        }
    }

    /// From the outside in: requests, then what runs by itself, then what was accepted and waits to
    /// be written, then the connections.
    async fn take_down(self, patience: Duration) {
        let begun = Instant::now();
        self.handle.stop(true).await;
        self.schedulers.stop().await;
        let deadline = (begun + patience).max(Instant::now() + LAST_WRITES);
        if timeout_at(deadline, self.adapters.stop()).await.is_err() {
            tracing::warn!("stopped before everything that was accepted could be written");
        }
        self.database.close();
    }
}

/// All that has to be done before the first request.
async fn prepare(options: &Serve, opened: &Opened) -> Result<()> {
    let database = opened.patient()?;
    let prepared = prepare_with(options, &database).await;
    database.close();
    prepared
}

async fn prepare_with(options: &Serve, database: &Database) -> Result<()> {
    if !options.connections.allow_unsafe_durability {
        refuse_unsafe(database).await?;
    }
    for name in migrate(database).await? {
        tracing::info!("migrated {name}");
    }
    warn_of_newer_tables(database).await?;
    if options.seed
        && let Some(sown) = seed::fill(database).await?
    {
        tracing::info!("{sown}");
    }
    Ok(())
}

/// Migrations only add (migrations/README.md), so that a program works with the tables of a newer one
/// while it is being replaced. For good it should not.
async fn warn_of_newer_tables(database: &Database) -> Result<()> {
    let state = adapters_postgres::schema_state(database).await;
    let newer = state.map_err(unreachable)?.newer;
    if !newer.is_empty() {
        tracing::warn!(
            "the database was brought up to date by a newer program ({}): finish the upgrade",
            newer.join(", ")
        );
    }
    Ok(())
}

/// What is confirmed to a fan has to be there after a crash.
async fn refuse_unsafe(database: &Database) -> Result<()> {
    let off = adapters_postgres::unsafe_settings(database)
        .await
        .map_err(unreachable)?;
    ensure!(
        off.is_empty(),
        "PostgreSQL runs with {} off, so that a crash can lose reservations that were confirmed: \
         turn it on, or accept that with --allow-unsafe-durability",
        off.join(" and ")
    );
    Ok(())
}

fn pool_config(options: &Serve, opened: &Opened) -> DatabaseConfig {
    let limits = options
        .connections
        .limits(options.listening.request_timeout);
    DatabaseConfig {
        pool_size: options.connections.pool_size,
        statement_timeout: limits.statement,
        lock_timeout: limits.lock,
        ..opened.config()
    }
}

fn adapter_options(options: &Serve) -> Options {
    Options {
        queue_times: options.queue.times(),
        queue_policy: options.queue.policy(),
        hold_rules: options.holds.rules(),
        charge_rules: options.money.rules(),
        lanes: options.lanes.settings(),
    }
}

fn intervals(options: &Serve) -> Intervals {
    Intervals {
        admission: options.queue.admission_interval,
        sweep: options.holds.sweep_interval,
    }
}
