//! Kills servers and PostgreSQL under load, and checks that nothing is lost or done twice.

use std::process::ExitCode;

use clap::Parser;
use system_tests::chaos::{self, Blow, Plan, Tally};

/// Kills servers and PostgreSQL under load, and checks that nothing that was acknowledged is lost,
/// nothing that was refused is there, and nothing is done twice
///
/// Starts everything itself, on a PostgreSQL of its own with full durability; docs/chaos.md tells more.
#[derive(Parser)]
#[command(name = "chaos")]
struct Cli {
    /// How often to kill a server process (SIGKILL)
    #[arg(long, value_name = "NUMBER", default_value_t = 20)]
    server_kills: usize,

    /// How often to kill PostgreSQL (SIGKILL to all its processes at once)
    #[arg(long, value_name = "NUMBER", default_value_t = 10)]
    postgres_kills: usize,

    /// How often to kill one of PostgreSQL's processes, after which it recovers by itself
    #[arg(long, value_name = "NUMBER", default_value_t = 5)]
    backend_kills: usize,

    /// How often to tell a server process to stop (SIGTERM)
    #[arg(long, value_name = "NUMBER", default_value_t = 10)]
    stops: usize,

    /// How many users work at the same time
    #[arg(long, value_name = "NUMBER", default_value_t = 48)]
    users: usize,

    /// Instead, kill a PostgreSQL that acknowledges before it writes, and succeed only if the loss is
    /// noticed
    #[arg(long)]
    control: bool,

    /// Instead, make so many charges and payments at the same time, and compare every balance with
    /// what its user was told
    #[arg(long, value_name = "NUMBER", num_args = 0..=1, default_missing_value = "100000")]
    bank: Option<usize>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    // Given up in order, a run takes its processes with it.
    tokio::select! {
        code = run(&cli) => code,
        _ = tokio::signal::ctrl_c() => ExitCode::FAILURE,
    }
}

async fn run(cli: &Cli) -> ExitCode {
    if let Some(operations) = cli.bank {
        return bank(operations, cli.users).await;
    }
    let plan = if cli.control {
        Plan::control(3, cli.users)
    } else {
        let blows = [
            (Blow::ServerKill, cli.server_kills),
            (Blow::PostgresKill, cli.postgres_kills),
            (Blow::BackendKill, cli.backend_kills),
            (Blow::ServerStop, cli.stops),
        ];
        Plan::of(&blows, cli.users)
    };
    say(&format!("in {}", plan.directory.display()));
    let tally = chaos::run(&plan, say).await;
    say(&format!("\n{tally}"));
    if cli.control {
        conclude_control(&tally)
    } else {
        conclude(&tally, &plan)
    }
}

async fn bank(operations: usize, users: usize) -> ExitCode {
    let (turnover, drifts) = chaos::bank(operations, users).await;
    for drift in &drifts {
        say(&format!("BROKEN  {drift}"));
    }
    say(&format!(
        "{} charges and payments by {users} users in {:.0} s, {} payments refused; drifted: {}",
        turnover.done,
        turnover.took.as_secs_f64(),
        turnover.refused,
        drifts.len()
    ));
    if drifts.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn conclude(tally: &Tally, plan: &Plan) -> ExitCode {
    for broken in tally.lost.iter().chain(&tally.violations) {
        say(&format!("BROKEN  {broken}"));
    }
    if tally.is_clean() {
        return ExitCode::SUCCESS;
    }
    say(&format!("all of it is in {}", plan.directory.display()));
    ExitCode::FAILURE
}

fn conclude_control(tally: &Tally) -> ExitCode {
    if tally.lost.is_empty() {
        say("\nNOT CAUGHT: a PostgreSQL that forgets went unnoticed");
        return ExitCode::FAILURE;
    }
    say("\ncaught, as it must be");
    ExitCode::SUCCESS
}

#[allow(clippy::print_stdout, reason = "this is what the program is for")]
fn say(line: &str) {
    println!("{line}");
}
