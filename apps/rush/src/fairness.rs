//! Is the order in which fans were let in the order in which they came?

use serde::Serialize;

/// Someone who came and was let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// When they came: a ticket number, or a time. Those who have the same came together.
    pub arrival: i128,
    /// When they were let in, likewise: a version of the queue, or a time.
    pub admission: i128,
}

/// What was found.
#[derive(Clone, Debug, Serialize)]
pub struct Fairness {
    /// Who tells of the order.
    pub source: String,
    /// How many were let in.
    pub judged: usize,
    /// How many of them after someone who had come later.
    pub overtaken: usize,
    /// Rank of arrival and rank of admission of each, in the order of arrival. Those who were let in
    /// together rank as they came.
    #[serde(skip)]
    pub ranks: Vec<(usize, usize)>,
}

impl Fairness {
    /// Compares the two orders.
    pub fn of(source: &str, mut places: Vec<Place>) -> Self {
        places.sort_by_key(|place| (place.arrival, place.admission));
        Self {
            source: source.to_owned(),
            judged: places.len(),
            overtaken: overtaken(&places),
            ranks: ranks(&places),
        }
    }

    /// Whether nobody was overtaken; not known without anybody.
    pub fn holds(&self) -> bool {
        self.judged > 0 && self.overtaken == 0
    }
}

/// How many were let in later than somebody who had come later; `places` in the order of arrival.
fn overtaken(places: &[Place]) -> usize {
    let mut count = 0;
    // From the last to the first: the earliest admission of those who came strictly later.
    let mut earliest = i128::MAX;
    for together in places.chunk_by(|a, b| a.arrival == b.arrival).rev() {
        count += together
            .iter()
            .filter(|place| place.admission > earliest)
            .count();
        let first = together.iter().map(|place| place.admission).min();
        earliest = earliest.min(first.unwrap_or(earliest));
    }
    count
}

fn ranks(places: &[Place]) -> Vec<(usize, usize)> {
    let mut order: Vec<_> = (0..places.len()).collect();
    order.sort_by_key(|&at| (places[at].admission, at));
    let mut ranks = vec![(0, 0); places.len()];
    for (admission, at) in order.into_iter().enumerate() {
        ranks[at] = (at, admission);
    }
    ranks
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn judge(places: &[(i128, i128)]) -> Fairness {
        let place = |&(arrival, admission)| Place { arrival, admission };
        Fairness::of("test", places.iter().map(place).collect())
    }

    #[test]
    fn whoever_is_let_in_together_or_one_after_the_other_is_not_overtaken() {
        let fair = judge(&[(3, 20), (1, 10), (2, 10), (4, 20), (4, 21)]);
        assert!(fair.holds());
        assert_eq!(fair.ranks, [(0, 0), (1, 1), (2, 2), (3, 3), (4, 4)]);
    }

    #[test]
    fn nobody_shows_nothing() {
        assert!(!judge(&[]).holds());
    }

    #[test]
    fn those_who_came_together_may_be_let_in_in_any_order() {
        assert!(judge(&[(1, 11), (1, 10), (2, 11)]).holds());
        // But not one of them after someone who came later.
        assert_eq!(judge(&[(1, 12), (1, 10), (2, 11)]).overtaken, 1);
    }

    proptest! {
        #[test]
        fn a_planted_unfairness_is_found(
            fans in 2_usize..500, batch in 1_usize..50, first in any::<prop::sample::Index>(),
            second in any::<prop::sample::Index>(),
        ) {
            let mut places: Vec<_> =
                (0..fans).map(|fan| (fan as i128, (fan / batch) as i128)).collect();
            prop_assert!(judge(&places).holds());
            let (one, other) = (first.index(fans), second.index(fans));
            let differ = places[one].1 != places[other].1;
            let admission = places[one].1;
            places[one].1 = places[other].1;
            places[other].1 = admission;
            prop_assert_eq!(judge(&places).overtaken > 0, differ);
        }
    }
}
