//! From lines to shows: what belongs together, and whether a hall can have it.
//!
//! A line is one block of seats, with what it says of its concert and its date. Tables have them as
//! they are; JSON is made into them.

use std::collections::HashMap;

use domain::catalogue::{InvalidPlan, SeatBlock, SeatPlan, ShortText, Show, ShowDate};
use time::OffsetDateTime;

use super::cell::{Cell, Column, Fault, Place};

/// One line, by its columns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    cells: [Cell; Column::ALL.len()],
}

impl Line {
    /// Puts a value into its column.
    pub fn set(&mut self, column: Column, cell: Cell) {
        self.cells[column as usize] = cell;
    }

    /// The value of a column.
    pub fn cell(&self, column: Column) -> &Cell {
        &self.cells[column as usize]
    }
}

/// Where a show and its dates are written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    pub show: Place,
    pub dates: Vec<Place>,
}

/// What a list says, with the places where it does.
pub type List = (Vec<Show>, Vec<Written>);

/// A concert in the making.
struct Gathered {
    key: Option<ShortText>,
    title: ShortText,
    venue: ShortText,
    place: Place,
    dates: Vec<Dated>,
    found: HashMap<(OffsetDateTime, String), usize>,
}

/// A date in the making.
struct Dated {
    starts_at: OffsetDateTime,
    sales_open_at: Option<OffsetDateTime>,
    place: Place,
    blocks: Vec<(Place, Option<SeatBlock>)>,
}

/// Reads all lines. Those of one concert have the same key or, without one, the same title and venue;
/// those of one date also start at the same time and have the same `date_key`. A line without any
/// date is a concert that has none.
///
/// # Errors
///
/// All that is wrong, in the order of the lines.
pub fn gather(lines: &[Line]) -> Result<List, Vec<Fault>> {
    let (mut shows, mut found) = (Vec::new(), HashMap::new());
    let (mut list, mut faults) = (List::default(), Vec::new());
    for line in lines {
        if let Err(more) = take(line, &mut shows, &mut found) {
            faults.extend(more);
        }
    }
    for gathered in shows {
        let (show, written) = gathered.finish(&mut faults);
        list.0.push(show);
        list.1.push(written);
    }
    if faults.is_empty() {
        return Ok(list);
    }
    faults.sort_by_key(|fault| (fault.place.line, fault.place.column));
    Err(faults)
}

impl Gathered {
    /// The show, without the dates whose seats contradict each other.
    fn finish(self, faults: &mut Vec<Fault>) -> (Show, Written) {
        let mut written = Written {
            show: self.place,
            dates: Vec::new(),
        };
        let mut dates = Vec::new();
        for date in self.dates {
            written.dates.push(date.place);
            match plan(&date.blocks) {
                Err(fault) => faults.push(fault),
                Ok(plan) => dates.push(ShowDate {
                    starts_at: date.starts_at,
                    sales_open_at: date.sales_open_at,
                    plan,
                }),
            }
        }
        let show = Show {
            key: self.key,
            title: self.title,
            venue: self.venue,
            dates,
        };
        (show, written)
    }
}

type Name = (Option<String>, String, String);

fn take(
    line: &Line,
    shows: &mut Vec<Gathered>,
    found: &mut HashMap<Name, usize>,
) -> Result<(), Vec<Fault>> {
    let mut faults = Vec::new();
    let mut good = |fault| faults.push(fault);
    let key = optional(line, Column::Key, Cell::text).map_err(&mut good);
    let title = line
        .cell(Column::Title)
        .text(Column::Title)
        .map_err(&mut good);
    let venue = line
        .cell(Column::Venue)
        .text(Column::Venue)
        .map_err(&mut good);
    let opens = optional(line, Column::SalesOpenAt, Cell::time).map_err(&mut good);
    let block = block(line).map_err(|more| more.into_iter().for_each(&mut good));
    let has_date = !DATED.iter().all(|column| line.cell(*column).is_empty());
    let starts = has_date.then(|| line.cell(Column::StartsAt).time(Column::StartsAt));
    let starts = starts.transpose().map_err(&mut good);
    let (Ok(key), Ok(title), Ok(venue), Ok(starts_at), Ok(opens), Ok(block)) =
        (key, title, venue, starts, opens, block)
    else {
        return Err(faults);
    };
    let show = show_of(line, key, title, venue, shows, found).map_err(|fault| vec![fault])?;
    if let Some(starts_at) = starts_at {
        let date = date_of(line, starts_at, opens, show).map_err(|fault| vec![fault])?;
        date.blocks.push((line.cell(Column::Grade).place, block));
    }
    Ok(())
}

/// What a line about a date has any of.
const DATED: [Column; 6] = [
    Column::StartsAt,
    Column::SalesOpenAt,
    Column::Grade,
    Column::Price,
    Column::From,
    Column::To,
];

fn optional<T>(
    line: &Line,
    column: Column,
    read: impl FnOnce(&Cell, Column) -> Result<T, Fault>,
) -> Result<Option<T>, Fault> {
    let cell = line.cell(column);
    if cell.is_empty() {
        return Ok(None);
    }
    read(cell, column).map(Some)
}

/// The seats of a line; `None` when it has none at all, which stands for the usual fifty.
fn block(line: &Line) -> Result<Option<SeatBlock>, Vec<Fault>> {
    let columns = [Column::Grade, Column::Price, Column::From, Column::To];
    if columns.iter().all(|column| line.cell(*column).is_empty()) {
        return Ok(None);
    }
    let cell = |column| line.cell(column);
    let grade = cell(Column::Grade).text(Column::Grade);
    let price = cell(Column::Price).price(Column::Price);
    let from = cell(Column::From).number(Column::From);
    let to = cell(Column::To).number(Column::To);
    match (grade, price, from, to) {
        (Ok(grade), Ok(price), Ok(from), Ok(to)) if from <= to => Ok(Some(SeatBlock {
            grade,
            price,
            from,
            to,
        })),
        (Ok(_), Ok(_), Ok(from), Ok(_)) => {
            let told = format!("the last seat comes before the first: write {from} or more");
            Err(vec![cell(Column::To).fault(Column::To, told)])
        }
        (grade, price, from, to) => {
            let faults = [grade.err(), price.err(), from.err(), to.err()];
            Err(faults.into_iter().flatten().collect())
        }
    }
}

fn show_of<'a>(
    line: &Line,
    key: Option<ShortText>,
    title: ShortText,
    venue: ShortText,
    shows: &'a mut Vec<Gathered>,
    found: &mut HashMap<Name, usize>,
) -> Result<&'a mut Gathered, Fault> {
    let name = match &key {
        Some(key) => (Some(key.as_str().to_owned()), String::new(), String::new()),
        None => (None, title.as_str().to_owned(), venue.as_str().to_owned()),
    };
    let at = *found.entry(name).or_insert(shows.len());
    if at == shows.len() {
        shows.push(Gathered {
            key,
            title,
            venue,
            place: line.cell(Column::Title).place,
            dates: Vec::new(),
            found: HashMap::new(),
        });
        return Ok(&mut shows[at]);
    }
    let show = &mut shows[at];
    for (column, new, old) in [
        (Column::Title, &title, &show.title),
        (Column::Venue, &venue, &show.venue),
    ] {
        if new != old {
            let (old, first) = (old.as_str(), show.place.line);
            let told = format!("line {first} says {old:?} of the same concert: write the same");
            return Err(line.cell(column).fault(column, told));
        }
    }
    Ok(show)
}

fn date_of<'a>(
    line: &Line,
    starts_at: OffsetDateTime,
    sales_open_at: Option<OffsetDateTime>,
    show: &'a mut Gathered,
) -> Result<&'a mut Dated, Fault> {
    let opens = line.cell(Column::SalesOpenAt);
    if sales_open_at.is_some_and(|opens| opens > starts_at) {
        let told = "sales open after the concert has begun: write an earlier time";
        return Err(opens.fault(Column::SalesOpenAt, told));
    }
    let name = line.cell(Column::DateKey).text.trim().to_owned();
    let at = *show
        .found
        .entry((starts_at, name))
        .or_insert(show.dates.len());
    if at == show.dates.len() {
        show.dates.push(Dated {
            starts_at,
            sales_open_at,
            place: line.cell(Column::StartsAt).place,
            blocks: Vec::new(),
        });
    }
    let date = &mut show.dates[at];
    if date.sales_open_at != sales_open_at {
        let first = date.place.line;
        let told = format!("line {first} says otherwise of the same date: write the same");
        let column = Column::SalesOpenAt;
        return Err(line.cell(Column::StartsAt).fault(column, told));
    }
    Ok(date)
}

/// The seats of a date. Should they contradict each other, the first block that does is named.
fn plan(blocks: &[(Place, Option<SeatBlock>)]) -> Result<SeatPlan, Fault> {
    let fault = |place: Place, told: &str| Fault {
        place,
        column: None,
        told: told.to_owned(),
    };
    let given: Vec<_> = blocks
        .iter()
        .filter_map(|(_, block)| block.clone())
        .collect();
    if given.is_empty() && blocks.len() == 1 {
        return Ok(SeatPlan::standard());
    }
    if let Some((place, _)) = blocks.iter().find(|(_, block)| block.is_none()) {
        let told = "this date has other lines: write the seats (grade, price, from and to)";
        return Err(fault(*place, told));
    }
    SeatPlan::new(given.clone()).map_err(|invalid| {
        let told = match invalid {
            InvalidPlan::Overlap => {
                "some of these seats are in an earlier line of the same date: write other numbers"
                    .to_owned()
            }
            invalid => invalid.to_string(),
        };
        fault(blocks[first_too_many(&given)].0, &told)
    })
}

/// Which block is the first that no hall can have with those before it. With more blocks there is
/// never less to complain about, so halving finds it.
fn first_too_many(blocks: &[SeatBlock]) -> usize {
    let (mut good, mut bad) = (0, blocks.len());
    while bad - good > 1 {
        let middle = usize::midpoint(good, bad);
        match SeatPlan::new(blocks[..middle].to_vec()) {
            Ok(_) => good = middle,
            Err(_) => bad = middle,
        }
    }
    bad.saturating_sub(1)
}

#[cfg(test)]
mod tests;
