//! Someone in the shop who stays there: the turn is over after five minutes, then they join again.

use std::net::SocketAddr;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::{
    fans::{self, Fan, text},
    http::Request,
    patient::{Answer, Patient},
};

/// A fan with an active queue token.
pub struct Shopper {
    line: Patient,
    fan: Fan,
    token: String,
}

impl Shopper {
    /// A new one.
    pub async fn arrive(server: SocketAddr) -> Result<Self> {
        let mut fans = fans::sign_up(server, 1).await?;
        let mut shopper = Self {
            line: Patient::new(server),
            fan: fans.pop().context("nobody signed up")?,
            token: String::new(),
        };
        shopper.join().await?;
        Ok(shopper)
    }

    async fn join(&mut self) -> Result<()> {
        let join = Request::new("POST", "/v1/queue/check", &self.fan.access, "");
        let state = self.line.call(&join).await?.having(201)?;
        self.token = text(&state, "token").context("a queue state without a token")?;
        if state["status"] != "active" {
            bail!("the server does not admit everyone at once: {state}");
        }
        Ok(())
    }

    /// Sends a request that may have a body, with a token that is active.
    pub async fn call(&mut self, method: &str, path: &str, body: &str) -> Result<Answer> {
        let request = Request::new(method, path, &self.token, body);
        let answer = self.line.call(&request).await?;
        if !answer.is("queue_token_expired") {
            return Ok(answer);
        }
        self.join().await?;
        let request = Request::new(method, path, &self.token, body);
        self.line.call(&request).await
    }

    /// Reads what is at `path`.
    pub async fn get(&mut self, path: &str) -> Result<Value> {
        self.call("GET", path, "").await?.having(200)
    }
}
