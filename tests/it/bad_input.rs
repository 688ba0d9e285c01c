//! Wrong input: each a clear problem in the client's language, and nothing changed.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use system_tests::{Answer, App, Fan, OPERATOR_KEY};

fn raw(request: RequestBuilder, body: &str) -> RequestBuilder {
    request
        .header("Content-Type", "application/json")
        .body(body.to_owned())
}

/// Checks that `answer` is this problem, complete as RFC 9457 and SPEC §5 want it.
fn assert_problem(what: &str, answer: &Answer, status: u16, code: &str) {
    assert_eq!(
        (answer.status, answer.code()),
        (status, code),
        "{what}: {answer:?}"
    );
    assert_eq!(
        answer.headers["content-type"], "application/problem+json",
        "{what}"
    );
    assert_eq!(answer.text("type"), format!("/problems/{code}"), "{what}");
    assert_eq!(answer.number("status"), i64::from(status), "{what}");
    for member in ["title", "detail", "request_id"] {
        assert!(!answer.text(member).is_empty(), "{what}: no {member}");
    }
    assert_eq!(
        answer.headers["x-request-id"],
        answer.text("request_id"),
        "{what}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_holds_are_refused_and_hold_nothing() {
    let app = App::start(1).await;
    let show = app.schedule(10).await;
    let fan = app.shopper(0, 0).await;
    let seats = |numbers: &str| format!(r#"{{"schedule_id":"{show}","seat_numbers":{numbers}}}"#);
    let cases = [
        ("not JSON", "{".to_owned(), 400),
        ("nothing", String::new(), 400),
        ("a list", "[]".to_owned(), 422),
        ("no seats", seats("[]"), 422),
        ("seat 0", seats("[0]"), 422),
        ("seat -1", seats("[-1]"), 422),
        ("half a seat", seats("[1.5]"), 422),
        (
            "a grade that no text can be",
            format!(r#"{{"schedule_id":"{show}","count":1,"grade":"R\u0000"}}"#),
            422,
        ),
        ("a seat's name", seats(r#"["1"]"#), 422),
        ("a doubled seat", seats("[1,1]"), 422),
        ("five seats", seats("[1,2,3,4,5]"), 422),
        (
            "a schedule that is no UUID",
            r#"{"schedule_id":"7","seat_numbers":[1]}"#.to_owned(),
            422,
        ),
        (
            "an own price",
            format!(r#"{{"schedule_id":"{show}","seat_numbers":[1],"price":1}}"#),
            422,
        ),
        (
            "for another user",
            format!(r#"{{"schedule_id":"{show}","seat_numbers":[1],"user_id":"x"}}"#),
            422,
        ),
    ];
    for (what, body, status) in cases {
        let answer = Answer::of(raw(fan.in_queue(Method::POST, "/v1/reservations"), &body)).await;
        assert_problem(what, &answer, status, "invalid_request");
        let errors = answer.body["errors"].as_array().map_or(0, Vec::len);
        assert!(errors > 0, "{what} says where: {answer:?}");
    }
    let missing = fan.hold(&show, &[10, 11], None).await;
    assert_problem(
        "a seat that does not exist",
        &missing,
        404,
        "seat_not_found",
    );
    assert_eq!(missing.body["seat_numbers"], json!([11]));
    let unknown = fan
        .hold("0190b5f4-0000-7000-8000-000000000000", &[1], None)
        .await;
    assert_problem("an unknown schedule", &unknown, 404, "schedule_not_found");
    let map = fan.get(&format!("/v1/schedules/{show}/seats")).await;
    assert_eq!(map.number("remaining_seats"), 10);
    app.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_17_wrong_amounts_are_refused_and_charge_nothing() {
    let app = App::start(1).await;
    let fan = app.fan(0).await;
    let path = format!("/v1/users/{}/balance/charges", fan.id);
    let charge = async |body: &str| Answer::of(raw(fan.as_user(Method::POST, &path), body)).await;
    let huge = format!("1{}", "0".repeat(30));
    for amount in [
        "0",
        "-1",
        "1.5",
        "1e30",
        &huge,
        "10000001",
        "9223372036854775808",
        "\"1000\"",
    ] {
        let answer = charge(&format!(r#"{{"amount":{amount}}}"#)).await;
        assert_problem(amount, &answer, 422, "invalid_amount");
    }
    for body in ["{}", r#"{"amount":1,"balance":5}"#] {
        assert_problem(body, &charge(body).await, 422, "invalid_request");
    }
    assert_eq!(fan.balance().await, 0);
    let large = format!(r#"{{"amount":1,"x":"{}"}}"#, "x".repeat(16 * 1024));
    assert_problem(
        "a body over 16 KiB",
        &charge(&large).await,
        413,
        "body_too_large",
    );
    let form = fan
        .as_user(Method::POST, &path)
        .header("Content-Type", "text/plain")
        .body("1");
    assert_problem(
        "not JSON",
        &Answer::of(form).await,
        415,
        "unsupported_media_type",
    );
    app.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_paths_and_wrong_methods_are_problems_too() {
    let app = App::start(1).await;
    let ask = async |method: Method, path: &str| {
        Answer::of(app.http.request(method, format!("{}{path}", app.url(0)))).await
    };
    for path in ["/nothing", "/v1", "/v1/nothing", "/v1/reservations/x/y"] {
        assert_problem(path, &ask(Method::GET, path).await, 404, "not_found");
    }
    let wrong = ask(Method::DELETE, "/v1/payments").await;
    assert_problem("DELETE /v1/payments", &wrong, 405, "method_not_allowed");
    let allow = wrong.headers["allow"].to_str().unwrap().to_owned();
    assert!(allow.contains("GET") && allow.contains("POST"), "{allow}");
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_27_problems_speak_the_language_that_the_client_asks_for() {
    let app = App::start(1).await;
    let in_language = async |language: &str| {
        let request = app.http.get(format!("{}/v1/concerts", app.url(0)));
        Answer::of(request.header("Accept-Language", language))
            .await
            .text("detail")
            .to_owned()
    };
    assert_eq!(in_language("ko").await, "유효하지 않은 토큰");
    assert_eq!(
        in_language("en;q=0.5, ko-KR;q=0.9").await,
        "유효하지 않은 토큰"
    );
    assert_eq!(in_language("fr").await, in_language("en").await);
    assert!(in_language("en").await.is_ascii());
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_8_tokens_of_the_wrong_kind_open_nothing() {
    let app = App::with(1, &[("CAPACITY", "1")]).await;
    let (active, mut waiting) = (app.shopper(0, 0).await, app.fan(0).await);
    waiting.join().await;
    let get = async |path: &str, token: Option<&str>| {
        let request = app.http.get(format!("{}{path}", app.url(0)));
        Answer::of(match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        })
        .await
    };
    let altered = format!("{}x", active.queue_token);
    let cases: [(&str, Option<&str>, u16, &str); 9] = [
        ("/v1/concerts", None, 401, "token_missing"),
        ("/v1/concerts", Some("nonsense"), 401, "token_invalid"),
        ("/v1/concerts", Some(&altered), 401, "token_invalid"),
        (
            "/v1/concerts",
            Some(&active.access_token),
            401,
            "token_invalid",
        ),
        (
            "/v1/concerts",
            Some(&waiting.queue_token),
            403,
            "queue_token_not_active",
        ),
        ("/v1/concerts", Some(OPERATOR_KEY), 401, "token_invalid"),
        ("/v1/admin/queue", None, 401, "token_missing"),
        (
            "/v1/admin/queue",
            Some(&active.access_token),
            403,
            "forbidden",
        ),
        (
            "/v1/admin/queue",
            Some("not-the-operators-key"),
            403,
            "forbidden",
        ),
    ];
    for (path, token, status, code) in cases {
        assert_problem(path, &get(path, token).await, status, code);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_anothers_is_answered_like_what_does_not_exist() {
    let app = App::start(1).await;
    let show = app.schedule(10).await;
    let (owner, other) = (app.shopper(0, 50_000).await, app.shopper(0, 50_000).await);
    let held = owner.hold(&show, &[1], None).await;
    let id = held.text("id");
    let nobody = "0190b5f4-0000-7000-8000-000000000000";

    let same = |what: &str, foreign: &Answer, unknown: &Answer| {
        let without_id = |answer: &Answer| {
            let mut body = answer.body.clone();
            body["request_id"] = Value::Null;
            (answer.status, body)
        };
        assert_eq!(without_id(foreign), without_id(unknown), "{what}");
        assert_eq!(foreign.status, 404, "{what}");
    };
    let read = async |id: &str| other.get(&format!("/v1/reservations/{id}")).await;
    same("reading", &read(id).await, &read(nobody).await);
    let cancel = async |id: &str| {
        let path = format!("/v1/reservations/{id}");
        Answer::of(other.in_queue(Method::DELETE, &path)).await
    };
    same("cancelling", &cancel(id).await, &cancel(nobody).await);
    same(
        "paying",
        &other.pay(id, None).await,
        &other.pay(nobody, None).await,
    );
    let paid = owner.pay(id, None).await;
    let payment = async |id: &str| {
        Answer::of(other.as_user(Method::GET, &format!("/v1/payments/{id}"))).await
    };
    same(
        "payments",
        &payment(paid.text("id")).await,
        &payment(nobody).await,
    );
    let balance = async |user: &str| {
        Answer::of(other.as_user(Method::GET, &format!("/v1/users/{user}/balance"))).await
    };
    same(
        "balances",
        &balance(&owner.id).await,
        &balance(nobody).await,
    );
    app.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_22_too_little_money_is_told_and_the_hold_stays() {
    let app = App::start(1).await;
    let show = app.schedule(10).await;
    let fan: Fan = app.shopper(0, 5_000).await;
    let held = fan.hold(&show, &[1], None).await;
    let short = fan.pay(held.text("id"), None).await;
    assert_problem("too little money", &short, 402, "insufficient_balance");
    let missing = ["balance", "amount", "shortfall"].map(|member| short.number(member));
    assert_eq!(missing, [5_000, 10_000, 5_000]);
    fan.charge(5_000, None).await;
    assert_eq!(fan.pay(held.text("id"), None).await.status, 201);
    app.assert_audit_clean().await;
}
