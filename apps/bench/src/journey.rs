//! The whole journey of a fan, from signing up to a paid reservation (SPEC §2): all arrive at once,
//! the queue lets some in at a time, and each one has to get there.

mod counts;
mod fan;
mod lines;
mod policy;
mod show;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use tokio::task::JoinSet;

use crate::{
    durations::{Durations, count, millis},
    report::Report,
    say,
    stage::{Server, Stage},
    stats::number,
};

use self::{counts::Counts, fan::Trip, lines::Lines, policy::Policy, show::Show};

/// How much to measure.
pub struct Options {
    /// How many fans make the journey; all arrive at once.
    pub fans: usize,
    /// How many connections they share. One who waits in the queue holds none between two polls,
    /// one who shops keeps theirs until the seats are paid.
    pub connections: usize,
    /// How many may shop at a time, and how many are admitted a tick at most.
    pub capacity: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            fans: 2_000,
            connections: 256,
            capacity: 500,
        }
    }
}

/// Sends everyone on the journey and reports how it went. The policy of the queue is narrowed for
/// it, and put back afterwards whatever happened; whoever was in the queue before has left.
pub async fn measure(
    stage: &Stage,
    server: &Server,
    options: &Options,
    report: &mut Report,
) -> Result<()> {
    let Options { fans, capacity, .. } = *options;
    say(&format!(
        "{fans} fans make the whole journey, {capacity} at a time in the shop"
    ));
    let show = Arc::new(Show::announce(server.address, fans).await?);
    policy::empty(&stage.client().await?).await?;
    let before = Policy::narrow(server.address, capacity).await?;
    let travelled = travel(&show, server, options).await;
    before.restore(server.address).await?;
    let (trips, took) = travelled?;
    tell(options, &trips, took, report);
    check(stage, &show, &trips).await
}

/// All trips that arrived, how many did not, and how long it all took.
async fn travel(show: &Arc<Show>, server: &Server, options: &Options) -> Result<(Trips, Duration)> {
    let lines = Arc::new(Lines::open(server.address, options.connections).await?);
    let started = Instant::now();
    let mut running = JoinSet::new();
    for number in 0..options.fans {
        running.spawn(fan::journey(show.clone(), lines.clone(), number));
    }
    let mut trips = Trips::default();
    while let Some(ended) = running.join_next().await {
        match ended? {
            Ok(trip) => trips.arrived.push(trip),
            Err(error) => trips.lose(&error),
        }
    }
    trips.waited_out = lines.waited_out();
    Ok((trips, started.elapsed()))
}

/// What became of everyone.
#[derive(Default)]
struct Trips {
    arrived: Vec<Trip>,
    lost: usize,
    /// How many 503 were waited out.
    waited_out: u64,
}

impl Trips {
    /// Counts a journey that went wrong, and shows the first few.
    fn lose(&mut self, error: &anyhow::Error) {
        self.lost += 1;
        if self.lost <= 5 {
            say(&format!("  a journey went wrong: {error:#}"));
        }
    }
}

fn tell(options: &Options, trips: &Trips, took: Duration, report: &mut Report) {
    let Options { fans, capacity, .. } = *options;
    let rate = count(trips.arrived.len()) / took.as_secs_f64();
    report.figure(
        &format!("whole journeys a second, {fans} fans, {capacity} in the shop"),
        number(rate, 0),
    );
    let paying: Durations = trips.arrived.iter().map(|trip| trip.paying).collect();
    let waiting: Durations = trips.arrived.iter().map(|trip| trip.waiting).collect();
    for (name, durations) in [
        ("from the first hold to the receipt", paying),
        ("from the queue token to the turn", waiting),
    ] {
        let (p50, p99) = (millis(durations.p50()), millis(durations.p99()));
        report.figure(
            &format!("  {name}, p50, p99"),
            format!("{p50:.0} ms, {p99:.0} ms"),
        );
    }
    let taken: u64 = trips.arrived.iter().map(|trip| trip.taken).sum();
    report.figure("  seat_unavailable met", taken.to_string());
    report.figure("  503 waited out", trips.waited_out.to_string());
    report.below(
        "  journeys that went wrong",
        count(trips.lost),
        1.0,
        &format!("of {fans}"),
    );
}

/// What is stored is what the fans were told, and every promise is kept.
async fn check(stage: &Stage, show: &Show, trips: &Trips) -> Result<()> {
    let stored = Counts::stored(&stage.client().await?, &show.dates).await?;
    let told = Counts::told(&trips.arrived);
    // One who got lost may have held or paid before.
    ensure!(
        stored == told || trips.lost > 0,
        "stored are {stored:?}, but the fans were told {told:?}"
    );
    stage.audit().await
}
