//! The page.

use std::fmt::{Display, Write};

use anyhow::Result;

use super::{
    Report, figures,
    svg::{escaped, label},
};
use crate::{
    evening::{Audit, Evening},
    rehearsal::Proposal,
};

const STYLE: &str = include_str!("report.css");

/// The whole file. What it shows is in it once more as JSON, for programs.
pub fn html(report: &Report) -> Result<String> {
    let evening = &report.evening;
    let title = format!("Rehearsal of {}", evening.title);
    let (title, data) = (escaped(&title), serde_json::to_string(report)?);
    // Nothing in it may end the element that it is in.
    let data = data.replace('<', "\\u003c");
    let verdict = if report.is_well() { "well" } else { "ill" };
    let body = [
        verdict_of(report),
        report
            .rehearsal
            .as_ref()
            .map_or_else(String::new, rehearsal),
        summary(report),
        section("Over time", &figures::over_time(evening)),
        section("Fairness", &fairness(evening)),
        section("How long fans waited for an answer", &latency(evening)),
        section("Problems", &problems(evening)),
        section("The audit", &audit(&evening.audit)),
        section("The settings", &settings(report)),
    ]
    .concat();
    Ok(format!(
        "<!doctype html>\n<html lang=\"en\" data-verdict=\"{verdict}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<link rel=\"icon\" href=\"data:,\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n{body}</main>\n\
         <script type=\"application/json\" id=\"data\">{data}</script>\n</body>\n</html>\n"
    ))
}

fn section(title: &str, content: &str) -> String {
    format!(
        "<section>\n<h2>{}</h2>\n{content}\n</section>\n",
        escaped(title)
    )
}

fn verdict_of(report: &Report) -> String {
    if report.is_well() {
        let audited = match report.evening.audit {
            Audit::NotAsked => "nobody asked for an audit",
            Audit::Clean(_) | Audit::Failed(_) => "the audit is clean",
        };
        return format!(
            "<p class=\"verdict well\"><strong>All is well.</strong> Every error was a problem of the API, \
             everyone was let in in the order in which they came, and {audited}.</p>\n"
        );
    }
    let mut text = "<div class=\"verdict ill\"><strong>Not all is well.</strong><ul>".to_owned();
    for reason in report.reasons().iter().chain(report.wrong()) {
        // Writing to a String cannot fail, here and below.
        let _ = write!(text, "<li>{}</li>", escaped(reason));
    }
    text + "</ul></div>\n"
}

fn summary(report: &Report) -> String {
    let evening = &report.evening;
    let counts = &evening.counts;
    let mut tiles = String::new();
    let mut tile = |value: String, name: &str| {
        let _ = write!(tiles, "<div><dt>{name}</dt><dd>{value}</dd></div>");
    };
    tile(report.fans.to_string(), "fans");
    tile(
        format!("{:.0} s", evening.seconds),
        "until all had gone home",
    );
    tile(
        format!("{} of {}", counts.seats_sold, evening.seats),
        "seats sold",
    );
    tile(counts.sold.to_string(), "payments");
    tile(counts.holds.to_string(), "holds");
    tile(counts.answers.to_string(), "answers");
    tile(counts.resent.to_string(), "sent again");
    let rows = evening
        .outcomes
        .iter()
        .map(|(name, number)| row(&[name, number]));
    let outcomes = table(&["how they went home", "fans"], rows);
    format!("<dl class=\"tiles\">{tiles}</dl>\n{outcomes}")
}

fn row(cells: &[&dyn Display]) -> String {
    let cells = cells
        .iter()
        .map(|cell| format!("<td>{}</td>", escaped(&cell.to_string())));
    format!("<tr>{}</tr>", cells.collect::<String>())
}

fn table(heads: &[&str], rows: impl Iterator<Item = String>) -> String {
    let heads = heads
        .iter()
        .map(|head| format!("<th scope=\"col\">{head}</th>"));
    format!(
        "<div class=\"wide\" tabindex=\"0\"><table><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>",
        heads.collect::<String>(),
        rows.collect::<String>()
    )
}

fn fairness(evening: &Evening) -> String {
    let figures: String = evening.fairness.iter().map(figures::fairness).collect();
    format!(
        "<p>Each dot is a fan who was let in. Those who came and were let in in the same order lie on a line. \
         The fans know when they came and were let in from what they were told; the database has ticket \
         numbers and the versions of the queue, which follow the order of its transactions.</p>{figures}"
    )
}

fn latency(evening: &Evening) -> String {
    let rows = evening.steps.iter().map(|view| {
        let millis = |value: f64| format!("{value:.1}");
        row(&[
            &view.step,
            &view.number,
            &millis(view.p50),
            &millis(view.p90),
            &millis(view.p99),
            &millis(view.max),
        ])
    });
    format!(
        "<p>In milliseconds, from when a fan wanted to act to the answer: waiting for a connection and for \
         Retry-After is part of it, so nothing slow hides what comes after it.</p>{}<div class=\"small\">{}</div>",
        table(&["step", "times", "p50", "p90", "p99", "longest"], rows),
        figures::latency(evening)
    )
}

fn problems(evening: &Evening) -> String {
    if evening.problems.is_empty() {
        return "<p>None.</p>".to_owned();
    }
    let rows = evening.problems.iter().map(|problem| {
        let known = if problem.known { "yes" } else { "NO" };
        row(&[
            &problem.code,
            &problem.status,
            &problem.step,
            &problem.number,
            &known,
        ])
    });
    table(
        &["code", "status", "step", "times", "a problem of the API"],
        rows,
    )
}

fn audit(audit: &Audit) -> String {
    let (verdict, said) = match audit {
        Audit::Clean(said) => ("Every promise is kept.", said.as_str()),
        Audit::Failed(said) => (
            "Not every promise is kept, or it could not be checked.",
            said.as_str(),
        ),
        Audit::NotAsked => ("It was not asked.", ""),
    };
    format!(
        "<p>{verdict}</p><pre tabindex=\"0\" aria-label=\"what the audit said\">{}</pre>",
        escaped(said)
    )
}

fn settings(report: &Report) -> String {
    let shares = &report.shares;
    let (over, seed) = (format!("{} s", label(report.over_seconds)), report.seed);
    let mut rows = vec![
        row(&[&"fans", &report.fans]),
        row(&[&"arriving over", &over]),
        row(&[&"seed", &seed]),
    ];
    for (name, share) in [
        ("leave the queue", shares.leave),
        ("close the page while they wait", shares.vanish),
        ("let the hold run out", shares.expire),
        ("have too little money", shares.poor),
        ("click twice", shares.double),
        ("choose on the seat map", shares.by_hand),
        ("name three choices", shares.choices),
    ] {
        rows.push(row(&[&name, &format!("{share} %")]));
    }
    rows.extend(
        report
            .settings
            .iter()
            .map(|(name, value)| row(&[name, value])),
    );
    format!(
        "<p>On a server that a rehearsal starts itself, holds and silence are given little time (HOLD_TTL, \
         NO_SHOW_AFTER), so that some run out while one watches. In earnest they last minutes.</p>{}",
        table(&["what", "value"], rows.into_iter())
    )
}

fn rehearsal(proposal: &Proposal) -> String {
    let rows = proposal.trials.iter().map(|trial| {
        row(&[
            &trial.capacity,
            &trial.batch,
            &trial.seats_sold,
            &format!("{:.1} s", trial.sell_through),
            &format!("{:.1}", trial.holds),
            &format!("{:.0}", trial.turnover),
            &format!("{:.1} ms", trial.hold_p99),
            &format!("{:.1} ms", trial.pay_p99),
            &format!("{:.1} %", trial.no_shows * 100.0),
            &if trial.well { "yes" } else { "NO" },
        ])
    });
    let heads = [
        "capacity",
        "let in a second, at most",
        "seats sold",
        "sell-through",
        "holds/s",
        "let in a second",
        "hold p99",
        "pay p99",
        "no-shows",
        "all well",
    ];
    let content = format!(
        "<p class=\"proposal\">{}</p>{}<div class=\"small\">{}</div>\
         <p>What follows is about the last capacity of them that was tried.</p>",
        escaped(&proposal.to_string()),
        table(&heads, rows),
        figures::trials(proposal)
    );
    section("What to set", &content)
}
