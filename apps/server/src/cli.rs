//! The command line: what can be typed, and what `--help` says.

use clap::{Parser, Subcommand};

use crate::config::{
    Connections, Holds, Keys, Lanes, Limits, Listening, Location, Measures, Money, Queue, Refusal,
    Webhooks,
    values::{log_filter, yes_or_no},
};

/// A concert reservation server: fans queue fairly, get a few minutes to shop, hold seats that
/// nobody else can take, pay from a prepaid balance, and own the seats.
#[derive(Debug, Parser)]
#[command(
    name = "boxoffice",
    version,
    propagate_version = true,
    after_help = "To try it out: boxoffice serve --seed\n\n\
        Every option can also be given in the environment, under the name that `boxoffice serve \
        --help` shows beside it. Passwords and keys belong there: a command line can be read by \
        everyone on the machine."
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,

    /// How much to log.
    #[arg(
        long,
        help = "How much to log to stderr: error, warn, info, debug (with a line a request), trace or \
                off, also for one part of the program, as in info,adapters_postgres=debug",
        global = true,
        env = "BOXOFFICE_LOG",
        default_value = "info",
        value_name = "FILTER",
        value_parser = log_filter
    )]
    pub log: String,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the server; brings the database up to date first
    #[command(
        long_about = "Run the server; brings the database up to date first\n\n\
            GET /metrics has what is measured. Traces go to the OpenTelemetry collector that \
            OTEL_EXPORTER_OTLP_ENDPOINT names, such as http://127.0.0.1:4318, if it is set, and as \
            the other variables of OpenTelemetry say."
    )]
    Serve(Box<Serve>),
    /// Bring the database's tables up to date, and nothing else
    Migrate(Location),
    /// Fill an empty database with a dozen concerts to try things out on
    Seed(Location),
    /// Check that nothing was oversold, lost or let in out of turn; exit code 1 if something was
    ///
    /// Reads one snapshot of the database and changes nothing, so it can run beside a busy server.
    Audit(Location),
}

/// The options of `boxoffice serve`.
#[derive(Debug, clap::Args)]
pub struct Serve {
    /// Where to listen and how long to work on a request.
    #[command(flatten)]
    pub listening: Listening,
    /// Which database.
    #[command(flatten)]
    pub location: Location,
    /// How to use it.
    #[command(flatten)]
    pub connections: Connections,
    /// Who may do what.
    #[command(flatten)]
    pub keys: Keys,
    /// The waiting queue.
    #[command(flatten)]
    pub queue: Queue,
    /// Holds of seats.
    #[command(flatten)]
    pub holds: Holds,
    /// Balances.
    #[command(flatten)]
    pub money: Money,
    /// Events, and who is told of them.
    #[command(flatten)]
    pub webhooks: Webhooks,
    /// How much work may wait.
    #[command(flatten)]
    pub lanes: Lanes,
    /// How much one may ask.
    #[command(flatten)]
    pub limits: Limits,
    /// What is measured on top of what costs nothing.
    #[command(flatten)]
    pub measures: Measures,
    /// Also fill an empty database with a dozen concerts to try things out on
    #[arg(
        long,
        env = "BOXOFFICE_SEED",
        value_parser = yes_or_no,
        help_heading = "Trying it out"
    )]
    pub seed: bool,
}

impl Serve {
    /// Refuses options that are good one by one but make no sense together.
    pub fn check(&self) -> Result<(), Refusal> {
        self.connections.check(self.listening.request_timeout)?;
        self.money.check()?;
        self.keys.check()?;
        self.location.check()
    }
}

#[cfg(test)]
mod tests;
