//! More holds than can be made: five times the peak is offered, and what can be done is done, the
//! rest is refused at once.
//!
//! On a machine where the generator shares its cores with the server it cannot offer five times
//! what the server does at its usual peak. So the bottleneck is put where it is in earnest, into
//! the commit: each one takes 100 ms more than the disk needs (`commit_delay`). The peak is then
//! bounded by how many holds share a transaction, and the processors are free to refuse.

mod commits;
mod generator;
mod tally;
mod verdict;
mod wishes;

use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result, bail, ensure};

use crate::{
    durations::count,
    fans,
    report::Report,
    say,
    stage::{Server, Stage},
    stats::number,
};

use self::{
    generator::{Generator, Phase},
    tally::Tally,
    wishes::Wishes,
};

/// How much to measure.
pub struct Options {
    /// Connections of the closed loop that finds the peak: more than share a transaction.
    pub connections: usize,
    /// Fans who wish for seats. At the peak each holds one, in the storm up to four.
    pub fans: usize,
    /// How long the peak and the storm are measured each, in seconds.
    pub seconds: u32,
    /// How many times the peak is offered.
    pub times: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            connections: 1_500,
            fans: 25_000,
            seconds: 8,
            times: 5.0,
        }
    }
}

/// How long half of the peak is offered, before the storm and after it, in seconds.
const CALM: u32 = 5;
/// Connections that are open when the storm begins: about as many as it takes when every refusal is
/// answered at once. More are opened as they are needed.
const RESERVE: usize = 6_000;
/// Files that the storm opens on each side, at most.
const FILES: u64 = generator::MOST as u64 + 1_000;

/// Finds the peak on a cluster with slow commits, offers five times as much, and reports what
/// became of it.
pub async fn measure(options: &Options, report: &mut Report) -> Result<()> {
    ensure!(
        files()? >= FILES,
        "the storm opens up to {FILES} files: raise the limit with `ulimit -n {FILES}`"
    );
    say("five times the holds that can be made are wished for");
    let stage = Stage::set_with(&[("commit_siblings", "0")]).await?;
    let settings = [("CAPACITY", "1000000"), ("NO_SHOW_AFTER", "0")];
    let server = stage.server(&settings).await?;
    let fans = fans::sign_up(server.address, options.fans).await?;
    let tokens = fans::join(server.address, &fans).await?;
    let storm = Storm {
        stage: &stage,
        server: &server,
        options,
        tokens,
    };
    storm.rage(report).await
}

/// How many files this process may open, and the server as its child.
fn files() -> Result<u64> {
    let limits = std::fs::read_to_string("/proc/self/limits")?;
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"));
    let soft = line.and_then(|line| line.split_whitespace().next());
    let soft = soft.context("no limit of open files")?;
    Ok(soft.parse().unwrap_or(u64::MAX))
}

struct Storm<'a> {
    stage: &'a Stage,
    server: &'a Server,
    options: &'a Options,
    tokens: Vec<String>,
}

impl Storm<'_> {
    async fn rage(&self, report: &mut Report) -> Result<()> {
        let generator = Generator::new(self.server.address);
        let (at_peak, peak) = self.find_peak(&generator).await?;
        let rate = peak.steady_goodput();
        say(&format!("  the peak is {rate:.0} holds a second"));
        let [before, stormy, after] = self.plan(rate).await?;

        commits::slow_down(self.stage).await?;
        let half = |wishes: &Arc<Wishes>| Phase::new(wishes, rate / 2.0, CALM);
        let calm = generator.open(&[half(&before)]).await?;
        let offered = rate * self.options.times;
        say(&format!("  {offered:.0} a second are offered"));
        generator.reserve(RESERVE).await?;
        let storm = Phase::new(&stormy, offered, self.options.seconds);
        let raged = generator.open(&[storm, half(&after)]).await?;
        commits::usual(self.stage).await?;

        let [storm, calm_again] = &raged[..] else {
            bail!("a phase is missing");
        };
        verdict::tell(&peak, storm, self.options, report);
        verdict::tell_of_generator(&generator, storm, report);
        verdict::tell_of_calm(&calm[0], calm_again, report);
        let client = self.stage.client().await?;
        verdict::check(&client, &[at_peak, before, stormy, after], report).await?;
        self.stage.audit().await
    }

    /// The wishes of all fans, for a seat each, as fast as they come true.
    async fn find_peak(&self, generator: &Arc<Generator>) -> Result<(Arc<Wishes>, Tally)> {
        let wishes = self.wishes(self.options.fans, 1).await?;
        commits::slow_down(self.stage).await?;
        let limit = Duration::from_secs(self.options.seconds.into());
        let connections = self.options.connections;
        let peak = generator.closed(&wishes, connections, limit).await?;
        commits::usual(self.stage).await?;
        Ok((wishes, peak))
    }

    /// Enough wishes for before the storm, for the storm and for after it, when so many a second
    /// come true at the peak. Made beforehand: with slow commits this would take long.
    async fn plan(&self, peak: f64) -> Result<[Arc<Wishes>; 3]> {
        let enough = |rate: f64, seconds: u32| {
            // Those that are being tried are not there to be tried.
            whole(rate * f64::from(seconds + 3)) + generator::MOST
        };
        let calm = enough(peak / 2.0, CALM);
        let stormy = enough(peak, self.options.seconds);
        Ok([
            self.wishes(calm, 1).await?,
            self.wishes(stormy, 4).await?,
            self.wishes(calm, 1).await?,
        ])
    }

    /// So many wishes, each for a seat of its own, with at most so many seats a fan and date.
    async fn wishes(&self, number: usize, each: usize) -> Result<Arc<Wishes>> {
        let dates = number
            .div_ceil(wishes::SEATS)
            .max(number.div_ceil(self.tokens.len() * each));
        let dates = fans::schedules(self.server.address, dates, wishes::SEATS).await?;
        Ok(Arc::new(Wishes::new(&dates, &self.tokens, each, number)))
    }
}

/// The whole part.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "rates and times are positive and far below 2^52"
)]
fn whole(value: f64) -> usize {
    value as usize
}

/// A share as people read it.
fn percent(part: usize, all: usize) -> String {
    let share = 100.0 * count(part) / count(all.max(1));
    format!("{} ({share:.1} %)", number(count(part), 0))
}
