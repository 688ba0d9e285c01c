//! What a body asks to hold.

use domain::{
    catalogue::ShortText,
    seats::{Choices, InvalidSeatNumbers, SeatCount, SeatNumber, SeatNumbers, Wish},
};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};
use utoipa::{
    ToSchema,
    openapi::{
        Array, Object,
        schema::{ArrayBuilder, Type},
    },
};
use uuid::Uuid;

use super::numbers;
use crate::{
    body::{Whole, text_schema},
    problem::{Fault, Problem, child},
};

/// The body of `POST /v1/reservations`: certain seats, the first of several choices, or the best.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewReservation {
    pub schedule_id: Uuid,
    #[serde(default, deserialize_with = "given")]
    #[schema(schema_with = numbers_schema)]
    seat_numbers: Option<Vec<Whole<i64>>>,
    /// The dearest wish first.
    #[serde(default, deserialize_with = "given")]
    #[schema(schema_with = choices_schema)]
    choices: Option<Vec<Vec<Whole<i64>>>>,
    /// How many of the best seats next to each other.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<i64>, nullable = false, minimum = 1, maximum = 4)]
    count: Option<Whole<i64>>,
    /// Of which grade; only with a count.
    #[serde(default, deserialize_with = "given")]
    #[schema(schema_with = text_schema)]
    grade: Option<String>,
}

/// How seat numbers are written in a body: one to four different ones.
pub(crate) fn numbers_schema() -> ArrayBuilder {
    numbers_up_to(SeatNumbers::MOST)
}

/// How one to `most` different seat numbers are written in a body.
pub(crate) fn numbers_up_to(most: usize) -> ArrayBuilder {
    let number = Object::builder()
        .schema_type(Type::Integer)
        .minimum(Some(i64::from(SeatNumber::FIRST.get())))
        .maximum(Some(i64::from(SeatNumber::MAX.get())));
    Array::builder()
        .items(number)
        .min_items(Some(1))
        .max_items(Some(most))
        .unique_items(true)
}

fn choices_schema() -> ArrayBuilder {
    Array::builder()
        .items(numbers_schema())
        .min_items(Some(1))
        .max_items(Some(Choices::MOST))
}

/// A field that may be left out, and is no `null` when it is there.
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

impl NewReservation {
    /// The seats that are wished for.
    pub(crate) fn wish(self) -> Result<Wish, Problem> {
        match (self.seat_numbers, self.choices, self.count, self.grade) {
            (Some(seats), None, None, None) => Ok(seat_numbers("/seat_numbers", &seats)?.into()),
            (None, Some(choices), None, None) => choices_of(&choices).map(Wish::Choices),
            (None, None, Some(Whole(count)), grade) => {
                let count = SeatCount::new(count).map_err(|_| {
                    let expected = format!("a count is 1 to {}", SeatNumbers::MOST);
                    Problem::invalid([Fault::at("/count", &expected)])
                })?;
                let grade = grade.as_deref().map(grade_of).transpose()?;
                Ok(Wish::Best { count, grade })
            }
            _ => {
                let expected =
                    "either seat_numbers, or choices, or a count with or without a grade";
                Err(Problem::invalid([Fault::at("", expected)]))
            }
        }
    }
}

/// A grade as an operator can have named it.
fn grade_of(grade: &str) -> Result<String, Problem> {
    let wrong = |invalid| Problem::invalid([Fault::at("/grade", &invalid)]);
    let grade = ShortText::new(grade).map_err(wrong)?;
    Ok(grade.as_str().to_owned())
}

fn choices_of(choices: &[Vec<Whole<i64>>]) -> Result<Choices, Problem> {
    const FIELD: &str = "/choices";
    let seats = choices.iter().enumerate();
    let seats = seats.map(|(at, seats)| seat_numbers(&child(FIELD, &at), seats));
    let seats = seats.collect::<Result<_, _>>()?;
    Choices::new(seats).map_err(|invalid| Problem::invalid([Fault::at(FIELD, &invalid)]))
}

/// The seats that a body names in its `field`.
pub(crate) fn seat_numbers(field: &str, numbers: &[Whole<i64>]) -> Result<SeatNumbers, Problem> {
    let numbers = whole(numbers);
    SeatNumbers::new(&numbers).map_err(|invalid| wrong_seats(field, &numbers, invalid))
}

/// The numbers that a body names.
pub(crate) fn whole(numbers: &[Whole<i64>]) -> Vec<i64> {
    numbers.iter().map(|Whole(number)| *number).collect()
}

/// Why the `numbers` that a body names in its `field` are no seats.
pub(crate) fn wrong_seats(field: &str, numbers: &[i64], invalid: InvalidSeatNumbers) -> Problem {
    let wrong = |(at, _): (usize, &i64)| Fault::at(child(field, &at), &invalid);
    let each = numbers.iter().enumerate();
    match invalid {
        InvalidSeatNumbers::Count { .. } => Problem::invalid([Fault::at(field, &invalid)]),
        InvalidSeatNumbers::Range => Problem::invalid(
            each.filter(|(_, n)| SeatNumber::new(**n).is_none())
                .map(wrong),
        ),
        InvalidSeatNumbers::Doubled => {
            Problem::invalid(each.filter(|(at, n)| numbers[..*at].contains(n)).map(wrong))
        }
    }
}

/// What `wish` means, for an idempotency key. One choice means the same as its seat numbers.
pub(super) fn meaning(wish: &Wish) -> Value {
    match wish {
        Wish::Choices(choices) => match choices.as_slice() {
            [seats] => json!(numbers(seats.as_slice())),
            choices => {
                let choices = choices.iter().map(|seats| numbers(seats.as_slice()));
                json!({ "choices": choices.collect::<Vec<_>>() })
            }
        },
        Wish::Best { count, grade } => json!({ "count": count.get(), "grade": grade }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: Value) -> Result<Wish, Value> {
        let mut body = body;
        body["schedule_id"] = json!(Uuid::nil());
        let new: NewReservation =
            serde_json::from_value(body).map_err(|error| json!(error.to_string()))?;
        new.wish().map_err(|problem| problem.member("errors"))
    }

    fn seats(numbers: &[i64]) -> SeatNumbers {
        SeatNumbers::new(numbers).unwrap()
    }

    #[test]
    fn certain_seats_one_of_several_or_the_best_can_be_wished_for() {
        let choices = vec![seats(&[1, 2]), seats(&[7])];
        let count = SeatCount::new(3).unwrap();
        let grade = Some("VIP".to_owned());
        for (body, wish) in [
            (json!({"seat_numbers": [2, 1]}), seats(&[1, 2]).into()),
            (
                json!({"choices": [[2, 1], [7]]}),
                Wish::Choices(Choices::new(choices).unwrap()),
            ),
            (json!({"count": 3}), Wish::Best { count, grade: None }),
            (
                json!({"count": 3, "grade": "VIP"}),
                Wish::Best { count, grade },
            ),
        ] {
            assert_eq!(read(body), Ok(wish));
        }
    }

    #[test]
    fn what_is_no_wish_is_told_where() {
        for (body, place) in [
            (json!({}), ""),
            (json!({"grade": "VIP"}), ""),
            (json!({"seat_numbers": [1], "count": 1}), ""),
            (json!({"seat_numbers": [1], "grade": "VIP"}), ""),
            (json!({"choices": [[1]], "seat_numbers": [1]}), ""),
            (json!({"choices": [[1]], "count": 1}), ""),
            (json!({"count": 0}), "/count"),
            (json!({"count": 5}), "/count"),
            (json!({"count": 1, "grade": " "}), "/grade"),
            (json!({"count": 1, "grade": "R\0"}), "/grade"),
            (json!({"choices": []}), "/choices"),
            (json!({"choices": [[1], []]}), "/choices/1"),
            (json!({"choices": [[1], [2, 0]]}), "/choices/1/1"),
            (json!({"choices": vec![[1]; 11]}), "/choices"),
        ] {
            let errors = read(body.clone()).unwrap_err();
            assert_eq!(errors[0]["pointer"], place, "{body}: {errors}");
        }
        for null in ["seat_numbers", "choices", "count", "grade"] {
            assert!(read(json!({ null: null })).is_err());
        }
    }

    #[test]
    fn rule_25_one_choice_means_the_same_as_its_numbers_and_other_wishes_something_else() {
        let [one, numbers] = [
            json!({"choices": [[1, 2]]}),
            json!({"seat_numbers": [2, 1]}),
        ]
        .map(|body| meaning(&read(body).unwrap()));
        assert_eq!(one, numbers);
        let others = [
            json!({"choices": [[1, 2], [3]]}),
            json!({"choices": [[3], [1, 2]]}),
            json!({"count": 2}),
            json!({"count": 2, "grade": "R"}),
        ]
        .map(|body| meaning(&read(body).unwrap()));
        for (at, other) in others.iter().enumerate() {
            assert!(*other != one && !others[..at].contains(other));
        }
    }
}
