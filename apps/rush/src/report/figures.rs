//! The figures of the report.

use std::fmt::Write;

use load_client::durations::count;

use super::svg::{Plot, Series, escaped, label};
use crate::{
    evening::{Evening, StepView},
    fairness::Fairness,
    rehearsal::Proposal,
    tally::Counts,
};

/// So many dots show a line of any number of fans.
const DOTS: usize = 1_500;
/// The plots of rates show the mean of so many samples.
const SMOOTH: usize = 4;

fn figure(title: &str, plot: &str, names: &[&str]) -> String {
    let title = escaped(title);
    let mut keys = String::new();
    for (number, name) in names.iter().enumerate() {
        // Writing to a String cannot fail.
        let _ = write!(
            keys,
            r#"<span class="key k{number}">{}</span>"#,
            escaped(name)
        );
    }
    format!("<figure><figcaption><strong>{title}</strong> {keys}</figcaption>{plot}</figure>")
}

fn lines(title: &str, y: &'static str, series: &[Series]) -> String {
    let names: Vec<_> = series.iter().map(|series| series.name).collect();
    let plot = Plot::lines(title, "seconds from the opening", y, series);
    figure(title, &plot, if names.len() > 1 { &names } else { &[] })
}

fn number(value: u64) -> f64 {
    count(usize::try_from(value).unwrap_or(0))
}

fn series(evening: &Evening, name: &'static str, of: fn(&Counts) -> u64) -> Series {
    let points = evening.timeline.iter();
    let points = points.map(|sample| (sample.at, number(of(&sample.counts))));
    Series {
        name,
        points: points.collect(),
    }
}

/// How much a count grew a second.
fn rate(evening: &Evening, name: &'static str, of: fn(&Counts) -> u64) -> Series {
    let whole = series(evening, name, of).points;
    let pairs = whole.iter().zip(whole.iter().skip(SMOOTH));
    let rates = pairs.map(|((from, less), (to, more))| {
        (
            f64::midpoint(*from, *to),
            (more - less) / (to - from).max(0.001),
        )
    });
    Series {
        name,
        points: rates.collect(),
    }
}

/// Queue, admissions, holds and sales over time.
pub fn over_time(evening: &Evening) -> String {
    let admissions = evening.admissions.iter().enumerate();
    let admissions = admissions.map(|(second, admitted)| (count(second), number(*admitted)));
    let admissions = Series {
        name: "let in",
        points: admissions.collect(),
    };
    [
        lines(
            "Queue: who waits, shops and holds seats",
            "fans",
            &[
                series(evening, "waiting", |counts| counts.waiting),
                series(evening, "in the shop", Counts::active),
                series(evening, "with seats held", |counts| counts.holding),
            ],
        ),
        lines("Admissions", "fans a second", &[admissions]),
        lines(
            "Holds and sales",
            "a second",
            &[
                rate(evening, "holds", |counts| counts.holds),
                rate(evening, "payments", |counts| counts.sold),
            ],
        ),
        lines(
            "Seats sold",
            "seats",
            &[series(evening, "sold", |counts| counts.seats_sold)],
        ),
    ]
    .concat()
}

/// How long each step took.
pub fn latency(evening: &Evening) -> String {
    evening.steps.iter().map(histogram).collect()
}

fn histogram(view: &StepView) -> String {
    let used = |bucket: &&(f64, u64)| bucket.1 > 0;
    let first = view
        .buckets
        .iter()
        .position(|bucket| used(&bucket))
        .unwrap_or(0);
    let last = view
        .buckets
        .iter()
        .rposition(|bucket| used(&bucket))
        .unwrap_or(0);
    // Some room beside few bars.
    let (first, last) = (
        first.saturating_sub(2),
        (last + 2).min(view.buckets.len() - 1),
    );
    let buckets = &view.buckets[first..=last];
    let most = buckets
        .iter()
        .map(|bucket| number(bucket.1))
        .fold(0.0, f64::max);
    let title = format!("{}: how many took how long", view.step);
    let mut plot = Plot::new(
        &title,
        ("milliseconds", count(buckets.len())),
        ("times", most),
    );
    let mut below = Vec::new();
    for (at, (to, times)) in buckets.iter().enumerate() {
        let tells = format!("{times} up to {} ms", label(*to));
        plot.bar(count(at), count(at + 1), number(*times), &tells);
        if (first + at) % 3 == 0 {
            below.push((count(at + 1), short(*to)));
        }
    }
    let StepView {
        step,
        number: times,
        p50,
        p99,
        max,
        ..
    } = view;
    let caption =
        format!("{step}: {times} times, p50 {p50:.1} ms, p99 {p99:.1} ms, longest {max:.0} ms");
    figure(&caption, &plot.draw_with(&below), &[])
}

fn short(millis: f64) -> String {
    if millis >= 10.0 {
        format!("{millis:.0}")
    } else {
        format!("{millis:.1}")
    }
}

/// Rank of arrival against rank of admission.
pub fn fairness(fairness: &Fairness) -> String {
    let Fairness {
        source,
        judged,
        overtaken,
        ranks,
    } = fairness;
    let title = format!("Arrival against admission, by {source}");
    let most = count(ranks.len());
    let mut plot = Plot::new(
        &title,
        ("place by arrival", most),
        ("place by admission", most),
    );
    for (arrival, admission) in ranks.iter().step_by(ranks.len().div_ceil(DOTS).max(1)) {
        plot.dot((count(*arrival), count(*admission)), "dot");
    }
    // Where the orders differ every place is shown.
    for (arrival, admission) in ranks.iter().filter(|(a, b)| a != b).take(DOTS) {
        plot.dot((count(*arrival), count(*admission)), "bad");
    }
    let verdict = if fairness.holds() {
        "in the same order"
    } else {
        "NOT in order"
    };
    let caption = format!("{title}: {judged} fans, {overtaken} overtaken, {verdict}");
    figure(&caption, &plot.draw(), &[])
}

/// Sell-through and latency by capacity.
pub fn trials(proposal: &Proposal) -> String {
    let of = |name, value: fn(&crate::rehearsal::Trial) -> f64| Series {
        name,
        points: proposal
            .trials
            .iter()
            .map(|trial| (f64::from(trial.capacity), value(trial)))
            .collect(),
    };
    let plot = |title: &str, y, series: Series| {
        figure(title, &Plot::lines(title, "capacity", y, &[series]), &[])
    };
    [
        plot(
            "Sell-through: time until nine tenths of the sold seats were sold",
            "seconds",
            of("sell-through", |trial| trial.sell_through),
        ),
        plot(
            "Holds, p99",
            "milliseconds",
            of("p99", |trial| trial.hold_p99),
        ),
        plot("Holds", "a second", of("holds", |trial| trial.holds)),
    ]
    .concat()
}
