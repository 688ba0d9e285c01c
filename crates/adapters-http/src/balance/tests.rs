use super::*;
use crate::testing::*;
use domain::{
    balance::Account,
    id::{EntryId, PaymentId},
    idempotency::{KeyReused, Outcome},
    money::Money,
    page::Page,
    storage::StorageError,
};
use serde_json::{Value, json};

fn path(rest: &str) -> String {
    format!("/v1/users/{USER}/balance{rest}")
}

fn entry(kind: EntryKind, amount: i64) -> LedgerEntry {
    LedgerEntry {
        id: EntryId::new(Uuid::from_u128(5)),
        user_id: USER,
        number: 9,
        kind,
        amount: Money::won(amount),
        balance_after: Money::won(70_000),
        created_at: NOON,
    }
}

fn charged(replayed: bool) -> Outcome<LedgerEntry> {
    Outcome {
        value: entry(EntryKind::Charge, 50_000),
        replayed,
    }
}

/// A charge with `body` as it stands.
fn raw(body: String) -> actix_web::test::TestRequest {
    post(&path("/charges"), ()).set_payload(body).by_user()
}

#[actix_web::test]
async fn rule_19_one_sees_ones_balance_with_either_token() {
    let mut fixture = Fixture::new().with_live_pass();
    let account = Account {
        user_id: USER,
        balance: Money::won(70_000),
        entries: 2,
    };
    fixture
        .balances
        .expect_balance()
        .withf(|caller, user| *caller == USER && *user == USER)
        .returning(move |_, _| Ok(account));
    let requests = [get(&path("")).by_user(), get(&path("")).in_queue()];
    for answer in fixture.ask_all(requests).await {
        assert_eq!(answer.status, 200);
        assert_eq!(
            answer.body,
            json!({"user_id": USER.get(), "balance": 70_000, "currency": "KRW"})
        );
    }
}

#[actix_web::test]
async fn rule_19_another_users_money_is_answered_like_what_does_not_exist() {
    let mut fixture = Fixture::new();
    let other = |caller: &UserId, user: &UserId| *caller == USER && *user != USER;
    fixture
        .balances
        .expect_balance()
        .withf(other)
        .returning(|_, _| Err(BalanceError::UserNotFound));
    fixture
        .balances
        .expect_entries()
        .returning(|_, _, _| Err(BalanceError::UserNotFound));
    fixture
        .balances
        .expect_charge()
        .returning(|_, _, _, _| Err(ChargeError::UserNotFound));
    let theirs = format!("/v1/users/{}/balance", id(1));
    let requests = [
        get(&theirs).by_user(),
        get(&format!("{theirs}/entries")).by_user(),
        post(&format!("{theirs}/charges"), json!({"amount": 1})).by_user(),
    ];
    for answer in fixture.ask_all(requests).await {
        assert_eq!(answer.problem(), (404, "user_not_found"));
    }
}

#[actix_web::test]
async fn rule_17_charging_adds_won() {
    let mut fixture = Fixture::new();
    fixture
        .balances
        .expect_charge()
        .withf(|caller, user, won, key| {
            *caller == USER && *user == USER && *won == Some(50_000) && key.is_none()
        })
        .returning(|_, _, _, _| Ok(charged(false)));
    let answer = fixture
        .ask(post(&path("/charges"), json!({"amount": 50_000})).by_user())
        .await;
    assert_eq!(answer.status, 201);
    assert_eq!(answer.header("idempotent-replayed"), None);
    assert_eq!(
        answer.body,
        json!({
            "id": id(5),
            "amount": 50_000,
            "balance": 70_000,
            "charged_at": "2026-01-01T12:00:00Z",
        })
    );
}

#[actix_web::test]
async fn rule_17_whatever_is_no_whole_number_of_won_is_an_invalid_amount() {
    let huge = format!("1{}", "0".repeat(30));
    let wrong = [
        "1.5",
        "1e30",
        "1e400",
        "-1e400",
        &huge,
        "9223372036854775808",
        r#""50000""#,
        "null",
        "true",
        "[1]",
        "{}",
        r#"{"won": 1}"#,
    ];
    for amount in wrong {
        let mut fixture = Fixture::new();
        fixture
            .balances
            .expect_charge()
            .withf(|_, _, won, _| won.is_none())
            .returning(|_, _, _, _| Err(ChargeError::InvalidAmount));
        let answer = fixture.ask(raw(format!(r#"{{"amount": {amount}}}"#))).await;
        assert_eq!(answer.problem(), (422, "invalid_amount"), "{amount}");
    }
}

#[actix_web::test]
async fn rule_17_which_whole_numbers_can_be_charged_is_not_decided_here() {
    for won in [0, -1, 10_000_001, i64::MAX, i64::MIN] {
        let mut fixture = Fixture::new();
        fixture
            .balances
            .expect_charge()
            .withf(move |_, _, asked, _| *asked == Some(won))
            .returning(|_, _, _, _| Err(ChargeError::InvalidAmount));
        let answer = fixture
            .ask(raw(format!(r#"{{"amount":{won}}}"#)).in_korean())
            .await;
        assert_eq!(answer.problem(), (422, "invalid_amount"));
        assert_eq!(answer.body["detail"], "유효하지 않은 금액입니다");
    }
}

#[actix_web::test]
async fn a_charge_without_an_amount_or_with_more_than_one_is_no_charge() {
    let bodies = [
        (r"{}", 422),
        (r#"{"amount": 1, "bonus": 1}"#, 422),
        (r#"{"amount": 1, "amount": 2}"#, 422),
        (r#"{"amount": 01}"#, 400),
        (r#"{"amount": }"#, 400),
    ];
    for (body, status) in bodies {
        let answer = Fixture::new().ask(raw(body.to_owned())).await;
        assert_eq!(answer.problem(), (status, "invalid_request"), "{body}");
    }
}

#[actix_web::test]
async fn rules_17_and_25_each_refusal_has_its_code() {
    let limit = Money::won(1_000_000_000);
    let refusals = [
        (
            ChargeError::LimitExceeded { limit },
            422,
            "balance_limit_exceeded",
        ),
        (KeyReused.into(), 422, "idempotency_key_reused"),
        (StorageError::Busy.into(), 503, "server_busy"),
        (StorageError::failed("x").into(), 500, "internal_error"),
    ];
    for (error, status, code) in refusals {
        let mut fixture = Fixture::new();
        fixture
            .balances
            .expect_charge()
            .return_once(move |_, _, _, _| Err(error));
        let answer = fixture.ask(raw(r#"{"amount": 1}"#.to_owned())).await;
        assert_eq!(answer.problem(), (status, code));
        let shown = answer.body.get("limit");
        assert_eq!(
            shown,
            (status == 422 && code != "idempotency_key_reused").then_some(&json!(1_000_000_000))
        );
    }
}

#[actix_web::test]
async fn rule_25_a_charge_sent_twice_is_answered_twice_with_the_first_one() {
    let mut fixture = Fixture::new();
    fixture
        .balances
        .expect_charge()
        .withf(|_, _, _, key| key.as_ref().is_some_and(|key| key.key == "charge-1"))
        .returning(|_, _, _, _| Ok(charged(true)));
    let request = raw(r#"{"amount": 50000}"#.to_owned());
    let answer = fixture
        .ask(request.insert_header(("idempotency-key", "charge-1")))
        .await;
    assert_eq!(answer.status, 201);
    assert_eq!(answer.header("idempotent-replayed"), Some("true"));
    assert_eq!(answer.body["id"], id(5));
}

#[actix_web::test]
async fn rule_18_the_ledger_shows_what_came_in_and_what_went_out() {
    let mut fixture = Fixture::new();
    fixture
        .balances
        .expect_entries()
        .withf(|_, _, page| page.after == Some(10) && page.limit == 20)
        .returning(|_, _, _| {
            let payment = EntryKind::Payment(PaymentId::new(Uuid::from_u128(2)));
            let refund = EntryKind::Refund(PaymentId::new(Uuid::from_u128(2)));
            Ok(Page {
                items: vec![
                    entry(refund, 30_000),
                    entry(payment, -30_000),
                    entry(EntryKind::Charge, 100_000),
                ],
                next: Some(9),
            })
        });
    let answer = fixture
        .ask(get(&path("/entries?cursor=10")).by_user())
        .await;
    let shown = |kind, amount| -> Value {
        json!({
            "id": id(5),
            "kind": kind,
            "amount": amount,
            "balance_after": 70_000,
            "created_at": "2026-01-01T12:00:00Z",
        })
    };
    let mut payment = shown("payment", -30_000);
    payment["payment_id"] = id(2).into();
    let mut refund = shown("refund", 30_000);
    refund["payment_id"] = id(2).into();
    assert_eq!(
        answer.body,
        json!({"items": [refund, payment, shown("charge", 100_000)], "next_cursor": "9"})
    );
}
