//! What operators ask, what comes of it for fans, and how it is refused.

use reqwest::Method;
use serde_json::{Value, json};
use system_tests::{App, OPERATOR_KEY, eventually};

use super::{Checked, Contract, NOTHING, house, text};

const NOTHING_GIVEN: Value = Value::Null;

impl Checked<'_> {
    /// What the operator is answered.
    async fn operator(&self, method: &str, path: &str, body: Value, expected: u16) -> Value {
        self.ask((method, path), OPERATOR_KEY, body, expected).await
    }

    /// The operator is refused with this problem.
    async fn refused(&self, call: (&str, &str), body: Value, problem: (u16, &str)) {
        let got = self.operator(call.0, call.1, body, problem.0).await;
        assert_eq!(got["code"], problem.1, "{call:?}");
    }
}

/// The concert, its date, and its seats.
async fn runs_a_date(checked: &Checked<'_>, concert: &str, date: &str) {
    let another = json!({"title": "Another", "venue": "Hall"});
    checked
        .operator("POST", "/v1/admin/concerts", another, 201)
        .await;
    checked
        .get("/v1/admin/concerts?limit=1", OPERATOR_KEY, 200)
        .await;
    let path = format!("/v1/admin/concerts/{concert}");
    checked.get(&path, OPERATOR_KEY, 200).await;
    let edit = json!({"title": "겨울 밤의 콘서트", "venue": null});
    checked.operator("PATCH", &path, edit, 200).await;
    let path = format!("/v1/admin/schedules/{date}");
    let edit = json!({"starts_at": "2999-01-02T03:00:00Z", "sales_open_at": null});
    checked.operator("PATCH", &path, edit, 200).await;
    let seats = json!({"seat_numbers": [1, 2], "note": "press"});
    let blocks = format!("{path}/blocks");
    let block = checked.operator("POST", &blocks, seats, 201).await;
    checked.get(&blocks, OPERATOR_KEY, 200).await;
    checked.get(&path, OPERATOR_KEY, 200).await;
    let seats = format!("{path}/seats");
    let map = checked.get(&seats, OPERATOR_KEY, 200).await;
    let since = format!("{seats}?since={}", text(&map, "version"));
    checked.get(&since, OPERATOR_KEY, 200).await;
    let block = format!("/v1/admin/blocks/{}", text(&block, "id"));
    checked.operator("DELETE", &block, NOTHING_GIVEN, 204).await;
}

/// Another operator, who closes and opens the sales of a date, and the log of that.
async fn shares_the_work(checked: &Checked<'_>, date: &str) {
    let name = json!({"name": "Box office"});
    let made = checked.operator("POST", "/v1/admin/keys", name, 201).await;
    let path = format!("/v1/admin/schedules/{date}");
    for closed in [true, false] {
        let edit = json!({"sales_closed": closed});
        checked
            .ask(("PATCH", &path), text(&made, "key"), edit, 200)
            .await;
    }
    checked.get("/v1/admin/keys", OPERATOR_KEY, 200).await;
    let log = checked
        .get("/v1/admin/log?limit=2", OPERATOR_KEY, 200)
        .await;
    assert_eq!(log["items"][0]["operator"], "Box office");
    let key = format!("/v1/admin/keys/{}", text(&made, "id"));
    checked.operator("DELETE", &key, NOTHING_GIVEN, 204).await;
}

async fn listens(checked: &Checked<'_>) {
    let path = "/v1/admin/webhooks";
    let all = json!({"url": "https://receiver.example/events"});
    checked.operator("POST", path, all, 201).await;
    let some = json!({"url": "https://receiver.example/events", "events": ["reservation.paid"]});
    let made = checked.operator("POST", path, some, 201).await;
    checked.get(path, OPERATOR_KEY, 200).await;
    let path = format!("{path}/{}", text(&made, "id"));
    checked.get(&path, OPERATOR_KEY, 200).await;
    let again = format!("{path}/redeliver");
    checked.operator("POST", &again, json!({}), 202).await;
    checked.operator("DELETE", &path, NOTHING_GIVEN, 204).await;
}

/// A fan gives a paid reservation back.
async fn refunds(checked: &Checked<'_>, date: &str) {
    let mut fan = checked.app.shopper(0, 1_000_000).await;
    let gift = json!({"user_id": fan.id, "seat_numbers": [3]});
    let path = format!("/v1/admin/schedules/{date}/complimentary");
    checked.operator("POST", &path, gift, 201).await;
    let bought = fan.hold(date, &[4], None).await;
    let paid = fan.pay(bought.text("id"), None).await;
    assert_eq!(paid.status, 201, "{paid:?}");
    let own = format!("/v1/reservations/{}", bought.text("id"));
    let shown = checked.get(&own, &fan.access_token, 200).await;
    assert!(shown["refund_until"].is_string(), "{shown}");
    let back = checked.ask(("DELETE", &own), &fan.access_token, NOTHING_GIVEN, 200);
    assert!(back.await["refunded_at"].is_string());
    let payment = format!("/v1/payments/{}", paid.text("id"));
    let shown = checked.get(&payment, &fan.access_token, 200).await;
    assert!(shown["refunded_at"].is_string(), "{shown}");
    let entries = format!("/v1/users/{}/balance/entries", fan.id);
    let shown = checked.get(&entries, &fan.access_token, 200).await;
    assert_eq!(shown["items"][0]["kind"], "refund");
    // And another one, which goes back with the date.
    fan.join().await;
    let bought = fan.hold(date, &[5], None).await;
    assert_eq!(fan.pay(bought.text("id"), None).await.status, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_to_operators_is_as_described() {
    let app = App::start(1).await;
    let contract = Contract::of(&app).await;
    let checked = Checked {
        contract: &contract,
        app: &app,
    };
    let (concert, date, _) = house(&checked).await;
    runs_a_date(&checked, &concert, &date).await;
    shares_the_work(&checked, &date).await;
    listens(&checked).await;
    refunds(&checked, &date).await;
    eventually("all that happened is told", || async {
        let page = checked
            .get("/v1/admin/events?limit=1000", OPERATOR_KEY, 200)
            .await;
        let items = page["items"].as_array().unwrap();
        items
            .iter()
            .any(|event| event["type"] == "reservation.refunded")
    })
    .await;
    let path = format!("/v1/admin/schedules/{date}/cancellation");
    let reason = json!({"reason": "The singer is ill"});
    checked.operator("POST", &path, reason, 202).await;
    eventually("the money is back", || async {
        checked.get(&path, OPERATOR_KEY, 200).await["status"] == "done"
    })
    .await;
    checked.get("/metrics", "", 200).await;
    app.assert_audit_clean().await;
}

/// What there is not.
async fn finds_nothing(checked: &Checked<'_>) {
    let seats = json!({"seat_numbers": [1]});
    let gift = json!({"seat_numbers": [1], "user_id": NOTHING});
    for (method, path, body, code) in [
        ("GET", "concerts/{id}", NOTHING_GIVEN, "concert_not_found"),
        ("PATCH", "concerts/{id}", json!({}), "concert_not_found"),
        ("GET", "schedules/{id}", NOTHING_GIVEN, "schedule_not_found"),
        ("PATCH", "schedules/{id}", json!({}), "schedule_not_found"),
        (
            "GET",
            "schedules/{id}/blocks",
            NOTHING_GIVEN,
            "schedule_not_found",
        ),
        ("POST", "schedules/{id}/blocks", seats, "schedule_not_found"),
        (
            "POST",
            "schedules/{id}/complimentary",
            gift,
            "schedule_not_found",
        ),
        (
            "POST",
            "schedules/{id}/cancellation",
            json!({}),
            "schedule_not_found",
        ),
        (
            "GET",
            "schedules/{id}/cancellation",
            NOTHING_GIVEN,
            "schedule_not_found",
        ),
        ("DELETE", "blocks/{id}", NOTHING_GIVEN, "block_not_found"),
        (
            "DELETE",
            "keys/{id}",
            NOTHING_GIVEN,
            "operator_key_not_found",
        ),
        ("GET", "webhooks/{id}", NOTHING_GIVEN, "webhook_not_found"),
        (
            "DELETE",
            "webhooks/{id}",
            NOTHING_GIVEN,
            "webhook_not_found",
        ),
        (
            "POST",
            "webhooks/{id}/redeliver",
            json!({}),
            "webhook_not_found",
        ),
    ] {
        let path = format!("/v1/admin/{}", path.replace("{id}", NOTHING));
        checked.refused((method, &path), body, (404, code)).await;
    }
}

async fn refused_changes(checked: &Checked<'_>, concert: &str, date: &str) {
    let path = format!("/v1/admin/schedules/{date}");
    let (blocks, gifts) = (format!("{path}/blocks"), format!("{path}/complimentary"));
    let seat = |number: u32| json!({"seat_numbers": [number]});
    let gift = |user: &str| json!({"seat_numbers": [9], "user_id": user});
    checked.operator("POST", &blocks, seat(1), 201).await;
    let taken = (409, "seat_unavailable");
    checked.refused(("POST", &blocks), seat(1), taken).await;
    let missing = (404, "seat_not_found");
    checked.refused(("POST", &blocks), seat(51), missing).await;
    let nobody = (404, "user_not_found");
    checked
        .refused(("POST", &gifts), gift(NOTHING), nobody)
        .await;
    let invalid = (422, "invalid_request");
    let past = json!({"starts_at": "2000-01-01T00:00:00Z"});
    checked.refused(("PATCH", &path), past, invalid).await;
    let not_yet = (404, "not_found");
    let off = format!("{path}/cancellation");
    checked.refused(("GET", &off), NOTHING_GIVEN, not_yet).await;

    let dates = format!("/v1/admin/concerts/{concert}/schedules");
    let begun = json!({"starts_at": "2000-01-01T00:00:00Z"});
    let begun = checked.operator("POST", &dates, begun, 201).await;
    let begun = format!("/v1/admin/schedules/{}", text(&begun, "id"));
    let later = json!({"starts_at": "2999-01-01T00:00:00Z"});
    let late = (409, "schedule_begun");
    checked.refused(("PATCH", &begun), later, late).await;
}

async fn refused_keys_and_webhooks(checked: &Checked<'_>) {
    let keys = ("POST", "/v1/admin/keys");
    let name = || json!({"name": "Box office"});
    let made = checked.operator(keys.0, keys.1, name(), 201).await;
    checked
        .refused(keys, name(), (409, "operator_key_exists"))
        .await;
    checked.ask(keys, text(&made, "key"), name(), 403).await;
    checked.ask(keys, "", name(), 401).await;

    let webhooks = ("POST", "/v1/admin/webhooks");
    let url = "https://receiver.example/events";
    let made = checked
        .operator(webhooks.0, webhooks.1, json!({"url": url}), 201)
        .await;
    let path = format!("{}/{}/redeliver", webhooks.1, text(&made, "id"));
    let none = json!({"event_id": NOTHING});
    let missing = (404, "dead_letter_not_found");
    checked.refused(("POST", &path), none, missing).await;
    for body in [
        json!({"url": "http://receiver.example/events"}),
        json!({"url": url, "events": []}),
        json!({"url": url, "events": ["reservation.lost"]}),
    ] {
        checked
            .refused(webhooks, body, (422, "invalid_request"))
            .await;
    }
    for path in ["/v1/admin/events?limit=0", "/v1/admin/log?cursor=x"] {
        let malformed = (400, "invalid_request");
        checked
            .refused(("GET", path), NOTHING_GIVEN, malformed)
            .await;
    }
}

/// What fans are refused because of what the operator did, and because of the rules of refunds.
async fn refused_fans(checked: &Checked<'_>) {
    let date = checked.app.schedule(10).await;
    let mut fan = checked.app.shopper(0, 10_000).await;
    let bought = fan.hold(&date, &[2], None).await;
    assert_eq!(fan.pay(bought.text("id"), None).await.status, 201);
    let own = format!("/v1/reservations/{}", bought.text("id"));
    let kept = checked.ask(("DELETE", &own), &fan.access_token, NOTHING_GIVEN, 409);
    let kept = kept.await;
    assert_eq!(kept["code"], "refund_not_allowed");
    assert!(kept["refund_until"].is_string(), "{kept}");

    fan.join().await;
    let held = fan.hold(&date, &[3], None).await;
    let path = format!("/v1/admin/schedules/{date}");
    let close = json!({"sales_closed": true});
    checked.operator("PATCH", &path, close, 200).await;
    let wish = || json!({"schedule_id": date, "seat_numbers": [4]});
    let hold = async || {
        checked
            .post("/v1/reservations", &fan.queue_token, wish(), 409)
            .await
    };
    assert_eq!(hold().await["code"], "sales_closed");
    let off = format!("{path}/cancellation");
    let reason = json!({"reason": "The singer is ill"});
    checked.operator("POST", &off, reason, 202).await;
    let refused = hold().await;
    assert_eq!(refused["code"], "schedule_cancelled");
    assert_eq!(refused["reason"], "The singer is ill");
    let pay = json!({"reservation_id": held.text("id")});
    checked
        .post("/v1/payments", &fan.queue_token, pay, 409)
        .await;
    let open = json!({"sales_closed": false});
    let over = (409, "schedule_cancelled");
    checked.refused(("PATCH", &path), open, over).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_problem_of_operators_and_their_dates_is_as_described() {
    // No refund is possible in the year before a show.
    let app = App::with(1, &[("REFUND_UNTIL", "365d")]).await;
    let contract = Contract::of(&app).await;
    let checked = Checked {
        contract: &contract,
        app: &app,
    };
    let (concert, date, _) = house(&checked).await;
    finds_nothing(&checked).await;
    refused_changes(&checked, &concert, &date).await;
    refused_keys_and_webhooks(&checked).await;
    refused_fans(&checked).await;
    app.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn which_webhooks_there_may_be_is_described_as_it_is_set() {
    for (allowed, status) in [("false", 422), ("true", 201)] {
        let app = App::with(1, &[("WEBHOOK_ALLOW_HTTP", allowed)]).await;
        let contract = Contract::of(&app).await;
        let url = "http://receiver.example/events";
        let body = json!({"url": url});
        let answer = app
            .operator(Method::POST, "/v1/admin/webhooks", &body)
            .await;
        assert_eq!(answer.status, status, "{answer:?}");
        let described = contract.takes("NewWebhook", &body);
        assert_eq!(described, status == 201, "{allowed}");
    }
}
