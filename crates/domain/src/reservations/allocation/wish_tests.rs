use super::tests::*;
use super::*;

/// Takes the seats with these numbers off the market.
fn take_away(hall: &mut Hall, numbers: impl IntoIterator<Item = i64>) {
    for n in numbers {
        hall.seats.get_mut(&(SHOW, number(n))).unwrap().status = SeatStatus::Sold {
            by: ReservationId::new(uuid::Uuid::nil()),
        };
    }
}

fn prefers(user: u128, choices: &[&[i64]]) -> HoldRequest {
    let seats = choices.iter().map(|seats| SeatNumbers::new(seats).unwrap());
    HoldRequest {
        wish: Wish::Choices(Choices::new(seats.collect()).unwrap()),
        ..wants(user, &[1])
    }
}

fn best(user: u128, count: i64, grade: Option<&str>) -> HoldRequest {
    HoldRequest {
        wish: Wish::Best {
            count: SeatCount::new(count).unwrap(),
            grade: grade.map(str::to_owned),
        },
        ..wants(user, &[1])
    }
}

fn numbers(held: &Result<Outcome<Reservation>, HoldError>) -> Vec<u32> {
    let seats = &held.as_ref().unwrap().value.seats;
    seats.iter().map(|seat| seat.number.get()).collect()
}

#[test]
fn the_first_choice_that_can_be_granted_is() {
    let mut hall = hall();
    take_away(&mut hall, [2]);
    let held = one(&mut hall, prefers(1, &[&[1, 2], &[7, 99], &[7, 8], &[4]]));
    assert_eq!(numbers(&held), [7, 8]);
    assert!(hall.seats[&(SHOW, number(1))].is_free(NOW));
    assert!(hall.seats[&(SHOW, number(4))].is_free(NOW));
}

#[test]
fn rule_14_a_choice_of_too_many_seats_is_passed_over() {
    let mut hall = hall();
    one(&mut hall, wants(1, &[9, 10])).unwrap();
    let held = one(&mut hall, prefers(1, &[&[1, 2, 3], &[4, 5]]));
    assert_eq!(numbers(&held), [4, 5]);
}

#[test]
fn rule_13_when_no_choice_can_be_granted_all_taken_seats_are_named_once() {
    let mut hall = hall();
    take_away(&mut hall, [2, 3]);
    let refusal = one(&mut hall, prefers(1, &[&[3, 4], &[50], &[2, 3]])).unwrap_err();
    let taken = [number(2), number(3)];
    assert!(matches!(refusal, HoldError::SeatUnavailable { numbers } if numbers == taken));
}

#[test]
fn of_refusals_the_one_that_leaves_most_to_hope_for_is_told() {
    let mut hall = hall();
    one(&mut hall, wants(1, &[7, 8, 9])).unwrap();
    let limited = one(&mut hall, prefers(1, &[&[50], &[1, 2]])).unwrap_err();
    assert!(matches!(limited, HoldError::SeatLimitReached { limit: 4 }));
    let missing = one(&mut hall, prefers(1, &[&[51, 50], &[50]])).unwrap_err();
    let named = [number(50), number(51)];
    assert!(matches!(missing, HoldError::SeatNotFound { numbers } if numbers == named));
}

#[test]
fn the_best_seats_go_to_whoever_asks_first() {
    let mut hall = hall();
    let wanted = [(1, 2), (2, 2), (3, 4), (4, 3), (5, 2)];
    let requests = wanted.map(|(user, count)| best(user, count, None));
    assert!(hall.suffices(NOW, &requests[..3]));
    assert!(!hall.suffices(NOW, &requests[..4]));
    let held = allocate(NOW, &RULES, &mut hall, &requests);
    assert_eq!(numbers(&held[0]), [5, 6]);
    assert_eq!(numbers(&held[1]), [3, 4]);
    assert_eq!(numbers(&held[2]), [7, 8, 9, 10]);
    let refusal = held[3].as_ref().unwrap_err();
    assert!(matches!(refusal, HoldError::SeatUnavailable { numbers } if numbers.is_empty()));
    assert_eq!(numbers(&held[4]), [1, 2], "the rest is still to be had");
}

#[test]
fn the_best_seats_of_a_grade_are_of_that_grade() {
    let mut hall = hall();
    for n in 1..=3 {
        hall.seats.get_mut(&(SHOW, number(n))).unwrap().grade = "VIP".into();
    }
    let request = best(1, 3, Some("VIP"));
    assert!(hall.suffices(NOW, std::slice::from_ref(&request)));
    assert_eq!(numbers(&one(&mut hall, request)), [1, 2, 3]);
    assert!(!hall.suffices(NOW, &[best(2, 1, Some("VIP"))]));
    assert!(one(&mut hall, best(2, 1, Some("VIP"))).is_err());
}

#[test]
fn rule_16_a_hold_that_is_over_makes_room_for_the_best_seats() {
    let mut hall = hall();
    take_away(&mut hall, [1, 2, 3, 4, 7, 8, 9, 10]);
    one(&mut hall, wants(1, &[5, 6])).unwrap();
    let later = NOW + RULES.ttl - Duration::MICROSECOND;
    let asks = [best(2, 2, None)];
    assert!(allocate(later, &RULES, &mut hall, &asks)[0].is_err());
    let over = NOW + RULES.ttl;
    assert_eq!(hall.vacate_over(over).len(), 1);
    hall.tokens.values_mut().for_each(|token| {
        token.state = crate::queue::TokenState::Active {
            since: over,
            until: over + Duration::MINUTE,
        };
    });
    assert_eq!(
        numbers(&allocate(over, &RULES, &mut hall, &asks)[0]),
        [5, 6]
    );
}

#[test]
fn rule_14_the_best_seats_count_like_any() {
    let mut hall = hall();
    one(&mut hall, wants(1, &[9, 10])).unwrap();
    let refusal = one(&mut hall, best(1, 3, None)).unwrap_err();
    assert!(matches!(refusal, HoldError::SeatLimitReached { limit: 4 }));
    assert_eq!(numbers(&one(&mut hall, best(1, 2, None))), [5, 6]);
}
