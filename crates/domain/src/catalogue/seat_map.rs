//! The seats of a schedule in one state, and what changed since another (SPEC rules 11 and 16).

use std::sync::Arc;

use time::OffsetDateTime;

use super::memo::Memo;
use crate::{
    id::ScheduleId,
    seats::{Seat, SeatStatus},
};

mod version;

pub use version::{InvalidVersion, MapVersion};

/// A seat as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeatRow {
    /// The seat.
    pub seat: Seat,
    /// The version of the schedule that wrote it last.
    pub version: u64,
}

/// What one look at the stored seats of a schedule found, all at the same instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeatsRead {
    /// Of which schedule.
    pub schedule_id: ScheduleId,
    /// When it starts.
    pub starts_at: OffsetDateTime,
    /// The schedule's version.
    pub version: u64,
    /// The seats written since the version that the reader knew, or all if it knew none.
    pub changed: Vec<SeatRow>,
}

/// The seats of a schedule, in one state.
///
/// The state at an instant is a pure function of what is stored and of that instant: a hold that is
/// over shows as available, swept or not. So it is told by its [`MapVersion`] alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeatMap {
    schedule_id: ScheduleId,
    starts_at: OffsetDateTime,
    version: MapVersion,
    /// By number. Shared with the states before and after.
    rows: Vec<Arc<SeatRow>>,
    remaining: usize,
    /// When the next hold ends, and so the state.
    next_lapse: Option<OffsetDateTime>,
    /// For what is made of this state.
    pub memo: Memo,
}

/// A seat map and when it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The state.
    pub map: Arc<SeatMap>,
    /// When it was that: the time just before the database was asked.
    pub as_of: OffsetDateTime,
}

impl SeatMap {
    /// The state at `now` of seats that were read whole.
    pub fn new(read: SeatsRead, now: OffsetDateTime) -> Self {
        let mut rows: Vec<_> = read.changed.into_iter().map(Arc::new).collect();
        rows.sort_unstable_by_key(|row| row.seat.number);
        Self::of(read.schedule_id, read.starts_at, read.version, rows, now)
    }

    /// The state at `now`, after what was `read` by someone who knew this one; `None` when it is
    /// still this one. `now` is not before that of this state.
    #[must_use]
    pub fn next(&self, read: SeatsRead, now: OffsetDateTime) -> Option<Self> {
        let written = read.version != self.version.writes || !read.changed.is_empty();
        if !written && self.next_lapse.is_none_or(|lapse| now < lapse) {
            return None;
        }
        let mut rows = self.rows.clone();
        for row in read.changed {
            match rows.binary_search_by_key(&row.seat.number, |row| row.seat.number) {
                Ok(at) => rows[at] = Arc::new(row),
                Err(at) => rows.insert(at, Arc::new(row)),
            }
        }
        let (id, starts_at) = (self.schedule_id, read.starts_at);
        Some(Self::of(id, starts_at, read.version, rows, now))
    }

    fn of(
        schedule_id: ScheduleId,
        starts_at: OffsetDateTime,
        writes: u64,
        rows: Vec<Arc<SeatRow>>,
        now: OffsetDateTime,
    ) -> Self {
        let ends = || rows.iter().filter_map(|row| end_of_hold(&row.seat));
        let lapse = ends().filter(|end| *end <= now).max();
        let next_lapse = ends().filter(|end| *end > now).min();
        let free = rows.iter().filter(|row| row.seat.is_free(now));
        Self {
            schedule_id,
            starts_at,
            version: MapVersion { writes, lapse },
            remaining: free.count(),
            rows,
            next_lapse,
            memo: Memo::default(),
        }
    }

    /// Of which schedule.
    pub fn schedule_id(&self) -> ScheduleId {
        self.schedule_id
    }

    /// When it starts.
    pub fn starts_at(&self) -> OffsetDateTime {
        self.starts_at
    }

    /// Which state this is.
    pub fn version(&self) -> MapVersion {
        self.version
    }

    /// How many seats there are.
    pub fn total(&self) -> usize {
        self.rows.len()
    }

    /// How many can be held.
    pub fn remaining(&self) -> usize {
        self.remaining
    }

    /// Every seat by number, with who has it in this state: that, and not the status in the seat,
    /// knows of holds that are over.
    pub fn seats(&self) -> impl Iterator<Item = (&Seat, SeatStatus)> {
        self.rows.iter().map(|row| (&row.seat, self.status(row)))
    }

    /// Whether this schedule can have been in the state `version`, as far as this state tells.
    ///
    /// Of an older one nothing is known. One with the same writes has the same seats stored, so its
    /// lapse is the end of one of their holds; it may lie ahead of this one, because the clocks of two
    /// processes are never quite the same.
    pub fn may_have_been(&self, version: MapVersion) -> bool {
        let stored = |lapse| {
            self.rows
                .iter()
                .any(|row| end_of_hold(&row.seat) == Some(lapse))
        };
        match version.writes.cmp(&self.version.writes) {
            std::cmp::Ordering::Less => true,
            std::cmp::Ordering::Equal => version.lapse.is_none_or(stored),
            std::cmp::Ordering::Greater => false,
        }
    }

    /// The seats that may differ from those of the state `since`, like [`seats`](Self::seats): whoever
    /// puts them in place there has this state. Some may be as they were.
    pub fn changed_since(&self, since: MapVersion) -> impl Iterator<Item = (&Seat, SeatStatus)> {
        // Over here and not there, or the other way round: clocks of two processes differ a little.
        let lapsed = move |row: &SeatRow| {
            let over_at = |lapse| end_of_hold(&row.seat).is_some_and(|end| Some(end) <= lapse);
            over_at(self.version.lapse) != over_at(since.lapse)
        };
        let changed = move |row: &&Arc<SeatRow>| row.version > since.writes || lapsed(row);
        let rows = self.rows.iter().filter(changed);
        rows.map(|row| (&row.seat, self.status(row)))
    }

    fn status(&self, row: &SeatRow) -> SeatStatus {
        // Holds that are over by now are those that end no later than the last that is over.
        match self.version.lapse {
            Some(lapse) => row.seat.status_at(lapse),
            None => row.seat.status,
        }
    }
}

/// When the stored hold of `seat` ends, or ended.
fn end_of_hold(seat: &Seat) -> Option<OffsetDateTime> {
    match seat.status {
        SeatStatus::Held { until, .. } => Some(until),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
