//! The command line: what can be typed, and what `--help` says.

use std::{path::PathBuf, time::Duration};

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use clap_complete::Shell;

use crate::{
    concerts::Format,
    config::{
        Connections, Holds, Keys, Lanes, Limits, Listening, Location, Measures, Money, Queue,
        Refusal, Webhooks,
        values::{duration, log_filter, yes_or_no},
    },
};

mod help;

/// A concert reservation server: fans queue fairly, get a few minutes to shop, hold seats that
/// nobody else can take, pay from a prepaid balance, and own the seats.
#[derive(Debug, Parser)]
#[command(
    name = "boxoffice",
    version,
    propagate_version = true,
    styles = help::STYLES
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

impl Cli {
    /// What was typed. Whoever asks for help, or types what makes no sense, is answered and the
    /// program ends.
    pub fn typed() -> Self {
        let matches = Self::grouped().get_matches();
        Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
    }

    /// The command line, with its commands in groups.
    pub fn grouped() -> clap::Command {
        help::grouped(Self::command())
    }
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
    /// Fill an empty database with a dozen concerts to try things on
    Seed(Location),
    /// Carry concerts, dates and seats in and out, as CSV or JSON
    #[command(subcommand, subcommand_required = true, arg_required_else_help = true)]
    Concerts(Concerts),
    /// Check that nothing was oversold, lost or let in out of turn
    ///
    /// The exit code is 1 if something was.
    ///
    /// Reads one snapshot of the database and changes nothing, so it can run beside a busy server.
    Audit(Audit),
    /// Say what is wrong with settings, database and machine
    ///
    /// And what to do about it. Takes the options of `boxoffice serve`, and says what a server with them
    /// would meet. Changes
    /// nothing. Exit code 1 when something would keep a server from working as it promises.
    Doctor(Box<Serve>),
    /// Ask the server at --listen whether it is ready
    ///
    /// The exit code is 1 if it is not. For health checks where there is nothing else to ask with, as in a container.
    Ready(Listening),
    /// Print the completions of a shell
    ///
    /// For bash: boxoffice completions bash > ~/.local/share/bash-completion/completions/boxoffice
    Completions {
        /// Which shell
        shell: Shell,
    },
    /// Print the manual page, or write one for each command
    Man {
        /// The directory, such as ~/.local/share/man/man1
        directory: Option<PathBuf>,
    },
}

/// What to do with concerts.
#[derive(Debug, Subcommand)]
pub enum Concerts {
    /// Add the concerts of a list, all or none; what is there already is left alone
    ///
    /// A table has a line for each block of seats: with its grade, price, first and last seat, and what
    /// it says of its date and its concert. With a key of your own a concert is added once, however
    /// often the list is imported. docs/concerts.md has all of it, examples/ a list of each kind.
    Import(Import),
    /// Write all concerts with their dates and seats as a list that can be imported
    Export(Export),
}

/// The options of `boxoffice concerts import`.
#[derive(Debug, Args)]
pub struct Import {
    /// The list; - reads it from stdin
    pub file: PathBuf,
    /// How the list is written; unless given, what the file's name ends in
    #[arg(long, value_enum)]
    pub format: Option<Format>,
    /// Only say what is wrong and what would be added
    #[arg(long)]
    pub check: bool,
    /// Which database.
    #[command(flatten)]
    pub location: Location,
}

/// The options of `boxoffice concerts export`.
#[derive(Debug, Args)]
pub struct Export {
    /// Where to; - writes to stdout
    #[arg(default_value = "-")]
    pub file: PathBuf,
    /// How to write the list; unless given, what the file's name ends in, or else a table
    #[arg(long, value_enum)]
    pub format: Option<Format>,
    /// Which database.
    #[command(flatten)]
    pub location: Location,
}

/// The options of `boxoffice audit`.
#[derive(Debug, Args)]
pub struct Audit {
    /// Check again and again, with a line each time, until Ctrl-C or until something is broken
    #[arg(long)]
    pub watch: bool,
    /// How long to rest between two checks
    #[arg(
        long,
        value_name = "DURATION",
        default_value = "60s",
        value_parser = duration("100ms", "7d"),
        requires = "watch"
    )]
    pub every: Duration,
    /// Go on when something is broken; the exit code is 1 all the same
    #[arg(long, requires = "watch")]
    pub keep_going: bool,
    /// Which database.
    #[command(flatten)]
    pub location: Location,
}

/// The options of `boxoffice serve`.
#[derive(Debug, Args)]
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
