//! What an operator says of a new concert and its seats.

use crate::{money::Money, seats::SeatNumber};

/// A title, venue or grade: 1 to 200 characters, trimmed, no control characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShortText(String);

/// The text is empty, too long, or has control characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("1 to 200 characters and no control characters")]
pub struct InvalidText;

impl ShortText {
    /// Accepts `text` after trimming it.
    pub fn new(text: &str) -> Result<Self, InvalidText> {
        let text = text.trim();
        let fits = (1..=200).contains(&text.chars().count());
        if !fits || text.chars().any(char::is_control) {
            return Err(InvalidText);
        }
        Ok(Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A run of seats alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeatBlock {
    /// Their grade.
    pub grade: ShortText,
    /// The price of each.
    pub price: Money,
    /// The first number.
    pub from: SeatNumber,
    /// The last number.
    pub to: SeatNumber,
}

/// All the seats of a schedule, block by block; no number in two blocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeatPlan(Vec<SeatBlock>);

/// A plan that no hall can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPlan {
    /// No block.
    #[error("at least one block of seats is needed")]
    Empty,
    /// A block that ends before it starts.
    #[error("a block goes from a lower or equal number to a higher one")]
    Backwards,
    /// Two blocks share a number.
    #[error("a seat number is in one block only")]
    Overlap,
    /// A price below zero or absurdly high.
    #[error("a price is 0 to {}", SeatPlan::MAX_PRICE)]
    Price,
}

impl SeatPlan {
    /// The highest price of a seat.
    pub const MAX_PRICE: Money = Money::won(100_000_000);

    /// Accepts `blocks` if a hall can have them.
    pub fn new(mut blocks: Vec<SeatBlock>) -> Result<Self, InvalidPlan> {
        if blocks.is_empty() {
            return Err(InvalidPlan::Empty);
        }
        if blocks.iter().any(|block| block.from > block.to) {
            return Err(InvalidPlan::Backwards);
        }
        if blocks
            .iter()
            .any(|b| b.price < Money::ZERO || b.price > Self::MAX_PRICE)
        {
            return Err(InvalidPlan::Price);
        }
        blocks.sort_by_key(|block| block.from);
        if blocks.windows(2).any(|pair| pair[0].to >= pair[1].from) {
            return Err(InvalidPlan::Overlap);
        }
        Ok(Self(blocks))
    }

    /// The plan of a schedule that names none: seats 1 to 50 of grade `R` at ₩110,000 (SPEC §4).
    #[must_use]
    pub fn standard() -> Self {
        let block = |to| SeatBlock {
            grade: ShortText("R".to_owned()),
            price: Money::won(110_000),
            from: SeatNumber::FIRST,
            to,
        };
        Self(SeatNumber::new(50).map(block).into_iter().collect())
    }

    /// The blocks, by number.
    pub fn blocks(&self) -> &[SeatBlock] {
        &self.0
    }

    /// Each seat's number, grade and price, by number.
    pub fn seats(&self) -> impl Iterator<Item = (SeatNumber, &ShortText, Money)> + '_ {
        self.0.iter().flat_map(|block| {
            let numbers = block.from.get()..=block.to.get();
            let seats = numbers.filter_map(|n| SeatNumber::new(i64::from(n)));
            seats.map(move |number| (number, &block.grade, block.price))
        })
    }
}
