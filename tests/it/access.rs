//! Every question of docs/routes.md, asked of a real server, and the answers compared.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::{AtomicU32, Ordering},
};

use futures_util::future::join_all;
use reqwest::{Method, RequestBuilder, header::HeaderMap};
use serde_json::{Value, json};
use system_tests::{Answer, App, Fan, OPERATOR_KEY, eventually};

/// An id that nothing has.
const NOBODY: &str = "0190b5f4-0000-7000-8000-000000000000";

/// A table row: a route, and the expected answer by column.
struct Row<'a> {
    method: Method,
    path: &'a str,
    answers: BTreeMap<&'a str, &'a str>,
}

/// The table of docs/routes.md.
fn table() -> Vec<Row<'static>> {
    let page = include_str!("../../docs/routes.md");
    let cells = |line: &'static str| -> Vec<&'static str> {
        let line = line.trim_matches('|');
        line.split('|')
            .map(|cell| cell.trim().trim_matches('`'))
            .collect()
    };
    let mut lines = page
        .lines()
        .skip_while(|line| !line.starts_with("| route |"));
    let columns = cells(lines.next().unwrap());
    let rows = lines.filter(|line| line.starts_with("| `")).map(|line| {
        let cells = cells(line);
        assert_eq!(cells.len(), columns.len(), "{line}");
        let (method, path) = cells[0].split_once(' ').unwrap();
        Row {
            method: method.parse().unwrap(),
            path,
            answers: columns.iter().copied().zip(cells).skip(1).collect(),
        }
    });
    rows.collect()
}

/// A fan with something of everything, and the house it is in.
struct Owner {
    fan: Fan,
    /// A date, and a seat of it that is free.
    schedule: String,
    free_seat: u32,
    concert: String,
    day: String,
    /// A hold, to be paid or cancelled.
    held: String,
    payment: String,
}

/// Whose things a request is about.
struct Things {
    user: String,
    reservation: String,
    payment: String,
}

impl Things {
    fn of(owner: &Owner) -> Self {
        Self {
            user: owner.fan.id.clone(),
            reservation: owner.held.clone(),
            payment: owner.payment.clone(),
        }
    }

    fn nobodys() -> Self {
        let nobody = || NOBODY.to_owned();
        Self {
            user: nobody(),
            reservation: nobody(),
            payment: nobody(),
        }
    }
}

/// The request of a row, as it succeeds when the right one makes it.
fn request(app: &App, row: &Row<'_>, owner: &Owner, things: &Things) -> RequestBuilder {
    let id = match row.path {
        path if path.starts_with("/v1/users/{id}") => &things.user,
        path if path.starts_with("/v1/reservations/{id}") => &things.reservation,
        path if path.starts_with("/v1/payments/{id}") => &things.payment,
        path if path.starts_with("/v1/schedules/{id}") => &owner.schedule,
        _ => &owner.concert,
    };
    let mut path = row.path.replace("{id}", id);
    let body = match (row.method.as_str(), row.path) {
        ("GET" | "HEAD", "/v1/concerts/{id}/seats") => {
            path = format!("{path}?date={}", owner.day);
            None
        }
        ("GET" | "HEAD" | "DELETE", _) | (_, "/v1/queue/tokens" | "/v1/queue/check") => None,
        (_, "/v1/users") => Some(json!({"name": "Mina"})),
        (_, "/v1/reservations") => {
            Some(json!({"schedule_id": owner.schedule, "seat_numbers": [owner.free_seat]}))
        }
        (_, "/v1/payments") => Some(json!({"reservation_id": things.reservation})),
        (_, "/v1/users/{id}/balance/charges") => Some(json!({"amount": 1})),
        (_, "/v1/admin/concerts") => Some(json!({"title": "Another", "venue": "Hall"})),
        (_, "/v1/admin/concerts/{id}/schedules") => {
            Some(json!({"starts_at": "2999-01-01T00:00:00Z"}))
        }
        (_, "/v1/admin/queue") => Some(json!({"admission_batch": 100})),
        (method, path) => panic!("how is {method} {path} asked? Say so here"),
    };
    let request = app
        .http
        .request(row.method.clone(), app.url(0).to_owned() + &path);
    match body {
        Some(body) => request.json(&body),
        None => request,
    }
}

/// Status, headers and body; of a stream, only the head.
async fn ask(request: RequestBuilder, token: Option<&str>) -> Answer {
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
fn told(answer: &Answer) -> String {
    match answer.code() {
        "" => answer.status.to_string(),
        code => code.to_owned(),
    }
}

/// The house where the questions are asked.
struct House {
    app: App,
    concert: String,
    schedule: String,
    day: String,
    seats: AtomicU32,
}

impl House {
    /// With two processes: the admitted of the second one have to be quick.
    async fn open() -> Self {
        // Nobody is admitted by a scheduler, so that those who wait go on waiting.
        let mut app = App::with(1, &[("ADMISSION_INTERVAL", "1h")]).await;
        app.add(&[("ACTIVE_TTL", "100ms")]).await;
        let schedule = app.schedule(5_000).await;
        let fan = app.shopper(0, 0).await;
        let concerts = fan.get("/v1/concerts").await;
        let concert = concerts.body["items"][0]["id"].as_str().unwrap().to_owned();
        let dates = fan.get(&format!("/v1/concerts/{concert}/schedules")).await;
        let starts_at = dates.body["items"][0]["starts_at"].as_str().unwrap();
        let format = &time::format_description::well_known::Rfc3339;
        let starts_at = time::OffsetDateTime::parse(starts_at, format).unwrap();
        let in_seoul = starts_at.to_offset(time::UtcOffset::from_hms(9, 0, 0).unwrap());
        let day = in_seoul.date().to_string();
        let seats = AtomicU32::new(1);
        Self {
            app,
            concert,
            schedule,
            day,
            seats,
        }
    }

    fn seat(&self) -> u32 {
        self.seats.fetch_add(1, Ordering::Relaxed)
    }

    /// Someone who has paid, holds a seat, and has no live queue token: it is spent.
    async fn owner(&self) -> Owner {
        let fan = self.app.shopper(0, 30_000).await;
        let held = fan.hold(&self.schedule, &[self.seat()], None).await;
        let bought = fan.hold(&self.schedule, &[self.seat()], None).await;
        let paid = fan.pay(bought.text("id"), None).await;
        assert_eq!((held.status, paid.status), (201, 201), "{held:?} {paid:?}");
        Owner {
            fan,
            schedule: self.schedule.clone(),
            free_seat: self.seat(),
            concert: self.concert.clone(),
            day: self.day.clone(),
            held: held.text("id").to_owned(),
            payment: paid.text("id").to_owned(),
        }
    }

    /// The token that a column is about.
    async fn token(&self, column: &str, fan: &mut Fan) -> Option<String> {
        let token = match column {
            "none" => return None,
            "forged" => forged(&fan.access_token),
            "access" => fan.access_token.clone(),
            "spent" => fan.queue_token.clone(),
            "operator" => OPERATOR_KEY.to_owned(),
            "waiting" | "active" => {
                assert_eq!(fan.join().await.text("status"), column);
                fan.queue_token.clone()
            }
            "left" => {
                fan.join().await;
                let leave = fan.in_queue(Method::DELETE, "/v1/queue/tokens/me");
                assert_eq!(Answer::of(leave).await.status, 204);
                fan.queue_token.clone()
            }
            "over" => {
                let mut elsewhere = fan.at(self.app.url(1));
                assert_eq!(elsewhere.join().await.text("status"), "active");
                let back = &elsewhere.at(self.app.url(0));
                eventually("its time is over", || async {
                    back.get("/v1/queue/tokens/me").await.status == 401
                })
                .await;
                elsewhere.queue_token
            }
            other => panic!("who asks in the column {other}? Say so here"),
        };
        Some(token)
    }

    /// What a row answers to someone in a column, as the table writes it.
    async fn answer(&self, row: &Row<'_>, column: &str, mut owner: Owner) -> String {
        let token = self.token(column, &mut owner.fan).await;
        let things = Things::of(&owner);
        let request = |row: &Row<'_>| request(&self.app, row, &owner, &things);
        let answer = ask(request(row), token.as_deref()).await;
        if row.method == Method::GET && !row.path.ends_with("/events") {
            let head = Row {
                method: Method::HEAD,
                answers: BTreeMap::new(),
                path: row.path,
            };
            let head = ask(request(&head), token.as_deref()).await;
            assert_eq!(head.status, answer.status, "HEAD {}", row.path);
        }
        told(&answer)
    }

    /// What another user is told of someone's things, by either token; it must be what they are
    /// told of nothing.
    async fn anothers(&self, row: &Row<'_>, owner: Owner) -> String {
        let other = self.app.shopper(0, 30_000).await;
        let mut all = Vec::new();
        for token in [&other.queue_token, &other.access_token] {
            let about = async |things| {
                let answer = ask(request(&self.app, row, &owner, &things), Some(token)).await;
                (
                    told(&answer),
                    answer.status,
                    bare(answer.headers),
                    without_id(answer.body),
                )
            };
            let (theirs, nothing) = (
                about(Things::of(&owner)).await,
                about(Things::nobodys()).await,
            );
            assert_eq!(theirs, nothing, "{} {}", row.method, row.path);
            all.push(theirs.0);
        }
        // An access token does not pay, whatever is paid.
        all.dedup();
        all.retain(|told| row.path != "/v1/payments" || told != "token_invalid");
        all.join(" or ")
    }
}

/// Headers without what differs between any two answers.
fn bare(mut headers: HeaderMap) -> HeaderMap {
    headers.remove("date");
    headers.remove("x-request-id");
    headers
}

fn without_id(mut body: Value) -> Value {
    if let Some(members) = body.as_object_mut() {
        members.remove("request_id");
    }
    body
}

/// A good token with another signature.
fn forged(token: &str) -> String {
    let (claims, signature) = token.rsplit_once('.').unwrap();
    let signature: String = signature.chars().rev().collect();
    format!("{claims}.{signature}")
}

/// The answers in a column that are not those of the table.
async fn differences(house: &House, table: &[Row<'_>], column: &str) -> Vec<String> {
    let rows: Vec<_> = table
        .iter()
        .filter(|row| row.answers[column] != "–")
        .collect();
    let owners = join_all(rows.iter().map(|_| house.owner())).await;
    if column == "waiting" {
        let pause = json!({"paused": true});
        let paused = house
            .app
            .operator(Method::PATCH, "/v1/admin/queue", &pause)
            .await;
        assert_eq!(paused.status, 200);
    }
    let asked = rows.into_iter().zip(owners).map(|(row, owner)| async move {
        let got = match column {
            "another's" => house.anothers(row, owner).await,
            column => house.answer(row, column, owner).await,
        };
        let (method, path, expected) = (&row.method, row.path, row.answers[column]);
        (got != expected).then(|| format!("{method} {path}, {column}: {got}, not {expected}"))
    });
    join_all(asked).await.into_iter().flatten().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_8_each_route_answers_each_asker_as_the_table_says() {
    let (house, table) = (House::open().await, table());
    // Those who wait come last: from then on nobody is admitted.
    let columns = [
        "none",
        "forged",
        "access",
        "active",
        "over",
        "left",
        "spent",
        "another's",
        "operator",
        "waiting",
    ];
    let named: BTreeSet<_> = table[0].answers.keys().copied().collect();
    assert_eq!(named, BTreeSet::from(columns));
    let mut wrong = Vec::new();
    for column in columns {
        wrong.extend(differences(&house, &table, column).await);
    }
    assert_eq!(wrong, [""; 0]);
    house.app.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cell_that_is_not_true_is_noticed() {
    let (house, mut table) = (House::open().await, table());
    table.retain(|row| row.path == "/v1/users/me");
    table[0].answers.insert("spent", "200");
    assert_eq!(
        differences(&house, &table, "spent").await,
        ["GET /v1/users/me, spent: queue_token_expired, not 200"]
    );
}
