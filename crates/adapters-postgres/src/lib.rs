//! Boxoffice's outbound ports on PostgreSQL, with diesel, diesel-async and deadpool.
//!
//! Each port method is one transaction. Where a rule needs locked rows, the adapter *locks*, *loads*,
//! *asks* a pure decision of `domain`, and *stores* what it decided; no rule is written here.
//!
//! - **Lanes** (`lane`): the writes of the hot path share transactions, many requests in each.
//! - **Lock order**, everywhere: the queue's row, then schedules by id, then balances by id. A
//!   schedule's lock is that of its seats and reservations, too. (Tokens are locked by the queue's.)
//! - **Versions**: every change of the queue takes the next version under the lock of the queue's
//!   row; each process follows them into memory (`line`).
//! - **The operators' log** is written in the transaction of the change (`admin_log`).
//! - **Seat maps** are kept in memory for those who look, and are at most 300 ms old (`seat_maps`).
//! - **What is measured** is in `meters`; a lane counts once a batch, after its commit.
//! - **A write outlives its caller**: it runs in a lane's worker or a task of its own, bounded by
//!   the database's own time limits, and where it cannot be heard by the time for which anyone may
//!   have a connection (`pool`).

mod accounts;
mod adapters;
mod admin_log;
mod audit;
mod cancellations;
mod cashier;
mod catalogue;
mod clock;
mod connector;
mod durability;
mod error;
mod event_log;
mod fresh;
mod house;
mod idempotency;
mod inspection;
mod lane;
mod ledger;
mod line;
mod mailroom;
mod meters;
mod migrate;
mod operators;
mod outbox;
mod pool;
mod presence;
mod programmes;
mod queue;
mod queue_state;
mod readiness;
mod refunds;
mod reservations;
mod sales;
mod schedules;
mod seat_maps;
mod seat_rows;
mod seats;
mod sql;
mod tokens;
mod trouble;
mod turn;
mod users;

pub use adapters::{Adapters, Options};
pub use audit::PgAuditor;
pub use catalogue::PgCatalogue;
pub use clock::PgClock;
pub use durability::unsafe_settings;
pub use inspection::{Inspection, inspect};
pub use lane::LaneSettings;
pub use meters::{Gauges, describe_metrics};
pub use migrate::{SchemaState, migrate, schema_state};
pub use pool::{ConfigError, Database, DatabaseConfig};
pub use programmes::PgProgrammes;
pub use sales::{ConcertSales, SalesWatch};
pub use seat_maps::PgSeatMaps;
pub use trouble::Trouble;
pub use turn::Turn;
