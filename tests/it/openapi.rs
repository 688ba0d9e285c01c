//! What the server says of itself, at `/openapi.json`, is what it does: real answers of the journey and of its
//! problems, each against its own description.

mod contract;
mod house;

use reqwest::Method;
use serde_json::{Value, json};
use system_tests::{App, Fan, OPERATOR_KEY};

use contract::Contract;

/// An id that nothing has.
const NOTHING: &str = "0190b5f4-0000-7000-8000-000000000000";

/// Someone who checks every answer.
struct Checked<'a> {
    contract: &'a Contract,
    app: &'a App,
}

impl Checked<'_> {
    /// Asks for what the `route` is at `path`, by `token`; the body of the answer, if it has this status.
    async fn ask(&self, call: (&str, &str), token: &str, body: Value, expected: u16) -> Value {
        let (method, path) = call;
        let method: Method = method.parse().unwrap();
        let url = format!("{}{path}", self.app.url(0));
        let mut request = self.app.http.request(method.clone(), url);
        if !token.is_empty() {
            request = request.bearer_auth(token);
        }
        if !body.is_null() {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let headers = answer.headers().clone();
        let text = answer.text().await.unwrap();
        assert_eq!(status, expected, "{method} {path}: {text}");
        self.contract.check(&method, path, status, &headers, &text);
        serde_json::from_str(&text).unwrap_or_default()
    }

    async fn get(&self, path: &str, token: &str, expected: u16) -> Value {
        self.ask(("GET", path), token, Value::Null, expected).await
    }

    async fn post(&self, path: &str, token: &str, body: Value, expected: u16) -> Value {
        self.ask(("POST", path), token, body, expected).await
    }
}

fn text<'a>(body: &'a Value, member: &str) -> &'a str {
    body[member].as_str().unwrap()
}

/// The operator makes a concert with a date; the ids of both, and the day.
async fn house(checked: &Checked<'_>) -> (String, String, String) {
    let concert = json!({"title": "한여름 밤의 콘서트", "venue": "Olympic Hall"});
    let made = checked
        .post("/v1/admin/concerts", OPERATOR_KEY, concert, 201)
        .await;
    let concert = text(&made, "id").to_owned();
    let dates = format!("/v1/admin/concerts/{concert}/schedules");
    let date = json!({"starts_at": "2999-01-01T03:00:00Z"});
    let made = checked.post(&dates, OPERATOR_KEY, date, 201).await;
    let board = checked.get("/v1/admin/queue", OPERATOR_KEY, 200).await;
    assert_eq!(board["policy"]["paused"], false);
    let change = ("PATCH", "/v1/admin/queue");
    checked
        .ask(change, OPERATOR_KEY, json!({"capacity": 900}), 200)
        .await;
    (
        concert,
        text(&made, "id").to_owned(),
        "2999-01-01".to_owned(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_of_the_journey_is_as_described() {
    let app = App::start(1).await;
    let contract = Contract::of(&app).await;
    let checked = Checked {
        contract: &contract,
        app: &app,
    };
    let (concert, date, day) = house(&checked).await;
    for path in [
        "/health/live",
        "/health/ready",
        "/problems",
        "/docs",
        "/operator",
        "/operator/main.js",
        "/operator/vendor/license.txt",
        "/openapi.json",
    ] {
        checked.get(path, "", 200).await;
    }
    checked.get("/problems/seat_unavailable", "", 200).await;
    checked.get("/docs/start.js", "", 200).await;

    let fan = checked
        .post("/v1/users", "", json!({"name": "Mina"}), 201)
        .await;
    let (id, access) = (text(&fan, "id"), text(&fan, "access_token"));
    checked.get("/v1/users/me", access, 200).await;
    let balance = format!("/v1/users/{id}/balance");
    checked
        .post(
            &format!("{balance}/charges"),
            access,
            json!({"amount": 500_000}),
            201,
        )
        .await;
    checked.get(&balance, access, 200).await;

    let place = checked
        .post("/v1/queue/tokens", access, Value::Null, 201)
        .await;
    let pass = text(&place, "token");
    checked
        .post("/v1/queue/tokens", access, Value::Null, 409)
        .await;
    checked
        .post("/v1/queue/check", access, Value::Null, 200)
        .await;
    checked.get("/v1/queue/tokens/me", pass, 200).await;
    checked.get("/v1/concerts?limit=1", pass, 200).await;
    checked
        .get(&format!("/v1/concerts/{concert}/schedules"), pass, 200)
        .await;
    let seats = format!("/v1/schedules/{date}/seats");
    let map = checked.get(&seats, pass, 200).await;
    let since = format!("{seats}?since={}", text(&map, "version"));
    checked.get(&since, pass, 200).await;
    checked
        .get(&format!("{seats}?status=held"), pass, 200)
        .await;
    checked
        .get(
            &format!("/v1/concerts/{concert}/seats?date={day}"),
            pass,
            200,
        )
        .await;

    let wish = |wish: Value| {
        let mut body = json!({"schedule_id": date});
        body.as_object_mut()
            .unwrap()
            .extend(wish.as_object().unwrap().clone());
        body
    };
    let held = checked
        .post("/v1/reservations", pass, wish(json!({"count": 2})), 201)
        .await;
    let other = json!({"choices": [[41], [42]]});
    let other = checked
        .post("/v1/reservations", pass, wish(other), 201)
        .await;
    let other = format!("/v1/reservations/{}", text(&other, "id"));
    checked.get(&other, access, 200).await;
    checked
        .ask(("DELETE", &other), access, Value::Null, 200)
        .await;
    checked.get("/v1/reservations?limit=1", access, 200).await;
    let pay = json!({"reservation_id": held["id"]});
    let paid = checked.post("/v1/payments", pass, pay.clone(), 201).await;
    checked.post("/v1/payments", pass, pay, 409).await;
    checked.get("/v1/payments", access, 200).await;
    checked
        .get(&format!("/v1/payments/{}", text(&paid, "id")), access, 200)
        .await;
    checked
        .get(&format!("{balance}/entries"), access, 200)
        .await;
    app.assert_audit_clean().await;
}

/// Holds and payments that cannot be.
async fn refused_holds(checked: &Checked<'_>, date: &str, pass: &str) {
    let hold = |seats: Value| json!({"schedule_id": date, "seat_numbers": seats});
    let held = checked
        .post("/v1/reservations", pass, hold(json!([1, 2])), 201)
        .await;
    checked
        .post("/v1/reservations", pass, hold(json!([2])), 409)
        .await;
    checked
        .post("/v1/reservations", pass, hold(json!([51])), 404)
        .await;
    checked
        .post("/v1/reservations", pass, hold(json!([3, 4, 5])), 409)
        .await;
    checked
        .post("/v1/reservations", pass, hold(json!([])), 422)
        .await;
    checked
        .post(
            "/v1/payments",
            pass,
            json!({"reservation_id": held["id"]}),
            402,
        )
        .await;
    checked
        .post(
            "/v1/payments",
            pass,
            json!({"reservation_id": NOTHING}),
            404,
        )
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_problem_of_the_journey_is_as_described() {
    let app = App::with(
        1,
        &[("CAPACITY", "1"), ("USER_RATE", "1"), ("USER_BURST", "40")],
    )
    .await;
    let contract = Contract::of(&app).await;
    let checked = Checked {
        contract: &contract,
        app: &app,
    };
    let (concert, date, _) = house(&checked).await;
    checked
        .ask(
            ("PATCH", "/v1/admin/queue"),
            OPERATOR_KEY,
            json!({"capacity": 1}),
            200,
        )
        .await;
    let mut shopper = app.fan(0).await;
    assert_eq!(shopper.join().await.text("status"), "active");
    let mut waiting = app.fan(0).await;
    assert_eq!(waiting.join().await.text("status"), "waiting");
    let Fan {
        queue_token: pass,
        access_token: access,
        ..
    } = &shopper;

    checked.get("/v1/users/me", "", 401).await;
    checked.get("/v1/users/me", "forged", 401).await;
    checked.get("/v1/concerts", &waiting.queue_token, 403).await;
    checked
        .get("/v1/queue/tokens/me", &waiting.queue_token, 200)
        .await;
    checked.get("/v1/admin/queue", access, 403).await;
    checked.get("/v1/reservations?limit=0", access, 400).await;
    checked.get("/v1/reservations/x", access, 400).await;
    checked.get("/problems/none", "", 404).await;
    checked
        .post("/v1/users", "", json!({"name": ""}), 422)
        .await;
    checked
        .post("/v1/users", "", json!({"name": "x".repeat(20_000)}), 413)
        .await;
    checked
        .get(&format!("/v1/users/{NOTHING}/balance"), access, 404)
        .await;
    let charges = format!("/v1/users/{}/balance/charges", shopper.id);
    checked
        .post(&charges, access, json!({"amount": 0}), 422)
        .await;
    checked
        .get(&format!("/v1/concerts/{NOTHING}/schedules"), pass, 404)
        .await;
    checked
        .get(
            &format!("/v1/concerts/{concert}/seats?date=2998-01-01"),
            pass,
            404,
        )
        .await;
    checked
        .get(&format!("/v1/schedules/{NOTHING}/seats"), pass, 404)
        .await;
    checked
        .get(&format!("/v1/payments/{NOTHING}"), access, 404)
        .await;
    checked
        .get(&format!("/v1/reservations/{NOTHING}"), access, 404)
        .await;

    refused_holds(&checked, &date, pass).await;
    checked
        .ask(("DELETE", "/v1/queue/tokens/me"), pass, Value::Null, 204)
        .await;
    checked.get("/v1/queue/tokens/me", pass, 401).await;
    let mut status = 200;
    while status == 200 {
        let url = format!("{}/v1/users/me", app.url(0));
        let answer = app.http.get(url).bearer_auth(access).send().await.unwrap();
        status = answer.status().as_u16();
    }
    checked.get("/v1/users/me", access, 429).await;
    app.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_again_and_what_is_compressed_is_as_described() {
    let app = App::start(1).await;
    let contract = Contract::of(&app).await;
    let show = app.schedule(500).await;
    let fan = app.shopper(0, 0).await;
    let path = format!("/v1/schedules/{show}/seats");
    let mut plain = String::new();
    for coding in ["identity", "zstd", "gzip"] {
        let request = fan.in_queue(Method::GET, &path);
        let answer = request
            .header("accept-encoding", coding)
            .send()
            .await
            .unwrap();
        let tag = answer.headers()["etag"].clone();
        let length: u64 = answer.headers()["content-length"]
            .to_str()
            .unwrap()
            .parse()
            .unwrap();
        let bytes = answer.bytes().await.unwrap();
        assert_eq!(length, bytes.len() as u64);
        match coding {
            "identity" => plain = String::from_utf8(bytes.to_vec()).unwrap(),
            _ => assert!(bytes.len() * 4 < plain.len(), "{coding}: {length}"),
        }
        let request = fan
            .in_queue(Method::GET, &path)
            .header("accept-encoding", coding);
        let again = request.header("if-none-match", tag).send().await.unwrap();
        let (status, headers) = (again.status().as_u16(), again.headers().clone());
        assert_eq!(status, 304, "{coding}");
        contract.check(&Method::GET, &path, status, &headers, "");
    }
}
