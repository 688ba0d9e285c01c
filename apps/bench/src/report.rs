//! What was measured, as a table for people and as a file for `docs/bench`.

use std::{fmt::Write, path::Path};

use anyhow::Result;
use tokio_postgres::Client;

/// A figure and, where one was promised, its bound.
pub struct Figure {
    /// What was measured.
    pub name: String,
    /// The value with its unit.
    pub value: String,
    /// What it has to be, and whether it is.
    pub bound: Option<(String, bool)>,
}

/// All figures of a run.
#[derive(Default)]
pub struct Report {
    figures: Vec<Figure>,
}

impl Report {
    /// Adds a figure without a bound.
    pub fn figure(&mut self, name: &str, value: impl Into<String>) {
        self.add(name, value.into(), None);
    }

    /// Adds a ratio that has to be at least `bound`.
    pub fn at_least(&mut self, name: &str, ratio: f64, bound: f64) {
        let promised = (format!("at least {bound}"), ratio >= bound);
        self.add(name, format!("{ratio:.2}"), Some(promised));
    }

    /// Adds a value that has to be below `bound`.
    pub fn below(&mut self, name: &str, value: f64, bound: f64, unit: &str) {
        let promised = (format!("below {bound} {unit}"), value < bound);
        self.add(name, format!("{value:.1} {unit}"), Some(promised));
    }

    fn add(&mut self, name: &str, value: String, bound: Option<(String, bool)>) {
        let verdict = match &bound {
            Some((bound, true)) => format!("   {bound}: held"),
            Some((bound, false)) => format!("   {bound}: MISSED"),
            None => String::new(),
        };
        crate::say(&format!("{name:<58} {value:>22}{verdict}"));
        self.figures.push(Figure {
            name: name.to_owned(),
            value,
            bound,
        });
    }

    /// Whether every bound held.
    pub fn held(&self) -> bool {
        self.figures
            .iter()
            .all(|figure| figure.bound.as_ref().is_none_or(|(_, held)| *held))
    }

    /// The last line of a run: which bounds held.
    pub fn verdict(&self) -> String {
        let bounds = || {
            self.figures
                .iter()
                .filter_map(|f| f.bound.as_ref().map(|b| (&f.name, b)))
        };
        let missed: Vec<_> = bounds()
            .filter(|(_, b)| !b.1)
            .map(|(name, _)| name.as_str())
            .collect();
        let all = bounds().count();
        if missed.is_empty() {
            format!("all {all} bounds held")
        } else {
            format!(
                "{} of {all} bounds held; missed: {}",
                all - missed.len(),
                missed.join(", ")
            )
        }
    }

    /// Writes the run down as Markdown.
    pub fn write(&self, file: &Path, title: &str, machine: &str) -> Result<()> {
        let mut text = format!(
            "# {title}\n\n{machine}\n\n| | measured | bound | |\n| --- | ---: | --- | --- |\n"
        );
        for Figure { name, value, bound } in &self.figures {
            let (bound, held) = match bound {
                Some((bound, held)) => (bound.as_str(), if *held { "held" } else { "missed" }),
                None => ("", ""),
            };
            writeln!(text, "| {name} | {value} | {bound} | {held} |")?;
        }
        writeln!(text, "\n{}.", self.verdict())?;
        if let Some(directory) = file.parent() {
            std::fs::create_dir_all(directory)?;
        }
        std::fs::write(file, text)?;
        Ok(())
    }
}

/// What it was measured on.
pub async fn machine(client: &Client) -> Result<String> {
    let version: String = client.query_one("SELECT version()", &[]).await?.get(0);
    let settings = "SELECT string_agg(name || ' = ' || setting, ', ' ORDER BY name) FROM pg_settings \
        WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit', 'shared_buffers')";
    let settings: String = client.query_one(settings, &[]).await?.get(0);
    let day: String = client
        .query_one("SELECT current_date::text", &[])
        .await?
        .get(0);
    let cores = std::thread::available_parallelism()?;
    let server = env!("CARGO_PKG_VERSION");
    Ok(format!(
        "Boxoffice {server}, {day}, {cores} cores for everything. {version}; {settings}."
    ))
}
