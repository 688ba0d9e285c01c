//! Charging, and the ledger behind each balance.

use domain::{
    balance::{ChargeError, EntryKind},
    id::UserId,
    page::PageRequest,
};
use futures_util::future::join_all;

use crate::fixture::{
    Fixture, SEAT_PRICE, balance, charge, charge_request, hold, id, options, pay, schedule,
    shopper, sign_up, small_batches,
};

#[tokio::test(flavor = "multi_thread")]
async fn rule_18_every_change_is_an_entry_that_follows_from_the_one_before() {
    let fixture = Fixture::new().await;
    let [here, there] = fixture.processes().await;
    let show = schedule(&here, 9).await;
    let pass = shopper(&here).await;
    charge(&here, pass.user_id, 5_000).await;
    charge(&there, pass.user_id, 7_000).await;
    let held = hold(&here, pass, show, &[1]).await.unwrap();
    let receipt = pay(&here, pass, held.id).await.unwrap();
    charge(&here, pass.user_id, 1).await;

    let page = PageRequest {
        after: None,
        limit: 9,
    };
    let entries = there.ledger.entries(pass.user_id, page).await.unwrap();
    assert_eq!(entries.next, None);
    let told = |e: &domain::balance::LedgerEntry| {
        (e.number, e.kind, e.amount.get(), e.balance_after.get())
    };
    let told: Vec<_> = entries.items.iter().map(told).collect();
    let payment = EntryKind::Payment(receipt.id);
    let expected = [
        (4, EntryKind::Charge, 1, 2_001),
        (3, payment, -SEAT_PRICE, 2_000),
        (2, EntryKind::Charge, 7_000, 12_000),
        (1, EntryKind::Charge, 5_000, 5_000),
    ];
    assert_eq!(told, expected);
    let account = there.ledger.find(pass.user_id).await.unwrap().unwrap();
    assert_eq!((account.balance.get(), account.entries), (2_001, 4));
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_17_a_balance_never_exceeds_its_limit() {
    let mut options = options();
    options.charge_rules.max_balance = domain::money::Money::won(1_000);
    let fixture = Fixture::with(options).await;
    let processes = fixture.processes().await;
    let user = sign_up(&processes[0]).await;
    let charges = (0..30).map(|n| {
        let request = charge_request(user, 100, None);
        processes[n % 2].ledger.charge(request)
    });
    let answers = join_all(charges).await;
    assert_eq!(answers.iter().filter(|a| a.is_ok()).count(), 10);
    for refused in answers.into_iter().filter_map(Result::err) {
        let ChargeError::LimitExceeded { limit } = refused else {
            panic!("{refused:?}")
        };
        assert_eq!(limit.get(), 1_000);
    }
    assert_eq!(balance(&processes[1], user).await, 1_000);
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_18_a_thousand_charges_of_one_user_over_two_processes_add_up() {
    let fixture = Fixture::with(small_batches()).await;
    let processes = fixture.processes().await;
    let user = sign_up(&processes[0]).await;
    let charges = (1..=1_000).map(|won| {
        let process = &processes[usize::try_from(won % 2).unwrap()];
        process.ledger.charge(charge_request(user, won, None))
    });
    let answers = join_all(charges).await;
    let mut entries: Vec<_> = answers.into_iter().map(|a| a.unwrap().value).collect();
    entries.sort_by_key(|entry| entry.number);
    let mut sum = 0;
    for (number, entry) in (1..).zip(entries) {
        sum += entry.amount.get();
        assert_eq!((entry.number, entry.balance_after.get()), (number, sum));
    }
    assert_eq!(balance(&processes[0], user).await, 500_500);
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn charges_of_many_users_at_once_never_lock_each_other_out() {
    let fixture = Fixture::with(small_batches()).await;
    let processes = fixture.processes().await;
    let users = join_all((0..20).map(|_| sign_up(&processes[0]))).await;
    // One process goes through the users upwards, the other downwards.
    let charges = (0..400).map(|n| {
        let user = users[if n % 2 == 0 {
            n / 2 % 20
        } else {
            19 - n / 2 % 20
        }];
        processes[n % 2]
            .ledger
            .charge(charge_request(user, 10, None))
    });
    assert!(join_all(charges).await.iter().all(Result::is_ok));
    for user in users {
        assert_eq!(balance(&processes[0], user).await, 200);
    }
    fixture.assert_audit_clean().await;
    fixture.assert_no_deadlocks(processes).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_user_has_no_balance_to_charge() {
    let fixture = Fixture::new().await;
    let process = fixture.process().await;
    let nobody = UserId::new(id());
    let refused = process.ledger.charge(charge_request(nobody, 1, None)).await;
    assert!(matches!(refused, Err(ChargeError::UserNotFound)));
    assert_eq!(process.ledger.find(nobody).await.unwrap(), None);
    fixture.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_are_listed_newest_first_page_by_page() {
    let fixture = Fixture::new().await;
    let process = fixture.process().await;
    let (user, other) = (sign_up(&process).await, sign_up(&process).await);
    for won in 1..=5 {
        charge(&process, user, won).await;
        charge(&process, other, 9).await;
    }
    let (mut listed, mut after) = (Vec::new(), None);
    for expected in [2, 2, 1] {
        let page = PageRequest { after, limit: 2 };
        let page = process.ledger.entries(user, page).await.unwrap();
        assert_eq!(page.items.len(), expected);
        listed.extend(page.items.iter().map(|entry| entry.amount.get()));
        after = page.next;
    }
    assert_eq!(listed, [5, 4, 3, 2, 1]);
    assert_eq!(after, None);
    fixture.assert_audit_clean().await;
}
