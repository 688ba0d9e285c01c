use super::*;
use crate::{
    id::SeatId,
    queue::{Ticket, TokenState},
};
use proptest::prelude::*;
use std::collections::HashSet;
use time::macros::datetime;
use uuid::Uuid;

pub(super) const NOW: OffsetDateTime = datetime!(2026-01-01 12:00 UTC);
pub(super) const RULES: HoldRules = HoldRules {
    ttl: Duration::minutes(5),
    seats_per_user: 4,
};
pub(super) const SHOW: ScheduleId = ScheduleId::new(Uuid::from_u128(1));

pub(super) fn pass(user: u128) -> Pass {
    Pass {
        token_id: TokenId::new(Uuid::from_u128(user)),
        user_id: UserId::new(Uuid::from_u128(user)),
        ticket: Ticket::FIRST,
        entered_at: NOW,
        waiting_until: NOW + Duration::HOUR,
    }
}

pub(super) fn number(n: i64) -> SeatNumber {
    SeatNumber::new(n).unwrap()
}

/// Users 1 to 9 are active; seats 1 to 10 of the one schedule are free and cost 1,000 each.
pub(super) fn hall() -> Hall {
    let on_sale = OnSale {
        starts_at: NOW + Duration::DAY,
        sales_open_at: None,
        sales_closed: false,
        total_seats: 10,
        called_off: None,
    };
    let seat = |n: i64| Seat {
        id: SeatId::new(Uuid::from_u128(n.unsigned_abs().into())),
        number: number(n),
        grade: "R".into(),
        price: Money::won(1_000),
        status: SeatStatus::Available,
    };
    let state = TokenState::Active {
        since: NOW,
        until: NOW + Duration::minutes(5),
    };
    Hall {
        schedules: [(SHOW, on_sale)].into(),
        seats: (1..=10).map(|n| ((SHOW, number(n)), seat(n))).collect(),
        tokens: (1..10)
            .map(|u| {
                (
                    pass(u).token_id,
                    QueueToken {
                        pass: pass(u),
                        state,
                    },
                )
            })
            .collect(),
        ..Hall::default()
    }
}

pub(super) fn wants(user: u128, seats: &[i64]) -> HoldRequest {
    let id = user * 1_000 + u128::from(seats[0].unsigned_abs());
    HoldRequest {
        reservation_id: ReservationId::new(Uuid::from_u128(id)),
        pass: pass(user),
        schedule_id: SHOW,
        wish: SeatNumbers::new(seats).unwrap().into(),
        key: None,
    }
}

pub(super) fn one(
    hall: &mut Hall,
    request: HoldRequest,
) -> Result<Outcome<Reservation>, HoldError> {
    allocate(NOW, &RULES, hall, &[request]).remove(0)
}

#[test]
fn rule_12_a_hold_takes_its_seats_for_the_hold_time_and_adds_up_their_prices() {
    let mut hall = hall();
    let held = one(&mut hall, wants(1, &[3, 4])).unwrap().value;
    assert_eq!(held.amount, Money::won(2_000));
    assert_eq!(held.held_until, NOW + RULES.ttl);
    assert_eq!(held.status, ReservationStatus::PendingPayment);
    let status = hall.seats[&(SHOW, number(3))].status;
    assert_eq!(
        status,
        SeatStatus::Held {
            by: held.id,
            until: held.held_until
        }
    );
}

#[test]
fn rule_12_a_hold_is_all_or_none() {
    let mut hall = hall();
    one(&mut hall, wants(1, &[2])).unwrap();
    let refusal = one(&mut hall, wants(2, &[1, 2])).unwrap_err();
    assert!(matches!(refusal, HoldError::SeatUnavailable { numbers } if numbers == [number(2)]));
    assert!(hall.seats[&(SHOW, number(1))].is_free(NOW));
}

#[test]
fn rule_12_before_the_sale_opens_nobody_can_hold() {
    let mut hall = hall();
    let opens_at = NOW + Duration::SECOND;
    hall.schedules.get_mut(&SHOW).unwrap().sales_open_at = Some(opens_at);
    let refusal = one(&mut hall, wants(1, &[1])).unwrap_err();
    assert!(matches!(refusal, HoldError::SalesNotOpen { opens_at: at } if at == opens_at));
    assert!(allocate(opens_at, &RULES, &mut hall, &[wants(1, &[1])])[0].is_ok());
}

#[test]
fn while_sales_are_closed_nobody_can_hold() {
    let mut hall = hall();
    hall.schedules.get_mut(&SHOW).unwrap().sales_closed = true;
    let refusal = one(&mut hall, wants(1, &[1])).unwrap_err();
    assert!(matches!(refusal, HoldError::SalesClosed));
    hall.schedules.get_mut(&SHOW).unwrap().sales_closed = false;
    one(&mut hall, wants(1, &[1])).unwrap();
}

#[test]
fn nobody_can_hold_seats_of_a_show_that_has_begun_or_does_not_exist() {
    let mut hall = hall();
    hall.schedules.get_mut(&SHOW).unwrap().starts_at = NOW;
    assert!(matches!(
        one(&mut hall, wants(1, &[1])),
        Err(HoldError::ScheduleNotFound)
    ));
    hall.schedules.clear();
    assert!(matches!(
        one(&mut hall, wants(1, &[1])),
        Err(HoldError::ScheduleNotFound)
    ));
}

#[test]
fn rule_13_seats_that_do_not_exist_are_named() {
    let refusal = one(&mut hall(), wants(1, &[10, 11, 12])).unwrap_err();
    let HoldError::SeatNotFound { numbers } = refusal else {
        panic!("{refusal:?}")
    };
    assert_eq!(numbers, [number(11), number(12)]);
}

#[test]
fn rule_14_live_and_new_seats_together_stay_within_the_limit() {
    let mut hall = hall();
    let status = ReservationStatus::PendingPayment;
    let live = Claim {
        seats: 2,
        held_until: NOW + Duration::SECOND,
        status,
    };
    let over = Claim {
        seats: 2,
        held_until: NOW,
        status,
    };
    hall.claims
        .insert((pass(1).user_id, SHOW), vec![live, over]);
    let refusal = one(&mut hall, wants(1, &[1, 2, 3])).unwrap_err();
    assert!(matches!(refusal, HoldError::SeatLimitReached { limit: 4 }));
    assert!(one(&mut hall, wants(1, &[1, 2])).is_ok());
    assert!(
        one(&mut hall, wants(1, &[3])).is_err(),
        "seats of this batch count too"
    );
}

#[test]
fn rule_16_a_hold_that_is_over_is_in_nobodys_way() {
    let mut hall = hall();
    let by = ReservationId::new(Uuid::from_u128(77));
    let seat = hall.seats.get_mut(&(SHOW, number(1))).unwrap();
    seat.status = SeatStatus::Held { by, until: NOW };
    assert_eq!(hall.vacate_over(NOW - Duration::MICROSECOND), [].into());
    assert_eq!(hall.vacate_over(NOW), [by].into());
    assert!(one(&mut hall, wants(1, &[1])).is_ok());
}

#[test]
fn rule_8_a_hold_without_an_active_token_is_refused_whatever_it_asks() {
    let mut hall = hall();
    hall.tokens.get_mut(&pass(1).token_id).unwrap().state = TokenState::Waiting;
    assert!(matches!(
        one(&mut hall, wants(1, &[1])),
        Err(HoldError::TokenNotActive)
    ));
    hall.tokens.clear();
    assert!(matches!(
        one(&mut hall, wants(1, &[1])),
        Err(HoldError::TokenEnded)
    ));
}

#[test]
fn rule_25_a_repeated_key_gives_the_same_reservation_even_within_a_batch() {
    let mut hall = hall();
    let key = IdempotencyKey {
        key: "k".into(),
        fingerprint: [1; 32],
    };
    let first = HoldRequest {
        key: Some(key),
        ..wants(1, &[1])
    };
    let again = HoldRequest {
        reservation_id: wants(9, &[9]).reservation_id,
        ..first.clone()
    };
    let answers = allocate(NOW, &RULES, &mut hall, &[first, again]);
    let [Ok(first), Ok(again)] = answers.as_slice() else {
        panic!("{answers:?}")
    };
    assert!(!first.replayed && again.replayed);
    assert_eq!(first.value, again.value);
}

#[test]
fn rule_25_a_refused_request_does_not_use_up_its_key() {
    let mut hall = hall();
    let key = IdempotencyKey {
        key: "k".into(),
        fingerprint: [1; 32],
    };
    one(&mut hall, wants(2, &[1])).unwrap();
    let request = HoldRequest {
        key: Some(key),
        ..wants(1, &[1])
    };
    assert!(one(&mut hall, request.clone()).is_err());
    hall.seats.get_mut(&(SHOW, number(1))).unwrap().status = SeatStatus::Available;
    assert!(one(&mut hall, request).is_ok());
}

proptest! {
    #[test]
    fn rule_13_of_any_requests_each_seat_goes_to_one_at_most(
        wishes in proptest::collection::vec(
            (1u128..10, proptest::collection::hash_set(1i64..=12, 1..=4)), 0..60,
        ),
    ) {
        let mut hall = hall();
        let requests: Vec<_> = wishes
            .iter()
            .map(|(user, seats)| wants(*user, &seats.iter().copied().collect::<Vec<_>>()))
            .collect();
        let answers = allocate(NOW, &RULES, &mut hall, &requests);
        let mut sold = HashSet::new();
        let mut per_user: HashMap<UserId, usize> = HashMap::new();
        for outcome in answers.iter().filter_map(|a| a.as_ref().ok()) {
            for seat in &outcome.value.seats {
                prop_assert!(sold.insert(seat.number), "seat {} twice", seat.number);
            }
            *per_user.entry(outcome.value.user_id).or_default() += outcome.value.seats.len();
        }
        prop_assert!(per_user.values().all(|n| *n <= RULES.seats_per_user as usize));
        let held = hall.seats.values().filter(|s| !s.is_free(NOW)).count();
        prop_assert_eq!(held, sold.len());
        for ((_, seats), answer) in wishes.iter().zip(&answers) {
            let exist = seats.iter().all(|n| *n <= 10);
            let refused = matches!(answer, Err(HoldError::SeatNotFound { .. }));
            prop_assert!(exist || refused);
        }
    }
}

#[test]
fn nothing_can_be_held_of_a_date_that_was_called_off_and_the_reason_is_told() {
    let mut hall = hall();
    let reason = ShortText::new("the singer is ill").unwrap();
    for show in hall.schedules.values_mut() {
        show.called_off = Some(CalledOff {
            reason: Some(reason.clone()),
        });
        // Whatever else could be said of it.
        show.starts_at = NOW;
    }
    let refused = one(&mut hall, wants(1, &[1]));
    assert!(
        matches!(&refused, Err(HoldError::ScheduleCancelled { reason: Some(told) }) if *told == reason),
        "{refused:?}"
    );
}
