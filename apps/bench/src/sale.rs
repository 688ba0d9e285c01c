//! The sale: holds, payments and charges beside what PostgreSQL does one transaction a request.

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Result, ensure};
use clap::Args;

use crate::{
    fans::{self, Fan},
    http::Request,
    journey,
    load::{Once, Outcome, closed, median},
    maps, overload, pgbench,
    report::{Report, machine},
    say,
    stage::{Server, Stage},
};

/// How much to measure.
#[derive(Args)]
pub struct Options {
    /// How many fans act in each round
    #[arg(long, default_value_t = 20_000)]
    fans: usize,
    /// How often each measurement is repeated
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// How long each pgbench run lasts, in seconds
    #[arg(long, default_value_t = 4)]
    seconds: u32,
    /// Where to write the results
    #[arg(long, default_value = "docs/bench/sale.md")]
    output: PathBuf,
}

/// Connections of each load.
const CONNECTIONS: usize = 256;
/// The schedules that spread holds go to.
const SPREAD: usize = 100;
/// At which numbers of clients pgbench is tried.
const CLIENTS: [u32; 2] = [8, 32];

/// Two ways to do the same, side by side.
struct Contest {
    name: &'static str,
    alone: String,
    bound: f64,
}

/// Runs everything, prints it and writes it down; whether all bounds held.
pub async fn run(options: Options) -> Result<bool> {
    let mut report = Report::default();
    let stage = Stage::set().await?;
    // Everyone is admitted at once: the queue has a benchmark of its own.
    let server = stage
        .server(&[("CAPACITY", "1000000"), ("NO_SHOW_AFTER", "0")])
        .await?;
    let alone = stage.alone().await?;
    let sides = Sides {
        stage: &stage,
        server: &server,
        options: &options,
    };

    let holds = Contest {
        name: "holds, one hot schedule",
        alone: alone.hold(1),
        bound: 10.0,
    };
    sides
        .compare(&holds, &mut report, async || sides.holds(1).await)
        .await?;
    let spread = Contest {
        name: "holds, 100 schedules",
        alone: alone.hold(SPREAD),
        bound: 3.5,
    };
    sides
        .compare(&spread, &mut report, async || sides.holds(SPREAD).await)
        .await?;
    let payments = Contest {
        name: "payments",
        alone: alone.pay(),
        bound: 5.0,
    };
    sides
        .compare(&payments, &mut report, async || sides.payments().await)
        .await?;
    let charges = Contest {
        name: "charges",
        alone: alone.charge(),
        bound: 6.0,
    };
    sides
        .compare(&charges, &mut report, async || sides.charges().await)
        .await?;
    sides.one_seat(&mut report).await?;
    maps::measure(&stage, &server, &maps::Options::default(), &mut report).await?;
    journey::measure(&stage, &server, &journey::Options::default(), &mut report).await?;
    overload::measure(&overload::Options::default(), &mut report).await?;

    let client = stage.client().await?;
    report.write(&options.output, "The sale", &machine(&client).await?)?;
    say(&report.verdict());
    Ok(report.held())
}

struct Sides<'a> {
    stage: &'a Stage,
    server: &'a Server,
    options: &'a Options,
}

impl Sides<'_> {
    /// Measures both sides in turn and audits after each round.
    async fn compare(
        &self,
        contest: &Contest,
        report: &mut Report,
        batched: impl AsyncFn() -> Result<Outcome>,
    ) -> Result<()> {
        say(contest.name);
        let (mut rates, mut alone, mut at, mut p99) = (Vec::new(), Vec::new(), 0, Duration::ZERO);
        for _ in 0..self.options.rounds {
            let outcome = batched().await?;
            ensure!(
                outcome.failures == 0,
                "{} requests failed",
                outcome.failures
            );
            self.stage.audit().await?;
            rates.push(outcome.rate());
            p99 = outcome.percentile(99.0);
            let seconds = self.options.seconds;
            let (best, clients) =
                pgbench::best(self.stage, "alone", &contest.alone, &CLIENTS, seconds).await?;
            let rate = outcome.rate();
            say(&format!(
                "  {rate:.0} a second, p99 {} ms; alone {best:.0}",
                p99.as_millis()
            ));
            alone.push(best);
            at = clients;
        }
        let (rate, alone) = (median(rates), median(alone));
        report.figure(
            &format!("{} a second, through HTTP", contest.name),
            format!("{rate:.0}"),
        );
        report.figure("  p99 at full load", format!("{} ms", p99.as_millis()));
        report.figure(&format!("  pgbench, {at} clients"), format!("{alone:.0}"));
        report.at_least(
            &format!("{} beside pgbench", contest.name),
            rate / alone,
            contest.bound,
        );
        Ok(())
    }

    async fn shoppers(&self) -> Result<(Vec<Fan>, Vec<String>)> {
        let fans = fans::sign_up(self.server.address, self.options.fans).await?;
        let tokens = fans::join(self.server.address, &fans).await?;
        Ok((fans, tokens))
    }

    async fn load(&self, requests: Vec<Request>, success: u16) -> Result<Outcome> {
        let limit = Duration::from_mins(2);
        closed(
            self.server.address,
            CONNECTIONS,
            Arc::new(Once(requests)),
            success,
            limit,
        )
        .await
    }

    /// Each fan holds a free seat of one of so many new schedules.
    async fn holds(&self, schedules: usize) -> Result<Outcome> {
        let seats = if schedules == 1 {
            50_000
        } else {
            self.options.fans.div_ceil(schedules)
        };
        let schedules = fans::schedules(self.server.address, schedules, seats).await?;
        let (_, tokens) = self.shoppers().await?;
        let hold = |(number, token): (usize, &String)| {
            let schedule = &schedules[number % schedules.len()];
            fans::hold_request(token, schedule, number / schedules.len() + 1)
        };
        let requests = tokens.iter().enumerate().map(hold).collect();
        let outcome = self.load(requests, 201).await?;
        let stored = "SELECT count(*) FROM reservations WHERE schedule_id::text = ANY($1)";
        let stored: i64 = self
            .stage
            .client()
            .await?
            .query_one(stored, &[&schedules])
            .await?
            .get(0);
        ensure!(
            stored.unsigned_abs() == outcome.successes,
            "{stored} holds are stored"
        );
        Ok(outcome)
    }

    /// Each fan pays the seat they hold.
    async fn payments(&self) -> Result<Outcome> {
        let schedule = fans::schedules(self.server.address, 1, 50_000)
            .await?
            .remove(0);
        let (fans, tokens) = self.shoppers().await?;
        let charges = fans::charge_requests(&fans, 50_000, "charge-1");
        fans::collect(self.server.address, charges, |_| Some(())).await?;
        let hold =
            |(number, token): (usize, &String)| fans::hold_request(token, &schedule, number + 1);
        let holds = tokens.iter().enumerate().map(hold).collect();
        let held = fans::collect(self.server.address, holds, |a| fans::text(a, "id")).await?;
        let pay = |(token, id): (&String, &String)| fans::pay_request(token, id);
        self.load(tokens.iter().zip(&held).map(pay).collect(), 201)
            .await
    }

    /// Each fan charges their balance.
    async fn charges(&self) -> Result<Outcome> {
        let fans = fans::sign_up(self.server.address, self.options.fans).await?;
        self.load(fans::charge_requests(&fans, 10_000, "charge-1"), 201)
            .await
    }

    /// Ten thousand want the same seat.
    async fn one_seat(&self, report: &mut Report) -> Result<()> {
        let schedule = fans::schedules(self.server.address, 1, 50).await?.remove(0);
        let fans = fans::sign_up(self.server.address, 10_000).await?;
        let tokens = fans::join(self.server.address, &fans).await?;
        let wish = |token: &String| fans::hold_request(token, &schedule, 17);
        let outcome = self.load(tokens.iter().map(wish).collect(), 201).await?;
        ensure!(outcome.successes == 1, "{} got the seat", outcome.successes);
        self.stage.audit().await?;
        let took = format!("{} ms, one winner", outcome.took.as_millis());
        report.figure("one seat, 10,000 requests: all answered after", took);
        Ok(())
    }
}
