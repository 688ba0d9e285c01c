//! Lists as tables.

use std::io::Write;

use anyhow::Result;
use csv::{ErrorKind, ReaderBuilder, StringRecord, Trim, Writer};

use super::{
    cell::{Cell, Column, Fault, Place},
    list::Line,
};

/// Reads a table whose first line names the columns, in any order.
pub fn read(text: &[u8]) -> Result<Vec<Line>, Vec<Fault>> {
    let mut reader = ReaderBuilder::new().trim(Trim::All).from_reader(text);
    let header = reader.headers().map_err(|error| vec![broken(&error)])?;
    let columns = columns(header)?;
    let (mut lines, mut faults) = (Vec::new(), Vec::new());
    for record in reader.records() {
        match record {
            Ok(record) => lines.push(line(&record, &columns)),
            Err(error) => faults.push(broken(&error)),
        }
    }
    if faults.is_empty() {
        Ok(lines)
    } else {
        Err(faults)
    }
}

/// Which column each place of a line is.
fn columns(header: &StringRecord) -> Result<Vec<Column>, Vec<Fault>> {
    let names = || Column::ALL.map(Column::name).join(", ");
    let mut faults = Vec::new();
    let mut columns = Vec::new();
    for name in header {
        match Column::ALL.into_iter().find(|column| column.name() == name) {
            Some(column) if columns.contains(&column) => {
                faults.push(head(format!(
                    "the column {name} is there twice: leave one out"
                )));
            }
            Some(column) => columns.push(column),
            None => {
                let told = format!("there is no column {name:?}: write some of {}", names());
                faults.push(head(told));
            }
        }
    }
    for column in Column::ALL {
        if !column.is_optional() && !columns.contains(&column) {
            let told = format!("the column {} is missing: add it", column.name());
            faults.push(head(told));
        }
    }
    if faults.is_empty() {
        Ok(columns)
    } else {
        Err(faults)
    }
}

fn head(told: String) -> Fault {
    Fault {
        place: Place {
            line: 1,
            column: None,
        },
        column: None,
        told,
    }
}

fn line(record: &StringRecord, columns: &[Column]) -> Line {
    let place = Place {
        line: record.position().map_or(0, csv::Position::line),
        column: None,
    };
    let mut line = Line::default();
    for column in Column::ALL {
        let at = columns.iter().position(|other| *other == column);
        let text = at.and_then(|at| record.get(at)).unwrap_or_default();
        let text = text.to_owned();
        line.set(column, Cell { text, place });
    }
    line
}

fn broken(error: &csv::Error) -> Fault {
    let line = error.position().map_or(1, csv::Position::line);
    let told = match error.kind() {
        ErrorKind::Utf8 { .. } => "this is not UTF-8: save the file as CSV UTF-8".to_owned(),
        ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => format!(
            "there are {len} values for {expected_len} columns: write one each, and those with a \
             comma in them between double quotes"
        ),
        _ => format!("this is no table: {error}"),
    };
    Fault {
        place: Place { line, column: None },
        column: None,
        told,
    }
}

/// Writes a table.
pub fn write(lines: &[Line], to: impl Write) -> Result<()> {
    let mut writer = Writer::from_writer(to);
    writer.write_record(Column::ALL.map(Column::name))?;
    for line in lines {
        writer.write_record(Column::ALL.map(|column| line.cell(column).text.as_str()))?;
    }
    writer.flush()?;
    Ok(())
}
