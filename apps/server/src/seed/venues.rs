//! The halls of the seeded concerts: their seats and prices.

use anyhow::{Context, Result};
use domain::{
    catalogue::{SeatBlock, SeatPlan, ShortText},
    money::Money,
    seats::SeatNumber,
};

/// How a hall is seated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hall {
    /// 50 seats at one price.
    Club {
        /// The price in won.
        price: i64,
    },
    /// 300 seats in two grades.
    Theatre,
    /// 800 seats in three grades.
    Philharmonic,
    /// 20,000 seats in four grades.
    Arena,
}

/// Grade, price in won, last seat number; each block goes on where the one before it ends.
type Block = (&'static str, i64, i64);

const THEATRE: [Block; 2] = [("R", 88_000, 120), ("S", 66_000, 300)];
const CONCERT_HALL: [Block; 3] = [
    ("VIP", 143_000, 80),
    ("R", 121_000, 400),
    ("S", 88_000, 800),
];
const ARENA: [Block; 4] = [
    ("VIP", 198_000, 2_000),
    ("R", 165_000, 8_000),
    ("S", 132_000, 14_000),
    ("A", 99_000, 20_000),
];

impl Hall {
    /// Its seats.
    pub fn plan(self) -> Result<SeatPlan> {
        match self {
            Self::Club { price } => plan(&[("R", price, 50)]),
            Self::Theatre => plan(&THEATRE),
            Self::Philharmonic => plan(&CONCERT_HALL),
            Self::Arena => plan(&ARENA),
        }
    }
}

fn plan(blocks: &[Block]) -> Result<SeatPlan> {
    let number = |n| SeatNumber::new(n).context("no such seat number");
    let mut from = SeatNumber::FIRST;
    let mut seated = Vec::with_capacity(blocks.len());
    for (grade, price, last) in blocks {
        let (grade, price, to) = (ShortText::new(grade)?, Money::won(*price), number(*last)?);
        seated.push(SeatBlock {
            grade,
            price,
            from,
            to,
        });
        from = number(last + 1)?;
    }
    Ok(SeatPlan::new(seated)?)
}
