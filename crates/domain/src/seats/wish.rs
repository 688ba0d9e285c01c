//! What a hold may ask for: certain seats, the first of several wishes, or the best there are.

use super::{InvalidSeatNumbers, SeatNumbers};

/// How many seats next to each other, one to four (rule 12).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeatCount(usize);

impl SeatCount {
    /// Accepts the count as a client sent it.
    pub fn new(count: i64) -> Result<Self, InvalidSeatNumbers> {
        match usize::try_from(count) {
            Ok(count @ 1..=SeatNumbers::MOST) => Ok(Self(count)),
            _ => Err(InvalidSeatNumbers::Count {
                most: SeatNumbers::MOST,
            }),
        }
    }

    /// The count.
    pub const fn get(self) -> usize {
        self.0
    }
}

/// What a hold asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// The seats of the first choice that can be granted.
    Choices(Choices),
    /// The best seats next to each other (`best`).
    Best {
        /// How many.
        count: SeatCount,
        /// Of which grade; `None`: of any.
        grade: Option<String>,
    },
}

impl From<SeatNumbers> for Wish {
    fn from(seats: SeatNumbers) -> Self {
        Self::Choices(Choices(vec![seats]))
    }
}

/// One to ten choices of seats, the dearest wish first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choices(Vec<SeatNumbers>);

/// None, or more choices than one request may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("1 to {} choices are given", Choices::MOST)]
pub struct InvalidChoices;

impl Choices {
    /// The most choices of one request.
    pub const MOST: usize = 10;

    /// Accepts `choices` if there are so many.
    pub fn new(choices: Vec<SeatNumbers>) -> Result<Self, InvalidChoices> {
        if (1..=Self::MOST).contains(&choices.len()) {
            Ok(Self(choices))
        } else {
            Err(InvalidChoices)
        }
    }

    /// The choices, the dearest wish first.
    pub fn as_slice(&self) -> &[SeatNumbers] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_12_a_hold_asks_for_one_to_four_seats_however_it_asks() {
        for count in [i64::MIN, -1, 0, 5, i64::MAX] {
            let most = SeatNumbers::MOST;
            assert_eq!(
                SeatCount::new(count),
                Err(InvalidSeatNumbers::Count { most })
            );
        }
        assert_eq!(
            [1, 2, 3, 4].map(|n| SeatCount::new(n).unwrap().get()),
            [1, 2, 3, 4]
        );
    }

    #[test]
    fn there_are_one_to_ten_choices() {
        let seats = SeatNumbers::new(&[1]).unwrap();
        assert_eq!(Choices::new(Vec::new()), Err(InvalidChoices));
        assert_eq!(Choices::new(vec![seats.clone(); 11]), Err(InvalidChoices));
        let ten = Choices::new(vec![seats; 10]).unwrap();
        assert_eq!(ten.as_slice().len(), 10);
    }
}
