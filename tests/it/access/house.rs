//! Where the questions are asked: servers with fans who have something of everything.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU32, Ordering},
};

use reqwest::{Method, header::HeaderMap};
use serde_json::{Value, json};
use system_tests::{Answer, App, Fan, OPERATOR_KEY, eventually};

use super::{
    request::{Owner, Things, ask, request, told},
    table::Row,
};

/// The house where the questions are asked.
pub struct House {
    /// The server processes.
    pub app: App,
    concert: String,
    schedule: String,
    called_off: String,
    day: String,
    webhooks: [String; 2],
    seats: AtomicU32,
}

impl House {
    /// With two processes: the admitted of the second one have to be quick.
    pub async fn open() -> Self {
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
        let webhooks = [webhook(&app).await, webhook(&app).await];
        let seats = AtomicU32::new(1);
        let called_off = app.schedule(2).await;
        let path = format!("/v1/admin/schedules/{called_off}/cancellation");
        let off = app.operator(Method::POST, &path, &json!({})).await;
        assert_eq!(off.status, 202, "{off:?}");
        Self {
            app,
            concert,
            schedule,
            called_off,
            day,
            webhooks,
            seats,
        }
    }

    fn seat(&self) -> u32 {
        self.seats.fetch_add(1, Ordering::Relaxed)
    }

    /// Someone who has paid, holds a seat, and has no live queue token: it is spent.
    pub async fn owner(&self) -> Owner {
        let fan = self.app.shopper(0, 30_000).await;
        let held = fan.hold(&self.schedule, &[self.seat()], None).await;
        let bought = fan.hold(&self.schedule, &[self.seat()], None).await;
        let paid = fan.pay(bought.text("id"), None).await;
        assert_eq!((held.status, paid.status), (201, 201), "{held:?} {paid:?}");
        let name = json!({"name": bought.text("id")});
        let key = self.app.operator(Method::POST, "/v1/admin/keys", &name);
        let blocks = format!("/v1/admin/schedules/{}/blocks", self.schedule);
        let seats = json!({"seat_numbers": [self.seat()]});
        let block = self.app.operator(Method::POST, &blocks, &seats).await;
        Owner {
            key: key.await.text("id").to_owned(),
            house_seats: [self.seat(), self.seat()],
            block: block.text("id").to_owned(),
            fan,
            schedule: self.schedule.clone(),
            free_seat: self.seat(),
            concert: self.concert.clone(),
            day: self.day.clone(),
            webhooks: self.webhooks.clone(),
            held: held.text("id").to_owned(),
            payment: paid.text("id").to_owned(),
            called_off: self.called_off.clone(),
        }
    }

    /// The token that a column is about.
    pub async fn token(&self, column: &str, fan: &mut Fan) -> Option<String> {
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
    pub async fn answer(&self, row: &Row<'_>, column: &str, mut owner: Owner) -> String {
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
    pub async fn anothers(&self, row: &Row<'_>, owner: Owner) -> String {
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

/// A webhook for what does not happen here.
async fn webhook(app: &App) -> String {
    let body = json!({"url": "https://receiver.example", "events": ["reservation.refunded"]});
    let made = app
        .operator(Method::POST, "/v1/admin/webhooks", &body)
        .await;
    made.text("id").to_owned()
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
