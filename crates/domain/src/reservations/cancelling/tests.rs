use super::*;
use crate::{
    id::PaymentId,
    money::Money,
    reservations::{
        CalledOff,
        tests::{NOW, reservation},
    },
};
use time::Duration;
use uuid::Uuid;

const PAID: ReservationStatus = ReservationStatus::Paid {
    payment_id: PaymentId::new(Uuid::from_u128(9)),
};
const HOUR_BEFORE: RefundRules = RefundRules {
    until: Some(Duration::HOUR),
};

fn show() -> OnSale {
    OnSale {
        starts_at: reservation(PAID).starts_at,
        sales_open_at: None,
        sales_closed: false,
        total_seats: 10,
        called_off: None,
    }
}

fn give_up(
    now: OffsetDateTime,
    rules: &RefundRules,
    show: &OnSale,
    reservation: Reservation,
) -> Result<Cancelled, CancelError> {
    let account = Account {
        user_id: reservation.user_id,
        balance: Money::won(5),
        entries: 2,
    };
    let mut accounts = [(account.user_id, account)].into();
    let entry = EntryId::new(Uuid::from_u128(10));
    cancel(now, rules, show, reservation, &mut accounts, entry)
}

fn in_time(status: ReservationStatus) -> Result<Cancelled, CancelError> {
    give_up(NOW, &HOUR_BEFORE, &show(), reservation(status))
}

#[test]
fn rule_16_a_pending_reservation_can_be_given_up_and_only_once() {
    let released = in_time(ReservationStatus::PendingPayment).unwrap();
    let cancelled = reservation(ReservationStatus::Cancelled);
    assert_eq!(released, Cancelled::Released(cancelled.clone()));
    let again = in_time(ReservationStatus::Cancelled).unwrap();
    assert_eq!(again, Cancelled::Before(cancelled));
}

#[test]
fn rule_16_a_hold_that_is_over_cannot_be_given_up() {
    let expired = in_time(ReservationStatus::Expired);
    assert!(matches!(expired, Err(CancelError::Expired)), "{expired:?}");
    let pending = reservation(ReservationStatus::PendingPayment);
    let late = give_up(pending.held_until, &HOUR_BEFORE, &show(), pending);
    assert!(matches!(late, Err(CancelError::Expired)), "{late:?}");
}

#[test]
fn a_paid_reservation_is_refunded_and_only_once() {
    let Cancelled::Refunded(refund) = in_time(PAID).unwrap() else {
        panic!("not refunded")
    };
    assert_eq!(refund.cause, RefundCause::Holder);
    assert_eq!(refund.entry.balance_after, Money::won(100_005));
    let refunded = refund.reservation.status;
    let again = in_time(refunded).unwrap();
    assert_eq!(again, Cancelled::Before(reservation(refunded)));
    assert_eq!(again.into_reservation().status, refunded);
}

#[test]
fn too_late_or_where_that_is_never_done_nothing_is_refunded() {
    let deadline = show().starts_at - Duration::HOUR;
    for (now, rules, told) in [
        (deadline, HOUR_BEFORE, Some(deadline)),
        (NOW, RefundRules { until: None }, None),
    ] {
        let refused = give_up(now, &rules, &show(), reservation(PAID));
        assert!(
            matches!(refused, Err(CancelError::RefundNotAllowed { until }) if until == told),
            "{refused:?}"
        );
    }
    let in_time = deadline - Duration::MICROSECOND;
    assert!(give_up(in_time, &HOUR_BEFORE, &show(), reservation(PAID)).is_ok());
}

#[test]
fn of_a_date_that_was_called_off_the_money_goes_back_at_any_time() {
    let off = OnSale {
        called_off: Some(CalledOff { reason: None }),
        ..show()
    };
    let never = RefundRules { until: None };
    let after = off.starts_at + Duration::DAY;
    let refunded = give_up(after, &never, &off, reservation(PAID)).unwrap();
    assert!(
        matches!(&refunded, Cancelled::Refunded(refund) if refund.cause == RefundCause::Schedule),
        "{refunded:?}"
    );
}

#[test]
fn a_refund_without_an_account_is_a_defect_and_not_a_loss() {
    let entry = EntryId::new(Uuid::from_u128(10));
    let mut none = HashMap::new();
    let lost = cancel(
        NOW,
        &HOUR_BEFORE,
        &show(),
        reservation(PAID),
        &mut none,
        entry,
    );
    let defect = matches!(lost, Err(CancelError::Storage(StorageError::Failed(_))));
    assert!(defect, "{lost:?}");
}
