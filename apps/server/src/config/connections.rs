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
        env = "BOXOFFICE_STATEMENT_TIMEOUT",
        value_name = "DURATION",
        default_value = "2s",
        value_parser = duration("10ms", "10m")
    )]
    pub statement_timeout: Duration,

    /// The longest that a statement may wait for a row that another one works on; less than the
    /// statement timeout
    #[arg(
        long,
        env = "BOXOFFICE_LOCK_TIMEOUT",
        value_name = "DURATION",
        default_value = "1500ms",
        value_parser = duration("10ms", "10m")
    )]
    pub lock_timeout: Duration,

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

impl Connections {
    /// Refuses timeouts that do not nest: the innermost has to end first, so that a request knows
    /// what became of its statements.
    pub fn check(&self, request_timeout: Duration) -> Result<(), Refusal> {
        let (lock, statement) = (self.lock_timeout, self.statement_timeout);
        if lock < statement && statement < request_timeout {
            return Ok(());
        }
        Err(Refusal::new(format!(
            "the lock timeout ({}) has to be less than the statement timeout ({}), and that less \
             than the request timeout ({}): change --lock-timeout, --statement-timeout or \
             --request-timeout, for example to 1500ms, 2s and 3s",
            shown(lock),
            shown(statement),
            shown(request_timeout),
        )))
    }
}
