use super::*;
use crate::seats::SeatNumbers;
use crate::{
    id::{CountingIds, PaymentId, SeatId},
    money::Money,
    queue::Ticket,
};
use futures_util::FutureExt;
use time::{Duration, macros::datetime};
use uuid::Uuid;

pub(crate) const NOW: OffsetDateTime = datetime!(2026-01-01 12:00 UTC);

pub(crate) fn reservation(status: ReservationStatus) -> Reservation {
    let seat = |n: i64| ReservedSeat {
        id: SeatId::new(Uuid::from_u128(n.unsigned_abs().into())),
        number: SeatNumber::new(n).unwrap(),
        grade: "R".into(),
        price: Money::won(50_000),
    };
    Reservation {
        id: ReservationId::new(Uuid::from_u128(1)),
        user_id: UserId::new(Uuid::from_u128(2)),
        schedule_id: ScheduleId::new(Uuid::from_u128(3)),
        starts_at: NOW + Duration::DAY,
        seats: vec![seat(1), seat(2)],
        amount: Money::won(100_000),
        created_at: NOW,
        held_until: NOW + Duration::minutes(5),
        status,
    }
}

#[test]
fn rule_16_a_hold_is_over_at_the_instant_its_time_ends() {
    let pending = reservation(ReservationStatus::PendingPayment);
    let end = pending.held_until;
    assert!(!pending.is_over(end - Duration::MICROSECOND));
    assert!(pending.is_over(end));
    assert_eq!(pending.at(end).status, ReservationStatus::Expired);
}

#[test]
fn a_paid_reservation_never_expires() {
    let payment_id = PaymentId::new(Uuid::from_u128(9));
    let paid = reservation(ReservationStatus::Paid { payment_id });
    assert!(!paid.is_over(NOW + Duration::DAY));
    assert_eq!(paid.clone().at(NOW + Duration::DAY), paid);
}

#[test]
fn a_refunded_reservation_takes_nothing_of_its_owners_limit() {
    let payment_id = PaymentId::new(Uuid::from_u128(9));
    let live = |status| Claim::of(&reservation(status)).is_live(NOW);
    assert!(live(ReservationStatus::Paid { payment_id }));
    assert!(!live(ReservationStatus::Refunded {
        payment_id,
        at: NOW
    }));
}

#[test]
fn giving_up_goes_to_the_store_with_an_id_for_the_ledger_entry() {
    let mut store = MockSeatStore::new();
    let cancelled = reservation(ReservationStatus::Cancelled);
    let (answer, asked) = (cancelled.clone(), cancelled.clone());
    store
        .expect_cancel()
        .withf(move |r| {
            (r.reservation_id, r.user_id) == (asked.id, asked.user_id)
                && r.entry_id == EntryId::new(Uuid::from_u128(1))
        })
        .return_once(move |_| Ok(answer));
    let service = ReservationService::new(Arc::new(store), Arc::new(CountingIds::default()));
    let given_up = service
        .cancel(cancelled.user_id, cancelled.id)
        .now_or_never();
    assert_eq!(given_up.unwrap().unwrap(), cancelled);
}

#[test]
fn a_hold_goes_to_the_store_with_a_new_id() {
    let mut store = MockSeatStore::new();
    let expected = reservation(ReservationStatus::PendingPayment);
    let answer = Outcome {
        value: expected.clone(),
        replayed: false,
    };
    store
        .expect_hold()
        .withf(|r| r.reservation_id == ReservationId::new(Uuid::from_u128(1)))
        .return_once(move |_| Ok(answer));
    let service = ReservationService::new(Arc::new(store), Arc::new(CountingIds::default()));
    let pass = Pass {
        token_id: crate::id::TokenId::new(Uuid::from_u128(5)),
        user_id: expected.user_id,
        ticket: Ticket::FIRST,
        entered_at: NOW,
        waiting_until: NOW,
    };
    let seats = SeatNumbers::new(&[1, 2]).unwrap().into();
    let held = service
        .hold(pass, expected.schedule_id, seats, None)
        .now_or_never()
        .unwrap();
    assert_eq!(held.unwrap().value, expected);
}

#[test]
fn another_users_reservation_is_not_found() {
    let mut store = MockSeatStore::new();
    store.expect_find().returning(|_, _| Ok(None));
    let service = ReservationService::new(Arc::new(store), Arc::new(CountingIds::default()));
    let r = reservation(ReservationStatus::PendingPayment);
    let found = service
        .find(UserId::new(Uuid::from_u128(8)), r.id)
        .now_or_never()
        .unwrap();
    assert!(matches!(found, Err(ReservationError::NotFound)));
}
