//! Chance that can be repeated.

/// Numbers without a pattern (`SplitMix64`), the same ones for the same seed.
pub struct Dice(u64);

impl Dice {
    /// Dice with a seed of their own.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number from 0 to `sides - 1`; 0 when there are no sides.
    pub fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        let sides = sides.max(1) as u64;
        usize::try_from(mixed % sides).unwrap_or(0)
    }

    /// Takes one of `things` out; `None` when there are none.
    pub fn take<T>(&mut self, things: &mut Vec<T>) -> Option<T> {
        if things.is_empty() {
            return None;
        }
        let place = self.roll(things.len());
        Some(things.swap_remove(place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_side_comes_up_about_as_often() {
        let mut dice = Dice::new(7);
        let mut counts = [0; 4];
        for _ in 0..4_000 {
            counts[dice.roll(4)] += 1;
        }
        assert!(
            counts.iter().all(|count| (900..1_100).contains(count)),
            "{counts:?}"
        );
    }

    #[test]
    fn everything_is_taken_once() {
        let (mut dice, mut things) = (Dice::new(1), vec![1, 2, 3]);
        let mut taken: Vec<_> = std::iter::from_fn(|| dice.take(&mut things)).collect();
        taken.sort_unstable();
        assert_eq!(taken, [1, 2, 3]);
    }
}
