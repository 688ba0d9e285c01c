use super::*;
use crate::seats::SeatNumbers;
use crate::{
    id::{CountingIds, SeatId},
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
fn rule_16_only_a_pending_reservation_can_be_cancelled_and_only_once() {
    let cancel = |status| reservation(status).cancel();
    let cancelled = cancel(ReservationStatus::PendingPayment).unwrap();
    assert_eq!(cancelled.status, ReservationStatus::Cancelled);
    assert_eq!(cancelled.clone().cancel().unwrap(), cancelled);
    assert!(matches!(
        cancel(ReservationStatus::Expired),
        Err(CancelError::Expired)
    ));
    let payment_id = PaymentId::new(Uuid::from_u128(9));
    let paid = cancel(ReservationStatus::Paid { payment_id });
    assert!(matches!(paid, Err(CancelError::AlreadyPaid { payment_id: id }) if id == payment_id));
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
