use super::*;
use crate::id::CountingIds;
use futures_util::FutureExt;
use proptest::prelude::*;
use time::macros::datetime;
use uuid::Uuid;

const NOW: OffsetDateTime = datetime!(2026-01-01 12:00 UTC);
const RULES: ChargeRules = ChargeRules {
    max_charge: Money::won(10_000_000),
    max_balance: Money::won(1_000_000_000),
};

fn user(n: u128) -> UserId {
    UserId::new(Uuid::from_u128(n))
}

fn account(won: i64) -> Account {
    Account {
        user_id: user(1),
        balance: Money::won(won),
        entries: 3,
    }
}

fn entry_id(n: u128) -> EntryId {
    EntryId::new(Uuid::from_u128(n))
}

fn service(ledger: MockLedger) -> BalanceService {
    BalanceService::new(Arc::new(ledger), Arc::new(CountingIds::default()), RULES)
}

#[test]
fn rule_17_a_charge_is_a_whole_number_of_won_within_the_limit() {
    for bad in [0, -1, 10_000_001, i64::MIN, i64::MAX] {
        assert!(
            matches!(RULES.amount(bad), Err(ChargeError::InvalidAmount)),
            "{bad}"
        );
    }
    assert_eq!(RULES.amount(1).unwrap(), Money::won(1));
    assert_eq!(RULES.amount(10_000_000).unwrap(), Money::won(10_000_000));
}

#[test]
fn rule_17_a_balance_reaches_its_limit_and_no_further() {
    let mut full = account(999_999_999);
    assert!(full.charge(NOW, &RULES, entry_id(1), Money::won(1)).is_ok());
    let more = full.charge(NOW, &RULES, entry_id(2), Money::won(1));
    assert!(
        matches!(more, Err(ChargeError::LimitExceeded { limit }) if limit == RULES.max_balance)
    );
    assert_eq!(full.balance, RULES.max_balance, "nothing changed");
}

#[test]
fn what_was_paid_goes_back_whatever_the_limit_and_charges_wait_until_it_is_met() {
    let mut full = account(999_999_999);
    let payment = PaymentId::new(Uuid::from_u128(9));
    let back = full.refund(NOW, entry_id(1), payment, Money::won(50_000));
    let back = back.unwrap();
    assert_eq!(back.kind, EntryKind::Refund(payment));
    assert_eq!(back.balance_after, Money::won(1_000_049_999));
    assert_eq!((back.number, full.entries), (4, 4));
    let more = full.charge(NOW, &RULES, entry_id(2), Money::won(1));
    assert!(matches!(more, Err(ChargeError::LimitExceeded { .. })));
    let beyond = full.refund(NOW, entry_id(3), payment, Money::won(i64::MAX));
    assert_eq!(beyond, None);
}

#[test]
fn rule_19_a_ledger_is_shown_to_its_owner_alone() {
    let page = PageRequest {
        after: None,
        limit: 10,
    };
    let mut ledger = MockLedger::new();
    let empty = Page::of(Vec::new(), 10, |entry: &LedgerEntry| entry.number);
    ledger
        .expect_entries()
        .withf(|of, _| *of == user(1))
        .return_once(move |_, _| Ok(empty));
    let service = service(ledger);
    let own = service.entries(user(1), user(1), page).now_or_never();
    assert!(own.unwrap().unwrap().items.is_empty());
    let foreign = service.entries(user(2), user(1), page).now_or_never();
    assert!(matches!(foreign.unwrap(), Err(BalanceError::UserNotFound)));
}

#[test]
fn rule_18_each_change_is_an_entry_with_the_balance_after_it() {
    let mut account = account(1_000);
    let entry = account
        .charge(NOW, &RULES, entry_id(1), Money::won(500))
        .unwrap();
    assert_eq!((entry.number, entry.balance_after), (4, Money::won(1_500)));
    let payment = PaymentId::new(Uuid::from_u128(7));
    let entry = account
        .debit(NOW, entry_id(2), payment, Money::won(1_500))
        .unwrap();
    assert_eq!((entry.number, entry.amount), (5, Money::won(-1_500)));
    assert_eq!(account.balance, Money::ZERO);
}

#[test]
fn rule_22_a_debit_beyond_the_balance_tells_what_is_missing() {
    let mut account = account(1_000);
    let payment = PaymentId::new(Uuid::from_u128(7));
    let refusal = account
        .debit(NOW, entry_id(1), payment, Money::won(1_200))
        .unwrap_err();
    assert_eq!(refusal.shortfall, Money::won(200));
    assert_eq!(account, self::account(1_000), "nothing changed");
}

#[test]
fn rule_19_anothers_balance_is_answered_like_a_user_who_does_not_exist() {
    let service = service(MockLedger::new());
    let look = service.balance(user(1), user(2)).now_or_never().unwrap();
    assert!(matches!(look, Err(BalanceError::UserNotFound)));
    let charge = service
        .charge(user(1), user(2), Some(0), None)
        .now_or_never()
        .unwrap();
    assert!(
        matches!(charge, Err(ChargeError::UserNotFound)),
        "before the amount is looked at"
    );
}

#[test]
fn rule_17_an_amount_that_is_not_whole_never_reaches_the_ledger() {
    let service = service(MockLedger::new());
    for bad in [None, Some(0), Some(-5)] {
        let charge = service
            .charge(user(1), user(1), bad, None)
            .now_or_never()
            .unwrap();
        assert!(matches!(charge, Err(ChargeError::InvalidAmount)));
    }
}

#[test]
fn rule_25_a_charge_repeated_within_a_batch_counts_once() {
    let mut accounts = HashMap::from([(user(1), account(0))]);
    let key = IdempotencyKey {
        key: "k".into(),
        fingerprint: [0; 32],
    };
    let request = |id| ChargeRequest {
        entry_id: entry_id(id),
        user_id: user(1),
        amount: Money::won(10),
        key: Some(key.clone()),
    };
    let mut earlier = Earlier::default();
    let requests = [request(1), request(2)];
    let answers = charge_all(NOW, &RULES, &mut accounts, &mut earlier, &requests);
    assert!(answers[1].as_ref().unwrap().replayed);
    assert_eq!(accounts[&user(1)].balance, Money::won(10));
}

proptest! {
    #[test]
    fn rule_18_the_balance_is_the_sum_of_its_entries_and_never_negative(
        steps in proptest::collection::vec((any::<bool>(), 0i64..2_000_000_000), 0..100),
    ) {
        let mut account = Account { user_id: user(1), balance: Money::ZERO, entries: 0 };
        let mut sum = 0;
        for (n, (pay_in, won)) in steps.into_iter().enumerate() {
            let (id, amount) = (entry_id(n as u128), Money::won(won));
            let payment = PaymentId::new(Uuid::from_u128(n as u128));
            let entry = if pay_in {
                account.charge(NOW, &RULES, id, amount).ok()
            } else {
                account.debit(NOW, id, payment, amount).ok()
            };
            sum += entry.map_or(0, |e| e.amount.get());
            prop_assert_eq!(account.balance.get(), sum);
            prop_assert!(entry.is_none_or(|e| e.balance_after.get() == sum));
            prop_assert!((0..=RULES.max_balance.get()).contains(&sum));
        }
    }
}
