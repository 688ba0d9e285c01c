//! The request of each route, as it succeeds when the right one makes it.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use system_tests::{Answer, App, Fan};

use super::table::Row;

/// An id that nothing has.
const NOBODY: &str = "0190b5f4-0000-7000-8000-000000000000";

/// A fan with something of everything, and the house it is in.
pub struct Owner {
    pub fan: Fan,
    /// A date, and a seat of it that is free.
    pub schedule: String,
    pub free_seat: u32,
    pub concert: String,
    pub day: String,
    /// A hold, to be paid or cancelled.
    pub held: String,
    pub payment: String,
    /// A date that was called off.
    pub called_off: String,
    /// A key of an operator, to be revoked.
    pub key: String,
    /// A seat to be blocked, one to be given away, and a block to be freed.
    pub house_seats: [u32; 2],
    pub block: String,
    /// A webhook of the operator, and one to be removed.
    pub webhooks: [String; 2],
}

/// Whose things a request is about.
pub struct Things {
    user: String,
    reservation: String,
    payment: String,
}

impl Things {
    pub fn of(owner: &Owner) -> Self {
        Self {
            user: owner.fan.id.clone(),
            reservation: owner.held.clone(),
            payment: owner.payment.clone(),
        }
    }

    pub fn nobodys() -> Self {
        let nobody = || NOBODY.to_owned();
        Self {
            user: nobody(),
            reservation: nobody(),
            payment: nobody(),
        }
    }
}

/// The request of a row, as it succeeds when the right one makes it.
pub fn request(app: &App, row: &Row<'_>, owner: &Owner, things: &Things) -> RequestBuilder {
    let id = match row.path {
        path if path.starts_with("/v1/users/{id}") => &things.user,
        path if path.starts_with("/v1/reservations/{id}") => &things.reservation,
        path if path.starts_with("/v1/payments/{id}") => &things.payment,
        path if path.starts_with("/v1/schedules/{id}") => &owner.schedule,
        "/v1/admin/schedules/{id}/cancellation" => &owner.called_off,
        path if path.starts_with("/v1/admin/schedules/{id}") => &owner.schedule,
        "/v1/admin/blocks/{id}" => &owner.block,
        "/v1/admin/keys/{id}" => &owner.key,
        path if path.starts_with("/v1/admin/webhooks/{id}") => {
            &owner.webhooks[usize::from(row.method == Method::DELETE)]
        }
        _ => &owner.concert,
    };
    let path = row.path.replace("{id}", id);
    let path = path.replace("{code}", "seat_unavailable");
    let (folder, file) = match row.path {
        "/app/{file}" | "/operator/{file}" => ("", "main.js"),
        "/app/{folder}/{file}" => ("views", "waiting.js"),
        "/operator/{folder}/{file}" => ("vendor", "uplot.js"),
        _ => ("", "start.js"),
    };
    let path = path.replace("{folder}", folder);
    let mut path = path.replace("{file}", file);
    if row.path == "/v1/concerts/{id}/seats" {
        path = format!("{path}?date={}", owner.day);
    }
    let url = app.url(0).to_owned() + &path;
    let request = app.http.request(row.method.clone(), url);
    match body(row, owner, things) {
        Some(body) => request.json(&body),
        None => request,
    }
}

/// The body of a row's request, if it has one.
pub fn body(row: &Row<'_>, owner: &Owner, things: &Things) -> Option<Value> {
    Some(match (row.method.as_str(), row.path) {
        ("GET" | "HEAD" | "DELETE", _) | (_, "/v1/queue/tokens" | "/v1/queue/check") => {
            return None;
        }
        (_, "/v1/users") => json!({"name": "Mina"}),
        (_, "/v1/reservations") => {
            json!({"schedule_id": owner.schedule, "seat_numbers": [owner.free_seat]})
        }
        (_, "/v1/payments") => json!({"reservation_id": things.reservation}),
        (_, "/v1/users/{id}/balance/charges") => json!({"amount": 1}),
        (_, "/v1/admin/concerts") => json!({"title": "Another", "venue": "Hall"}),
        (_, "/v1/admin/concerts/{id}/schedules") => json!({
            "starts_at": "2999-01-01T00:00:00Z",
            "seats": [{"grade": "R", "price": 10_000, "from": 1, "to": 2}],
        }),
        (_, "/v1/admin/concerts/{id}") => json!({"venue": "Hall"}),
        (_, "/v1/admin/schedules/{id}") => json!({"sales_closed": false}),
        (_, "/v1/admin/schedules/{id}/blocks") => json!({"seat_numbers": [owner.house_seats[0]]}),
        (_, "/v1/admin/schedules/{id}/complimentary") => {
            json!({"user_id": owner.fan.id, "seat_numbers": [owner.house_seats[1]]})
        }
        (_, "/v1/admin/schedules/{id}/cancellation" | "/v1/admin/webhooks/{id}/redeliver") => {
            json!({})
        }
        (_, "/v1/admin/keys") => json!({"name": owner.held}),
        (_, "/v1/admin/webhooks") => {
            json!({"url": "https://receiver.example", "events": ["reservation.refunded"]})
        }
        (_, "/v1/admin/queue") => json!({"admission_batch": 100}),
        (method, path) => panic!("how is {method} {path} asked? Say so here"),
    })
}

/// Status, headers and body; of a stream, only the head.
pub async fn ask(request: RequestBuilder, token: Option<&str>) -> Answer {
    let request = match token {
        Some(token) => request.bearer_auth(token),
        None => request,
    };
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    if headers
        .get("content-type")
        .is_some_and(|kind| kind == "text/event-stream")
    {
        let body = Value::Null;
        return Answer {
            status,
            headers,
            body,
        };
    }
    let body = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or_default();
    Answer {
        status,
        headers,
        body,
    }
}

/// An answer as the table writes it.
pub fn told(answer: &Answer) -> String {
    match answer.code() {
        "" => answer.status.to_string(),
        code => code.to_owned(),
    }
}
