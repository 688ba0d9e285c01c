//! One value of a list, with the place where it stands, and how it is read.

use domain::{
    catalogue::{SeatPlan, ShortText},
    money::Money,
    seats::SeatNumber,
};
use time::{OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339};

/// What a value is for. In a table it is a column, in JSON a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    Key,
    Title,
    Venue,
    DateKey,
    StartsAt,
    SalesOpenAt,
    Grade,
    Price,
    From,
    To,
}

impl Column {
    /// All of them, in the order of a table.
    pub const ALL: [Self; 10] = [
        Self::Key,
        Self::Title,
        Self::Venue,
        Self::DateKey,
        Self::StartsAt,
        Self::SalesOpenAt,
        Self::Grade,
        Self::Price,
        Self::From,
        Self::To,
    ];

    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Title => "title",
            Self::Venue => "venue",
            Self::DateKey => "date_key",
            Self::StartsAt => "starts_at",
            Self::SalesOpenAt => "sales_open_at",
            Self::Grade => "grade",
            Self::Price => "price",
            Self::From => "from",
            Self::To => "to",
        }
    }

    /// Whether a table can do without it.
    pub const fn is_optional(self) -> bool {
        !matches!(self, Self::Title | Self::Venue)
    }
}

/// A line of a file and, where it is known, the column in it; both from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    pub line: u64,
    pub column: Option<u64>,
}

/// What is wrong, where, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub place: Place,
    pub column: Option<Column>,
    pub told: String,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}", self.place.line)?;
        if let Some(column) = self.place.column {
            write!(f, ":{column}")?;
        }
        if let Some(column) = self.column {
            write!(f, ", {}", column.name())?;
        }
        write!(f, ": {}", self.told)
    }
}

/// One value, as it was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    pub text: String,
    pub place: Place,
}

impl Cell {
    /// Whether nothing is written there.
    pub fn is_empty(&self) -> bool {
        self.text.trim().is_empty()
    }

    /// Complains about it.
    pub fn fault(&self, column: Column, told: impl Into<String>) -> Fault {
        Fault {
            place: self.place,
            column: Some(column),
            told: told.into(),
        }
    }

    /// What is written there, if it is what `wanted` says.
    fn read<T>(
        &self,
        column: Column,
        wanted: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, Fault> {
        let text = self.text.trim();
        read(text).ok_or_else(|| {
            let shown: String = text.chars().take(40).collect();
            let told = if shown.is_empty() {
                format!("it is empty: write {wanted}")
            } else {
                format!("{shown:?} is not understood: write {wanted}")
            };
            self.fault(column, told)
        })
    }

    /// A title, venue, grade or key.
    pub fn text(&self, column: Column) -> Result<ShortText, Fault> {
        let wanted = "1 to 200 characters, and no control characters";
        self.read(column, wanted, |text| ShortText::new(text).ok())
    }

    /// A time, in UTC.
    pub fn time(&self, column: Column) -> Result<OffsetDateTime, Fault> {
        let wanted = "a date and time with its offset, such as 2026-12-24T19:30:00+09:00";
        self.read(column, wanted, |text| {
            let time = OffsetDateTime::parse(text, &Rfc3339).ok()?;
            let utc = time.checked_to_offset(UtcOffset::UTC)?;
            utc.replace_microsecond(utc.microsecond()).ok()
        })
    }

    /// The price of a seat.
    pub fn price(&self, column: Column) -> Result<Money, Fault> {
        let most = SeatPlan::MAX_PRICE.get();
        let wanted = format!("whole won without commas, 0 to {most}, such as 110000");
        self.read(column, &wanted, |text| {
            let won = text.parse().ok()?;
            (0..=most).contains(&won).then_some(Money::won(won))
        })
    }

    /// A seat's number.
    pub fn number(&self, column: Column) -> Result<SeatNumber, Fault> {
        let wanted = format!("a whole number, 1 to {}", SeatNumber::MAX);
        self.read(column, &wanted, |text| SeatNumber::new(text.parse().ok()?))
    }
}
