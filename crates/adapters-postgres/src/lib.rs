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
//! - **Seat maps** are kept in memory for those who look, and are at most 300 ms old (`seat_maps`).
//! - **A write outlives its caller**: it runs in a lane's worker or a task of its own, bounded by
//!   the database's own time limits, and where it cannot be heard by the time for which anyone may
//!   have a connection (`pool`).

mod accounts;
mod adapters;
mod audit;
mod cashier;
mod catalogue;
mod clock;
mod connector;
mod durability;
mod error;
mod fresh;
mod idempotency;
mod inspection;
mod lane;
mod ledger;
mod line;
mod migrate;
mod pool;
mod presence;
mod programmes;
mod queue;
mod queue_state;
mod readiness;
mod reservations;
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
pub use migrate::{SchemaState, migrate, schema_state};
pub use pool::{ConfigError, Database, DatabaseConfig};
pub use programmes::PgProgrammes;
pub use seat_maps::PgSeatMaps;
pub use trouble::Trouble;
pub use turn::Turn;
