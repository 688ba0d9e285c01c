//! A client that does what it is told: what is refused for want of room is asked again after
//! `Retry-After`, on a connection that is opened anew when the server has closed it.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use tokio::time::{sleep, timeout};

use crate::http::{Connection, Request};

/// The server closes a connection after 5 s without a request; one that was idle for so long is
/// not used again, as it might be closed under our hands.
const IDLE: Duration = Duration::from_secs(3);
/// No answer takes longer, or the server hangs.
const ANSWER: Duration = Duration::from_secs(30);
/// How often a request is refused for want of room before that is an error.
const TRIES: u32 = 60;

/// An answer.
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its body; null when there is none.
    pub body: Value,
}

impl Answer {
    /// The body of an answer with this status; any other is an error that says what came.
    pub fn having(self, status: u16) -> Result<Value> {
        let Self { status: is, body } = self;
        ensure!(is == status, "answered {is}, not {status}: {body}");
        Ok(body)
    }

    /// Whether it is the problem with this code.
    pub fn is(&self, code: &str) -> bool {
        self.status >= 400 && self.body["code"] == code
    }

    /// Whether the server had no room for the request, and says so by name.
    fn is_refusal(&self) -> bool {
        self.status == 503 && (self.is("server_busy") || self.is("service_unavailable"))
    }
}

/// A client with one connection at most.
pub struct Patient {
    server: SocketAddr,
    connection: Option<(Connection, Instant)>,
    /// How many refusals were waited out.
    pub waited_out: u64,
}

impl Patient {
    /// A client of `server` that has not connected yet.
    pub fn new(server: SocketAddr) -> Self {
        Self {
            server,
            connection: None,
            waited_out: 0,
        }
    }

    /// Connects now, and not with the first request.
    pub async fn connected(mut self) -> Result<Self> {
        self.connection = Some((Connection::open(self.server).await?, Instant::now()));
        Ok(self)
    }

    /// Sends `request` until it is not refused for want of room; the answer. A refusal that does
    /// not say when to come again is an error.
    pub async fn call(&mut self, request: &Request) -> Result<Answer> {
        for _ in 0..TRIES {
            let mut connection = self.connection().await?;
            let status = timeout(ANSWER, connection.send(request)).await;
            let status = status.context("no answer")??;
            let body = match connection.body() {
                [] => Value::Null,
                _ => connection.json()?,
            };
            let answer = Answer { status, body };
            let after = connection
                .header("retry-after")
                .and_then(|s| s.parse().ok());
            self.connection = Some((connection, Instant::now()));
            if !answer.is_refusal() {
                return Ok(answer);
            }
            self.waited_out += 1;
            let after = after.context("a 503 without Retry-After")?;
            sleep(Duration::from_secs(after)).await;
        }
        bail!("refused {TRIES} times")
    }

    /// The connection, if it can still be used, or a new one. It is put back after an answer only.
    async fn connection(&mut self) -> Result<Connection> {
        match self.connection.take() {
            Some((connection, used)) if used.elapsed() < IDLE => Ok(connection),
            Some(_) | None => Connection::open(self.server).await,
        }
    }
}
