//! All outbound ports over one database, and the work behind them.

use std::{sync::Arc, time::Duration};

use domain::{
    balance::{ChargeRules, Ledger},
    cancellation::CancellationStore,
    catalogue::{CatalogueStore, SeatMaps},
    clock::Clock,
    events::{EventLog, Mailroom},
    health::Readiness,
    house::HouseStore,
    operators::OperatorStore,
    payment::Cashier,
    queue::{LineView, Presence, QueuePolicy, QueueTimes, TokenQueue},
    reservations::{HoldRules, RefundRules, SeatStore},
    storage::StorageError,
    users::UserStore,
};

use crate::{
    cancellations::PgCancellations,
    cashier::PgCashier,
    catalogue::PgCatalogue,
    clock::PgClock,
    event_log::PgEventLog,
    house::PgHouse,
    lane::{LaneSettings, Tasks},
    ledger::PgLedger,
    line::FollowedLine,
    mailroom::PgMailroom,
    meters::Gauges,
    operators::PgOperators,
    pool::Database,
    presence::PgPresence,
    queue::PgTokenQueue,
    readiness::PgReadiness,
    seat_maps::PgSeatMaps,
    seats::PgSeatStore,
    users::PgUsers,
};

/// The rules' numbers, from the configuration.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The queue's durations.
    pub queue_times: QueueTimes,
    /// The queue's policy until the operator changes it.
    pub queue_policy: QueuePolicy,
    /// The limits of holds.
    pub hold_rules: HoldRules,
    /// The limits of charges.
    pub charge_rules: ChargeRules,
    /// Until when paid reservations can be given back.
    pub refund_rules: RefundRules,
    /// How much each lane takes on.
    pub lanes: LaneSettings,
}

/// The outbound ports of a server process.
pub struct Adapters {
    /// The database's time.
    pub clock: Arc<dyn Clock>,
    /// Users.
    pub users: Arc<dyn UserStore>,
    /// The queue.
    pub tokens: Arc<dyn TokenQueue>,
    /// The queue in memory.
    pub line: Arc<dyn LineView>,
    /// Who is still there.
    pub presence: Arc<dyn Presence>,
    /// Concerts and dates.
    pub catalogue: Arc<dyn CatalogueStore>,
    /// Who has which seat, for those who look.
    pub seat_maps: Arc<dyn SeatMaps>,
    /// Seats and holds.
    pub seats: Arc<dyn SeatStore>,
    /// Balances.
    pub ledger: Arc<dyn Ledger>,
    /// Payments.
    pub cashier: Arc<dyn Cashier>,
    /// Dates that are called off.
    pub cancellations: Arc<dyn CancellationStore>,
    /// What the house does with its concerts.
    pub house: Arc<dyn HouseStore>,
    /// Operators' keys and the log.
    pub operators: Arc<dyn OperatorStore>,
    /// What happened.
    pub event_log: Arc<dyn EventLog>,
    /// Webhook endpoints.
    pub mailroom: Arc<dyn Mailroom>,
    /// Whether this process can serve.
    pub readiness: Arc<dyn Readiness>,
    /// What is of the moment.
    pub gauges: Gauges,
    tasks: Tasks,
}

impl Adapters {
    /// Starts everything on a migrated database: asks the time, fills the line, opens the lanes.
    pub async fn start(database: &Database, options: &Options) -> Result<Self, StorageError> {
        let tasks = Tasks::default();
        let clock = Arc::new(PgClock::ask(database).await?);
        let (ticking, asked, stop) = (clock.clone(), database.clone(), tasks.stop.clone());
        tasks
            .tracker
            .spawn(async move { ticking.follow(&asked, &stop).await });
        Self::with(database, options, clock, tasks).await
    }

    /// The same by another clock: tests move it.
    pub async fn with_clock(
        database: &Database,
        options: &Options,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StorageError> {
        Self::with(database, options, clock, Tasks::default()).await
    }

    async fn with(
        database: &Database,
        options: &Options,
        clock: Arc<dyn Clock>,
        tasks: Tasks,
    ) -> Result<Self, StorageError> {
        let no_show_after: Duration = options
            .queue_times
            .no_show_after
            .try_into()
            .unwrap_or_default();
        // The queue's row must be there before the line is filled from it.
        let tokens = PgTokenQueue::start(
            database.clone(),
            clock.clone(),
            options.queue_times,
            options.queue_policy,
            2 * PgPresence::interval(no_show_after),
            options.lanes,
            &tasks,
        )
        .await?;
        let line = FollowedLine::start(database.clone(), &tasks).await?;
        line.watch(clock.clone(), &tasks.gauges);
        database.watch(&tasks.gauges);
        let presence = PgPresence::start(
            line.clone(),
            clock.clone(),
            database.clone(),
            no_show_after,
            &tasks,
        );
        let (lanes, db) = (options.lanes, || database.clone());
        let maps = PgSeatMaps::start(database, &clock, &tasks);
        Ok(Self {
            users: Arc::new(PgUsers::start(db(), lanes, &tasks)),
            tokens: Arc::new(tokens),
            presence,
            catalogue: Arc::new(PgCatalogue::new(db(), maps.clone(), clock.clone())),
            seats: Arc::new(PgSeatStore::start(
                db(),
                clock.clone(),
                options.hold_rules,
                options.refund_rules,
                maps.clone(),
                lanes,
                &tasks,
            )),
            ledger: Arc::new(PgLedger::start(
                db(),
                clock.clone(),
                options.charge_rules,
                lanes,
                &tasks,
            )),
            cashier: Arc::new(PgCashier::start(
                db(),
                clock.clone(),
                maps.clone(),
                lanes,
                &tasks,
            )),
            cancellations: Arc::new(PgCancellations::new(db(), clock.clone(), maps.clone())),
            operators: Arc::new(PgOperators::start(db(), clock.clone(), &tasks)),
            house: Arc::new(PgHouse::new(db(), clock.clone(), maps.clone())),
            seat_maps: maps,
            event_log: Arc::new(PgEventLog::new(db(), clock.clone())),
            mailroom: Arc::new(PgMailroom::new(db(), clock.clone())),
            readiness: Arc::new(PgReadiness::new(line.clone())),
            line,
            clock,
            gauges: tasks.gauges.clone(),
            tasks,
        })
    }

    /// Finishes what waits in the lanes and stops the work in the background.
    pub async fn stop(self) {
        self.tasks.stop.cancel();
        self.tasks.tracker.close();
        self.tasks.tracker.wait().await;
    }
}
