//! A fan: signs up, charges, queues, holds, pays, over HTTP.

use reqwest::{Client, Method, RequestBuilder, header::HeaderMap};
use serde_json::{Value, json};

use crate::{deed::Deed, events::Events};

/// An answer, read whole.
#[derive(Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body; null when there is none.
    pub body: Value,
}

impl Answer {
    /// Sends `request` and reads the answer.
    pub async fn of(request: RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap();
        let body = if text.is_empty() {
            Value::Null
        } else {
            serde_json::from_str(&text).expect(&text)
        };
        Self {
            status,
            headers,
            body,
        }
    }

    /// A member of the body that must be a string.
    pub fn text(&self, member: &str) -> &str {
        self.body[member]
            .as_str()
            .unwrap_or_else(|| panic!("no {member} in {self:?}"))
    }

    /// A member of the body that must be a whole number.
    pub fn number(&self, member: &str) -> i64 {
        self.body[member]
            .as_i64()
            .unwrap_or_else(|| panic!("no {member} in {self:?}"))
    }

    /// The problem's code, or nothing for a success.
    pub fn code(&self) -> &str {
        problem_code(&self.body)
    }
}

/// The code of a problem's body, or nothing.
pub fn problem_code(body: &Value) -> &str {
    body["code"].as_str().unwrap_or_default()
}

/// A registered fan and their tokens.
#[derive(Clone, Debug)]
pub struct Fan {
    http: Client,
    server: String,
    /// Who.
    pub id: String,
    /// The access token.
    pub access_token: String,
    /// The queue token, once taken.
    pub queue_token: String,
}

impl Fan {
    /// Signs up at `server`.
    pub async fn sign_up(http: &Client, server: &str) -> Self {
        let request = http
            .post(format!("{server}/v1/users"))
            .json(&json!({"name": "Fan"}));
        let answer = Answer::of(request).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        Self {
            http: http.clone(),
            server: server.to_owned(),
            id: answer.text("id").to_owned(),
            access_token: answer.text("access_token").to_owned(),
            queue_token: String::new(),
        }
    }

    /// The same fan at another server process.
    #[must_use]
    pub fn at(&self, server: &str) -> Self {
        Self {
            server: server.to_owned(),
            ..self.clone()
        }
    }

    /// A request with the access token.
    pub fn as_user(&self, method: Method, path: &str) -> RequestBuilder {
        self.http
            .request(method, format!("{}{path}", self.server))
            .bearer_auth(&self.access_token)
    }

    /// A request with the queue token.
    pub fn in_queue(&self, method: Method, path: &str) -> RequestBuilder {
        self.http
            .request(method, format!("{}{path}", self.server))
            .bearer_auth(&self.queue_token)
    }

    /// Reads with the queue token.
    pub async fn get(&self, path: &str) -> Answer {
        Answer::of(self.in_queue(Method::GET, path)).await
    }

    /// Takes a queue token.
    pub async fn join(&mut self) -> Answer {
        let answer = Answer::of(self.as_user(Method::POST, "/v1/queue/tokens")).await;
        let token = answer
            .body
            .get("token")
            .or_else(|| answer.body["queue"].get("token"));
        token
            .and_then(Value::as_str)
            .unwrap_or_default()
            .clone_into(&mut self.queue_token);
        answer
    }

    /// Listens to the queue; `seen` is the id of the last event of an earlier stream.
    pub async fn listen(&self, seen: Option<&str>) -> Events {
        let request = self.in_queue(Method::GET, "/v1/queue/tokens/me/events");
        let request = match seen {
            Some(id) => request.header("Last-Event-ID", id),
            None => request,
        };
        Events::of(request).await
    }

    /// Pays money in.
    pub async fn charge(&self, won: i64, key: Option<&str>) -> Answer {
        self.ask_for(&Deed::Charge { amount: won }, key).await
    }

    /// The balance in won.
    pub async fn balance(&self) -> i64 {
        let path = format!("/v1/users/{}/balance", self.id);
        Answer::of(self.as_user(Method::GET, &path))
            .await
            .number("balance")
    }

    /// Holds seats.
    pub async fn hold(&self, schedule: &str, seats: &[u32], key: Option<&str>) -> Answer {
        let (schedule, seats) = (schedule.to_owned(), seats.to_vec());
        self.ask_for(&Deed::Hold { schedule, seats }, key).await
    }

    /// Pays a reservation.
    pub async fn pay(&self, reservation: &str, key: Option<&str>) -> Answer {
        let reservation = reservation.to_owned();
        self.ask_for(&Deed::Pay { reservation }, key).await
    }

    async fn ask_for(&self, deed: &Deed, key: Option<&str>) -> Answer {
        let request = deed.request(&self.http, &self.server, &self.id);
        let request = request.bearer_auth(self.token_for(deed));
        Answer::of(match key {
            Some(key) => request.header("Idempotency-Key", key),
            None => request,
        })
        .await
    }

    /// The token that this needs.
    pub fn token_for(&self, deed: &Deed) -> &str {
        if deed.is_shopping() {
            &self.queue_token
        } else {
            &self.access_token
        }
    }
}
