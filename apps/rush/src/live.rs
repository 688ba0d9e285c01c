//! What those see who watch: bars and a table on a terminal, a line now and then elsewhere.

use std::{
    cell::Cell,
    fmt::Write,
    time::{Duration, Instant},
};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use load_client::durations::{count, millis};

use crate::{
    say,
    tally::{Step, Tally},
};

/// How often a line is written where there is no terminal.
const EVERY: Duration = Duration::from_secs(5);

/// The bars and the table.
pub struct Live {
    _screen: MultiProgress,
    arrived: ProgressBar,
    finished: ProgressBar,
    table: ProgressBar,
    is_terminal: bool,
    last: Cell<Option<Instant>>,
}

impl Live {
    /// For so many fans of a concert.
    pub fn new(fans: usize, title: &str) -> Self {
        let screen = MultiProgress::new();
        let is_terminal = !screen.is_hidden();
        let bar = |name: &str| {
            let bar = ProgressBar::new(fans as u64);
            if let Ok(style) =
                ProgressStyle::with_template("{msg:>9} {wide_bar:.cyan/blue} {pos:>6}/{len}")
            {
                bar.set_style(style);
            }
            bar.set_message(name.to_owned());
            screen.add(bar)
        };
        let (arrived, finished) = (bar("arrived"), bar("gone home"));
        let table = screen.add(ProgressBar::new_spinner());
        if let Ok(style) = ProgressStyle::with_template("{msg}") {
            table.set_style(style);
        }
        say(&format!("{fans} fans come for \"{title}\""));
        Self {
            _screen: screen,
            arrived,
            finished,
            table,
            is_terminal,
            last: Cell::new(None),
        }
    }

    /// Shows the numbers of now.
    pub fn show(&self, tally: &Tally, after: Duration) {
        if self.is_terminal {
            self.arrived.set_position(tally.counts.arrived);
            self.finished.set_position(tally.counts.finished);
            self.table.set_message(table(tally, after));
        } else if self.last.get().is_none_or(|last| last.elapsed() >= EVERY) {
            self.last.set(Some(Instant::now()));
            say(&line(tally, after));
        }
    }

    /// Shows the last numbers for good.
    pub fn end(&self, tally: &Tally, after: Duration) {
        // Bars that are dropped unfinished would clear what is written below.
        for bar in [&self.arrived, &self.finished, &self.table] {
            bar.finish_and_clear();
        }
        say(&table(tally, after));
    }
}

fn line(tally: &Tally, after: Duration) -> String {
    let counts = &tally.counts;
    let hold = tally.latency(Step::Hold).value_at_quantile(0.99);
    format!(
        "{:>4} s  arrived {:>6}  waiting {:>6}  active {:>5}  holding {:>5}  sold {:>6}  \
         seats {:>6}  gone home {:>6}  hold p99 {:.1} ms",
        after.as_secs(),
        counts.arrived,
        counts.waiting,
        counts.active(),
        counts.holding,
        counts.sold,
        counts.seats_sold,
        counts.finished,
        millis(Duration::from_micros(hold)),
    )
}

fn table(tally: &Tally, after: Duration) -> String {
    let counts = &tally.counts;
    let rate = count(usize::try_from(counts.answers).unwrap_or(0)) / after.as_secs_f64().max(0.1);
    let mut text = format!(
        "\n  {:.0} s   waiting {}   active {}   holding {}   sold {} ({} seats)   {rate:.0} answers/s\n\n",
        after.as_secs_f64(),
        counts.waiting,
        counts.active(),
        counts.holding,
        counts.sold,
        counts.seats_sold,
    );
    // Writing to a String cannot fail.
    let _ = writeln!(
        text,
        "  {:<20}{:>9}{:>12}{:>12}",
        "", "number", "p50", "p99"
    );
    for step in Step::ALL {
        let latency = tally.latency(step);
        if latency.is_empty() {
            continue;
        }
        let at = |quantile| millis(Duration::from_micros(latency.value_at_quantile(quantile)));
        let (name, number) = (step.name(), latency.len());
        let _ = writeln!(
            text,
            "  {name:<20}{number:>9}{:>9.1} ms{:>9.1} ms",
            at(0.5),
            at(0.99)
        );
    }
    if !tally.problems.is_empty() {
        text.push('\n');
    }
    for (problem, number) in &tally.problems {
        let mark = if problem.is_known() { ' ' } else { '!' };
        let (step, status, code) = (problem.step.name(), problem.status, &problem.code);
        let _ = writeln!(text, "{mark} {step:<20}{number:>9}  {status} {code}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_the_steps_that_were_done_and_marks_what_must_not_be() {
        let mut tally = Tally::new();
        tally.counts.waiting = 12;
        tally.served(Step::Hold, Duration::from_millis(5));
        tally.met(Step::Hold, "seat_unavailable", 409);
        tally.met(Step::Pay, "internal_error", 500);
        let text = table(&tally, Duration::from_secs(2));
        assert!(text.contains("waiting 12"), "{text}");
        assert!(text.contains("\n  hold                        1"), "{text}");
        assert!(!text.contains("sign up"), "{text}");
        assert!(text.contains("\n  hold                        1  409 seat_unavailable"));
        assert!(text.contains("\n! pay                         1  500 internal_error"));
    }
}
