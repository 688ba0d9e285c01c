use super::*;
use crate::{
    id::IdGenerator,
    money::Money,
    reservations::tests::{NOW, reservation},
};
use proptest::prelude::*;
use uuid::Uuid;

const PAID: ReservationStatus = ReservationStatus::Paid {
    payment_id: PaymentId::new(Uuid::from_u128(9)),
};

fn entry_id() -> EntryId {
    EntryId::new(Uuid::from_u128(10))
}

/// The account of the owner of [`reservation`], with this much money.
fn accounts(won: i64) -> HashMap<UserId, Account> {
    let account = Account {
        user_id: reservation(PAID).user_id,
        balance: Money::won(won),
        entries: 2,
    };
    [(account.user_id, account)].into()
}

#[test]
fn a_paid_reservation_can_be_given_back_until_so_long_before_the_show() {
    let hour = RefundRules {
        until: Some(Duration::HOUR),
    };
    let paid = reservation(PAID);
    let until = paid.starts_at - Duration::HOUR;
    assert_eq!(hour.refundable_until(NOW, &paid), Some(until));
    let last = until - Duration::MICROSECOND;
    assert_eq!(hour.refundable_until(last, &paid), Some(until));
    assert_eq!(hour.refundable_until(until, &paid), None);
    let never = RefundRules { until: None };
    assert_eq!(never.refundable_until(NOW, &paid), None);
}

#[test]
fn only_a_paid_reservation_can_be_given_back_for_money() {
    let rules = RefundRules {
        until: Some(Duration::ZERO),
    };
    let refunded = ReservationStatus::Refunded {
        payment_id: PaymentId::new(Uuid::from_u128(9)),
        at: NOW,
    };
    for status in [
        ReservationStatus::PendingPayment,
        ReservationStatus::Cancelled,
        ReservationStatus::Expired,
        refunded,
    ] {
        let unpaid = reservation(status);
        assert_eq!(rules.refundable_until(NOW, &unpaid), None, "{status:?}");
        let refund = Refund::of(
            NOW,
            RefundCause::Holder,
            unpaid,
            &mut accounts(0),
            entry_id(),
        );
        assert_eq!(refund, None, "{status:?}");
    }
}

#[test]
fn without_an_account_that_can_count_it_nothing_goes_back() {
    let refund = |accounts: &mut HashMap<_, _>| {
        Refund::of(
            NOW,
            RefundCause::Holder,
            reservation(PAID),
            accounts,
            entry_id(),
        )
    };
    assert_eq!(refund(&mut HashMap::new()), None);
    let mut full = accounts(i64::MAX);
    assert_eq!(refund(&mut full), None);
    assert_eq!(full, accounts(i64::MAX), "nothing changed");
}

proptest! {
    /// Whatever there is by then, beyond every limit of charges too.
    #[test]
    fn what_was_paid_goes_back_once_and_all_of_it(
        balance in 0..=2_000_000_000_i64, amount in 0..=1_000_000_000_i64,
    ) {
        let ids = crate::id::CountingIds::default();
        let mut accounts = accounts(balance);
        let mut paid = reservation(PAID);
        paid.amount = Money::won(amount);
        let mut give_back = |reservation| {
            Refund::of(
                NOW,
                RefundCause::Schedule,
                reservation,
                &mut accounts,
                EntryId::new(ids.next()),
            )
        };
        let refund = give_back(paid.clone()).unwrap();
        prop_assert_eq!(give_back(refund.reservation.clone()), None);
        let account = accounts[&paid.user_id];
        prop_assert_eq!(account.balance.get(), balance + amount);
        prop_assert_eq!(account.entries, 3);
        prop_assert_eq!(refund.entry.amount, paid.amount);
        prop_assert_eq!(refund.entry.balance_after, account.balance);
        prop_assert_eq!(refund.entry.number, 3);
        prop_assert_eq!(refund.entry.kind, crate::balance::EntryKind::Refund(refund.payment_id));
        let payment_id = refund.payment_id;
        let refunded = ReservationStatus::Refunded { payment_id, at: NOW };
        prop_assert_eq!(refund.reservation, Reservation { status: refunded, ..paid });
    }
}
