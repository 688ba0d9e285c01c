//! Reading seat maps while the sale goes on, beside `GET /health/live` with the same neighbour.

mod conditional;
mod paced;
mod rates;
mod readers;
mod selling;
mod shopper;
mod transactions;
mod watchers;

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context, Result};
use tokio::time::sleep;
use tokio_postgres::Client;

use crate::{
    durations::{count, millis},
    fans,
    report::Report,
    say,
    stage::{Server, Stage},
    stats::{Spread, number},
};

use self::{
    rates::Rates,
    readers::{Ask, Reading, read},
    selling::Selling,
    shopper::Shopper,
    transactions::Transactions,
    watchers::Watching,
};

/// How much to measure.
pub struct Options {
    /// How long each load lasts, in seconds.
    pub seconds: u32,
    /// How often each is repeated.
    pub rounds: usize,
    /// Connections that read the map of 50 seats, and `GET /health/live`.
    pub connections: usize,
    /// Connections that read the whole map of 20,000 seats.
    pub large_connections: usize,
    /// Connections that ask what has changed in it.
    pub conditional_connections: usize,
    /// How many fans look at the map of 50 seats once a second.
    pub watchers: usize,
    /// How many connections they share.
    pub watching_connections: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seconds: 4,
            rounds: 3,
            connections: 256,
            large_connections: 16,
            conditional_connections: 64,
            watchers: 10_000,
            watching_connections: 1_000,
        }
    }
}

/// Seats of the usual schedule.
const SMALL: usize = 50;
/// Seats of the large one.
const LARGE: usize = 20_000;
/// How often a second the sale changes each of them.
const CHANGES: f64 = 50.0;

/// Measures reads of both maps while both are sold, and reports them. The server has to admit
/// whoever joins at once.
pub async fn measure(
    stage: &Stage,
    server: &Server,
    options: &Options,
    report: &mut Report,
) -> Result<()> {
    say("seat maps are read while their seats are sold");
    let server = server.address;
    let mut maps = Vec::new();
    for seats in [SMALL, LARGE] {
        let schedule = fans::schedules(server, 1, seats).await?;
        maps.push(Map::new(
            schedule.into_iter().next().context("no schedule")?,
            seats,
        ));
    }
    let client = stage.client().await?;
    let mut selling = Vec::new();
    for map in &maps {
        selling.push(Selling::start(server, &map.schedule, map.seats, CHANGES).await?);
    }
    let watching = watch(stage, server, &maps).await?;
    let readings = Readings {
        server,
        client: &client,
        options,
        small: &maps[0],
        large: &maps[1],
    };
    // Whatever comes of it, the sale and those who watch it end, and may have to say why.
    let read = readings.take(report).await;
    let mut changes = Vec::new();
    for selling in selling {
        changes.push(selling.stop().await?);
    }
    let changes = Spread::of(changes);
    let name = "changes of each map a second meanwhile";
    report.figure(name, format!("{:.0} and {:.0}", changes.min, changes.max));
    for (watching, map) in watching.into_iter().zip(&maps) {
        watching
            .stop(report, &format!("{} seats", map.seats))
            .await?;
    }
    read?;
    stage.audit().await
}

/// A schedule whose seats are looked at.
struct Map {
    schedule: String,
    seats: usize,
    path: String,
}

impl Map {
    fn new(schedule: String, seats: usize) -> Self {
        let path = format!("/v1/schedules/{schedule}/seats");
        Self {
            schedule,
            seats,
            path,
        }
    }
}

/// Those who check that what they are shown is right.
async fn watch(stage: &Stage, server: SocketAddr, maps: &[Map]) -> Result<Vec<Watching>> {
    let mut watching = Vec::new();
    for map in maps {
        // A large map takes the generator a while to read.
        let pause = if map.seats > 1_000 { 1_000 } else { 100 };
        let pause = Duration::from_millis(pause);
        watching.push(Watching::start(server, stage.client().await?, map, pause).await?);
    }
    Ok(watching)
}

struct Readings<'a> {
    server: SocketAddr,
    client: &'a Client,
    options: &'a Options,
    small: &'a Map,
    large: &'a Map,
}

impl Readings<'_> {
    async fn take(&self, report: &mut Report) -> Result<()> {
        let alone = self.alone().await?;
        let conditional = conditional::is_known(self.server, &self.large.path).await?;
        let mut rates = Rates::default();
        for round in 0..self.options.rounds {
            say(&format!("  round {}", round + 1));
            self.round(&mut rates, conditional).await?;
        }
        rates.tell(alone, report);
        if !conditional {
            let name = "what has changed in 20,000 seats (since, If-None-Match)";
            report.figure(name, "not measured: no version");
        }
        self.fixed_rate(alone, report).await
    }

    /// Transactions a second of the sale and of the server's own work, without a reader.
    async fn alone(&self) -> Result<f64> {
        // What was before has to be told first.
        sleep(transactions::LATE).await;
        let transactions = Transactions::count(self.client).await?;
        sleep(Duration::from_secs(self.options.seconds.into())).await;
        transactions.a_second(self.client).await
    }

    /// Every load once, so that what else goes on in the machine hits all alike.
    async fn round(&self, rates: &mut Rates, conditional: bool) -> Result<()> {
        let Options {
            connections,
            large_connections,
            conditional_connections,
            ..
        } = *self.options;
        let transactions = Transactions::count(self.client).await?;
        let small = self.read(self.small, Ask::Whole, connections).await?;
        rates.transactions(transactions.a_second(self.client).await?);
        let health = self.read(self.small, Ask::Health, connections).await?;
        rates.small(&small, &health);
        rates.large(&self.read(self.large, Ask::Whole, large_connections).await?);
        if conditional {
            for ask in [Ask::Since, Ask::IfNoneMatch] {
                let reading = self.read(self.large, ask, conditional_connections).await?;
                rates.conditional(ask, &reading);
            }
        }
        Ok(())
    }

    /// Readers come fresh: a token is active for five minutes.
    async fn read(&self, map: &Map, ask: Ask, connections: usize) -> Result<Reading> {
        let fans = fans::sign_up(self.server, connections).await?;
        let tokens = fans::join(self.server, &fans).await?;
        let limit = Duration::from_secs(self.options.seconds.into());
        read(self.server, &map.path, &tokens, ask, limit).await
    }

    /// Many watchers, each of whom looks once a second.
    async fn fixed_rate(&self, alone: f64, report: &mut Report) -> Result<()> {
        let Options {
            watchers,
            watching_connections,
            seconds,
            ..
        } = *self.options;
        say(&format!("  {watchers} watch, each asks once a second"));
        let fans = fans::sign_up(self.server, watchers).await?;
        let tokens = fans::join(self.server, &fans).await?;
        let look = |token: &String| Ask::Whole.request(&self.small.path, token, None);
        let looks = tokens.iter().map(look).collect();
        let limit = Duration::from_secs(seconds.into()) * 2;
        sleep(transactions::LATE).await;
        let transactions = Transactions::count(self.client).await?;
        let rate = count(watchers);
        let paced = paced::look(self.server, watching_connections, looks, rate, limit).await?;
        let meanwhile = transactions.a_second(self.client).await?;
        let rate = count(paced.latency.len()) / paced.took.as_secs_f64();
        report.figure(
            &format!("{watchers} watch 50 seats, each looks once a second"),
            format!("{} a second", number(rate, 0)),
        );
        let [p50, p99] = [paced.latency.p50(), paced.latency.p99()].map(millis);
        report.figure("  p50, p99", format!("{p50:.1} ms, {p99:.1} ms"));
        report.figure(
            "  transactions a second for them, in PostgreSQL",
            number((meanwhile - alone).max(0.0), 0),
        );
        Ok(())
    }
}
