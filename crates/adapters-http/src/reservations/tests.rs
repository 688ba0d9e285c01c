use super::*;
use crate::testing::*;
use domain::{
    id::PaymentId,
    idempotency::{IdempotencyKey, KeyReused, Outcome},
    page::Page,
    queue::{NotAdmitted, TokenRefusal},
    seats::{SeatNumbers, Wish},
    storage::StorageError,
};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

fn wish(numbers: impl Serialize) -> Value {
    json!({"schedule_id": id(3), "seat_numbers": numbers})
}

fn fresh(replayed: bool) -> Outcome<Reservation> {
    Outcome {
        value: reservation(ReservationStatus::PendingPayment),
        replayed,
    }
}

#[actix_web::test]
async fn rule_12_seats_are_held_for_one_whose_turn_it_is() {
    let mut fixture = Fixture::admitting();
    fixture
        .reservations
        .expect_hold()
        .withf(|by, schedule, wish, key| {
            let seats = SeatNumbers::new(&[2, 7]).unwrap();
            *by == pass()
                && *schedule == ScheduleId::new(Uuid::from_u128(3))
                && *wish == Wish::from(seats)
                && key.is_none()
        })
        .returning(|_, _, _, _| Ok(fresh(false)));
    let answer = fixture
        .ask(post("/v1/reservations", wish([7, 2])).in_queue())
        .await;
    assert_eq!(answer.status, 201);
    let location = format!("/v1/reservations/{}", id(1));
    assert_eq!(answer.header("location"), Some(&*location));
    assert_eq!(answer.header("idempotent-replayed"), None);
    assert_eq!(answer.body, reservation_json("pending_payment"));
}

#[actix_web::test]
async fn rule_12_what_is_no_one_to_four_seats_is_refused_and_told_where() {
    let wrong = [
        (json!([]), "/seat_numbers"),
        (json!([1, 2, 3, 4, 5]), "/seat_numbers"),
        (json!([0]), "/seat_numbers/0"),
        (json!([1, -1]), "/seat_numbers/1"),
        (json!([1, 50_001]), "/seat_numbers/1"),
        (json!([3, 4, 3]), "/seat_numbers/2"),
        (json!([1, "2"]), "/seat_numbers/1"),
        (json!([1.5]), "/seat_numbers/0"),
        (json!([u64::MAX]), "/seat_numbers/0"),
        (json!(3), "/seat_numbers"),
        (json!(null), "/seat_numbers"),
    ];
    for (numbers, pointer) in wrong {
        let request = post("/v1/reservations", wish(&numbers)).in_queue();
        let answer = Fixture::admitting().ask(request).await;
        assert_eq!(answer.problem(), (422, "invalid_request"), "{numbers}");
        assert_eq!(answer.body["errors"][0]["pointer"], pointer, "{numbers}");
    }
}

#[actix_web::test]
async fn a_schedule_that_is_no_id_is_a_wrong_value() {
    let body = json!({"schedule_id": "tonight", "seat_numbers": [1]});
    let answer = Fixture::admitting()
        .ask(post("/v1/reservations", body).in_queue())
        .await;
    assert_eq!(answer.problem(), (422, "invalid_request"));
    assert_eq!(answer.body["errors"][0]["pointer"], "/schedule_id");
}

#[actix_web::test]
async fn rules_12_to_16_each_refusal_has_its_code_and_members() {
    let seats = || vec![seat_number(3), seat_number(4)];
    let named = json!({"seat_numbers": [3, 4]});
    let opens_at = json!({"opens_at": "2026-01-01T12:00:00Z"});
    let refusals = [
        (HoldError::TokenEnded, 401, "queue_token_expired", json!({})),
        (
            HoldError::ScheduleNotFound,
            404,
            "schedule_not_found",
            json!({}),
        ),
        (
            HoldError::SalesNotOpen { opens_at: NOON },
            409,
            "sales_not_open",
            opens_at,
        ),
        (HoldError::SalesClosed, 409, "sales_closed", json!({})),
        (
            HoldError::SeatNotFound { numbers: seats() },
            404,
            "seat_not_found",
            named.clone(),
        ),
        (
            HoldError::SeatUnavailable { numbers: seats() },
            409,
            "seat_unavailable",
            named,
        ),
        (
            HoldError::SeatLimitReached { limit: 4 },
            409,
            "seat_limit_reached",
            json!({"limit": 4}),
        ),
        (HoldError::AmountOverflow, 500, "internal_error", json!({})),
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
            .reservations
            .expect_hold()
            .return_once(move |_, _, _, _| Err(error));
        let answer = fixture
            .ask(post("/v1/reservations", wish([3, 4])).in_queue())
            .await;
        assert_eq!(answer.problem(), (status, code));
        for (name, value) in members.as_object().unwrap() {
            assert_eq!(&answer.body[name], value, "{code}");
        }
    }
}

#[actix_web::test]
async fn a_token_that_the_database_knows_to_wait_is_told_its_place_if_it_is_known() {
    for (view, place) in [
        (Ok(waiting()), json!(5)),
        (Err(TokenRefusal::Ended), Value::Null),
    ] {
        let mut fixture = Fixture::admitting();
        fixture.queue.expect_look().returning(move |_| view);
        let refusal = |_, _, _, _| Err(HoldError::TokenNotActive);
        fixture.reservations.expect_hold().return_once(refusal);
        let answer = fixture
            .ask(post("/v1/reservations", wish([3])).in_queue())
            .await;
        assert_eq!(answer.problem(), (403, "queue_token_not_active"));
        assert_eq!(answer.body["queue"]["position"], place);
    }
}

#[actix_web::test]
async fn rule_25_a_retry_after_the_token_ended_still_gets_the_first_answer() {
    let over = || {
        let mut fixture = Fixture::new();
        fixture
            .queue
            .expect_admitted()
            .returning(|_| Err(NotAdmitted::Ended));
        fixture
            .reservations
            .expect_hold()
            .returning(|_, _, _, key| {
                assert!(key.is_some());
                Ok(fresh(true))
            });
        fixture
    };
    let request = || post("/v1/reservations", wish([7])).in_queue();
    let with_key = request().insert_header(("idempotency-key", "order-1"));
    let answer = over().ask(with_key).await;
    assert_eq!(answer.status, 201);
    assert_eq!(answer.header("idempotent-replayed"), Some("true"));
    assert_eq!(answer.body, reservation_json("pending_payment"));
    let without = over().ask(request()).await;
    assert_eq!(without.problem(), (401, "queue_token_expired"));
}

#[actix_web::test]
async fn rule_25_the_same_wish_in_other_words_is_the_same_request() {
    let keys: Arc<Mutex<Vec<IdempotencyKey>>> = Arc::default();
    let mut fixture = Fixture::admitting();
    let seen = Arc::clone(&keys);
    fixture
        .reservations
        .expect_hold()
        .returning(move |_, _, _, key| {
            seen.lock().unwrap().push(key.unwrap());
            Ok(fresh(false))
        });
    let raw = |body: &'static str| {
        post("/v1/reservations", ())
            .set_payload(body)
            .insert_header(("idempotency-key", "order-1"))
            .in_queue()
    };
    let bodies = [
        r#"{"schedule_id":"00000000-0000-0000-0000-000000000003","seat_numbers":[1,2]}"#,
        r#"{ "seat_numbers": [2, 1], "schedule_id": "00000000-0000-0000-0000-000000000003" }"#,
        r#"{"schedule_id":"00000000-0000-0000-0000-000000000003","seat_numbers":[1,3]}"#,
        r#"{"schedule_id":"00000000-0000-0000-0000-000000000004","seat_numbers":[1,2]}"#,
    ];
    fixture.ask_all(bodies.map(raw)).await;
    let keys = keys.lock().unwrap();
    assert_eq!(keys[0].key, "order-1");
    assert_eq!(keys[0].fingerprint, keys[1].fingerprint);
    assert_ne!(keys[0].fingerprint, keys[2].fingerprint);
    assert_ne!(keys[0].fingerprint, keys[3].fingerprint);
}

#[actix_web::test]
async fn one_sees_ones_reservations() {
    let mut fixture = Fixture::new();
    let payment_id = PaymentId::new(Uuid::from_u128(2));
    let all = vec![
        reservation(ReservationStatus::PendingPayment),
        reservation(ReservationStatus::Paid { payment_id }),
        reservation(ReservationStatus::Cancelled),
        reservation(ReservationStatus::Expired),
    ];
    fixture
        .reservations
        .expect_list()
        .withf(|caller, page| *caller == USER && page.after.is_none() && page.limit == 20)
        .return_once(move |_, _| {
            Ok(Page {
                items: all,
                next: None,
            })
        });
    let answer = fixture.ask(get("/v1/reservations").by_user()).await;
    let statuses = ["pending_payment", "paid", "cancelled", "expired"];
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.body,
        json!({"items": statuses.map(reservation_json), "next_cursor": null})
    );
}

#[actix_web::test]
async fn one_sees_a_reservation_and_can_cancel_it_with_either_token() {
    let mut fixture = Fixture::new().with_live_pass();
    let asked =
        |caller: &_, id: &_| *caller == USER && *id == ReservationId::new(Uuid::from_u128(1));
    fixture
        .reservations
        .expect_find()
        .withf(asked)
        .returning(|_, _| Ok(reservation(ReservationStatus::PendingPayment)));
    fixture
        .reservations
        .expect_cancel()
        .withf(asked)
        .returning(|_, _| Ok(reservation(ReservationStatus::Cancelled)));
    let path = format!("/v1/reservations/{}", id(1));
    let answers = fixture
        .ask_all([get(&path).by_user(), delete(&path).in_queue()])
        .await;
    assert_eq!(answers[0].status, 200);
    assert_eq!(answers[0].body, reservation_json("pending_payment"));
    assert_eq!(answers[1].status, 200);
    assert_eq!(answers[1].body, reservation_json("cancelled"));
}

#[actix_web::test]
async fn what_cannot_be_cancelled_or_shown_is_told_by_its_code() {
    let path = format!("/v1/reservations/{}", id(1));
    let refusals = [
        (CancelError::NotFound, 404, "reservation_not_found"),
        (CancelError::Expired, 410, "reservation_expired"),
        (
            CancelError::RefundNotAllowed { until: Some(NOON) },
            409,
            "refund_not_allowed",
        ),
        (
            CancelError::RefundNotAllowed { until: None },
            409,
            "refund_not_allowed",
        ),
        (StorageError::Busy.into(), 503, "server_busy"),
    ];
    for (error, status, code) in refusals {
        let mut fixture = Fixture::new();
        let until = matches!(error, CancelError::RefundNotAllowed { until: Some(_) });
        fixture
            .reservations
            .expect_cancel()
            .return_once(move |_, _| Err(error));
        let answer = fixture.ask(delete(&path).by_user()).await;
        assert_eq!(answer.problem(), (status, code));
        let told = answer.body.get("refund_until");
        assert_eq!(told.is_some_and(|at| at == "2026-01-01T12:00:00Z"), until);
        assert_eq!(told.is_some(), until);
    }
    for (error, status, code) in [
        (ReservationError::NotFound, 404, "reservation_not_found"),
        (
            StorageError::unavailable("x").into(),
            503,
            "service_unavailable",
        ),
    ] {
        let mut fixture = Fixture::new();
        fixture
            .reservations
            .expect_find()
            .return_once(move |_, _| Err(error));
        let answer = fixture.ask(get(&path).by_user()).await;
        assert_eq!(answer.problem(), (status, code));
    }
}

#[actix_web::test]
async fn a_reservation_tells_until_when_it_can_be_given_back_and_when_it_was() {
    let payment_id = PaymentId::new(Uuid::from_u128(2));
    let at = NOON + time::Duration::MINUTE;
    let shown = async |status, later| {
        let mut fixture = Fixture::new();
        fixture.clock.advance(later);
        fixture.settings.refund_rules.until = Some(time::Duration::hours(23));
        fixture
            .reservations
            .expect_find()
            .returning(move |_, _| Ok(reservation(status)));
        let path = format!("/v1/reservations/{}", id(1));
        let body = fixture.ask(get(&path).by_user()).await.body;
        let moment = |name| body.get(name).map(|at| at.as_str().unwrap().to_owned());
        let status = body["status"].as_str().unwrap().to_owned();
        (status, moment("refund_until"), moment("refunded_at"))
    };
    let paid = ReservationStatus::Paid { payment_id };
    let (now, hour) = (time::Duration::ZERO, time::Duration::HOUR);
    let until = Some("2026-01-01T13:00:00Z".to_owned());
    assert_eq!(shown(paid, now).await, ("paid".into(), until, None));
    assert_eq!(shown(paid, hour).await, ("paid".into(), None, None));
    let refunded = ReservationStatus::Refunded { payment_id, at };
    let back = Some("2026-01-01T12:01:00Z".to_owned());
    assert_eq!(shown(refunded, now).await, ("cancelled".into(), None, back));
}

#[actix_web::test]
async fn of_a_date_that_was_called_off_the_reason_is_told() {
    for reason in [None, Some("the singer is ill")] {
        let mut fixture = Fixture::admitting();
        let told = reason.map(|reason| ShortText::new(reason).unwrap());
        fixture
            .reservations
            .expect_hold()
            .return_once(move |_, _, _, _| Err(HoldError::ScheduleCancelled { reason: told }));
        let request = post("/v1/reservations", wish([7])).in_queue();
        let answer = fixture.ask(request).await;
        assert_eq!(answer.problem(), (409, "schedule_cancelled"));
        let told = answer.body.get("reason").and_then(Value::as_str);
        assert_eq!(told, reason);
    }
}
