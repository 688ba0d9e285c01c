use super::*;
use crate::{
    id::{CountingIds, PaymentId},
    reservations::tests::{NOW, reservation},
};
use futures_util::FutureExt;
use uuid::Uuid;

const OPERATOR: Operator = Operator::command("a test");
const SHOW: ScheduleId = ScheduleId::new(Uuid::from_u128(3));

fn paid(n: u128) -> Reservation {
    let payment_id = PaymentId::new(Uuid::from_u128(100 + n));
    Reservation {
        id: ReservationId::new(Uuid::from_u128(n)),
        ..reservation(ReservationStatus::Paid { payment_id })
    }
}

fn accounts() -> HashMap<UserId, Account> {
    let account = Account {
        user_id: paid(1).user_id,
        balance: Money::ZERO,
        entries: 4,
    };
    [(account.user_id, account)].into()
}

fn entries(count: u128) -> Vec<EntryId> {
    (0..count)
        .map(|n| EntryId::new(Uuid::from_u128(n)))
        .collect()
}

#[test]
fn what_is_paid_is_refunded_what_is_pending_released_and_the_rest_left_alone() {
    let pending = reservation(ReservationStatus::PendingPayment);
    let over = Reservation {
        id: ReservationId::new(Uuid::from_u128(9)),
        held_until: NOW,
        ..pending.clone()
    };
    let all = [
        paid(7),
        pending.clone(),
        over,
        reservation(ReservationStatus::Cancelled),
        reservation(ReservationStatus::Expired),
        paid(8),
    ];
    let mut accounts = accounts();
    let batch = call_off(NOW, all, &mut accounts, &entries(6));
    assert_eq!(batch.released, [pending.id]);
    let refunded: Vec<_> = batch.refunds.iter().map(|r| r.reservation.id).collect();
    assert_eq!(refunded, [paid(7).id, paid(8).id]);
    let numbers: Vec<_> = batch.refunds.iter().map(|r| r.entry.number).collect();
    assert_eq!(numbers, [5, 6], "of one owner's ledger");
    let causes = batch.refunds.iter().map(|r| r.cause);
    assert!(causes.into_iter().all(|c| c == RefundCause::Schedule));
    assert_eq!(accounts[&paid(7).user_id].balance, Money::won(200_000));
    let again = batch.refunds.into_iter().map(|refund| refund.reservation);
    assert_eq!(
        call_off(NOW, again, &mut accounts, &entries(2)),
        CalledOffBatch::default()
    );
}

#[test]
fn there_are_no_more_refunds_than_ids() {
    let batch = call_off(NOW, (1..5).map(paid), &mut accounts(), &entries(3));
    assert_eq!(batch.refunds.len(), 3);
}

fn service(store: MockCancellationStore) -> CancellationService {
    CancellationService::new(Arc::new(store), Arc::new(CountingIds::default()))
}

fn running() -> Cancellation {
    Cancellation {
        schedule_id: SHOW,
        reason: None,
        started_at: NOW,
        finished_at: None,
        refunded: 0,
        remaining: 2,
        amount_refunded: Money::ZERO,
    }
}

#[test]
fn who_calls_a_date_off_is_told_how_far_it_is() {
    let mut store = MockCancellationStore::new();
    store.expect_begin().return_once(|_, _, _| Ok(true));
    store.expect_find().return_once(|_| Ok(running()));
    let told = service(store)
        .call_off(OPERATOR, SHOW, None)
        .now_or_never()
        .unwrap();
    assert_eq!(told.unwrap(), running());
}

#[test]
fn a_date_that_does_not_exist_cannot_be_called_off() {
    let mut store = MockCancellationStore::new();
    store.expect_begin().return_once(|_, _, _| Ok(false));
    let told = service(store)
        .call_off(OPERATOR, SHOW, None)
        .now_or_never()
        .unwrap();
    assert!(matches!(told, Err(CancellationError::ScheduleNotFound)));
}

#[test]
fn a_batch_is_bounded_and_has_an_id_for_each_entry() {
    let mut store = MockCancellationStore::new();
    store
        .expect_proceed()
        .withf(|ids| {
            let distinct: std::collections::HashSet<_> = ids.iter().collect();
            ids.len() == BATCH && distinct.len() == BATCH
        })
        .return_once(|_| Ok(7));
    let ended = service(store).proceed().now_or_never().unwrap();
    assert_eq!(ended.unwrap(), 7);
}
