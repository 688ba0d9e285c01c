//! The figures of all rounds.

use crate::{
    durations::count,
    report::Report,
    stats::{Spread, median},
};

use super::readers::{Ask, Reading};

/// What each round gave.
#[derive(Default)]
pub struct Rates {
    small: Vec<f64>,
    health: Vec<f64>,
    ratios: Vec<f64>,
    transactions: Vec<f64>,
    large: Vec<f64>,
    large_mib: Vec<f64>,
    since: Conditional,
    if_none_match: Conditional,
}

/// Reads that ask for what is new.
#[derive(Default)]
struct Conditional {
    rates: Vec<f64>,
    /// Bytes an answer.
    sizes: Vec<f64>,
    /// Of 100 answers so many were 304.
    unchanged: Vec<f64>,
}

impl Rates {
    /// A round's reads of the small map and of the health beside it.
    pub fn small(&mut self, small: &Reading, health: &Reading) {
        self.small.push(small.rate());
        self.health.push(health.rate());
        self.ratios.push(small.rate() / health.rate());
    }

    /// Transactions a second while the small map was read.
    pub fn transactions(&mut self, a_second: f64) {
        self.transactions.push(a_second);
    }

    /// A round's reads of the whole large map.
    pub fn large(&mut self, large: &Reading) {
        self.large.push(large.rate());
        self.large_mib
            .push(large.rate() * large.bytes_each() / (1024.0 * 1024.0));
    }

    /// A round's reads of what has changed in it.
    pub fn conditional(&mut self, ask: Ask, reading: &Reading) {
        let conditional = match ask {
            Ask::IfNoneMatch => &mut self.if_none_match,
            Ask::Since | Ask::Whole | Ask::Health => &mut self.since,
        };
        conditional.rates.push(reading.rate());
        conditional.sizes.push(reading.bytes_each());
        let share = count(reading.unchanged) / count(reading.answers.max(1));
        conditional.unchanged.push(100.0 * share);
    }

    /// Reports everything; without readers there were so many transactions a second.
    pub fn tell(self, alone: f64, report: &mut Report) {
        let spread = |values: &Vec<f64>| Spread::of(values.iter().copied());
        let text = |values| format!("{:.0}", spread(values));
        report.figure("maps of 50 seats a second", text(&self.small));
        report.figure("  GET /health/live a second", text(&self.health));
        report.figure("  beside it", format!("{:.2}", spread(&self.ratios)));
        let ratio = median(self.ratios.iter().copied());
        report.at_least("maps of 50 seats beside health", ratio, 0.6);
        let readers = self.transactions.iter().map(|all| (all - alone).max(0.0));
        report.figure(
            "  transactions a second for the readers, in PostgreSQL",
            format!("{:.0}", Spread::of(readers)),
        );
        report.figure("  the same without readers", format!("{alone:.0}"));
        report.figure("maps of 20,000 seats a second", text(&self.large));
        report.figure("  MiB a second", text(&self.large_mib));
        self.since.tell("since=VERSION", report);
        self.if_none_match.tell("If-None-Match", report);
    }
}

impl Conditional {
    fn tell(self, name: &str, report: &mut Report) {
        if self.rates.is_empty() {
            return;
        }
        report.figure(
            &format!("20,000 seats with {name}, answers a second"),
            format!("{:.0}", Spread::of(self.rates)),
        );
        report.figure(
            "  bytes an answer",
            format!("{:.0}", Spread::of(self.sizes)),
        );
        report.figure(
            "  not changed (304), %",
            format!("{:.1}", Spread::of(self.unchanged)),
        );
    }
}
