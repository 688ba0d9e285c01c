//! What the fans know of the seats. Each fan's page would show the server's map; here all of them look
//! at one that is kept of what each was answered, so that it costs nothing to draw.

use std::sync::{Mutex, PoisonError};

use load_client::dice::Dice;
use serde_json::Value;

use crate::plan::unit;

/// A date on sale.
pub struct Date {
    /// Its id.
    pub id: String,
    /// The grades of its seats, in the order of their seats.
    pub grades: Vec<String>,
    /// The version of the map that was read before anyone came.
    pub version: String,
    free: Mutex<Vec<bool>>,
}

impl Date {
    /// What a seat map tells; `None` when it makes no sense.
    pub fn of(map: &Value) -> Option<Self> {
        let seats = map["seats"].as_array()?;
        let mut grades: Vec<String> = Vec::new();
        let mut free = Vec::with_capacity(seats.len());
        for seat in seats {
            let number = usize::try_from(seat["number"].as_u64()?).ok()?;
            let grade = seat["grade"].as_str()?;
            if grades.last().is_none_or(|last| last != grade) && !grades.iter().any(|g| g == grade)
            {
                grades.push(grade.to_owned());
            }
            if free.len() < number {
                free.resize(number, false);
            }
            *free.get_mut(number.checked_sub(1)?)? = seat["status"] == "available";
        }
        Some(Self {
            id: map["schedule_id"].as_str()?.to_owned(),
            grades,
            version: map["version"].as_str().unwrap_or_default().to_owned(),
            free: Mutex::new(free),
        })
    }

    /// The price of the dearest seat of a map.
    pub fn dearest(map: &Value) -> i64 {
        let seats = map["seats"].as_array().into_iter().flatten();
        let prices = seats.filter_map(|seat| seat["price"].as_i64());
        prices.max().unwrap_or(0)
    }

    /// So many seats next to each other that look free, mostly far in front where everybody looks;
    /// nothing when there are none.
    pub fn choose(&self, dice: &mut Dice, count: usize) -> Vec<u64> {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let from = place(unit(dice).powi(4), free.len());
        let after = (from..free.len()).chain(0..from);
        let mut run = Vec::with_capacity(count);
        for at in after {
            if !free[at] || run.last().is_some_and(|last| last + 1 != at) {
                run.clear();
            }
            if free[at] {
                run.push(at);
            }
            if run.len() == count {
                return run.iter().map(|at| *at as u64 + 1).collect();
            }
        }
        Vec::new()
    }

    /// Remembers that these seats are someone's, or free again.
    pub fn mark(&self, numbers: &[u64], is_free: bool) {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        for number in numbers {
            let at = usize::try_from(*number).unwrap_or(0).wrapping_sub(1);
            if let Some(seat) = free.get_mut(at) {
                *seat = is_free;
            }
        }
    }

    /// How many seats it has.
    pub fn seats(&self) -> usize {
        self.free
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .len()
    }
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a part of a few thousand seats"
)]
fn place(part: f64, of: usize) -> usize {
    (part * of as f64) as usize
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn date(seats: u64) -> Date {
        let seat = |number: u64| {
            let grade = if number <= 2 { "VIP" } else { "R" };
            json!({"number": number, "grade": grade, "price": 10, "status": "available"})
        };
        let seats: Vec<_> = (1..=seats).map(seat).collect();
        Date::of(&json!({"schedule_id": "id", "version": "1.0", "seats": seats})).unwrap()
    }

    #[test]
    fn a_map_tells_the_grades_and_the_number_of_seats() {
        let date = date(6);
        assert_eq!(date.grades, ["VIP", "R"]);
        assert_eq!((date.seats(), &*date.version), (6, "1.0"));
        assert!(Date::of(&json!({})).is_none());
    }

    #[test]
    fn seats_that_are_chosen_are_next_to_each_other_and_look_free() {
        let (date, mut dice) = (date(9), Dice::new(3));
        date.mark(&[2, 5], false);
        for _ in 0..50 {
            let chosen = date.choose(&mut dice, 2);
            assert!(
                [[3, 4], [6, 7], [7, 8], [8, 9]]
                    .iter()
                    .any(|seats| chosen == seats)
            );
        }
        date.mark(&[3, 6, 7, 8, 99], false);
        assert!(date.choose(&mut dice, 2).is_empty());
        date.mark(&[3], true);
        assert_eq!(date.choose(&mut dice, 2), [3, 4]);
    }
}
