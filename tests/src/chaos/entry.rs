//! One request as its client remembers it.

use reqwest::Client;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{deed::Deed, fan::problem_code};

/// A request and what its client learned of its outcome.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The `Idempotency-Key`, different for each request of a run.
    pub key: String,
    /// The id of the user who asked.
    pub user: String,
    /// The token by which they asked.
    pub token: String,
    /// What for.
    pub deed: Deed,
    /// How it ended.
    pub outcome: Outcome,
}

/// What a client may believe after a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was done: this is the id of what it made.
    Ok(String),
    /// It was refused, with this code: nothing was done.
    Failed(String),
    /// It was done or not.
    Unknown(Doubt),
}

/// Why a client does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Doubt {
    /// Nobody listened: it was not even sent.
    Unreached,
    /// No answer came: the connection was cut, or it took too long.
    Unanswered,
    /// An answer began and did not end.
    Truncated,
    /// The server said that the database was away or too slow.
    Unavailable,
    /// The server said that it had failed, which it never should.
    InternalError,
}

impl Entry {
    /// Sends the request to `server`, for the first time or again, and tells how it ended.
    pub async fn ask(&self, http: &Client, server: &str) -> Outcome {
        let request = self.deed.request(http, server, &self.user);
        let request = request
            .bearer_auth(&self.token)
            .header("Idempotency-Key", &self.key);
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) if error.is_connect() => return Outcome::Unknown(Doubt::Unreached),
            Err(_) => return Outcome::Unknown(Doubt::Unanswered),
        };
        let status = response.status().as_u16();
        let Ok(body) = response.json::<Value>().await else {
            return Outcome::Unknown(Doubt::Truncated);
        };
        outcome(status, &body)
    }
}

fn outcome(status: u16, body: &Value) -> Outcome {
    match (status, problem_code(body)) {
        (200..=299, _) => match body["id"].as_str() {
            Some(id) => Outcome::Ok(id.to_owned()),
            None => Outcome::Unknown(Doubt::Truncated),
        },
        (400..=499, code) | (503, code @ "server_busy") => Outcome::Failed(code.to_owned()),
        (503, _) => Outcome::Unknown(Doubt::Unavailable),
        _ => Outcome::Unknown(Doubt::InternalError),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_answer_is_believed_as_far_as_it_goes() {
        let refused = |status, code| outcome(status, &json!({"code": code}));
        assert_eq!(outcome(201, &json!({"id": "a"})), Outcome::Ok("a".into()));
        assert_eq!(
            refused(409, "seat_unavailable"),
            Outcome::Failed("seat_unavailable".into())
        );
        assert_eq!(
            refused(503, "server_busy"),
            Outcome::Failed("server_busy".into())
        );
        assert_eq!(
            refused(503, "service_unavailable"),
            Outcome::Unknown(Doubt::Unavailable)
        );
        assert_eq!(
            refused(500, "internal_error"),
            Outcome::Unknown(Doubt::InternalError)
        );
    }
}
