//! Where the rehearsal takes place: on a server of its own, or on one that runs.

use anyhow::Result;
use load_client::stage::{self, Stage};

use crate::{
    evening::{Audit, Evening},
    night::Night,
    options::{Options, Own, address},
    plan, rehearsal,
    report::Report,
    say, stored,
};

/// The scratch database.
pub const SCRATCH: &str = "rush";
/// How many fans come if nothing else is said.
pub const FANS: usize = 20_000;

/// Rehearses what was asked for, writes the report, and tells whether all is well.
pub async fn run(options: &Options) -> Result<bool> {
    let report = match (&options.rehearse, &options.url) {
        (Some(concert), _) => rehearsal::run(options, concert).await?,
        (None, Some(url)) => visit(options, url).await?,
        (None, None) => at_home(options).await?,
    };
    report.write(&options.report)?;
    for reason in report.reasons() {
        say(&format!("NOT WELL: {reason}"));
    }
    for wrong in report.wrong() {
        say(&format!("  {wrong}"));
    }
    let verdict = if report.is_well() {
        "all is well: every error was a problem of the API, everyone was let in in order"
    } else {
        "not all is well"
    };
    say(&format!(
        "{verdict}\nthe report is {}",
        options.report.display()
    ));
    Ok(report.is_well())
}

/// On a server that runs already.
async fn visit(options: &Options, url: &str) -> Result<Report> {
    let server = address(url).await?;
    let fans = plan::draw(
        options.seed,
        options.fans_or(FANS),
        options.over,
        options.shares,
    );
    let connections = options.connections as usize;
    let night = Night::play(server, connections, options.concert.as_deref(), fans).await?;
    let audit = match &options.database_url {
        Some(database) if !options.no_audit => audit(database).await,
        _ => Audit::NotAsked,
    };
    let evening = night.told(None, audit, !options.no_audit);
    Ok(Report::of(options, &[("server", url.to_owned())], evening))
}

/// On a server of its own with the seeded concerts.
async fn at_home(options: &Options) -> Result<Report> {
    say("starting PostgreSQL and the server");
    let stage = Stage::set().await?;
    stage.make_database(SCRATCH).await?;
    stage.run("seed", SCRATCH).await?;
    let fans = options.fans_or(FANS);
    let evening = play(
        &stage,
        options,
        &options.own,
        fans,
        options.concert.as_deref(),
    )
    .await?;
    Ok(Report::of(options, &options.own.settings(), evening))
}

/// An opening on the scratch database of a stage, with a server set like this.
pub async fn play(
    stage: &Stage,
    options: &Options,
    own: &Own,
    fans: usize,
    concert: Option<&str>,
) -> Result<Evening> {
    let settings = own.settings();
    let settings: Vec<_> = settings
        .iter()
        .map(|(name, value)| (*name, &**value))
        .collect();
    let server = stage.server_on(SCRATCH, &settings).await?;
    let fans = plan::draw(options.seed, fans, options.over, options.shares);
    let connections = options.connections as usize;
    let night = Night::play(server.address, connections, concert, fans).await?;
    say("auditing");
    let audit = audit(&stage.url_for(SCRATCH)).await;
    let stored = stored::places(&stage.client_of(SCRATCH).await?).await?;
    server.kill().await?;
    Ok(night.told(Some(stored), audit, true))
}

async fn audit(database: &str) -> Audit {
    match stage::run(&["audit"], database).await {
        Ok(said) => Audit::Clean(said),
        Err(error) => Audit::Failed(format!("{error:#}")),
    }
}
