//! `boxoffice concerts export`

use std::{
    collections::HashMap,
    fs::File,
    io::{BufWriter, Write, stdout},
    path::Path,
    process::ExitCode,
};

use adapters_postgres::{Database, PgClock, PgProgrammes};
use anyhow::{Context, Result};
use domain::catalogue::{KnownShow, Programmes, ShowDate};
use std::sync::Arc;
use time::format_description::well_known::Rfc3339;

use super::{
    Format, STANDARD,
    cell::{Cell, Column},
    counted, csv, json,
    list::Line,
};
use crate::{
    cli::Export,
    database::{self, Opened, unreachable},
    ids::UuidV7Ids,
    progress::Progress,
};

/// Runs the command.
pub async fn export(options: &Export) -> Result<ExitCode> {
    let opened = Opened::existing(&options.location).await?;
    let shows = database::with(opened, async |database| {
        let _line = Progress::of("reading concerts");
        let read = programmes(&database).await?.export().await;
        read.map_err(unreachable).context(
            "the concerts could not be read (if the tables are old, run `boxoffice migrate`)",
        )
    });
    let shows = shows.await?;
    let file = options.file.as_path();
    let format = options.format.or_else(|| Format::of(file));
    let format = format.unwrap_or(Format::Csv);
    if file == Path::new(STANDARD) {
        write(&shows, format, stdout().lock())?;
        return Ok(ExitCode::SUCCESS);
    }
    let failed = || format!("cannot write {}", file.display());
    let written = File::create(file).with_context(failed)?;
    write(&shows, format, BufWriter::new(written)).with_context(failed)?;
    let dates = shows.iter().map(|known| known.show.dates.len()).sum();
    eprintln!(
        "wrote {} on {} to {}",
        counted(shows.len(), "concert"),
        counted(dates, "date"),
        file.display()
    );
    Ok(ExitCode::SUCCESS)
}

/// The programme of a database. What is added to it gets ids by the database's time.
pub async fn programmes(database: &Database) -> Result<PgProgrammes> {
    let clock = PgClock::ask(database).await.map_err(unreachable)?;
    let clock = Arc::new(clock);
    let ids = Arc::new(UuidV7Ids::new(clock.clone()));
    Ok(PgProgrammes::new(database.clone(), clock, ids))
}

fn write(shows: &[KnownShow], format: Format, to: impl Write) -> Result<()> {
    match format {
        Format::Csv => csv::write(&lines(shows)?, to),
        Format::Json => json::write(shows, to),
    }
}

/// A line for each block of seats.
pub fn lines(shows: &[KnownShow]) -> Result<Vec<Line>> {
    let mut lines = Vec::new();
    for known in shows {
        let mut line = Line::default();
        set(&mut line, Column::Key, known.name());
        set(&mut line, Column::Title, known.show.title.as_str());
        set(&mut line, Column::Venue, known.show.venue.as_str());
        if known.show.dates.is_empty() {
            lines.push(line.clone());
        }
        let mut starts = HashMap::new();
        for date in &known.show.dates {
            let same: &mut usize = starts.entry(date.starts_at).or_default();
            *same += 1;
            // Only needed where two dates start at the same time.
            let key = if *same > 1 {
                same.to_string()
            } else {
                String::new()
            };
            set(&mut line, Column::DateKey, key);
            add(&mut lines, &line, date)?;
        }
    }
    Ok(lines)
}

fn add(lines: &mut Vec<Line>, of: &Line, date: &ShowDate) -> Result<()> {
    let mut line = of.clone();
    set(
        &mut line,
        Column::StartsAt,
        date.starts_at.format(&Rfc3339)?,
    );
    if let Some(opens) = date.sales_open_at {
        set(&mut line, Column::SalesOpenAt, opens.format(&Rfc3339)?);
    }
    for block in date.plan.blocks() {
        set(&mut line, Column::Grade, block.grade.as_str());
        set(&mut line, Column::Price, block.price.get().to_string());
        set(&mut line, Column::From, block.from.to_string());
        set(&mut line, Column::To, block.to.to_string());
        lines.push(line.clone());
    }
    Ok(())
}

fn set(line: &mut Line, column: Column, text: impl Into<String>) {
    let text = text.into();
    line.set(
        column,
        Cell {
            text,
            ..Cell::default()
        },
    );
}
