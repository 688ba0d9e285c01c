use super::*;
use crate::{
    id::CountingIds,
    queue::{MockLineView, Ticket},
    reservations::tests::{NOW, reservation},
};
use futures_util::FutureExt;
use time::Duration;
use uuid::Uuid;

fn pass() -> Pass {
    Pass {
        token_id: TokenId::new(Uuid::from_u128(4)),
        user_id: UserId::new(Uuid::from_u128(2)),
        ticket: Ticket::FIRST,
        entered_at: NOW,
        waiting_until: NOW + Duration::HOUR,
    }
}

/// One pending reservation of ₩100,000 and its owner, admitted, with this much money.
fn till(won: i64) -> Till {
    let pending = reservation(ReservationStatus::PendingPayment);
    let account = Account {
        user_id: pass().user_id,
        balance: Money::won(won),
        entries: 1,
    };
    let state = TokenState::Active {
        since: NOW,
        until: NOW + Duration::minutes(10),
    };
    Till {
        reservations: [(pending.id, pending)].into(),
        accounts: [(account.user_id, account)].into(),
        tokens: [(
            pass().token_id,
            QueueToken {
                pass: pass(),
                state,
            },
        )]
        .into(),
        ..Till::default()
    }
}

fn request(payment: u128) -> PayRequest {
    PayRequest {
        payment_id: PaymentId::new(Uuid::from_u128(payment)),
        entry_id: EntryId::new(Uuid::from_u128(payment)),
        pass: pass(),
        reservation_id: reservation(ReservationStatus::PendingPayment).id,
        seats: None,
        key: None,
    }
}

fn pay(till: &mut Till, request: PayRequest) -> Result<Outcome<Receipt>, PayError> {
    settle_all(NOW, till, &[request]).0.remove(0)
}

#[test]
fn rule_23_a_payment_changes_everything_together() {
    let mut till = till(150_000);
    let (answers, settled) = settle_all(NOW, &mut till, &[request(10)]);
    let receipt = &answers[0].as_ref().unwrap().value;
    assert_eq!(receipt.amount, Money::won(100_000));
    assert_eq!(receipt.balance_after, Money::won(50_000));
    assert_eq!(
        receipt.reservation.status,
        ReservationStatus::Paid {
            payment_id: receipt.id
        }
    );
    assert_eq!(settled.len(), 1);
    assert_eq!(settled[0].entry.amount, Money::won(-100_000));
    assert_eq!(settled[0].token.pass, pass());
    let spent = till.tokens[&pass().token_id].state;
    assert_eq!(spent, TokenState::Ended(EndReason::Paid));
}

#[test]
fn rule_20_what_is_unknown_anothers_or_named_with_other_seats_is_not_found() {
    let not_found = |request| {
        matches!(
            pay(&mut till(150_000), request),
            Err(PayError::ReservationNotFound)
        )
    };
    let unknown = ReservationId::new(Uuid::from_u128(99));
    assert!(not_found(PayRequest {
        reservation_id: unknown,
        ..request(10)
    }));
    let mallory = Pass {
        user_id: UserId::new(Uuid::from_u128(66)),
        ..pass()
    };
    assert!(not_found(PayRequest {
        pass: mallory,
        ..request(10)
    }));
    let other = Some(SeatNumbers::new(&[1]).unwrap());
    assert!(not_found(PayRequest {
        seats: other,
        ..request(10)
    }));
    let same = Some(SeatNumbers::new(&[2, 1]).unwrap());
    assert!(!not_found(PayRequest {
        seats: same,
        ..request(10)
    }));
}

#[test]
fn rule_21_a_hold_that_is_over_cannot_be_paid() {
    let mut till = till(150_000);
    let end = NOW + Duration::minutes(5);
    let answer = settle_all(end, &mut till, &[request(10)]).0.remove(0);
    assert!(matches!(answer, Err(PayError::ReservationExpired)));
    assert_eq!(till.accounts[&pass().user_id].balance, Money::won(150_000));
}

#[test]
fn rule_22_too_little_money_leaves_the_hold_as_it_is() {
    let mut till = till(40_000);
    let answer = pay(&mut till, request(10));
    let Err(PayError::Insufficient(missing)) = answer else {
        panic!("{answer:?}")
    };
    assert_eq!(missing.shortfall, Money::won(60_000));
    let hold = till.reservations.values().next().unwrap();
    assert_eq!(hold.status, ReservationStatus::PendingPayment);
    assert!(
        admits(&pass(), till.tokens.get(&pass().token_id), NOW).is_ok(),
        "the token is not spent"
    );
}

#[test]
fn rule_24_paying_twice_in_a_batch_charges_once_and_names_the_payment() {
    let mut till = till(500_000);
    let (answers, settled) = settle_all(NOW, &mut till, &[request(10), request(11)]);
    let first = request(10).payment_id;
    assert!(matches!(answers[1], Err(PayError::AlreadyPaid { payment_id }) if payment_id == first));
    assert_eq!(settled.len(), 1);
    assert_eq!(till.accounts[&pass().user_id].balance, Money::won(400_000));
}

#[test]
fn rule_24_the_same_key_answers_the_first_receipt_although_the_token_is_spent() {
    let mut till = till(500_000);
    let key = IdempotencyKey {
        key: "k".into(),
        fingerprint: [3; 32],
    };
    let with_key = |id| PayRequest {
        key: Some(key.clone()),
        ..request(id)
    };
    let first = pay(&mut till, with_key(10)).unwrap();
    let again = pay(&mut till, with_key(11)).unwrap();
    assert!(again.replayed);
    assert_eq!(again.value, first.value);
}

#[test]
fn rule_8_without_an_active_token_nothing_is_paid() {
    let mut till = till(500_000);
    till.tokens.get_mut(&pass().token_id).unwrap().state = TokenState::Waiting;
    assert!(matches!(
        pay(&mut till, request(10)),
        Err(PayError::TokenNotActive)
    ));
    till.tokens.clear();
    assert!(matches!(
        pay(&mut till, request(10)),
        Err(PayError::TokenEnded)
    ));
}

#[test]
fn a_cancelled_reservation_cannot_be_paid() {
    let mut till = till(500_000);
    let payment_id = PaymentId::new(Uuid::from_u128(9));
    for status in [
        ReservationStatus::Cancelled,
        ReservationStatus::Refunded {
            payment_id,
            at: NOW,
        },
    ] {
        for hold in till.reservations.values_mut() {
            hold.status = status;
        }
        assert!(matches!(
            pay(&mut till, request(10)),
            Err(PayError::ReservationCancelled)
        ));
    }
}

#[test]
fn nothing_can_be_paid_of_a_date_that_was_called_off_and_the_reason_is_told() {
    let mut till = till(500_000);
    let reason = ShortText::new("the singer is ill").unwrap();
    let held = reservation(ReservationStatus::PendingPayment);
    let off = OnSale {
        starts_at: held.starts_at,
        sales_open_at: None,
        sales_closed: false,
        total_seats: 10,
        called_off: Some(CalledOff {
            reason: Some(reason.clone()),
        }),
    };
    till.schedules.insert(held.schedule_id, off);
    let refused = pay(&mut till, request(10));
    assert!(
        matches!(&refused, Err(PayError::ScheduleCancelled { reason: Some(told) }) if *told == reason),
        "{refused:?}"
    );
    assert_eq!(till.accounts[&pass().user_id].balance, Money::won(500_000));
}

fn service(cashier: MockCashier, line: MockLineView) -> PaymentService {
    PaymentService::new(
        Arc::new(cashier),
        Arc::new(line),
        Arc::new(CountingIds::default()),
    )
}

#[test]
fn a_payment_goes_to_the_cashier_with_new_ids() {
    let mut cashier = MockCashier::new();
    let new = |n| Uuid::from_u128(n);
    cashier
        .expect_pay()
        .withf(move |r| r.payment_id.get() == new(1) && r.entry_id.get() == new(2))
        .return_once(|_| Err(PayError::ReservationNotFound));
    let service = service(cashier, MockLineView::new());
    let answer = service
        .pay(pass(), request(1).reservation_id, None, None)
        .now_or_never()
        .unwrap();
    assert!(matches!(answer, Err(PayError::ReservationNotFound)));
}

#[test]
fn rule_5_once_a_payment_is_answered_its_token_is_known_to_be_spent() {
    let paid = pay(&mut till(150_000), request(10)).unwrap();
    let mut cashier = MockCashier::new();
    cashier.expect_pay().return_once(|_| Ok(paid));
    let mut line = MockLineView::new();
    line.expect_ended()
        .withf(|ended| *ended == pass())
        .times(1)
        .return_const(());
    let service = service(cashier, line);
    let answer = service
        .pay(pass(), request(10).reservation_id, None, None)
        .now_or_never();
    assert!(answer.unwrap().is_ok());
}
