//! Measures Boxoffice beside what PostgreSQL does one transaction a request, in one run.

mod alone;
mod dice;
mod durations;
mod fans;
mod http;
mod journey;
mod load;
mod maps;
mod overload;
mod patient;
mod pgbench;
mod queue;
mod report;
mod sale;
mod stage;
mod stats;

use clap::{Parser, Subcommand};

/// Measures the server on a PostgreSQL of its own, with default durability, beside pgbench.
///
/// Run it on a machine with nothing else to do: `make bench-queue`.
#[derive(Parser)]
#[command(name = "boxoffice-bench")]
struct Cli {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Joining the queue, asking for one's place, a million people waiting
    Queue(queue::Options),
    /// Holds, payments and charges
    Sale(sale::Options),
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let held = match Cli::parse().what {
        What::Queue(options) => queue::run(options).await?,
        What::Sale(options) => sale::run(options).await?,
    };
    if !held {
        std::process::exit(1);
    }
    Ok(())
}

/// Tells how far the run is.
#[allow(clippy::print_stdout, reason = "this is what the program is for")]
fn say(line: &str) {
    println!("{line}");
}
