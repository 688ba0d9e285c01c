//! How the server uses its database.

use std::time::Duration;

use clap::Args;

use super::{
    Refusal,
    values::{duration, shown, whole, yes_or_no},
};

/// How the server uses its database.
#[derive(Debug, Args)]
#[command(next_help_heading = "Use of the database")]
pub struct Connections {
    /// The most connections that this process opens
    #[arg(
        long,
        env = "BOXOFFICE_POOL_SIZE",
        value_name = "NUMBER",
        default_value = "10",
        value_parser = whole(2_usize..=1000)
    )]
    pub pool_size: usize,

    /// The longest that one statement may run; less than the request timeout
    #[arg(
        long,
        help = "The longest that one statement may run; less than the request timeout [default: \
                half of that, at most 1500ms]",
        env = "BOXOFFICE_STATEMENT_TIMEOUT",
        value_name = "DURATION",
        value_parser = duration("10ms", "10m")
    )]
    statement_timeout: Option<Duration>,

    /// The longest that a statement may wait for a row that another one works on; less than the
    /// statement timeout
    #[arg(
        long,
        help = "The longest that a statement may wait for a row that another one works on, and \
                twice as long as a transaction may be idle; less than the statement timeout [default: two \
                thirds of that]",
        env = "BOXOFFICE_LOCK_TIMEOUT",
        value_name = "DURATION",
        value_parser = duration("10ms", "10m")
    )]
    lock_timeout: Option<Duration>,

    /// Start even where a crash can lose what was confirmed.
    #[arg(
        long,
        help = "Start even on a PostgreSQL that has fsync, full_page_writes or synchronous_commit \
                off, where a crash can lose reservations that were confirmed",
        env = "BOXOFFICE_ALLOW_UNSAFE_DURABILITY",
        value_parser = yes_or_no
    )]
    pub allow_unsafe_durability: bool,
}

/// The longest that a statement may run by default.
const STATEMENT: Duration = Duration::from_millis(1_500);

/// How long the database works on something before it gives up by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// A statement.
    pub statement: Duration,
    /// Waiting for a row; being idle in a transaction, half of it.
    pub lock: Duration,
}

impl Connections {
    /// The limits that go with a request timeout.
    pub fn limits(&self, request_timeout: Duration) -> Limits {
        let statement = self
            .statement_timeout
            .unwrap_or_else(|| STATEMENT.min(request_timeout / 2));
        let lock = self.lock_timeout.unwrap_or(statement * 2 / 3);
        Limits { statement, lock }
    }

    /// Refuses timeouts that do not nest: the innermost has to end first, so that a request knows
    /// what became of its statements.
    pub fn check(&self, request_timeout: Duration) -> Result<(), Refusal> {
        let Limits { statement, lock } = self.limits(request_timeout);
        if lock < statement && statement < request_timeout {
            return Ok(());
        }
        Err(Refusal::new(format!(
            "the lock timeout ({}) has to be less than the statement timeout ({}), and that less \
             than the request timeout ({}): change --lock-timeout, --statement-timeout or \
             --request-timeout, for example to 1s, 1500ms and 3s",
            shown(lock),
            shown(statement),
            shown(request_timeout),
        )))
    }
}
