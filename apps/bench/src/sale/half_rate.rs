//! How long a hold takes on a server that is half busy.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result};
use hdrhistogram::Histogram;

use super::{
    CONNECTIONS, Sale,
    act::Act,
    round::{LIMIT, check, round, warm_up},
};
use crate::{
    load::{Crowd, Once, Paced},
    say,
    stage::{House, settle},
    stats::number,
};

/// How many holds there are: enough for the slowest 1 % to be hundreds.
const HOLDS: usize = 40_000;
/// What the p99 has to stay below, in milliseconds.
const BOUND: f64 = 25.0;

/// Measures and reports the latency at half the peak, which is measured first when it is not known.
pub async fn measure(sale: &mut Sale<'_>) -> Result<()> {
    say("holds at half the peak ...");
    let peak = match sale.hot_rate {
        Some(peak) => peak,
        None => peak(sale).await?,
    };
    let rate = peak / 2.0;
    let house = sale.house().await?;
    warm_up(&house, Act::HOT, sale.options.size()).await?;
    let paced = holds(&house, rate).await?;
    house.close().await?;

    let (latency, lateness) = (&paced.outcome.latency, &paced.lateness);
    let shown = [50.0, 99.0, 99.9].map(|p| number(millis(latency, p), 1));
    let [p50, p99, p999] = &shown;
    let (max, late) = (millis(latency, 100.0), millis(lateness, 99.0));
    let report = &mut sale.report;
    let label = format!("holds at half the peak, {} a second: p99", number(rate, 0));
    report.below(&label, millis(latency, 99.0), BOUND, "ms");
    report.figure(
        "  p50, p99, p99.9, max, ms",
        format!("{p50}, {p99}, {p999}, {max:.1}"),
    );
    report.figure("  of which the generator is late: p99, ms", number(late, 2));
    Ok(())
}

/// One round as fast as the answers come.
async fn peak(sale: &Sale<'_>) -> Result<f64> {
    let house = sale.house().await?;
    warm_up(&house, Act::HOT, sale.options.size()).await?;
    let peak = round(&house, Act::HOT, sale.options.size(), false).await?;
    house.close().await?;
    let peak = peak.outcome.rate();
    say(&format!("  the peak: {} a second", number(peak, 0)));
    Ok(peak)
}

async fn holds(house: &House<'_>, rate: f64) -> Result<Paced> {
    let requests = Act::HOT.prepare(house.server.address, HOLDS).await?;
    settle(&house.client).await?;
    let before = Act::HOT.stored(&house.client).await?;
    let crowd = Crowd::open(house.server.address, CONNECTIONS).await?;
    let requests = Arc::new(Once(requests));
    let paced = crowd.fixed(requests, 201, rate, LIMIT).await;
    let paced = paced.with_context(|| house.server.end_of_log())?;
    check(house, Act::HOT, before, &paced.outcome).await?;
    Ok(paced)
}

fn millis(histogram: &Histogram<u64>, percentile: f64) -> f64 {
    Duration::from_micros(histogram.value_at_percentile(percentile)).as_secs_f64() * 1e3
}
