//! Rehearses an opening night: thousands of fans, a live table, a report.

mod codes;
mod evening;
mod fairness;
mod fan;
mod hall;
mod house;
mod live;
mod night;
mod options;
mod plan;
mod rehearsal;
mod report;
mod scout;
mod stored;
mod tally;
mod wire;

use clap::Parser;

use crate::options::Options;

// One thread: the fans share the machine with the server and must be light.
#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    options.check()?;
    // Given up in order, a run takes its PostgreSQL and its files with it.
    let is_well = tokio::select! {
        ended = house::run(&options) => ended?,
        interrupted = tokio::signal::ctrl_c() => {
            interrupted?;
            anyhow::bail!("interrupted");
        }
    };
    if !is_well {
        std::process::exit(1);
    }
    Ok(())
}

/// Tells something for good.
#[allow(clippy::print_stdout, reason = "this is what the program is for")]
fn say(line: &str) {
    println!("{line}");
}
