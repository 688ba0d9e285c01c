//! Changing a concert or a date that is on sale.

use time::OffsetDateTime;

use super::{HouseDate, HouseError};
use crate::{
    catalogue::{Concert, Schedule, ShortText},
    operators::{Action, Change},
};

/// New texts of a concert; `None` leaves one as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConcertEdit {
    /// What it is called.
    pub title: Option<ShortText>,
    /// Where it is.
    pub venue: Option<ShortText>,
}

/// A change of a date; `None` leaves a part as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DateEdit {
    /// When it starts.
    pub starts_at: Option<OffsetDateTime>,
    /// When its sales open; `Some(None)`: at once.
    pub sales_open_at: Option<Option<OffsetDateTime>>,
    /// Close its sales, or open them again.
    pub sales_closed: Option<bool>,
}

/// A change that cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEdit {
    /// It would start in the past.
    #[error("a show is moved to a time in the future")]
    Past,
    /// Its sales would open after it has begun.
    #[error("sales open before the concert starts")]
    OpensTooLate,
}

impl Concert {
    /// As it is after `edit`, and what the log says of that.
    pub fn edited(&self, edit: ConcertEdit) -> (Self, Change) {
        let edited = Self {
            id: self.id,
            title: edit.title.unwrap_or_else(|| self.title.clone()),
            venue: edit.venue.unwrap_or_else(|| self.venue.clone()),
        };
        let change = Change::new(Action::ConcertChanged)
            .of("concert_id", self.id.get())
            .changed("title", self.title.as_str(), edited.title.as_str())
            .changed("venue", self.venue.as_str(), edited.venue.as_str());
        (edited, change)
    }
}

impl HouseDate {
    /// As it is after `edit`, and what the log says of that. A show that has begun is not moved, but its
    /// sales may be closed.
    pub fn edited(
        &self,
        now: OffsetDateTime,
        edit: DateEdit,
    ) -> Result<(Self, Change), HouseError> {
        let was = &self.schedule;
        let schedule = Schedule {
            starts_at: edit.starts_at.unwrap_or(was.starts_at),
            sales_open_at: edit.sales_open_at.unwrap_or(was.sales_open_at),
            ..was.clone()
        };
        let edited = Self {
            sales_closed: edit.sales_closed.unwrap_or(self.sales_closed),
            schedule,
        };
        self.check_move(now, &edited.schedule)?;
        let (is, change) = (&edited.schedule, Change::new(Action::ScheduleChanged));
        let change = change
            .of("concert_id", was.concert_id.get())
            .of("schedule_id", was.id.get())
            .changed("starts_at", was.starts_at, is.starts_at)
            .changed("sales_open_at", was.sales_open_at, is.sales_open_at)
            .changed("sales_closed", self.sales_closed, edited.sales_closed);
        Ok((edited, change))
    }

    fn check_move(&self, now: OffsetDateTime, to: &Schedule) -> Result<(), HouseError> {
        let was = &self.schedule;
        if (was.starts_at, was.sales_open_at) == (to.starts_at, to.sales_open_at) {
            return Ok(());
        }
        if was.starts_at <= now {
            return Err(HouseError::Begun);
        }
        if to.starts_at <= now {
            return Err(InvalidEdit::Past.into());
        }
        if to.sales_open_at.is_some_and(|opens| opens > to.starts_at) {
            return Err(InvalidEdit::OpensTooLate.into());
        }
        Ok(())
    }
}
