use super::*;
use crate::testing::*;
use domain::{
    balance::Insufficient,
    idempotency::{KeyReused, Outcome},
    money::Money,
    page::Page,
    queue::NotAdmitted,
    storage::StorageError,
};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

fn wish() -> Value {
    json!({"reservation_id": id(1)})
}

fn receipt_json() -> Value {
    json!({
        "id": id(2),
        "reservation_id": id(1),
        "amount": 50_000,
        "balance_after": 1_000,
        "paid_at": "2026-01-01T12:00:00Z",
        "reservation": reservation_json("paid"),
    })
}

fn paid(replayed: bool) -> Outcome<Receipt> {
    Outcome {
        value: receipt(),
        replayed,
    }
}

#[actix_web::test]
async fn rule_20_paying_names_the_reservation_and_maybe_its_seats() {
    let bodies = [
        (wish(), None),
        (
            json!({"reservation_id": id(1), "seat_numbers": [7, 2]}),
            Some(vec![2, 7]),
        ),
    ];
    for (body, named) in bodies {
        let mut fixture = Fixture::admitting();
        fixture
            .payments
            .expect_pay()
            .withf(move |by, reservation, seats, key| {
                let seats = seats.as_ref().map(|seats| numbers(seats.as_slice()));
                *by == pass()
                    && *reservation == ReservationId::new(Uuid::from_u128(1))
                    && seats == named
                    && key.is_none()
            })
            .returning(|_, _, _, _| Ok(paid(false)));
        let answer = fixture.ask(post("/v1/payments", body).in_queue()).await;
        assert_eq!(answer.status, 201);
        let location = format!("/v1/payments/{}", id(2));
        assert_eq!(answer.header("location"), Some(&*location));
        assert_eq!(answer.header("idempotent-replayed"), None);
        assert_eq!(answer.body, receipt_json());
    }
}

#[actix_web::test]
async fn rule_20_seat_numbers_that_no_reservation_can_have_are_refused() {
    let body = json!({"reservation_id": id(1), "seat_numbers": [0]});
    let answer = Fixture::admitting()
        .ask(post("/v1/payments", body).in_queue())
        .await;
    assert_eq!(answer.problem(), (422, "invalid_request"));
    assert_eq!(answer.body["errors"][0]["pointer"], "/seat_numbers/0");
}

#[actix_web::test]
async fn rules_20_to_25_each_refusal_has_its_code_and_members() {
    let missing = Insufficient {
        balance: Money::won(1_000),
        amount: Money::won(50_000),
        shortfall: Money::won(49_000),
    };
    let rule_22 = json!({"balance": 1_000, "amount": 50_000, "shortfall": 49_000});
    let payment_id = PaymentId::new(Uuid::from_u128(2));
    let refusals = [
        (PayError::TokenEnded, 401, "queue_token_expired", json!({})),
        (
            PayError::ReservationNotFound,
            404,
            "reservation_not_found",
            json!({}),
        ),
        (
            PayError::ReservationExpired,
            410,
            "reservation_expired",
            json!({}),
        ),
        (
            PayError::ReservationCancelled,
            409,
            "reservation_cancelled",
            json!({}),
        ),
        (
            PayError::AlreadyPaid { payment_id },
            409,
            "reservation_already_paid",
            json!({"payment_id": id(2)}),
        ),
        (missing.into(), 402, "insufficient_balance", rule_22),
        (KeyReused.into(), 422, "idempotency_key_reused", json!({})),
        (StorageError::Busy.into(), 503, "server_busy", json!({})),
        (
            StorageError::unavailable("x").into(),
            503,
            "service_unavailable",
            json!({}),
        ),
        (
            StorageError::failed("x").into(),
            500,
            "internal_error",
            json!({}),
        ),
    ];
    for (error, status, code, members) in refusals {
        let mut fixture = Fixture::admitting();
        fixture
            .payments
            .expect_pay()
            .return_once(move |_, _, _, _| Err(error));
        let answer = fixture.ask(post("/v1/payments", wish()).in_queue()).await;
        assert_eq!(answer.problem(), (status, code));
        for (name, value) in members.as_object().unwrap() {
            assert_eq!(&answer.body[name], value, "{code}");
        }
    }
}

#[actix_web::test]
async fn rule_22_a_low_balance_is_told_in_korean_with_what_is_missing() {
    let mut fixture = Fixture::admitting();
    let missing = Insufficient {
        balance: Money::ZERO,
        amount: Money::won(50_000),
        shortfall: Money::won(50_000),
    };
    fixture
        .payments
        .expect_pay()
        .return_once(move |_, _, _, _| Err(missing.into()));
    let answer = fixture
        .ask(post("/v1/payments", wish()).in_queue().in_korean())
        .await;
    assert_eq!(
        answer.body,
        json!({
            "type": "/problems/insufficient_balance",
            "title": "Insufficient balance",
            "status": 402,
            "detail": "잔액이 부족합니다",
            "code": "insufficient_balance",
            "request_id": id(1),
            "balance": 0,
            "amount": 50_000,
            "shortfall": 50_000,
        })
    );
}

#[actix_web::test]
async fn rule_24_a_token_that_paying_has_spent_still_learns_that_it_is_paid() {
    let spent = || {
        let mut fixture = Fixture::new();
        fixture
            .queue
            .expect_admitted()
            .returning(|_| Err(NotAdmitted::Ended));
        fixture
    };
    let mut fixture = spent();
    let payment_id = PaymentId::new(Uuid::from_u128(2));
    let refusal = move |_, _, _, _| Err(PayError::AlreadyPaid { payment_id });
    fixture.payments.expect_pay().return_once(refusal);
    let answer = fixture.ask(post("/v1/payments", wish()).in_queue()).await;
    assert_eq!(answer.problem(), (409, "reservation_already_paid"));
    assert_eq!(answer.body["payment_id"], id(2));

    let mut fixture = spent();
    fixture.payments.expect_pay().return_once(|_, _, _, key| {
        assert_eq!(key.unwrap().key, "order-1");
        Ok(paid(true))
    });
    let again = post("/v1/payments", wish()).insert_header(("idempotency-key", "order-1"));
    let answer = fixture.ask(again.in_queue()).await;
    assert_eq!(answer.status, 201);
    assert_eq!(answer.header("idempotent-replayed"), Some("true"));
    assert_eq!(answer.body, receipt_json());
}

#[actix_web::test]
async fn rule_25_naming_other_seats_is_another_request() {
    let prints: Arc<Mutex<Vec<[u8; 32]>>> = Arc::default();
    let mut fixture = Fixture::admitting();
    let seen = Arc::clone(&prints);
    fixture
        .payments
        .expect_pay()
        .returning(move |_, _, _, key| {
            seen.lock().unwrap().push(key.unwrap().fingerprint);
            Ok(paid(false))
        });
    let bodies = [
        wish(),
        json!({"reservation_id": id(1), "seat_numbers": null}),
        json!({"reservation_id": id(1), "seat_numbers": [1, 2]}),
        json!({"reservation_id": id(1), "seat_numbers": [2, 1]}),
        json!({"reservation_id": id(2)}),
    ];
    let request = |body| {
        post("/v1/payments", body)
            .insert_header(("idempotency-key", "k"))
            .in_queue()
    };
    fixture.ask_all(bodies.map(request)).await;
    let prints = prints.lock().unwrap();
    assert_eq!(prints[0], prints[1]);
    assert_eq!(prints[2], prints[3]);
    assert_ne!(prints[0], prints[2]);
    assert_ne!(prints[0], prints[4]);
}

#[actix_web::test]
async fn a_token_that_the_database_knows_to_wait_is_told_its_place() {
    let mut fixture = Fixture::admitting();
    fixture.queue.expect_look().returning(|_| Ok(waiting()));
    fixture
        .payments
        .expect_pay()
        .return_once(|_, _, _, _| Err(PayError::TokenNotActive));
    let answer = fixture.ask(post("/v1/payments", wish()).in_queue()).await;
    assert_eq!(answer.problem(), (403, "queue_token_not_active"));
    assert_eq!(answer.body["queue"]["ahead"], 4);
}

#[actix_web::test]
async fn one_sees_ones_payments_with_either_token() {
    let mut fixture = Fixture::new().with_live_pass();
    fixture
        .payments
        .expect_list()
        .withf(|caller, page| *caller == USER && page.limit == 1)
        .returning(|_, _| {
            Ok(Page {
                items: vec![receipt()],
                next: Some(receipt().id),
            })
        });
    fixture
        .payments
        .expect_find()
        .withf(|caller, id| *caller == USER && *id == receipt().id)
        .returning(|_, _| Ok(receipt()));
    let one = format!("/v1/payments/{}", id(2));
    let requests = [get("/v1/payments?limit=1").by_user(), get(&one).in_queue()];
    let answers = fixture.ask_all(requests).await;
    assert_eq!(
        answers[0].body,
        json!({"items": [receipt_json()], "next_cursor": id(2)})
    );
    assert_eq!(answers[1].body, receipt_json());
}

#[actix_web::test]
async fn another_users_payment_is_answered_like_none() {
    let path = format!("/v1/payments/{}", id(2));
    for (error, status, code) in [
        (PaymentError::NotFound, 404, "payment_not_found"),
        (
            StorageError::unavailable("x").into(),
            503,
            "service_unavailable",
        ),
    ] {
        let mut fixture = Fixture::new();
        fixture
            .payments
            .expect_find()
            .return_once(move |_, _| Err(error));
        let answer = fixture.ask(get(&path).by_user()).await;
        assert_eq!(answer.problem(), (status, code));
    }
}

#[actix_web::test]
async fn a_payment_tells_when_the_money_went_back() {
    let mut fixture = Fixture::new();
    fixture.payments.expect_find().returning(|_, _| {
        let mut receipt = receipt();
        let (payment_id, at) = (receipt.id, NOON + time::Duration::MINUTE);
        receipt.reservation.status =
            domain::reservations::ReservationStatus::Refunded { payment_id, at };
        Ok(receipt)
    });
    let path = format!("/v1/payments/{}", id(2));
    let answer = fixture.ask(get(&path).by_user()).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body["refunded_at"], "2026-01-01T12:01:00Z");
    assert_eq!(answer.body["paid_at"], "2026-01-01T12:00:00Z");
    let reservation = &answer.body["reservation"];
    assert_eq!(reservation["status"], "cancelled");
    assert_eq!(reservation["refunded_at"], "2026-01-01T12:01:00Z");
    assert_eq!(reservation.get("refund_until"), None);
}
