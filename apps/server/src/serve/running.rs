//! A server at work: how it comes up and how it goes down.

use std::{io, sync::Arc, time::Duration};

use actix_web::dev::ServerHandle;
use adapters_http::Listeners;
use adapters_postgres::{Adapters, Database, DatabaseConfig, Options, PgAuditor, SalesWatch};
use adapters_webhooks::HttpCourier;
use anyhow::{Context, Result, anyhow, ensure};
use domain::events::{Courier, Postman};
use tokio::{
    task::JoinHandle,
    time::{Instant, timeout_at},
};
use tokio_util::sync::CancellationToken;

use super::api;
use crate::{
    cli::Serve,
    database::{self, Opened, unreachable},
    ids::UuidV7Ids,
    keys::Secrets,
    measuring::{self, Measuring, Process, Sources, audit_every},
    migrate::migrate,
    schedulers::{Intervals, Posting, Schedulers},
    seed,
};

/// How often there is a look for dates that were called off.
const REFUND_INTERVAL: Duration = Duration::from_secs(1);
/// What is left in any case for writing what was accepted.
const LAST_WRITES: Duration = Duration::from_secs(2);

/// A server at work.
pub struct Running {
    server: JoinHandle<io::Result<()>>,
    handle: ServerHandle,
    schedulers: Schedulers,
    posting: Posting,
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
        let prometheus = measuring::start()?;
        let database = database::pool(&pool_config(options, opened))?;
        let adapters = Adapters::start(&database, &adapter_options(options)).await;
        let adapters = adapters.map_err(unreachable)?;
        let measuring = Arc::new(Measuring::new(prometheus, adapters.gauges.clone()));
        let (courier, post_stop) = courier(&adapters, options);
        let api = api::assemble(
            &adapters,
            courier.clone(),
            options,
            secrets,
            measuring.clone(),
            stop,
        );
        let cancellations = api.cancellations.clone();
        let server = adapters_http::serve(listeners, api).context("the server cannot start")?;
        let (tokens, seats) = (adapters.tokens.clone(), adapters.seats.clone());
        let clock = adapters.clock.clone();
        let mut schedulers = Schedulers::start(
            tokens.clone(),
            seats,
            cancellations,
            clock.clone(),
            intervals(options),
        );
        let process = Process::started(&*clock);
        let sources = Sources {
            sales: SalesWatch::new(database.clone(), clock.clone()),
            tokens,
            mailroom: adapters.mailroom.clone(),
            clock: clock.clone(),
        };
        schedulers.add(|stop| measuring.keep_up(sources, process, stop));
        if let Some(interval) = options.measures.audit_every() {
            let auditor = Arc::new(PgAuditor::new(opened.patient()?));
            schedulers.add(|stop| audit_every(interval, auditor, clock, stop));
        }
        let posting = posting(&adapters, courier, options, post_stop);
        let handle = server.handle();
        Ok(Self {
            server: tokio::spawn(server),
            handle,
            schedulers,
            posting,
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
        self.posting.stop().await;
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
        refund_rules: options.money.refund_rules(),
        lanes: options.lanes.settings(),
    }
}

/// Who brings events to webhooks, and what stops them.
fn courier(adapters: &Adapters, options: &Serve) -> (Arc<dyn Courier>, CancellationToken) {
    let (settings, stop) = (options.webhooks.courier(), CancellationToken::new());
    let courier = HttpCourier::new(settings, adapters.clock.clone(), stop.clone());
    (Arc::new(courier), stop)
}

fn posting(
    adapters: &Adapters,
    courier: Arc<dyn Courier>,
    options: &Serve,
    stop: CancellationToken,
) -> Posting {
    let clock = adapters.clock.clone();
    let ids = Arc::new(UuidV7Ids::new(clock.clone()));
    let (mailroom, rules) = (adapters.mailroom.clone(), options.webhooks.rules());
    let postman = Postman::new(mailroom, courier, clock, ids, rules);
    let (log, kept) = (adapters.event_log.clone(), options.webhooks.events_kept);
    Posting::start(log, postman, kept, stop)
}

fn intervals(options: &Serve) -> Intervals {
    Intervals {
        admission: options.queue.admission_interval,
        sweep: options.holds.sweep_interval,
        refunds: REFUND_INTERVAL,
    }
}
