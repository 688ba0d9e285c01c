//! Money in won.

use std::fmt;

/// An amount of South Korean won, which has no minor unit. Negative only as the amount of a debit.
///
/// Arithmetic is checked: there is no operator that could overflow in silence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money(i64);

impl Money {
    /// No money.
    pub const ZERO: Self = Self(0);

    /// This many won.
    pub const fn won(won: i64) -> Self {
        Self(won)
    }

    /// The amount in won.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// The sum, or `None` beyond what 64 bits can hold.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// The sum of many amounts, or `None` beyond what 64 bits can hold.
    #[must_use]
    pub fn total(amounts: impl IntoIterator<Item = Self>) -> Option<Self> {
        amounts.into_iter().try_fold(Self::ZERO, Self::checked_add)
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "₩{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Money;

    #[test]
    fn sums_that_do_not_fit_are_none() {
        let most = Money::won(i64::MAX);
        assert_eq!(most.checked_add(Money::won(1)), None);
        assert_eq!(Money::total([most, Money::won(1)]), None);
        assert_eq!(
            Money::total([Money::won(2), Money::won(3)]),
            Some(Money::won(5))
        );
    }

    #[test]
    fn an_amount_is_shown_in_won() {
        assert_eq!(Money::won(-1_500).to_string(), "₩-1500");
    }
}
