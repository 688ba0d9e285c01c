//! What is reported, and whether what was told is true.

use std::{collections::HashSet, sync::Arc, time::Duration};

use anyhow::{Result, ensure};
use tokio_postgres::Client;

use crate::{
    durations::{Durations, count, millis},
    report::Report,
    say,
    stats::number,
};

use super::{
    CALM, Options,
    generator::Generator,
    percent,
    tally::{Answer, Tally},
    wishes::Wishes,
};

/// A refusal is answered within this.
const AT_ONCE: Duration = Duration::from_millis(100);
/// Half of the peak is as fast as before the storm when its p99 is at most so many times as long.
const NORMAL: f64 = 1.5;

fn times(durations: &Durations) -> String {
    let [p50, p99, max] = [durations.p50(), durations.p99(), durations.max()].map(millis);
    format!("{p50:.0}, {p99:.0}, {max:.0} ms")
}

/// The storm beside the peak.
pub fn tell(peak: &Tally, storm: &Tally, options: &Options, report: &mut Report) {
    let Options { connections, .. } = *options;
    report.figure(
        "what bounds the peak of the holds",
        "a commit takes 100 ms more (commit_delay)",
    );
    report.figure(
        &format!("holds a second at the peak, {connections} connections"),
        number(peak.steady_goodput(), 0),
    );
    report.figure("  p50, p99, longest", times(&peak.latency()));
    report.figure("holds offered a second", number(storm.offered(), 0));
    report.figure(
        "  not sent, for want of connections",
        number(count(storm.missed()), 0),
    );
    let offered = storm.offered() / peak.steady_goodput();
    report.at_least("  offered beside the peak", offered, 0.9 * options.times);
    report.figure("  made a second", number(storm.steady_goodput(), 0));
    report.figure(
        "  made in the worst second",
        number(storm.worst_second(), 0),
    );
    let made = storm.steady_goodput() / peak.steady_goodput();
    report.at_least("  made beside the peak", made, 0.9);
    let accepted = storm.latency();
    report.figure(
        "  accepted, from when due: p50, p99, longest",
        times(&accepted),
    );
    report.below("  accepted, p99", millis(accepted.p99()), 3_000.0, "ms");
    tell_of_refusals(storm, report);
}

fn tell_of_refusals(storm: &Tally, report: &mut Report) {
    for (name, answer) in [
        ("server_busy", Answer::Busy),
        ("service_unavailable", Answer::Unavailable),
    ] {
        let share = percent(storm.answered(&answer), storm.len());
        report.figure(&format!("  refused as {name}"), share);
    }
    let wrong = storm.wrong();
    for words in wrong.iter().take(5) {
        say(&format!("  a wrong answer: {words}"));
    }
    report.below(
        "  refused otherwise, or without Retry-After",
        count(wrong.len()),
        1.0,
        "requests",
    );
    let refusals = storm.refusals();
    report.figure(
        "  refused, from when sent: p50, p99, longest",
        times(&refusals),
    );
    let within = refusals.share_within(AT_ONCE);
    report.at_least("  refused within 100 ms, share", within, 0.99);
}

/// How well the generator did its part.
pub fn tell_of_generator(generator: &Generator, storm: &Tally, report: &mut Report) {
    report.figure(
        "  connections opened in all",
        number(count(generator.opened()), 0),
    );
    report.figure(
        "  the generator was late by: p50, p99, most",
        times(&storm.lag()),
    );
    report.figure(
        "  getting a connection took: p50, p99, most",
        times(&storm.connecting()),
    );
}

/// Half of the peak before the storm and right after it.
pub fn tell_of_calm(before: &Tally, after: &Tally, report: &mut Report) {
    let usual = before.steady_latency().p99();
    report.figure(
        "half of the peak before: p50, p99, longest",
        times(&before.steady_latency()),
    );
    let seconds = after.by_second();
    let list = |text: fn(&(Duration, usize)) -> String| {
        let list: Vec<_> = seconds.iter().map(text).collect();
        list.join(", ")
    };
    report.figure(
        "  p99 in each second after the storm",
        list(|(p99, _)| format!("{:.0}", millis(*p99))) + " ms",
    );
    report.figure(
        "  not granted in each of them",
        list(|(_, refused)| refused.to_string()),
    );
    let usual = usual.mul_f64(NORMAL);
    let unusual = |(p99, refused): &(Duration, usize)| *p99 > usual || *refused > 0;
    let last = seconds.iter().rposition(unusual);
    let normal_after = count(last.map_or(0, |second| second + 1));
    report.below(
        "  as fast as before after",
        normal_after,
        f64::from(CALM) - 1.0,
        "s",
    );
}

/// Every hold that was told is stored, and every stored one was told, or may have been made
/// although its fan was told that the server cannot say.
pub async fn check(client: &Client, all: &[Arc<Wishes>], report: &mut Report) -> Result<()> {
    let (mut told, mut late) = (0, 0);
    for wishes in all {
        let fates = wishes.fates();
        let dates: HashSet<_> = fates.iter().map(|(wish, ..)| wish.date.clone()).collect();
        let dates: Vec<_> = dates.into_iter().collect();
        let mut stored = stored(client, &dates).await?;
        let reservations = reservations(client, &dates).await?;
        ensure!(
            reservations == stored.len(),
            "{reservations} reservations of {} seats, where each has one",
            stored.len()
        );
        for (wish, granted, unclear) in fates {
            let found = stored.remove(&(wish.date.clone(), wish.seat));
            let name = || format!("seat {} of {}", wish.seat, wish.date);
            ensure!(found || !granted, "{} was told but is not stored", name());
            let explained = !found || granted || unclear;
            ensure!(explained, "{} was refused but is stored", name());
            told += usize::from(granted);
            late += usize::from(found && !granted);
        }
        ensure!(stored.is_empty(), "nobody wished for {stored:?}");
    }
    report.figure(
        "holds acknowledged, all of them stored",
        number(count(told), 0),
    );
    report.figure(
        "holds stored, but answered 503 as it took too long",
        number(count(late), 0),
    );
    Ok(())
}

/// The seats that are held: date and number.
async fn stored(client: &Client, dates: &[String]) -> Result<HashSet<(String, usize)>> {
    let query = "SELECT schedule_id::text, number FROM seats \
        WHERE schedule_id::text = ANY($1) AND status <> 'available'";
    let rows = client.query(query, &[&dates]).await?;
    let seat = |row: &tokio_postgres::Row| -> Result<(String, usize)> {
        Ok((row.get(0), usize::try_from(row.get::<_, i32>(1))?))
    };
    rows.iter().map(seat).collect()
}

/// How many reservations there are.
async fn reservations(client: &Client, dates: &[String]) -> Result<usize> {
    let query = "SELECT count(*) FROM reservations WHERE schedule_id::text = ANY($1)";
    let count: i64 = client.query_one(query, &[&dates]).await?.get(0);
    Ok(usize::try_from(count)?)
}
