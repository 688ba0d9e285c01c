//! Seats: their numbers, grades, prices, and who has them (SPEC rules 11 to 16).

use std::fmt;

use time::OffsetDateTime;

use crate::{
    id::{ReservationId, SeatId},
    money::Money,
};

mod best;
mod wish;

pub use best::{best, row_length};
pub use wish::{Choices, InvalidChoices, SeatCount, Wish};

/// A seat's number within its schedule, 1 and up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SeatNumber(u32);

impl SeatNumber {
    /// The highest number, and so the largest hall (rule 11).
    pub const MAX: Self = Self(50_000);
    /// The lowest number.
    pub const FIRST: Self = Self(1);

    /// The seat with this number, if there can be one.
    pub fn new(number: i64) -> Option<Self> {
        let number = u32::try_from(number).ok()?;
        (1..=Self::MAX.0).contains(&number).then_some(Self(number))
    }

    /// The number.
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl fmt::Display for SeatNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One to four different seats, in ascending order: what one hold may ask for (rule 12).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeatNumbers(Vec<SeatNumber>);

/// A wish that no hold can fulfil.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSeatNumbers {
    /// None, or too many.
    #[error("1 to {most} seat numbers are asked for")]
    Count {
        /// How many may be.
        most: usize,
    },
    /// Zero, negative, or beyond the largest hall.
    #[error("a seat number is 1 to {}", SeatNumber::MAX)]
    Range,
    /// The same seat twice.
    #[error("each seat number is named once")]
    Doubled,
}

impl SeatNumbers {
    /// The most seats of one hold.
    pub const MOST: usize = 4;

    /// Accepts the numbers as a client sent them.
    pub fn new(numbers: &[i64]) -> Result<Self, InvalidSeatNumbers> {
        distinct(numbers, Self::MOST).map(Self)
    }

    /// The numbers, ascending.
    pub fn as_slice(&self) -> &[SeatNumber] {
        &self.0
    }
}

/// Different seats, in ascending order: what the house may keep at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HouseSeats(Vec<SeatNumber>);

impl HouseSeats {
    /// The most at once.
    pub const MOST: usize = 1_000;

    /// Accepts the numbers as a client sent them.
    pub fn new(numbers: &[i64]) -> Result<Self, InvalidSeatNumbers> {
        distinct(numbers, Self::MOST).map(Self)
    }

    /// The numbers, ascending.
    pub fn as_slice(&self) -> &[SeatNumber] {
        &self.0
    }
}

/// The seats with these numbers, ascending: 1 to `most` different ones.
fn distinct(numbers: &[i64], most: usize) -> Result<Vec<SeatNumber>, InvalidSeatNumbers> {
    if !(1..=most).contains(&numbers.len()) {
        return Err(InvalidSeatNumbers::Count { most });
    }
    let seats: Option<Vec<_>> = numbers.iter().map(|n| SeatNumber::new(*n)).collect();
    let mut seats = seats.ok_or(InvalidSeatNumbers::Range)?;
    seats.sort_unstable();
    if seats.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(InvalidSeatNumbers::Doubled);
    }
    Ok(seats)
}

/// Who has a seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeatStatus {
    /// Nobody.
    Available,
    /// A pending reservation, until the hold ends.
    Held {
        /// Which.
        by: ReservationId,
        /// Until when; at that instant the seat is free (rule 16).
        until: OffsetDateTime,
    },
    /// A paid reservation, or the house, which keeps it for itself.
    Sold {
        /// Which; of the house, the id of its block.
        by: ReservationId,
    },
}

/// One seat of a schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seat {
    /// Which.
    pub id: SeatId,
    /// Its number.
    pub number: SeatNumber,
    /// Its grade, for example `VIP` or `R`.
    pub grade: String,
    /// Its price.
    pub price: Money,
    /// Who has it, as stored.
    pub status: SeatStatus,
}

impl Seat {
    /// Who has it at `now`: a hold that is over is over at that instant (rule 16), whether or not
    /// the sweeper has been there.
    pub fn status_at(&self, now: OffsetDateTime) -> SeatStatus {
        match self.status {
            SeatStatus::Held { until, .. } if until <= now => SeatStatus::Available,
            status => status,
        }
    }

    /// Whether anyone may hold it at `now`.
    pub fn is_free(&self, now: OffsetDateTime) -> bool {
        self.status_at(now) == SeatStatus::Available
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(n: i64) -> SeatNumber {
        SeatNumber::new(n).unwrap()
    }

    #[test]
    fn rule_12_a_hold_asks_for_one_to_four_different_seats() {
        let count = Err(InvalidSeatNumbers::Count { most: 4 });
        assert_eq!(SeatNumbers::new(&[]), count);
        assert_eq!(SeatNumbers::new(&[1, 2, 3, 4, 5]), count);
        assert_eq!(SeatNumbers::new(&[0]), Err(InvalidSeatNumbers::Range));
        assert_eq!(SeatNumbers::new(&[-1]), Err(InvalidSeatNumbers::Range));
        assert_eq!(SeatNumbers::new(&[50_001]), Err(InvalidSeatNumbers::Range));
        assert_eq!(SeatNumbers::new(&[7, 7]), Err(InvalidSeatNumbers::Doubled));
        let most = InvalidSeatNumbers::Range.to_string();
        assert_eq!(most, "a seat number is 1 to 50000");
        assert_eq!(
            SeatNumbers::new(&[4, 2]).unwrap().as_slice(),
            [number(2), number(4)]
        );
    }

    #[test]
    fn the_house_asks_for_one_to_a_thousand_different_seats() {
        let many: Vec<i64> = (1..=1_001).rev().collect();
        let count = Err(InvalidSeatNumbers::Count { most: 1_000 });
        assert_eq!(HouseSeats::new(&many), count);
        assert_eq!(HouseSeats::new(&[]), count);
        let most = HouseSeats::new(&many[1..]).unwrap();
        assert!(most.as_slice().iter().copied().eq((1..=1_000).map(number)));
    }
}
