//! Which free seats are the best.
//!
//! Seats stand in rows, in the order of their numbers: numbers 1 to [`row_length`] are the first row,
//! the next as many the second. The best seats are next to each other in one row; of all such places
//! the one in the lowest row, then the one whose middle is nearest to the middle of the row, then the
//! one with the lowest numbers.

use super::{SeatCount, SeatNumber, SeatNumbers};

/// How many seats stand in a row of a hall with so many seats: the more seats, the wider the hall.
pub const fn row_length(total_seats: u32) -> u32 {
    match total_seats {
        0..=100 => 10,
        101..=2_000 => 25,
        _ => 50,
    }
}

/// The best `count` of the seats `free`, which come in ascending order; `None` when no so many are
/// next to each other.
pub fn best(
    free: impl IntoIterator<Item = SeatNumber>,
    count: SeatCount,
    row_length: u32,
) -> Option<SeatNumbers> {
    let count = count.get();
    let mut best: Option<(Merit, Vec<SeatNumber>)> = None;
    let mut run: Vec<SeatNumber> = Vec::with_capacity(count);
    for number in free {
        let (row, place) = position(number, row_length);
        if best.as_ref().is_some_and(|(merit, _)| merit.row < row) {
            break;
        }
        let follows = run.last().is_some_and(|last| {
            last.get() + 1 == number.get() && position(*last, row_length).0 == row
        });
        if !follows {
            run.clear();
        } else if run.len() == count {
            run.remove(0);
        }
        run.push(number);
        if run.len() == count {
            let first = position(run[0], row_length).1;
            let merit = Merit {
                row,
                off_centre: (first + place).abs_diff(row_length - 1),
            };
            if best.as_ref().is_none_or(|(known, _)| merit < *known) {
                best = Some((merit, run.clone()));
            }
        }
    }
    best.map(|(_, seats)| SeatNumbers(seats))
}

/// The row and the place in it, both from 0.
const fn position(number: SeatNumber, row_length: u32) -> (u32, u32) {
    let at = number.get() - 1;
    (at / row_length, at % row_length)
}

/// How good a place is: less is better, and of equals the first.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Merit {
    row: u32,
    /// From the middle of the row to that of the seats, in halves of a seat.
    off_centre: u32,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn best_of(free: &[i64], count: i64) -> Option<Vec<u32>> {
        let free = free.iter().map(|n| SeatNumber::new(*n).unwrap());
        let found = best(free, SeatCount::new(count).unwrap(), 10)?;
        Some(found.as_slice().iter().map(|n| n.get()).collect())
    }

    fn all(to: i64) -> Vec<i64> {
        (1..=to).collect()
    }

    #[test]
    fn the_best_seats_are_in_the_middle_of_the_lowest_row() {
        assert_eq!(best_of(&all(50), 1), Some(vec![5]));
        assert_eq!(best_of(&all(50), 2), Some(vec![5, 6]));
        assert_eq!(best_of(&all(50), 3), Some(vec![4, 5, 6]));
        assert_eq!(best_of(&all(50), 4), Some(vec![4, 5, 6, 7]));
    }

    #[test]
    fn a_lower_row_comes_before_a_better_place() {
        assert_eq!(best_of(&[1, 2, 15, 16], 2), Some(vec![1, 2]));
        assert_eq!(best_of(&[9, 10, 15, 16], 2), Some(vec![9, 10]));
    }

    #[test]
    fn rows_behind_one_with_room_are_not_looked_at() {
        let mut free = all(50).into_iter().map(|n| SeatNumber::new(n).unwrap());
        let found = best(free.by_ref(), SeatCount::new(1).unwrap(), 10);
        assert!(found.is_some());
        assert_eq!(free.next().map(SeatNumber::get), Some(12));
    }

    #[test]
    fn seats_of_two_rows_are_not_next_to_each_other() {
        assert_eq!(best_of(&[10, 11], 2), None);
        assert_eq!(best_of(&[9, 10, 11, 12, 13], 3), Some(vec![11, 12, 13]));
    }

    #[test]
    fn a_gap_is_not_bridged() {
        assert_eq!(best_of(&[1, 2, 4, 5], 3), None);
        assert_eq!(best_of(&[1, 3, 5, 7], 2), None);
        assert_eq!(best_of(&[], 1), None);
    }

    #[test]
    fn of_two_places_alike_the_one_with_the_lower_numbers_is_taken() {
        assert_eq!(best_of(&[3, 4, 7, 8], 2), Some(vec![3, 4]));
    }

    #[test]
    fn a_wider_hall_has_longer_rows() {
        let lengths = [1, 100, 101, 2_000, 2_001, 50_000].map(row_length);
        assert_eq!(lengths, [10, 10, 25, 25, 50, 50]);
    }

    /// By looking at every place there is.
    fn slow(free: &[i64], count: i64) -> Option<Vec<u32>> {
        let row = |n: i64| (n - 1) / 10;
        let places = (1..=200).map(|first| first..first + count);
        let places = places.filter(|place| {
            let mut seats = place.clone();
            seats.all(|n| free.contains(&n)) && row(place.start) == row(place.end - 1)
        });
        let off = |first: i64| (2 * ((first - 1) % 10) + count - 1 - 9).abs();
        let best = places.min_by_key(|place| (row(place.start), off(place.start), place.start))?;
        Some(best.map(|n| u32::try_from(n).unwrap()).collect())
    }

    proptest! {
        #[test]
        fn no_place_is_better_than_the_best(
            free in proptest::collection::btree_set(1_i64..=100, 0..80),
            count in 1_i64..=4,
        ) {
            let free: Vec<_> = free.into_iter().collect();
            prop_assert_eq!(best_of(&free, count), slow(&free, count));
        }
    }
}
