//! Requests of every kind, sent at a steady pace whether they are answered or not.

use std::time::{Duration, Instant};

use reqwest::{Method, RequestBuilder};
use serde_json::json;
use tokio::task::JoinSet;

/// The most that any request may take: the request timeout, and half a second.
pub const BUDGET: Duration = Duration::from_millis(3_500);
/// How long a client waits. One who waits so long has waited in vain.
const PATIENCE: Duration = Duration::from_secs(6);

/// What became of one request.
#[derive(Clone, Debug)]
pub struct Sent {
    /// What was asked, such as `hold`.
    pub kind: &'static str,
    /// When.
    pub at: Instant,
    /// How long the answer took, or how long it was waited for.
    pub took: Duration,
    /// The answer's status; 0 when none came.
    pub status: u16,
}

impl Sent {
    /// Whether it was done.
    pub fn succeeded(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// Sends `request` and notes what becomes of it.
pub async fn send(kind: &'static str, request: RequestBuilder) -> Sent {
    let at = Instant::now();
    let answered = tokio::time::timeout(PATIENCE, request.send()).await;
    let status = match answered {
        Ok(Ok(response)) => response.status().as_u16(),
        _ => 0,
    };
    Sent {
        kind,
        at,
        took: at.elapsed(),
        status,
    }
}

/// Requests under way.
#[derive(Default)]
pub struct Traffic(JoinSet<Sent>);

impl Traffic {
    /// Sends one more.
    pub fn send(&mut self, kind: &'static str, request: RequestBuilder) {
        self.0.spawn(send(kind, request));
    }

    /// Waits for what is under way.
    pub async fn all(self) -> Vec<Sent> {
        self.0.join_all().await
    }
}

/// Asks `server` to add one more user.
pub fn sign_up(http: &reqwest::Client, server: &str) -> RequestBuilder {
    http.request(Method::POST, format!("{server}/v1/users"))
        .json(&json!({"name": "Late"}))
}
