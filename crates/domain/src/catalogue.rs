//! Concerts, their dates and their seats (SPEC rules 9 to 11).

use std::{ops::Range, sync::Arc};

use async_trait::async_trait;
use time::OffsetDateTime;

use crate::{
    clock::Clock,
    id::{ConcertId, IdGenerator, ScheduleId, SeatId},
    money::Money,
    page::{Page, PageRequest},
    seats::{Seat, SeatStatus},
    storage::StorageError,
};

mod plan;

pub use plan::{InvalidPlan, InvalidText, SeatBlock, SeatPlan, ShortText};

/// A show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Concert {
    /// Which.
    pub id: ConcertId,
    /// What it is called.
    pub title: ShortText,
    /// Where it is.
    pub venue: ShortText,
}

/// One date of a concert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Which.
    pub id: ScheduleId,
    /// Of which concert.
    pub concert_id: ConcertId,
    /// When it starts.
    pub starts_at: OffsetDateTime,
    /// When its sales open; `None`: at once.
    pub sales_open_at: Option<OffsetDateTime>,
    /// How many seats there are.
    pub total_seats: u32,
    /// How many can be held now.
    pub remaining_seats: u32,
    /// How many are sold.
    pub sold_seats: u32,
}

/// The seats of a schedule, as they are at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeatMap {
    /// Of which schedule.
    pub schedule_id: ScheduleId,
    /// When it starts.
    pub starts_at: OffsetDateTime,
    /// Every seat, by number; a hold that is over shows as available.
    pub seats: Vec<Seat>,
}

impl SeatMap {
    /// The seats as they are at `now`.
    fn at(mut self, now: OffsetDateTime) -> Self {
        for seat in &mut self.seats {
            seat.status = seat.status_at(now);
        }
        self
    }

    /// How many can be held.
    pub fn remaining(&self) -> usize {
        self.seats
            .iter()
            .filter(|seat| seat.status == SeatStatus::Available)
            .count()
    }
}

/// Why the catalogue has nothing to show.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CatalogueError {
    /// No such concert.
    #[error("no such concert")]
    ConcertNotFound,
    /// Rule 10.
    #[error("no date in the future has seats left")]
    NoAvailableDates,
    /// Rule 11.
    #[error("no such schedule, or it has no seats")]
    NoSeats,
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// A schedule to be added, with the ids of its seats.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSchedule {
    /// The schedule; all its seats remain.
    pub schedule: Schedule,
    /// Its seats, all available.
    pub seats: Vec<Seat>,
}

/// Keeps concerts, schedules and their seats.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait CatalogueStore: Send + Sync {
    /// Stores a new concert.
    async fn add_concert(&self, concert: Concert) -> Result<(), StorageError>;
    /// Stores a new schedule with its seats; `false` when there is no such concert.
    async fn add_schedule(&self, schedule: NewSchedule) -> Result<bool, StorageError>;
    /// The concerts, oldest first.
    async fn concerts(
        &self,
        page: PageRequest<ConcertId>,
    ) -> Result<Page<Concert, ConcertId>, StorageError>;
    /// The schedules of a concert that start within `span`, by start, with what remains at `now`;
    /// `None` when there is no such concert.
    async fn schedules(
        &self,
        concert: ConcertId,
        span: Range<OffsetDateTime>,
        now: OffsetDateTime,
    ) -> Result<Option<Vec<Schedule>>, StorageError>;
    /// The seats of these schedules as stored, in this order; unknown ones are left out.
    async fn seat_maps(&self, schedules: &[ScheduleId]) -> Result<Vec<SeatMap>, StorageError>;
}

/// What handlers can ask about the catalogue.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait Catalogue: Send + Sync {
    /// The concerts, oldest first.
    async fn concerts(
        &self,
        page: PageRequest<ConcertId>,
    ) -> Result<Page<Concert, ConcertId>, CatalogueError>;
    /// The dates in the future with at least one seat remaining (rule 10).
    async fn available_dates(&self, concert: ConcertId) -> Result<Vec<Schedule>, CatalogueError>;
    /// The seats of a schedule.
    async fn seats(&self, schedule: ScheduleId) -> Result<SeatMap, CatalogueError>;
    /// The seats of every schedule of a concert that starts within `day`.
    async fn seats_on(
        &self,
        concert: ConcertId,
        day: Range<OffsetDateTime>,
    ) -> Result<Vec<SeatMap>, CatalogueError>;
    /// Adds a concert (the operator).
    async fn add_concert(
        &self,
        title: ShortText,
        venue: ShortText,
    ) -> Result<Concert, CatalogueError>;
    /// Adds a date to a concert (the operator).
    async fn add_schedule(
        &self,
        concert: ConcertId,
        starts_at: OffsetDateTime,
        sales_open_at: Option<OffsetDateTime>,
        plan: SeatPlan,
    ) -> Result<Schedule, CatalogueError>;
}

/// [`Catalogue`] over a [`CatalogueStore`].
pub struct CatalogueService {
    store: Arc<dyn CatalogueStore>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdGenerator>,
}

impl CatalogueService {
    /// A service over these ports.
    pub fn new(
        store: Arc<dyn CatalogueStore>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdGenerator>,
    ) -> Self {
        Self { store, clock, ids }
    }

    async fn maps(&self, schedules: &[ScheduleId]) -> Result<Vec<SeatMap>, CatalogueError> {
        let mut maps = self.store.seat_maps(schedules).await?;
        maps.retain(|map| !map.seats.is_empty());
        if maps.is_empty() {
            return Err(CatalogueError::NoSeats);
        }
        let now = self.clock.now();
        Ok(maps.into_iter().map(|map| map.at(now)).collect())
    }

    fn seats_of(&self, plan: &SeatPlan) -> Vec<Seat> {
        let seat = |(number, grade, price): (_, &ShortText, Money)| Seat {
            id: SeatId::new(self.ids.next()),
            number,
            grade: grade.as_str().to_owned(),
            price,
            status: SeatStatus::Available,
        };
        plan.seats().map(seat).collect()
    }
}

#[async_trait]
impl Catalogue for CatalogueService {
    async fn concerts(
        &self,
        page: PageRequest<ConcertId>,
    ) -> Result<Page<Concert, ConcertId>, CatalogueError> {
        Ok(self.store.concerts(page).await?)
    }

    async fn available_dates(&self, concert: ConcertId) -> Result<Vec<Schedule>, CatalogueError> {
        let now = self.clock.now();
        let future = now..time::PrimitiveDateTime::MAX.assume_utc();
        let dates = self.store.schedules(concert, future, now).await?;
        let mut dates = dates.ok_or(CatalogueError::ConcertNotFound)?;
        dates.retain(|schedule| schedule.starts_at > now && schedule.remaining_seats > 0);
        if dates.is_empty() {
            return Err(CatalogueError::NoAvailableDates);
        }
        Ok(dates)
    }

    async fn seats(&self, schedule: ScheduleId) -> Result<SeatMap, CatalogueError> {
        self.maps(&[schedule])
            .await?
            .pop()
            .ok_or(CatalogueError::NoSeats)
    }

    async fn seats_on(
        &self,
        concert: ConcertId,
        day: Range<OffsetDateTime>,
    ) -> Result<Vec<SeatMap>, CatalogueError> {
        let schedules = self.store.schedules(concert, day, self.clock.now()).await?;
        let schedules = schedules.ok_or(CatalogueError::ConcertNotFound)?;
        let ids: Vec<_> = schedules.iter().map(|schedule| schedule.id).collect();
        self.maps(&ids).await
    }

    async fn add_concert(
        &self,
        title: ShortText,
        venue: ShortText,
    ) -> Result<Concert, CatalogueError> {
        let concert = Concert {
            id: ConcertId::new(self.ids.next()),
            title,
            venue,
        };
        self.store.add_concert(concert.clone()).await?;
        Ok(concert)
    }

    async fn add_schedule(
        &self,
        concert_id: ConcertId,
        starts_at: OffsetDateTime,
        sales_open_at: Option<OffsetDateTime>,
        plan: SeatPlan,
    ) -> Result<Schedule, CatalogueError> {
        let id = ScheduleId::new(self.ids.next());
        let seats = self.seats_of(&plan);
        let total_seats = u32::try_from(seats.len()).unwrap_or(u32::MAX);
        let schedule = Schedule {
            id,
            concert_id,
            starts_at,
            sales_open_at,
            total_seats,
            remaining_seats: total_seats,
            sold_seats: 0,
        };
        let new = NewSchedule {
            schedule: schedule.clone(),
            seats,
        };
        if !self.store.add_schedule(new).await? {
            return Err(CatalogueError::ConcertNotFound);
        }
        Ok(schedule)
    }
}

#[cfg(test)]
mod tests;
