use std::{collections::HashMap, sync::Arc};

use futures_util::FutureExt;
use time::{Duration, macros::datetime};
use uuid::Uuid;

use super::*;
use crate::{
    balance::Account,
    id::{CountingIds, SeatId},
    operators::Fact,
    reservations::ReservationStatus,
    seats::{Seat, SeatStatus},
};

const NOW: OffsetDateTime = datetime!(2026-01-01 12:00 UTC);
const USER: UserId = UserId::new(Uuid::from_u128(5));
const BY: ReservationId = ReservationId::new(Uuid::from_u128(6));

fn number(n: i64) -> SeatNumber {
    SeatNumber::new(n).unwrap()
}

fn text(text: &str) -> ShortText {
    ShortText::new(text).unwrap()
}

fn show() -> OnSale {
    OnSale {
        starts_at: NOW + Duration::DAY,
        sales_open_at: None,
        sales_closed: false,
        total_seats: 50,
        called_off: None,
    }
}

#[test]
fn a_date_that_was_called_off_cannot_be_changed_any_more() {
    assert_eq!(takes_place(Some(&show())).unwrap(), &show());
    let unknown = takes_place(None);
    assert!(matches!(unknown, Err(HouseError::ScheduleNotFound)));
    let off = OnSale {
        called_off: Some(CalledOff {
            reason: Some(text("the singer is ill")),
        }),
        ..show()
    };
    let refused = takes_place(Some(&off));
    let Err(HouseError::ScheduleCancelled { reason }) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(reason, Some(text("the singer is ill")));
}

fn date(starts_at: OffsetDateTime) -> HouseDate {
    let schedule = Schedule {
        id: ScheduleId::new(Uuid::from_u128(2)),
        concert_id: ConcertId::new(Uuid::from_u128(1)),
        starts_at,
        sales_open_at: None,
        total_seats: 50,
        remaining_seats: 40,
        sold_seats: 5,
    };
    HouseDate {
        schedule,
        sales_closed: false,
    }
}

#[test]
fn an_edited_concert_keeps_what_is_not_named_and_the_log_tells_the_rest() {
    let concert = Concert {
        id: ConcertId::new(Uuid::from_u128(1)),
        title: text("Spring"),
        venue: text("Hall"),
    };
    let edit = ConcertEdit {
        title: Some(text("Summer")),
        venue: None,
    };
    let (edited, change) = concert.edited(edit);
    assert_eq!((edited.title, edited.venue), (text("Summer"), text("Hall")));
    let from = Some(Fact::Text("Spring".to_owned()));
    let to = Fact::Text("Summer".to_owned());
    assert_eq!(change.details, [("title", from, to)]);
    let (same, nothing) = concert.edited(ConcertEdit::default());
    assert_eq!((same, nothing.details), (concert, vec![]));
}

#[test]
fn a_date_is_moved_into_the_future_only() {
    let date = date(NOW + Duration::DAY);
    let to = |starts_at| DateEdit {
        starts_at: Some(starts_at),
        ..DateEdit::default()
    };
    let (moved, change) = date.edited(NOW, to(NOW + Duration::HOUR)).unwrap();
    assert_eq!(moved.schedule.starts_at, NOW + Duration::HOUR);
    assert_eq!(change.details.len(), 1);
    let past = date.edited(NOW, to(NOW)).unwrap_err();
    assert!(matches!(past, HouseError::Invalid(InvalidEdit::Past)));
}

#[test]
fn a_show_that_has_begun_is_not_moved_but_its_sales_are_closed() {
    let begun = date(NOW);
    for edit in [
        DateEdit {
            starts_at: Some(NOW + Duration::DAY),
            ..DateEdit::default()
        },
        DateEdit {
            sales_open_at: Some(Opening::At(NOW)),
            ..DateEdit::default()
        },
    ] {
        let refused = begun.edited(NOW, edit).unwrap_err();
        assert!(matches!(refused, HouseError::Begun));
    }
    let close = DateEdit {
        sales_closed: Some(true),
        starts_at: Some(NOW),
        ..DateEdit::default()
    };
    let (closed, change) = begun.edited(NOW, close).unwrap();
    assert!(closed.sales_closed);
    let told = ("sales_closed", Some(Fact::Flag(false)), Fact::Flag(true));
    assert_eq!(change.details, [told]);
}

#[test]
fn sales_open_before_the_show_starts() {
    let date = date(NOW + Duration::DAY);
    let opens = |at| DateEdit {
        sales_open_at: Some(at),
        ..DateEdit::default()
    };
    let late = opens(Opening::At(NOW + Duration::DAY + Duration::SECOND));
    let refused = date.edited(NOW, late).unwrap_err();
    assert!(matches!(
        refused,
        HouseError::Invalid(InvalidEdit::OpensTooLate)
    ));
    let just = opens(Opening::At(NOW + Duration::DAY));
    assert!(date.edited(NOW, just).is_ok(), "at the door");
    let then = NOW + Duration::HOUR;
    let (edited, _) = date.edited(NOW, opens(Opening::At(then))).unwrap();
    assert_eq!(edited.schedule.sales_open_at, Some(then));
    let (at_once, _) = edited.edited(NOW, opens(Opening::AtOnce)).unwrap();
    assert_eq!(at_once.schedule.sales_open_at, None);
}

/// Seat 1 is free, 2 was held until now, 3 is held, 4 is sold, 5 is the house's.
fn seating() -> Seating {
    let held = |until| SeatStatus::Held { by: BY, until };
    let sold = SeatStatus::Sold { by: BY };
    let status = [
        SeatStatus::Available,
        held(NOW),
        held(NOW + Duration::MICROSECOND),
        sold,
        sold,
    ];
    let seat = |(n, status)| Seat {
        id: SeatId::new(Uuid::nil()),
        number: number(n),
        grade: "R".into(),
        price: Money::won(100),
        status,
    };
    let seats = (1..).zip(status).map(seat);
    Seating {
        seats: seats.map(|seat| (seat.number, seat)).collect(),
        blocked: [number(5)].into(),
    }
}

fn plain(numbers: &[SeatNumber]) -> Vec<u32> {
    numbers.iter().map(|n| n.get()).collect()
}

#[test]
fn the_house_keeps_only_seats_that_nobody_has() {
    let seating = seating();
    let block = |numbers: &[i64]| {
        let numbers: Vec<_> = numbers.iter().map(|n| number(*n)).collect();
        let seats = seating.to_block(NOW, &numbers)?;
        Ok::<_, HouseError>(seats.len())
    };
    assert_eq!(block(&[1, 2]).unwrap(), 2);
    assert!(matches!(
        block(&[1, 3, 4, 5]).unwrap_err(),
        HouseError::SeatUnavailable { numbers } if plain(&numbers) == [3, 4, 5]
    ));
    assert!(matches!(
        block(&[1, 4, 6]).unwrap_err(),
        HouseError::SeatNotFound { numbers } if plain(&numbers) == [6]
    ));
    assert_eq!(seating.over(NOW), [BY].into());
    assert_eq!(seating.over(NOW - Duration::SECOND), [].into());
}

fn gift(seats: &[i64]) -> Result<Gift, HouseError> {
    let account = Account {
        user_id: USER,
        balance: Money::won(70),
        entries: 3,
    };
    let mut accounts = HashMap::from([(USER, account)]);
    let given = seating().give(NOW, &show(), &mut accounts, &request(seats));
    let entries = accounts[&USER].entries;
    assert_eq!(entries, if given.is_ok() { 4 } else { 3 });
    given
}

fn request(seats: &[i64]) -> GiftRequest {
    GiftRequest {
        reservation_id: ReservationId::new(Uuid::from_u128(7)),
        payment_id: PaymentId::new(Uuid::from_u128(8)),
        entry_id: EntryId::new(Uuid::from_u128(9)),
        user_id: USER,
        schedule_id: ScheduleId::new(Uuid::from_u128(2)),
        seats: SeatNumbers::new(seats).unwrap(),
    }
}

#[test]
fn promise_4_what_is_given_away_is_paid_with_nothing() {
    let given = gift(&[1, 2, 5]).unwrap();
    let payment_id = PaymentId::new(Uuid::from_u128(8));
    let reservation = &given.receipt.reservation;
    assert_eq!(reservation.status, ReservationStatus::Paid { payment_id });
    assert_eq!(reservation.amount, Money::ZERO);
    let seats: Vec<_> = reservation.seat_numbers().collect();
    assert_eq!(plain(&seats), [1, 2, 5]);
    assert_eq!(plain(&given.unblocked), [5]);
    assert_eq!(
        (given.receipt.amount, given.receipt.balance_after),
        (Money::ZERO, Money::won(70))
    );
    assert_eq!(
        (
            given.entry.amount,
            given.entry.balance_after,
            given.entry.number
        ),
        (Money::ZERO, Money::won(70), 4)
    );
}

#[test]
fn nothing_is_given_away_that_somebody_has_and_nothing_to_nobody() {
    assert!(matches!(
        gift(&[1, 3, 4]).unwrap_err(),
        HouseError::SeatUnavailable { numbers } if plain(&numbers) == [3, 4]
    ));
    assert!(matches!(
        gift(&[6]).unwrap_err(),
        HouseError::SeatNotFound { .. }
    ));
    let nobody = seating().give(NOW, &show(), &mut HashMap::new(), &request(&[1]));
    assert!(matches!(nobody, Err(HouseError::UserNotFound)));
}

#[test]
fn blocks_are_those_of_the_store_and_what_is_not_there_is_told() {
    let show = ScheduleId::new(Uuid::from_u128(2));
    let mut store = MockHouseStore::new();
    store.expect_blocks().returning(move |schedule| {
        let block = Block {
            id: BlockId::new(Uuid::from_u128(3)),
            schedule_id: show,
            seats: vec![number(1)],
            note: None,
            blocked_at: NOW,
        };
        Ok((schedule == show).then(|| vec![block]))
    });
    store
        .expect_unblock()
        .returning(|_, _| Err(HouseError::BlockNotFound));
    let house = HouseService::new(Arc::new(store), Arc::new(CountingIds::default()));
    let blocks = |of| house.blocks(of).now_or_never().unwrap();
    assert_eq!(blocks(show).unwrap().len(), 1);
    let unknown = blocks(ScheduleId::new(Uuid::nil()));
    assert!(matches!(unknown, Err(HouseError::ScheduleNotFound)));
    let none = house.unblock(Operator::command("a test"), BlockId::new(Uuid::nil()));
    let none = none.now_or_never().unwrap();
    assert!(matches!(none, Err(HouseError::BlockNotFound)));
}
