//! Concerts, their dates and their seats (SPEC rules 9 to 11).

use std::{ops::Range, sync::Arc};

use async_trait::async_trait;
use time::OffsetDateTime;

use crate::{
    clock::Clock,
    id::{ConcertId, IdGenerator, ScheduleId},
    operators::{Action, Change, Operator},
    page::{Page, PageRequest},
    seats::Seat,
    storage::StorageError,
};

mod memo;
mod plan;
mod programme;
mod seat_map;

pub use memo::Memo;
pub use plan::{InvalidPlan, InvalidText, SeatBlock, SeatPlan, ShortText};
#[cfg(any(test, feature = "mock"))]
pub use programme::MockProgrammes;
pub use programme::{
    Additions, Clash, Difference, Imported, KnownShow, Programmes, Show, ShowDate, additions,
};
pub use seat_map::{InvalidVersion, MapVersion, SeatMap, SeatRow, SeatsRead, Snapshot};

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

impl Concert {
    /// That it was added, for the log.
    pub fn created(&self) -> Change {
        Change::new(Action::ConcertCreated)
            .of("concert_id", self.id.get())
            .set("title", self.title.as_str())
            .set("venue", self.venue.as_str())
    }
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

impl Schedule {
    /// That it was added, for the log.
    pub fn created(&self) -> Change {
        Change::new(Action::ScheduleCreated)
            .of("concert_id", self.concert_id.get())
            .of("schedule_id", self.id.get())
            .set("starts_at", self.starts_at)
            .set("sales_open_at", self.sales_open_at)
            .set("total_seats", self.total_seats)
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
    /// The seat map has never had the version that is named.
    #[error("the seat map has never had this version")]
    UnknownVersion,
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
    async fn add_concert(&self, operator: Operator, concert: Concert) -> Result<(), StorageError>;
    /// Stores a new schedule with its seats; `false` when there is no such concert.
    async fn add_schedule(
        &self,
        operator: Operator,
        schedule: NewSchedule,
    ) -> Result<bool, StorageError>;
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
}

/// Shows who has which seat, to any number of watchers at the cost of one.
///
/// What is answered was read after the question or at most 300 ms before it. Whoever wrote through
/// this process and was answered finds it in the map at once, unless the schedule changes many times a
/// second: then within those 300 ms. What seats are given by is never read here.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait SeatMaps: Send + Sync {
    /// The seats of a schedule; `None` when there is no such schedule. Someone who has `seen` a state
    /// is not shown an older one, if there is such a state.
    async fn map(
        &self,
        schedule: ScheduleId,
        seen: Option<MapVersion>,
    ) -> Result<Option<Snapshot>, StorageError>;
    /// The schedules of a concert and when they start, by start; `None` when there is no such concert.
    async fn dates(&self, concert: ConcertId) -> Result<Option<Dates>, StorageError>;
}

/// Schedules and when they start, by start.
pub type Dates = Arc<[(ScheduleId, OffsetDateTime)]>;

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
    /// The seats of a schedule (rule 11), as [`SeatMaps`] has them. With `since`, a state that the
    /// caller was shown, it is no older than that; [`CatalogueError::UnknownVersion`] when the schedule
    /// cannot have been in that state.
    async fn seats(
        &self,
        schedule: ScheduleId,
        since: Option<MapVersion>,
    ) -> Result<Snapshot, CatalogueError>;
    /// The seats of every schedule of a concert that starts within `day`, by start.
    async fn seats_on(
        &self,
        concert: ConcertId,
        day: Range<OffsetDateTime>,
    ) -> Result<Vec<Snapshot>, CatalogueError>;
    /// Adds a concert (the operator).
    async fn add_concert(
        &self,
        operator: Operator,
        title: ShortText,
        venue: ShortText,
    ) -> Result<Concert, CatalogueError>;
    /// Adds a date to a concert (the operator).
    async fn add_schedule(
        &self,
        operator: Operator,
        concert: ConcertId,
        starts_at: OffsetDateTime,
        sales_open_at: Option<OffsetDateTime>,
        plan: SeatPlan,
    ) -> Result<Schedule, CatalogueError>;
}

/// [`Catalogue`] over a [`CatalogueStore`] and [`SeatMaps`].
pub struct CatalogueService {
    store: Arc<dyn CatalogueStore>,
    maps: Arc<dyn SeatMaps>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdGenerator>,
}

impl CatalogueService {
    /// A service over these ports.
    pub fn new(
        store: Arc<dyn CatalogueStore>,
        maps: Arc<dyn SeatMaps>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdGenerator>,
    ) -> Self {
        Self {
            store,
            maps,
            clock,
            ids,
        }
    }

    /// A schedule without seats is as good as none (rule 11).
    async fn map(
        &self,
        schedule: ScheduleId,
        seen: Option<MapVersion>,
    ) -> Result<Option<Snapshot>, StorageError> {
        let found = self.maps.map(schedule, seen).await?;
        Ok(found.filter(|snapshot| snapshot.map.total() > 0))
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

    async fn seats(
        &self,
        schedule: ScheduleId,
        since: Option<MapVersion>,
    ) -> Result<Snapshot, CatalogueError> {
        let found = self.map(schedule, since).await?;
        let snapshot = found.ok_or(CatalogueError::NoSeats)?;
        if since.is_some_and(|since| !snapshot.map.may_have_been(since)) {
            return Err(CatalogueError::UnknownVersion);
        }
        Ok(snapshot)
    }

    async fn seats_on(
        &self,
        concert: ConcertId,
        day: Range<OffsetDateTime>,
    ) -> Result<Vec<Snapshot>, CatalogueError> {
        let dates = self.maps.dates(concert).await?;
        let dates = dates.ok_or(CatalogueError::ConcertNotFound)?;
        let mut found = Vec::new();
        for (schedule, _) in dates.iter().filter(|(_, start)| day.contains(start)) {
            found.extend(self.map(*schedule, None).await?);
        }
        if found.is_empty() {
            return Err(CatalogueError::NoSeats);
        }
        Ok(found)
    }

    async fn add_concert(
        &self,
        operator: Operator,
        title: ShortText,
        venue: ShortText,
    ) -> Result<Concert, CatalogueError> {
        let concert = Concert {
            id: ConcertId::new(self.ids.next()),
            title,
            venue,
        };
        self.store.add_concert(operator, concert.clone()).await?;
        Ok(concert)
    }

    async fn add_schedule(
        &self,
        operator: Operator,
        concert_id: ConcertId,
        starts_at: OffsetDateTime,
        sales_open_at: Option<OffsetDateTime>,
        plan: SeatPlan,
    ) -> Result<Schedule, CatalogueError> {
        let date = ShowDate {
            starts_at,
            sales_open_at,
            plan,
        };
        let new = date.schedule(concert_id, self.ids.as_ref());
        let schedule = new.schedule.clone();
        if !self.store.add_schedule(operator, new).await? {
            return Err(CatalogueError::ConcertNotFound);
        }
        Ok(schedule)
    }
}

#[cfg(test)]
mod tests;
