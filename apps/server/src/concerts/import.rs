//! `boxoffice concerts import`

use std::{
    fs,
    io::{Read, Write, stdin, stdout},
    path::Path,
    process::ExitCode,
};

use adapters_postgres::{Database, schema_state};
use anyhow::{Context, Result, ensure};
use domain::{
    catalogue::{Clash, Difference, Imported, Programmes, Show},
    operators::Operator,
};

use super::{
    Format, STANDARD,
    cell::{Column, Fault},
    counted, csv,
    export::programmes,
    json,
    list::{List, Written, gather},
};
use crate::{
    cli::Import,
    database::{self, Opened, unreachable},
    migrate::migrate,
    progress::Progress,
};

/// What the log calls this.
const COMMAND: Operator = Operator::command("boxoffice concerts import");
/// How many faults are told: whoever has more has made the same one again and again.
const TOLD: usize = 20;

/// Runs the command; exit code 1 when something is wrong with the list.
pub async fn import(options: &Import) -> Result<ExitCode> {
    let file = options.file.as_path();
    let format = options.format.or_else(|| Format::of(file));
    let format = format.context(
        "it cannot be seen from its name how the list is written: say --format csv or --format json",
    )?;
    let (shows, written) = match read(file, format)? {
        Ok(list) => list,
        Err(faults) => return Ok(refuse(file, &faults)),
    };
    let opened = Opened::for_command(&options.location).await?;
    let imported = database::with(opened, async |database| {
        store(&database, shows, options.check).await
    });
    match imported.await? {
        Ok(imported) => {
            writeln!(stdout(), "{}", told(imported, options.check))?;
            Ok(ExitCode::SUCCESS)
        }
        Err(clashes) => {
            let faults: Vec<_> = clashes
                .iter()
                .map(|clash| fault(*clash, &written))
                .collect();
            Ok(refuse(file, &faults))
        }
    }
}

fn read(file: &Path, format: Format) -> Result<Result<List, Vec<Fault>>> {
    let text = if file == Path::new(STANDARD) {
        let mut text = Vec::new();
        stdin()
            .read_to_end(&mut text)
            .context("cannot read the list")?;
        text
    } else {
        fs::read(file).with_context(|| format!("cannot read {}", file.display()))?
    };
    let lines = match format {
        Format::Csv => csv::read(&text),
        Format::Json => json::read(&text),
    };
    Ok(lines.and_then(|lines| gather(&lines)))
}

async fn store(
    database: &Database,
    shows: Vec<Show>,
    only_check: bool,
) -> Result<Result<Imported, Vec<Clash>>> {
    if only_check {
        let state = schema_state(database).await.map_err(unreachable)?;
        ensure!(
            state.pending.is_empty(),
            "the tables are missing or old: run `boxoffice migrate` first, as a check changes nothing"
        );
    } else {
        migrate(database).await?;
    }
    let _line = Progress::of(format!("adding {}", counted(shows.len(), "concert")));
    let imported = programmes(database)
        .await?
        .import(COMMAND, shows, only_check)
        .await;
    imported
        .map_err(unreachable)
        .context("the concerts could not be added")
}

fn told(imported: Imported, only_check: bool) -> String {
    let Imported {
        concerts,
        dates,
        seats,
        found,
    } = imported;
    let verb = if only_check { "would add" } else { "added" };
    let (concerts, dates) = (counted(concerts, "concert"), counted(dates, "date"));
    let seats = counted(seats, "seat");
    let told = format!("{verb} {concerts} and {dates} with {seats}");
    match found {
        0 => told,
        1 => format!("{told}; 1 date that is the same was there already"),
        _ => format!("{told}; {found} dates that are the same were there already"),
    }
}

fn refuse(file: &Path, faults: &[Fault]) -> ExitCode {
    let name = if file == Path::new(STANDARD) {
        "the list".to_owned()
    } else {
        file.display().to_string()
    };
    for fault in faults.iter().take(TOLD) {
        eprintln!("{name}, {fault}");
    }
    if faults.len() > TOLD {
        eprintln!("… and {} more", faults.len() - TOLD);
    }
    let faults = counted(faults.len(), "fault");
    eprintln!("boxoffice: nothing was added, as there is something to correct: {faults}");
    ExitCode::FAILURE
}

/// Where a list contradicts the database, and what to do about it.
fn fault(clash: Clash, written: &[Written]) -> Fault {
    let there = "a concert with this key is there already, with another";
    let same = "write the same, or another key for another concert";
    let written = &written[clash.show];
    let (place, column, told) = match clash.difference {
        Difference::Title => (
            written.show,
            Some(Column::Title),
            format!("{there} title: {same}"),
        ),
        Difference::Venue => (
            written.show,
            Some(Column::Venue),
            format!("{there} venue: {same}"),
        ),
        Difference::Date(date) => (
            written.dates[date],
            Some(Column::StartsAt),
            "this concert has a date at this time already, with other seats, prices or opening of \
             sales: a list changes nothing that is there, so leave it out or write the same"
                .to_owned(),
        ),
    };
    Fault {
        place,
        column,
        told,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_added_is_told_in_a_sentence() {
        let imported = Imported {
            concerts: 1,
            dates: 2,
            seats: 100,
            found: 3,
        };
        assert_eq!(
            told(imported, false),
            "added 1 concert and 2 dates with 100 seats; 3 dates that are the same were there already"
        );
        assert_eq!(
            told(Imported::default(), true),
            "would add 0 concerts and 0 dates with 0 seats"
        );
    }
}
