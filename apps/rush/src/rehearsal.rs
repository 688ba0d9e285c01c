//! The opening of an operator's own concert, played with several capacities.

mod list;
mod proposal;

use anyhow::{Context, Result};
use load_client::stage::{self, Stage};

pub use self::proposal::{Proposal, Trial};
use crate::{
    house::{FANS, SCRATCH, play},
    options::{Options, Own},
    report::Report,
    say, stored,
};

/// Copies the concert, plays its opening with each capacity, and proposes one.
pub async fn run(options: &Options, concert: &str) -> Result<Report> {
    let database = options.database_url.as_deref().unwrap_or_default();
    let exported = stage::run(&["concerts", "export", "-", "--format", "json"], database).await?;
    let copy = list::copy(&exported, concert)?;
    let fans = options.fans_or(copy.seats.clamp(1, FANS));
    let stage = Stage::set().await?;
    let file = stage.directory().join("concert.json");
    tokio::fs::write(&file, copy.text).await?;
    let file = file.to_str().context("a directory with a strange name")?;
    let mut trials = Vec::new();
    let mut last = None;
    for capacity in capacities(options, fans) {
        let own = Own {
            capacity,
            batch: capacity.div_ceil(4),
            ..options.own.clone()
        };
        say(&format!("\nwith a capacity of {capacity}"));
        stage.make_database(SCRATCH).await?;
        stage.run("migrate", SCRATCH).await?;
        stage::run(&["concerts", "import", file], &stage.url_for(SCRATCH)).await?;
        let evening = play(&stage, options, &own, fans, None).await?;
        let no_shows = stored::no_shows(&stage.client_of(SCRATCH).await?).await?;
        trials.push(Trial::of(&own, &evening, no_shows));
        last = Some((own, evening));
    }
    let (own, evening) = last.context("there is no capacity to try")?;
    let report = Report::of(options, &own.settings(), evening);
    let proposal = Proposal::of(trials);
    say(&format!("\n{proposal}"));
    Ok(report.with(proposal))
}

fn capacities(options: &Options, fans: usize) -> Vec<u32> {
    if !options.capacities.is_empty() {
        return options.capacities.clone();
    }
    let fans = u32::try_from(fans).unwrap_or(u32::MAX);
    [20, 10, 5].map(|part| (fans / part).max(1)).to_vec()
}
