//! What was measured, as a table for people and as a file for `docs/bench`.

use std::{fmt::Write, path::Path};

use anyhow::Result;

use crate::stats::number;

/// A figure and, where one was promised, its bound.
struct Figure {
    name: String,
    /// With its unit.
    value: String,
    bound: Option<Bound>,
}

/// What a figure has to be, and whether it is.
struct Bound {
    text: String,
    held: bool,
}

impl Bound {
    fn verdict(&self) -> &'static str {
        if self.held { "held" } else { "MISSED" }
    }
}

/// All figures of a run.
#[derive(Default)]
pub struct Report {
    figures: Vec<Figure>,
    /// How many bounds a whole run has; 0 when every run is whole.
    all_bounds: usize,
}

impl Report {
    /// A report of a run that may leave some of so many bounds unmeasured.
    pub fn with_bounds(all_bounds: usize) -> Self {
        Self {
            figures: Vec::new(),
            all_bounds,
        }
    }

    /// Adds a figure without a bound.
    pub fn figure(&mut self, name: &str, value: impl Into<String>) {
        self.add(name, value.into(), None);
    }

    /// Adds a ratio that has to be at least `bound`.
    pub fn at_least(&mut self, name: &str, ratio: f64, bound: f64) {
        self.at_least_as(name, number(ratio, 2), ratio, bound);
    }

    /// Adds a ratio that has to be at least `bound`, told as `value`.
    pub fn at_least_as(&mut self, name: &str, value: String, ratio: f64, bound: f64) {
        let promised = Bound {
            text: format!("at least {bound}"),
            held: ratio >= bound,
        };
        self.add(name, value, Some(promised));
    }

    /// Adds a value that has to be below `bound`.
    pub fn below(&mut self, name: &str, value: f64, bound: f64, unit: &str) {
        let promised = Bound {
            text: format!("below {bound} {unit}"),
            held: value < bound,
        };
        self.add(name, format!("{} {unit}", number(value, 1)), Some(promised));
    }

    /// Adds a value, told as `text`, that has to be at most `bound`.
    pub fn at_most_as(&mut self, name: &str, text: String, value: f64, bound: f64, unit: &str) {
        let promised = Bound {
            text: format!("at most {bound:.2} {unit}"),
            held: value <= bound,
        };
        self.add(name, text, Some(promised));
    }

    fn add(&mut self, name: &str, value: String, bound: Option<Bound>) {
        let name = name.to_owned();
        let figure = Figure { name, value, bound };
        crate::say(&line(&figure, 58, 22));
        self.figures.push(figure);
    }

    /// Whether every bound held.
    pub fn held(&self) -> bool {
        self.bounds().all(|(_, bound)| bound.held)
    }

    fn bounds(&self) -> impl Iterator<Item = (&str, &Bound)> {
        self.figures
            .iter()
            .filter_map(|figure| Some((&*figure.name, figure.bound.as_ref()?)))
    }

    /// The last line of a run: which bounds held and which did not, and how many were not measured.
    pub fn verdict(&self) -> String {
        let missed: Vec<_> = self
            .bounds()
            .filter(|(_, bound)| !bound.held)
            .map(|(name, _)| name.trim())
            .collect();
        let measured = self.bounds().count();
        let held = measured - missed.len();
        let mut verdict = match (missed.is_empty(), measured) {
            (true, 0) => "no bound was measured".to_owned(),
            (true, 1) => "the one bound held".to_owned(),
            (true, _) => format!("all {measured} bounds held"),
            (false, _) => {
                let missed = missed.join("; ");
                format!("{held} of {measured} bounds held; missed: {missed}")
            }
        };
        if measured < self.all_bounds {
            let all = self.all_bounds;
            // Writing to a String cannot fail.
            let _ = write!(verdict, " (measured {measured} of {all} bounds)");
        }
        verdict
    }

    /// Prints all figures as one table.
    pub fn print(&self) {
        let widest = |text: fn(&Figure) -> &str| {
            let widths = self.figures.iter().map(|f| text(f).chars().count());
            widths.max().unwrap_or(0)
        };
        let (names, values) = (widest(|f| &f.name), widest(|f| &f.value));
        for figure in &self.figures {
            crate::say(&line(figure, names, values));
        }
    }

    /// Writes the run down as Markdown: `intro`, the table, the verdict, `notes`.
    pub fn write(&self, file: &Path, title: &str, intro: &str, notes: &str) -> Result<()> {
        let mut text = format!(
            "# {title}\n\n{intro}\n\n| | measured | bound | |\n| --- | ---: | --- | --- |\n"
        );
        for Figure { name, value, bound } in &self.figures {
            let (bound, held) = match bound {
                Some(bound) => (&*bound.text, if bound.held { "held" } else { "missed" }),
                None => ("", ""),
            };
            writeln!(text, "| {name} | {value} | {bound} | {held} |")?;
        }
        writeln!(text, "\n{}.", self.verdict())?;
        if !notes.is_empty() {
            writeln!(text, "\n{}", notes.trim_end())?;
        }
        if let Some(directory) = file.parent() {
            std::fs::create_dir_all(directory)?;
        }
        std::fs::write(file, text)?;
        Ok(())
    }
}

fn line(Figure { name, value, bound }: &Figure, names: usize, values: usize) -> String {
    let verdict = bound.as_ref().map_or_else(String::new, |bound| {
        format!("   {}: {}", bound.text, bound.verdict())
    });
    format!("{name:<names$}  {value:>values$}{verdict}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_verdict_names_what_was_missed_and_what_was_not_measured() {
        let mut report = Report::with_bounds(3);
        report.figure("time", "1 s");
        report.at_least("ratio", 2.0, 2.0);
        assert!(report.held());
        assert_eq!(
            report.verdict(),
            "the one bound held (measured 1 of 3 bounds)"
        );
        report.below("  p99", 25.0, 25.0, "ms");
        report.at_most_as("lone", "1 ms".to_owned(), 1.0, 1.0, "ms");
        assert!(!report.held());
        assert_eq!(report.verdict(), "2 of 3 bounds held; missed: p99");
    }
}
