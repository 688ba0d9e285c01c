//! How long a hold takes that is alone on the server: what sharing transactions costs whoever has
//! nobody to share with.

use std::sync::Arc;

use anyhow::{Context, Result};

use super::{
    Sale,
    act::Act,
    round::{LIMIT, check},
};
use crate::{
    http::Request,
    load::{Crowd, Once, Outcome},
    pgbench, say,
    stage::{ALONE, House, settle},
    stats::Spread,
};

/// How many holds and how many health checks, one after the other.
const REQUESTS: usize = 300;
/// How many before, that nobody looks at.
const WARM_UP: usize = 50;
/// How many times as long as one transaction of pgbench a hold may take, besides its round trip.
const BOUND: f64 = 1.5;

/// The latencies of one repetition, in milliseconds.
struct Latencies {
    hold: f64,
    health: f64,
    alone: pgbench::Latency,
}

/// Measures and reports the latency of holds, of the same transaction by pgbench with one client,
/// and of a round trip that does nothing.
pub async fn measure(sale: &mut Sale<'_>) -> Result<()> {
    say("lone holds ...");
    let mut all = Vec::new();
    for number in 1..=sale.options.rounds {
        let one = repeat(sale).await?;
        let Latencies {
            hold,
            health,
            alone,
        } = &one;
        let (median, average) = (alone.median, alone.average);
        say(&format!(
            "  {number}: a hold {hold:.3} ms, health {health:.3} ms; pgbench {median:.3} ms, on \
             average {average:.3} ms"
        ));
        all.push(one);
    }
    report(sale, &all);
    Ok(())
}

fn report(sale: &mut Sale<'_>, all: &[Latencies]) {
    let spread = |value: fn(&Latencies) -> f64| Spread::of(all.iter().map(value));
    let (hold, health) = (spread(|one| one.hold), spread(|one| one.health));
    let (median, average) = (
        spread(|one| one.alone.median),
        spread(|one| one.alone.average),
    );
    let most = BOUND * median.median + health.median;
    let report = &mut sale.report;
    report.at_most_as(
        "a lone hold, median, ms",
        format!("{hold:.3}"),
        hold.median,
        most,
        "ms",
    );
    report.figure(
        "  pgbench with 1 client, median, ms",
        format!("{median:.3}"),
    );
    report.figure(
        "  pgbench with 1 client, average, ms",
        format!("{average:.3}"),
    );
    report.figure("  GET /health/live, median, ms", format!("{health:.3}"));
}

async fn repeat(sale: &Sale<'_>) -> Result<Latencies> {
    let house = sale.house().await?;
    let (hold, health) = (holds(&house).await?, health(&house).await?);
    house.close().await?;

    sale.settle_alone().await?;
    let (stage, script) = (sale.stage, sale.alone.hold(1));
    pgbench::rates(stage, ALONE, &script, &[1], 1).await?;
    let alone = pgbench::latency(stage, ALONE, &script, sale.options.seconds).await?;
    Ok(Latencies {
        hold,
        health,
        alone,
    })
}

async fn holds(house: &House<'_>) -> Result<f64> {
    let mut requests = Act::HOT
        .prepare(house.server.address, WARM_UP + REQUESTS)
        .await?;
    settle(&house.client).await?;
    let measured = requests.split_off(WARM_UP);
    one_by_one(house, requests, 201).await?;
    let before = Act::HOT.stored(&house.client).await?;
    let outcome = one_by_one(house, measured, 201).await?;
    check(house, Act::HOT, before, &outcome).await?;
    Ok(median_millis(&outcome))
}

async fn health(house: &House<'_>) -> Result<f64> {
    let health = Request::new("GET", "/health/live", "", "");
    one_by_one(house, vec![health.clone(); WARM_UP], 200).await?;
    let outcome = one_by_one(house, vec![health; REQUESTS], 200).await?;
    outcome.all_succeeded()?;
    Ok(median_millis(&outcome))
}

/// On one connection.
async fn one_by_one(house: &House<'_>, requests: Vec<Request>, success: u16) -> Result<Outcome> {
    let crowd = Crowd::open(house.server.address, 1).await?;
    let outcome = crowd.closed(Arc::new(Once(requests)), success, LIMIT).await;
    outcome.with_context(|| house.server.end_of_log())
}

fn median_millis(outcome: &Outcome) -> f64 {
    outcome.percentile(50.0).as_secs_f64() * 1e3
}
