use crate::{server::SignUp, testing::*};
use actix_web::test::TestRequest;
use domain::{
    queue::{NotAdmitted, QueueStatus, TokenRefusal},
    users::{User, UserName},
};
use serde_json::json;
use time::Duration;

/// A call for each kind of proof: U, U or Q, Q, A, A with retries.
const CALLS: &[(&str, &str)] = &[
    ("POST", "/v1/queue/tokens"),
    ("POST", "/v1/queue/check"),
    ("GET", "/v1/users/me"),
    ("GET", "/v1/queue/tokens/me"),
    ("DELETE", "/v1/queue/tokens/me"),
    ("GET", "/v1/concerts"),
    (
        "GET",
        "/v1/concerts/00000000-0000-0000-0000-000000000001/schedules",
    ),
    (
        "GET",
        "/v1/concerts/00000000-0000-0000-0000-000000000001/seats?date=2026-01-01",
    ),
    (
        "GET",
        "/v1/schedules/00000000-0000-0000-0000-000000000001/seats",
    ),
    ("POST", "/v1/reservations"),
    ("GET", "/v1/reservations"),
    (
        "GET",
        "/v1/reservations/00000000-0000-0000-0000-000000000001",
    ),
    (
        "DELETE",
        "/v1/reservations/00000000-0000-0000-0000-000000000001",
    ),
    ("POST", "/v1/payments"),
    ("GET", "/v1/payments"),
    ("GET", "/v1/payments/00000000-0000-0000-0000-000000000001"),
    (
        "GET",
        "/v1/users/00000000-0000-0000-0000-000000000001/balance",
    ),
    (
        "POST",
        "/v1/users/00000000-0000-0000-0000-000000000001/balance/charges",
    ),
    (
        "GET",
        "/v1/users/00000000-0000-0000-0000-000000000001/balance/entries",
    ),
    ("GET", "/v1/queue/tokens/me/events"),
];

const OPERATORS_CALLS: &[(&str, &str)] = &[
    ("POST", "/v1/admin/concerts"),
    (
        "POST",
        "/v1/admin/concerts/00000000-0000-0000-0000-000000000001/schedules",
    ),
    ("GET", "/v1/admin/queue"),
    ("PATCH", "/v1/admin/queue"),
    ("GET", "/v1/admin/concerts"),
    (
        "PATCH",
        "/v1/admin/concerts/00000000-0000-0000-0000-000000000001",
    ),
    (
        "GET",
        "/v1/admin/schedules/00000000-0000-0000-0000-000000000001",
    ),
    (
        "POST",
        "/v1/admin/schedules/00000000-0000-0000-0000-000000000001/blocks",
    ),
    (
        "DELETE",
        "/v1/admin/blocks/00000000-0000-0000-0000-000000000001",
    ),
    (
        "POST",
        "/v1/admin/schedules/00000000-0000-0000-0000-000000000001/complimentary",
    ),
    ("GET", "/v1/admin/keys"),
    ("POST", "/v1/admin/keys"),
    (
        "DELETE",
        "/v1/admin/keys/00000000-0000-0000-0000-000000000001",
    ),
    ("GET", "/v1/admin/log"),
];

fn call((method, path): (&str, &str)) -> TestRequest {
    get(path).method(method.parse().unwrap())
}

#[actix_web::test]
async fn rule_19_without_a_token_nothing_of_a_user_is_told() {
    for &to in CALLS {
        for header in [
            None,
            Some("Basic dTpw"),
            Some("Bearer"),
            Some("token"),
            Some(""),
        ] {
            let request = call(to);
            let request = match header {
                Some(value) => request.insert_header(("authorization", value)),
                None => request,
            };
            let answer = Fixture::new().ask(request).await;
            assert_eq!(
                answer.problem(),
                (401, "token_missing"),
                "{to:?} {header:?}"
            );
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        }
    }
}

#[actix_web::test]
async fn rule_8_what_is_no_token_of_ours_opens_nothing() {
    for &to in CALLS {
        for token in ["x", "a.b.c", OPERATOR_KEY] {
            let answer = Fixture::new().ask(call(to).bearer(token)).await;
            assert_eq!(answer.problem(), (401, "token_invalid"), "{to:?} {token}");
        }
        let garbled = call(to).insert_header(("authorization", "Bearer ü".as_bytes()));
        let answer = Fixture::new().ask(garbled).await;
        assert_eq!(answer.problem(), (401, "token_invalid"));
    }
}

#[actix_web::test]
async fn a_token_of_the_wrong_kind_is_invalid() {
    let queue_only = [
        CALLS[3], CALLS[4], CALLS[5], CALLS[6], CALLS[7], CALLS[8], CALLS[9], CALLS[13], CALLS[19],
    ];
    for to in queue_only {
        let answer = Fixture::new().ask(call(to).by_user()).await;
        assert_eq!(answer.problem(), (401, "token_invalid"), "{to:?}");
    }
    let answer = Fixture::new().ask(call(CALLS[0]).in_queue()).await;
    assert_eq!(answer.problem(), (401, "token_invalid"));
}

#[actix_web::test]
async fn a_queue_token_past_its_time_is_told_apart_from_an_access_token_past_its() {
    let ask = async |request: TestRequest| {
        let fixture = Fixture::new();
        fixture.clock.advance(Duration::DAY);
        fixture.ask(request).await
    };
    let queue = ask(call(CALLS[3]).in_queue()).await;
    assert_eq!(queue.problem(), (401, "queue_token_expired"));
    let access = ask(call(CALLS[2]).by_user()).await;
    assert_eq!(access.problem(), (401, "token_invalid"));
}

#[actix_web::test]
async fn rule_8_a_queue_token_that_is_over_does_not_even_tell_who_its_owner_is() {
    let either = [1, 2, 10, 11, 12, 14, 15, 16, 17, 18];
    for to in either.map(|call| CALLS[call]) {
        let mut fixture = Fixture::new();
        fixture
            .queue
            .expect_look()
            .returning(|_| Err(TokenRefusal::Ended));
        let answer = fixture.ask(call(to).in_queue()).await;
        assert_eq!(answer.problem(), (401, "queue_token_expired"), "{to:?}");
    }
}

#[actix_web::test]
async fn rule_9_the_catalogue_is_closed_to_those_who_wait_and_to_those_who_are_done() {
    for to in [CALLS[5], CALLS[6], CALLS[7], CALLS[8]] {
        let mut fixture = Fixture::new();
        let refusal = NotAdmitted::Waiting(waiting());
        fixture
            .queue
            .expect_admitted()
            .returning(move |_| Err(refusal));
        let answer = fixture.ask(call(to).in_queue()).await;
        assert_eq!(answer.problem(), (403, "queue_token_not_active"));
        assert_eq!(answer.body["queue"]["position"], 5);
        assert_eq!(answer.body["queue"]["token"], json!(null), "no new token");

        let mut fixture = Fixture::new();
        fixture
            .queue
            .expect_admitted()
            .returning(|_| Err(NotAdmitted::Ended));
        let answer = fixture.ask(call(to).in_queue()).await;
        assert_eq!(answer.problem(), (401, "queue_token_expired"));
    }
}

#[actix_web::test]
async fn those_who_wait_can_neither_hold_nor_pay() {
    for to in [CALLS[9], CALLS[13]] {
        let mut fixture = Fixture::new();
        let refusal = NotAdmitted::Waiting(waiting());
        fixture
            .queue
            .expect_admitted()
            .returning(move |_| Err(refusal));
        let answer = fixture.ask(call(to).in_queue()).await;
        assert_eq!(answer.problem(), (403, "queue_token_not_active"));
        assert_eq!(answer.body["queue"]["status"], "waiting");
    }
}

#[actix_web::test]
async fn rule_5_each_request_with_a_token_notes_that_its_owner_is_there() {
    for request in [
        get("/v1/users/me").by_user(),
        get("/v1/users/me").in_queue(),
    ] {
        let mut fixture = Fixture::new().with_live_pass();
        let saw = fixture.queue.expect_saw();
        saw.withf(|user| *user == USER).times(1).return_const(());
        fixture.users.expect_me().returning(|id| {
            Ok(User {
                id,
                name: UserName::new("Mina").unwrap(),
                created_at: NOON,
            })
        });
        assert_eq!(fixture.ask(request).await.status, 200);
    }
}

#[actix_web::test]
async fn the_scheme_is_read_in_any_case() {
    let mut fixture = Fixture::new();
    fixture.queue.expect_look().returning(|_| Ok(active()));
    let token = tokens().queue(&pass()).unwrap();
    let request = get("/v1/queue/tokens/me");
    let request = request.insert_header(("authorization", format!("bEARER  {token}")));
    assert_eq!(fixture.ask(request).await.status, 200);
    assert!(matches!(active().status, QueueStatus::Active { .. }));
}

#[actix_web::test]
async fn the_operators_calls_are_for_the_operator() {
    for &to in OPERATORS_CALLS {
        let answer = Fixture::new().ask(call(to)).await;
        assert_eq!(answer.problem(), (401, "token_missing"), "{to:?}");
        let wrong = [
            call(to).by_user(),
            call(to).in_queue(),
            call(to).bearer("the-operators-kez"),
            call(to).bearer("the-operators-ke"),
            call(to).bearer("the-operators-key-and-more"),
            call(to).insert_header(("authorization", "Bearer ü".as_bytes())),
        ];
        for request in wrong {
            let answer = Fixture::new().ask(request).await;
            assert_eq!(answer.problem(), (403, "forbidden"), "{to:?}");
        }
    }
}

#[actix_web::test]
async fn when_sign_up_is_closed_users_come_from_the_operator_only() {
    let ask = async |request: TestRequest| {
        let mut fixture = Fixture::new();
        fixture.settings.sign_up = SignUp::Closed;
        fixture.users.expect_sign_up().returning(|name| {
            Ok(User {
                id: USER,
                name,
                created_at: NOON,
            })
        });
        fixture.ask(request).await
    };
    let sign_up = || post("/v1/users", json!({"name": "Mina"}));
    assert_eq!(ask(sign_up()).await.problem(), (401, "token_missing"));
    assert_eq!(ask(sign_up().by_user()).await.problem(), (403, "forbidden"));
    assert_eq!(
        ask(sign_up().bearer("guess")).await.problem(),
        (403, "forbidden")
    );
    assert_eq!(ask(sign_up().by_operator()).await.status, 201);
}
