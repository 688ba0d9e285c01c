//! Lists as JSON: the same as tables, nested, and made into the same lines.

use std::io::Write;

use anyhow::Result;
use domain::catalogue::{KnownShow, ShowDate};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use time::OffsetDateTime;

use super::{
    cell::{Cell, Column, Fault, Place},
    list::Line,
};

// Values stay as they were written, so that each is judged where it stands.
type Raw<'a> = Option<&'a RawValue>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File<'a> {
    #[serde(borrow)]
    concerts: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Concert<'a> {
    #[serde(borrow)]
    key: Raw<'a>,
    #[serde(borrow)]
    title: Raw<'a>,
    #[serde(borrow)]
    venue: Raw<'a>,
    #[serde(borrow, default)]
    dates: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Date<'a> {
    #[serde(borrow)]
    starts_at: Raw<'a>,
    #[serde(borrow)]
    sales_open_at: Raw<'a>,
    #[serde(borrow, default)]
    seats: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Block<'a> {
    #[serde(borrow)]
    grade: Raw<'a>,
    #[serde(borrow)]
    price: Raw<'a>,
    #[serde(borrow)]
    from: Raw<'a>,
    #[serde(borrow)]
    to: Raw<'a>,
}

/// Reads a list.
pub fn read(bytes: &[u8]) -> Result<Vec<Line>, Vec<Fault>> {
    let text = std::str::from_utf8(bytes).map_err(|_| {
        let told = "this is not UTF-8: save the file as UTF-8";
        vec![Fault {
            place: Place::default(),
            column: None,
            told: told.to_owned(),
        }]
    })?;
    let mut reading = Reading::of(text);
    match serde_json::from_str::<&RawValue>(text) {
        Ok(all) => reading.file(all),
        Err(error) => reading.faults.push(fault(&error, Place::default())),
    }
    if reading.faults.is_empty() {
        Ok(reading.lines)
    } else {
        Err(reading.faults)
    }
}

struct Reading<'a> {
    text: &'a str,
    /// Where each line begins.
    starts: Vec<usize>,
    dates: usize,
    lines: Vec<Line>,
    faults: Vec<Fault>,
}

impl<'a> Reading<'a> {
    fn of(text: &'a str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        Self {
            text,
            starts: [0]
                .into_iter()
                .chain(breaks.map(|(at, _)| at + 1))
                .collect(),
            dates: 0,
            lines: Vec::new(),
            faults: Vec::new(),
        }
    }

    fn file(&mut self, all: &'a RawValue) {
        let Some(file) = self.part::<File<'_>>(all) else {
            return;
        };
        for raw in file.concerts {
            let Some(concert) = self.part::<Concert<'_>>(raw) else {
                continue;
            };
            let mut line = Line::default();
            self.set(&mut line, raw, Column::Key, concert.key);
            self.set(&mut line, raw, Column::Title, concert.title);
            self.set(&mut line, raw, Column::Venue, concert.venue);
            if concert.dates.is_empty() {
                self.lines.push(line.clone());
            }
            for raw in concert.dates {
                self.date(line.clone(), raw);
            }
        }
    }

    fn date(&mut self, mut line: Line, raw: &'a RawValue) {
        let Some(date) = self.part::<Date<'_>>(raw) else {
            return;
        };
        // Each date of a list is one of its own, also when another one starts at the same time.
        self.dates += 1;
        let (text, place) = (self.dates.to_string(), self.place(raw));
        line.set(Column::DateKey, Cell { text, place });
        self.set(&mut line, raw, Column::StartsAt, date.starts_at);
        self.set(&mut line, raw, Column::SalesOpenAt, date.sales_open_at);
        if date.seats.is_empty() {
            self.lines.push(line.clone());
        }
        for raw in date.seats {
            let Some(block) = self.part::<Block<'_>>(raw) else {
                continue;
            };
            let mut line = line.clone();
            self.set(&mut line, raw, Column::Grade, block.grade);
            self.set(&mut line, raw, Column::Price, block.price);
            self.set(&mut line, raw, Column::From, block.from);
            self.set(&mut line, raw, Column::To, block.to);
            self.lines.push(line);
        }
    }

    /// Reads the members of an object, which are judged later.
    fn part<T: Deserialize<'a>>(&mut self, raw: &'a RawValue) -> Option<T> {
        let read = serde_json::from_str(raw.get());
        read.map_err(|error| self.faults.push(fault(&error, self.place(raw))))
            .ok()
    }

    /// A value that is missing stands where its object does.
    fn set(&self, line: &mut Line, object: &'a RawValue, column: Column, raw: Raw<'a>) {
        let text = raw.map_or(String::new(), |raw| {
            serde_json::from_str(raw.get()).unwrap_or_else(|_| raw.get().to_owned())
        });
        let place = self.place(raw.unwrap_or(object));
        line.set(column, Cell { text, place });
    }

    fn place(&self, raw: &RawValue) -> Place {
        let at = raw.get().as_ptr().addr() - self.text.as_ptr().addr();
        let line = self.starts.partition_point(|start| *start <= at);
        let column = at - self.starts[line - 1] + 1;
        Place {
            line: line as u64,
            column: Some(column as u64),
        }
    }
}

/// What serde says, at the place where it says it within the part that begins at `start`.
fn fault(error: &serde_json::Error, start: Place) -> Fault {
    let (line, column) = (error.line() as u64, error.column() as u64);
    let before = if line <= 1 {
        start.column.unwrap_or(1)
    } else {
        1
    };
    let told = error.to_string();
    let told = told.split(" at line ").next().unwrap_or_default();
    Fault {
        place: Place {
            line: start.line.max(1) + line.max(1) - 1,
            column: Some(before + column.max(1) - 1),
        },
        column: None,
        told: format!("{told} (see examples/concerts.json)"),
    }
}

#[derive(Serialize)]
struct FileOut<'a> {
    concerts: Vec<ConcertOut<'a>>,
}

#[derive(Serialize)]
struct ConcertOut<'a> {
    key: String,
    title: &'a str,
    venue: &'a str,
    dates: Vec<DateOut<'a>>,
}

#[derive(Serialize)]
struct DateOut<'a> {
    #[serde(with = "time::serde::rfc3339")]
    starts_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339::option")]
    #[serde(skip_serializing_if = "Option::is_none")]
    sales_open_at: Option<OffsetDateTime>,
    seats: Vec<BlockOut<'a>>,
}

#[derive(Serialize)]
struct BlockOut<'a> {
    grade: &'a str,
    price: i64,
    from: u32,
    to: u32,
}

/// Writes a list.
pub fn write(shows: &[KnownShow], mut to: impl Write) -> Result<()> {
    let concerts = shows.iter().map(|known| ConcertOut {
        key: known.name(),
        title: known.show.title.as_str(),
        venue: known.show.venue.as_str(),
        dates: known.show.dates.iter().map(date_out).collect(),
    });
    let concerts = concerts.collect();
    serde_json::to_writer_pretty(&mut to, &FileOut { concerts })?;
    writeln!(to)?;
    Ok(())
}

fn date_out(date: &ShowDate) -> DateOut<'_> {
    let blocks = date.plan.blocks().iter().map(|block| BlockOut {
        grade: block.grade.as_str(),
        price: block.price.get(),
        from: block.from.get(),
        to: block.to.get(),
    });
    DateOut {
        starts_at: date.starts_at,
        sales_open_at: date.sales_open_at,
        seats: blocks.collect(),
    }
}
