//! Whole programmes: concerts with their dates and seats, as the operator's lists have them.

use std::collections::HashMap;

use async_trait::async_trait;
use time::OffsetDateTime;

use super::{Concert, NewSchedule, Schedule, SeatPlan, ShortText};
use crate::{
    id::{ConcertId, IdGenerator, ScheduleId, SeatId},
    money::Money,
    operators::Operator,
    seats::{Seat, SeatStatus},
    storage::StorageError,
};

/// A concert with all its dates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Show {
    /// The name by which the operator's own lists know it. A concert that has none is known by its id,
    /// and one that is wished for without any is always a new one.
    pub key: Option<ShortText>,
    /// What it is called.
    pub title: ShortText,
    /// Where it is.
    pub venue: ShortText,
    /// When it is played.
    pub dates: Vec<ShowDate>,
}

/// One date of a [`Show`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShowDate {
    /// When it starts.
    pub starts_at: OffsetDateTime,
    /// When its sales open; `None`: at once.
    pub sales_open_at: Option<OffsetDateTime>,
    /// Its seats.
    pub plan: SeatPlan,
}

impl ShowDate {
    /// The schedule that this date makes, with all its seats available.
    pub fn schedule(&self, concert_id: ConcertId, ids: &dyn IdGenerator) -> NewSchedule {
        let id = ScheduleId::new(ids.next());
        let seat = |(number, grade, price): (_, &ShortText, Money)| Seat {
            id: SeatId::new(ids.next()),
            number,
            grade: grade.as_str().to_owned(),
            price,
            status: SeatStatus::Available,
        };
        let seats: Vec<_> = self.plan.seats().map(seat).collect();
        let total_seats = u32::try_from(seats.len()).unwrap_or(u32::MAX);
        let schedule = Schedule {
            id,
            concert_id,
            starts_at: self.starts_at,
            sales_open_at: self.sales_open_at,
            total_seats,
            remaining_seats: total_seats,
            sold_seats: 0,
        };
        NewSchedule { schedule, seats }
    }

    fn is(&self, other: &Self) -> bool {
        (self.starts_at, self.sales_open_at) == (other.starts_at, other.sales_open_at)
            && self.plan.seats().eq(other.plan.seats())
    }
}

/// A concert that is there already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownShow {
    /// Which.
    pub id: ConcertId,
    /// What it is like.
    pub show: Show,
}

impl KnownShow {
    /// By what a list names it: its key, or else its id.
    pub fn name(&self) -> String {
        let key = self.show.key.as_ref();
        key.map_or_else(|| self.id.to_string(), |key| key.as_str().to_owned())
    }
}

/// What has to be added so that everything wished for is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Additions {
    /// New concerts, with their keys.
    pub concerts: Vec<(Concert, Option<ShortText>)>,
    /// New dates, of these concerts and of those that were there.
    pub schedules: Vec<NewSchedule>,
    /// How many dates were there already.
    pub found: usize,
}

/// Where a wish contradicts what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clash {
    /// Which show of the list, from 0.
    pub show: usize,
    /// What is different.
    pub difference: Difference,
}

/// What is different.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Difference {
    /// The title.
    Title,
    /// The venue.
    Venue,
    /// The seats, or the opening of sales, of this date of the show, from 0.
    Date(usize),
}

/// Compares a list with what is there. Nothing that is there is ever changed by a list: what is the
/// same is left alone, and what is different is a [`Clash`].
///
/// # Errors
///
/// All that clashes, if anything does: then nothing is to be added.
pub fn additions(
    known: &[KnownShow],
    wished: &[Show],
    ids: &dyn IdGenerator,
) -> Result<Additions, Vec<Clash>> {
    let known: HashMap<_, _> = known.iter().map(|known| (known.name(), known)).collect();
    let (mut additions, mut clashes) = (Additions::default(), Vec::new());
    for (at, show) in wished.iter().enumerate() {
        let there = show.key.as_ref().and_then(|key| known.get(key.as_str()));
        let (id, dates): (_, &[ShowDate]) = match there {
            None => (additions.add(show, ids), &[]),
            Some(there) => {
                clashes.extend(differences(&there.show, show).map(|difference| Clash {
                    show: at,
                    difference,
                }));
                (there.id, &there.show.dates)
            }
        };
        let missing = missing(dates, &show.dates);
        clashes.extend(missing.clashes.iter().map(|date| Clash {
            show: at,
            difference: Difference::Date(*date),
        }));
        additions.found += show.dates.len() - missing.dates.len();
        let new = missing.dates.iter().map(|date| date.schedule(id, ids));
        additions.schedules.extend(new);
    }
    if clashes.is_empty() {
        Ok(additions)
    } else {
        Err(clashes)
    }
}

impl Additions {
    fn add(&mut self, show: &Show, ids: &dyn IdGenerator) -> ConcertId {
        let id = ConcertId::new(ids.next());
        let concert = Concert {
            id,
            title: show.title.clone(),
            venue: show.venue.clone(),
        };
        self.concerts.push((concert, show.key.clone()));
        id
    }
}

fn differences(there: &Show, wished: &Show) -> impl Iterator<Item = Difference> + use<> {
    let title = (there.title != wished.title).then_some(Difference::Title);
    let venue = (there.venue != wished.venue).then_some(Difference::Venue);
    title.into_iter().chain(venue)
}

struct Missing<'a> {
    dates: Vec<&'a ShowDate>,
    /// Which of the wished dates start when another one does that is not wished for.
    clashes: Vec<usize>,
}

/// Two dates of a concert may start at the same time, so each one that is there stands for one wish.
fn missing<'a>(there: &[ShowDate], wished: &'a [ShowDate]) -> Missing<'a> {
    let mut there: Vec<_> = there.iter().collect();
    let mut rest = Vec::new();
    for (at, date) in wished.iter().enumerate() {
        match there.iter().position(|there| there.is(date)) {
            Some(same) => drop(there.swap_remove(same)),
            None => rest.push((at, date)),
        }
    }
    let is_taken = |date: &ShowDate| there.iter().any(|there| there.starts_at == date.starts_at);
    let (clashes, new): (Vec<_>, Vec<_>) = rest.into_iter().partition(|(_, date)| is_taken(date));
    Missing {
        dates: new.into_iter().map(|(_, date)| date).collect(),
        clashes: clashes.into_iter().map(|(at, _)| at).collect(),
    }
}

/// What importing a list did, or would do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Concerts that were added.
    pub concerts: usize,
    /// Dates that were added.
    pub dates: usize,
    /// Seats of these dates.
    pub seats: usize,
    /// Dates that were there already.
    pub found: usize,
}

impl From<&Additions> for Imported {
    fn from(additions: &Additions) -> Self {
        Self {
            concerts: additions.concerts.len(),
            dates: additions.schedules.len(),
            seats: additions.schedules.iter().map(|new| new.seats.len()).sum(),
            found: additions.found,
        }
    }
}

/// Carries whole programmes in and out.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait Programmes: Send + Sync {
    /// Adds what [`additions`] says, all of it or nothing; with `only_check` nothing in any case.
    async fn import(
        &self,
        operator: Operator,
        shows: Vec<Show>,
        only_check: bool,
    ) -> Result<Result<Imported, Vec<Clash>>, StorageError>;
    /// All concerts with their dates and seats, oldest first.
    async fn export(&self) -> Result<Vec<KnownShow>, StorageError>;
}

#[cfg(test)]
mod tests;
