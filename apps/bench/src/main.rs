//! Measures Boxoffice beside what PostgreSQL does one transaction a request, in one run.

mod alone;
mod chart;
mod cpu;
mod fans;
mod journey;
mod load;
mod machine;
mod maps;
mod overload;
mod patient;
mod pgbench;
mod queue;
mod report;
mod sale;
mod stage;
mod statements;
mod stats;

use clap::{Parser, Subcommand};
use load_client::{dice, durations, http};

/// Measures the server on a PostgreSQL of its own, with default durability, beside pgbench.
///
/// Run it on a machine with nothing else to do: `make bench-queue`, `make bench`.
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
    /// Holds, payments and charges: rates, latency, CPU time
    Sale(sale::Options),
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let run = async {
        match Cli::parse().what {
            What::Queue(options) => queue::run(options).await,
            What::Sale(options) => sale::run(options).await,
        }
    };
    // Given up in order, a run takes its PostgreSQL and its files with it.
    let held = tokio::select! {
        held = run => held?,
        interrupted = tokio::signal::ctrl_c() => {
            interrupted?;
            anyhow::bail!("interrupted");
        }
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
