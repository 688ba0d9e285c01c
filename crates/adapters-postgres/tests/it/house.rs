//! What the house does with its concerts and seats.

use adapters_postgres::Adapters;
use domain::{
    catalogue::ShortText,
    house::{Block, BlockRequest, ConcertEdit, DateEdit, GiftRequest, HouseError},
    id::{BlockId, ConcertId, EntryId, PaymentId, ReservationId, ScheduleId, UserId},
    money::Money,
    page::PageRequest,
    reservations::{HoldError, Reservation, ReservationStatus},
    seats::{HouseSeats, SeatNumbers, SeatStatus},
};
use futures_util::future::{join, join_all};
use time::Duration;

use crate::fixture::{
    Fixture, NOON, OPERATOR, SEAT_PRICE, balance, charge, concert, hold, id, pay, schedule,
    seat_map, shopper, shoppers, sign_up, small_batches,
};

fn text(text: &str) -> ShortText {
    ShortText::new(text).unwrap()
}

async fn block(
    process: &Adapters,
    schedule_id: ScheduleId,
    seats: &[i64],
) -> Result<Block, HouseError> {
    let request = BlockRequest {
        id: BlockId::new(id()),
        schedule_id,
        seats: HouseSeats::new(seats).unwrap(),
        note: Some(text("press")),
    };
    process.house.block(OPERATOR, request).await
}

async fn give(
    process: &Adapters,
    schedule_id: ScheduleId,
    user_id: UserId,
    seats: &[i64],
) -> Result<Reservation, HouseError> {
    let request = GiftRequest {
        reservation_id: ReservationId::new(id()),
        payment_id: PaymentId::new(id()),
        entry_id: EntryId::new(id()),
        user_id,
        schedule_id,
        seats: SeatNumbers::new(seats).unwrap(),
    };
    process.house.give(OPERATOR, request).await
}

/// The actions in the log, newest first, without those of the fixture.
async fn logged(process: &Adapters) -> Vec<String> {
    let all = PageRequest {
        after: None,
        limit: 100,
    };
    let log = process.operators.log(all).await.unwrap().items;
    let actions = log.into_iter().map(|entry| entry.action);
    actions.filter(|a| !a.ends_with(".created")).collect()
}

/// The numbers of the seats that everyone can see to be free.
async fn free(process: &Adapters, show: ScheduleId) -> Vec<u32> {
    let map = seat_map(process, show).await.map;
    let seats = map.seats();
    let free = seats.filter(|(_, status)| *status == SeatStatus::Available);
    free.map(|(seat, _)| seat.number.get()).collect()
}

fn unavailable(refused: Option<HouseError>) -> Vec<u32> {
    match refused {
        Some(HouseError::SeatUnavailable { numbers }) => numbers.iter().map(|n| n.get()).collect(),
        other => panic!("not taken: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn blocked_seats_are_sold_to_everyone_else_until_they_are_freed() {
    let fixture = Fixture::new().await;
    let process = fixture.process().await;
    let show = schedule(&process, 5).await;
    assert_eq!(free(&process, show).await, [1, 2, 3, 4, 5]);
    let kept = block(&process, show, &[3, 1]).await.unwrap();
    assert_eq!(kept.blocked_at, NOON);
    assert_eq!(free(&process, show).await, [2, 4, 5], "seen at once");
    assert_eq!(fixture.counts(show).await, (3, 2));
    let buyer = shopper(&process).await;
    let refused = hold(&process, buyer, show, [1, 2]).await;
    assert!(matches!(refused, Err(HoldError::SeatUnavailable { .. })));
    assert_eq!(unavailable(block(&process, show, &[3, 4]).await.err()), [3]);
    let listed = process.house.blocks(show).await.unwrap();
    assert_eq!(listed.as_deref(), Some(&[kept.clone()][..]));
    fixture.assert_audit_clean().await;

    process.house.unblock(OPERATOR, kept.id).await.unwrap();
    assert_eq!(free(&process, show).await, [1, 2, 3, 4, 5]);
    assert_eq!(fixture.counts(show).await, (5, 0));
    hold(&process, buyer, show, [1, 2]).await.unwrap();
    let again = process.house.unblock(OPERATOR, kept.id).await;
    assert!(matches!(again, Err(HouseError::BlockNotFound)));
    assert_eq!(process.house.blocks(show).await.unwrap(), Some(vec![]));
    assert_eq!(logged(&process).await, ["seats.unblocked", "seats.blocked"]);
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_house_keeps_nothing_that_somebody_has_but_what_nobody_paid_in_time() {
    let fixture = Fixture::new().await;
    let process = fixture.process().await;
    let show = schedule(&process, 5).await;
    let (buyer, holder) = (shopper(&process).await, shopper(&process).await);
    charge(&process, buyer.user_id, 50_000).await;
    let bought = hold(&process, buyer, show, [1]).await.unwrap();
    pay(&process, buyer, bought.id).await.unwrap();
    hold(&process, holder, show, [2, 3]).await.unwrap();
    let refused = block(&process, show, &[1, 2, 4]).await;
    assert_eq!(unavailable(refused.err()), [1, 2]);
    fixture.clock.advance(Duration::minutes(5));
    block(&process, show, &[2, 4]).await.unwrap();
    assert_eq!(free(&process, show).await, [3, 5]);
    assert_eq!(fixture.counts(show).await, (2, 3));
    let missing = block(&process, show, &[5, 6]).await.unwrap_err();
    assert!(matches!(missing, HouseError::SeatNotFound { .. }));
    let nowhere = block(&process, ScheduleId::new(id()), &[1]).await;
    assert!(matches!(nowhere, Err(HouseError::ScheduleNotFound)));
    assert_eq!(logged(&process).await, ["seats.blocked"]);
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_4_complimentary_seats_are_paid_with_nothing_and_leave_the_limit_alone() {
    let fixture = Fixture::new().await;
    let process = fixture.process().await;
    let show = schedule(&process, 12).await;
    let guest = shopper(&process).await;
    charge(&process, guest.user_id, 50_000).await;
    let kept = block(&process, show, &[1, 2, 3]).await.unwrap();
    let given = give(&process, show, guest.user_id, &[2, 3, 4]).await;
    let given = given.unwrap();
    assert_eq!(given.amount, Money::ZERO);
    let own = process.seats.find(given.id, guest.user_id).await.unwrap();
    assert_eq!(own.as_ref(), Some(&given));
    let ReservationStatus::Paid { payment_id } = given.status else {
        panic!("not paid: {given:?}")
    };
    let receipt = process.cashier.find(payment_id, guest.user_id).await;
    let receipt = receipt.unwrap().unwrap();
    assert_eq!(
        (receipt.amount, receipt.balance_after.get()),
        (Money::ZERO, 50_000)
    );
    assert_eq!(balance(&process, guest.user_id).await, 50_000);
    let blocks = process.house.blocks(show).await.unwrap().unwrap();
    let left: Vec<_> = blocks[0].seats.iter().map(|n| n.get()).collect();
    assert_eq!((blocks[0].id, left), (kept.id, vec![1]));
    assert_eq!(fixture.counts(show).await, (8, 4));
    // Rule 14 counts what was bought: four more can be.
    let held = hold(&process, guest, show, [5, 6, 7, 8]).await.unwrap();
    pay(&process, guest, held.id).await.unwrap();
    fixture.assert_audit_clean().await;

    assert_eq!(
        unavailable(give(&process, show, guest.user_id, &[2, 9]).await.err()),
        [2]
    );
    let nobody = give(&process, show, UserId::new(id()), &[9]).await;
    assert!(matches!(nobody, Err(HouseError::UserNotFound)));
    assert_eq!(logged(&process).await, ["seats.given", "seats.blocked"]);
    let report = process.house.report(show).await.unwrap().unwrap();
    let counts = (
        report.sold,
        report.complimentary,
        report.blocked,
        report.held,
    );
    assert_eq!(counts, (7, 3, 1, 0));
    assert_eq!(report.date.schedule.remaining_seats, 4);
    assert_eq!(report.revenue, Money::won(4 * SEAT_PRICE));
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gift_of_a_hold_that_is_over_expires_the_reservation() {
    let fixture = Fixture::new().await;
    let process = fixture.process().await;
    let show = schedule(&process, 4).await;
    let (late, guest) = (shopper(&process).await, sign_up(&process).await);
    let held = hold(&process, late, show, [1, 2]).await.unwrap();
    fixture.clock.advance(Duration::minutes(5));
    give(&process, show, guest, &[2]).await.unwrap();
    let found = process.seats.find(held.id, late.user_id).await.unwrap();
    assert_eq!(found.unwrap().status, ReservationStatus::Expired);
    assert_eq!(free(&process, show).await, [1, 3, 4]);
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_sales_are_closed_nothing_is_held_but_holds_are_paid() {
    let fixture = Fixture::new().await;
    let process = fixture.process().await;
    let show = schedule(&process, 5).await;
    let (buyer, late) = (shopper(&process).await, shopper(&process).await);
    charge(&process, buyer.user_id, 50_000).await;
    let held = hold(&process, buyer, show, [1]).await.unwrap();
    let sales = async |closed| {
        let edit = DateEdit {
            sales_closed: Some(closed),
            ..DateEdit::default()
        };
        let edited = process.house.edit_date(OPERATOR, show, edit).await;
        assert_eq!(edited.unwrap().sales_closed, closed);
    };
    sales(true).await;
    sales(true).await;
    let refused = hold(&process, late, show, [2]).await;
    assert!(matches!(refused, Err(HoldError::SalesClosed)));
    pay(&process, buyer, held.id).await.unwrap();
    sales(false).await;
    hold(&process, late, show, [2]).await.unwrap();
    let log = logged(&process).await;
    assert_eq!(
        log, ["schedule.changed"; 2],
        "what changed nothing is not logged"
    );
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_date_that_is_moved_keeps_its_holds_and_buyers_and_shows_when_it_starts() {
    let fixture = Fixture::new().await;
    let [process, other] = fixture.processes().await;
    let show = schedule(&process, 5).await;
    let holder = shopper(&process).await;
    let held = hold(&process, holder, show, [1]).await.unwrap();
    assert_eq!(
        seat_map(&other, show).await.map.starts_at(),
        NOON + Duration::DAY
    );
    let later = NOON + Duration::days(9);
    let edit = DateEdit {
        starts_at: Some(later),
        sales_open_at: Some(Some(NOON + Duration::HOUR)),
        sales_closed: None,
    };
    let moved = process.house.edit_date(OPERATOR, show, edit).await.unwrap();
    assert_eq!(moved.schedule.starts_at, later);
    assert_eq!(moved.schedule.remaining_seats, 4);
    assert_eq!(seat_map(&process, show).await.map.starts_at(), later);
    crate::support::until("the other process shows the move", async || {
        seat_map(&other, show).await.map.starts_at() == later
    })
    .await;
    let found = process.seats.find(held.id, holder.user_id).await.unwrap();
    assert_eq!(found.unwrap().held_until, held.held_until);
    let early = hold(&other, shopper(&other).await, show, [2]).await;
    assert!(matches!(early, Err(HoldError::SalesNotOpen { .. })));
    // Nobody books a show that has begun, and nobody moves it.
    fixture.clock.advance(Duration::days(9));
    let begun = process.house.edit_date(
        OPERATOR,
        show,
        DateEdit {
            starts_at: Some(later + Duration::DAY),
            ..DateEdit::default()
        },
    );
    assert!(matches!(begun.await, Err(HouseError::Begun)));
    let unknown = ScheduleId::new(id());
    let nowhere = process.house.edit_date(OPERATOR, unknown, edit).await;
    assert!(matches!(nowhere, Err(HouseError::ScheduleNotFound)));
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_concert_is_edited_and_shown_with_all_its_dates() {
    let fixture = Fixture::new().await;
    let process = fixture.process().await;
    let show = schedule(&process, 3).await;
    let report = process.house.report(show).await.unwrap().unwrap();
    let id_of = report.date.schedule.concert_id;
    let edit = ConcertEdit {
        title: Some(text("여름 콘서트")),
        venue: None,
    };
    let edited = process.house.edit_concert(OPERATOR, id_of, edit.clone());
    let edited = edited.await.unwrap();
    assert_eq!(
        (edited.title.as_str(), edited.venue.as_str()),
        ("여름 콘서트", "Venue")
    );
    let (found, dates) = process.house.concert(id_of).await.unwrap().unwrap();
    assert_eq!(found, edited);
    assert_eq!(dates, [report.date]);
    assert_eq!(logged(&process).await, ["concert.changed"]);

    let unknown = ConcertId::new(id());
    assert_eq!(process.house.concert(unknown).await.unwrap(), None);
    let nowhere = process.house.edit_concert(OPERATOR, unknown, edit).await;
    assert!(matches!(nowhere, Err(HouseError::ConcertNotFound)));
    let unknown = ScheduleId::new(id());
    assert_eq!(process.house.report(unknown).await.unwrap(), None);
    assert_eq!(process.house.blocks(unknown).await.unwrap(), None);
    let empty = concert(&process, "Empty").await;
    let (_, dates) = process.house.concert(empty.id).await.unwrap().unwrap();
    assert_eq!(dates, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_the_house_and_200_fans_of_two_processes_exactly_one_gets_the_seats() {
    let fixture = Fixture::with(small_batches()).await;
    let [here, there] = fixture.processes().await;
    let fans = shoppers(&here, 200).await;
    for round in 0..5 {
        let show = schedule(&here, 4).await;
        let holds = fans.iter().enumerate().map(|(n, fan)| {
            let process = if n % 2 == 0 { &here } else { &there };
            hold(process, *fan, show, [2, 3])
        });
        let (kept, held) = if round % 2 == 0 {
            join(block(&there, show, &[1, 2, 3]), join_all(holds)).await
        } else {
            let (held, kept) = join(join_all(holds), block(&there, show, &[1, 2, 3])).await;
            (kept, held)
        };
        let held = held.iter().filter(|held| held.is_ok()).count();
        assert_eq!(usize::from(kept.is_ok()) + held, 1);
        fixture.assert_audit_clean().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn gifts_blocks_holds_and_payments_at_once_keep_every_promise() {
    let fixture = Fixture::with(small_batches()).await;
    let processes = fixture.processes().await;
    let show = schedule(&processes[0], 40).await;
    let fans = shoppers(&processes[0], 40).await;
    join_all(
        fans.iter()
            .map(|fan| charge(&processes[1], fan.user_id, 100_000)),
    )
    .await;
    let deeds = fans.iter().zip(1_i64..).map(|(fan, n)| {
        let (process, fan) = (&processes[usize::from(n % 2 == 0)], *fan);
        async move {
            let (seat, next) = (n, n % 40 + 1);
            match n % 4 {
                0 => drop(give(process, show, fan.user_id, &[seat, next]).await),
                1 => {
                    if let Ok(kept) = block(process, show, &[seat, next]).await {
                        process.house.unblock(OPERATOR, kept.id).await.unwrap();
                    }
                }
                _ => {
                    if let Ok(held) = hold(process, fan, show, [seat, next]).await {
                        pay(process, fan, held.id).await.unwrap();
                    }
                }
            }
        }
    });
    join_all(deeds).await;
    fixture.assert_audit_clean().await;
    fixture.assert_no_deadlocks(processes).await;
}
