//! Fans by the thousand: signing up, joining, holding, over the API like everyone else.

use std::{net::SocketAddr, sync::Arc};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tokio::task::JoinSet;

use crate::{
    http::{Connection, Request},
    stage::OPERATOR_KEY,
};

/// How many connections prepare things.
const AT_ONCE: usize = 128;

/// Sends each request once, wants 201, and picks something out of each answer; in the order of the
/// requests.
pub async fn collect<T: Send + 'static>(
    server: SocketAddr,
    requests: Vec<Request>,
    pick: impl Fn(&Value) -> Option<T> + Send + Sync + 'static,
) -> Result<Vec<T>> {
    let (chunk, pick) = (requests.len().div_ceil(AT_ONCE).max(1), Arc::new(pick));
    let mut running = JoinSet::new();
    for (place, requests) in requests.chunks(chunk).map(<[Request]>::to_vec).enumerate() {
        let pick = pick.clone();
        running.spawn(async move {
            let mut connection = Connection::open(server).await?;
            let mut picked = Vec::with_capacity(requests.len());
            for request in &requests {
                let status = connection.send(request).await?;
                let answer = connection.json()?;
                ensure!(status == 201, "answered {status}: {answer}");
                picked.push(pick(&answer).with_context(|| format!("unexpected: {answer}"))?);
            }
            anyhow::Ok((place, picked))
        });
    }
    let mut parts = running
        .join_all()
        .await
        .into_iter()
        .collect::<Result<Vec<_>>>()?;
    parts.sort_by_key(|(place, _)| *place);
    Ok(parts.into_iter().flat_map(|(_, picked)| picked).collect())
}

/// A member that is a string.
pub fn text(answer: &Value, member: &str) -> Option<String> {
    answer[member].as_str().map(str::to_owned)
}

/// Someone who has signed up.
#[derive(Clone)]
pub struct Fan {
    /// The user's id.
    pub id: String,
    /// The access token.
    pub access: String,
}

/// So many new users.
pub async fn sign_up(server: SocketAddr, number: usize) -> Result<Vec<Fan>> {
    let requests = vec![Request::new("POST", "/v1/users", "", r#"{"name":"Fan"}"#); number];
    collect(server, requests, |answer| {
        Some(Fan {
            id: text(answer, "id")?,
            access: text(answer, "access_token")?,
        })
    })
    .await
}

/// What each fan sends to join.
pub fn join_requests(fans: &[Fan]) -> Vec<Request> {
    fans.iter()
        .map(|fan| Request::new("POST", "/v1/queue/tokens", &fan.access, ""))
        .collect()
}

/// The fans' queue tokens.
pub async fn join(server: SocketAddr, fans: &[Fan]) -> Result<Vec<String>> {
    collect(server, join_requests(fans), |answer| text(answer, "token")).await
}

/// A charge by each fan.
pub fn charge_requests(fans: &[Fan], won: i64, key: &str) -> Vec<Request> {
    let charge = |fan: &Fan| {
        let path = format!("/v1/users/{}/balance/charges", fan.id);
        let key = format!("idempotency-key: {key}\r\n");
        Request::with(
            "POST",
            &path,
            &fan.access,
            &format!(r#"{{"amount":{won}}}"#),
            &key,
        )
    };
    fans.iter().map(charge).collect()
}

/// A hold of one seat by the owner of a queue token.
pub fn hold_request(token: &str, schedule: &str, seat: usize) -> Request {
    let body = format!(r#"{{"schedule_id":"{schedule}","seat_numbers":[{seat}]}}"#);
    Request::with(
        "POST",
        "/v1/reservations",
        token,
        &body,
        "idempotency-key: hold-1\r\n",
    )
}

/// A payment by the owner of a queue token.
pub fn pay_request(token: &str, reservation: &str) -> Request {
    let body = format!(r#"{{"reservation_id":"{reservation}"}}"#);
    Request::with(
        "POST",
        "/v1/payments",
        token,
        &body,
        "idempotency-key: pay-1\r\n",
    )
}

/// New schedules with so many seats each; their ids.
pub async fn schedules(server: SocketAddr, number: usize, seats: usize) -> Result<Vec<String>> {
    let body = r#"{"title":"Opening night","venue":"Arena"}"#;
    let concert = Request::new("POST", "/v1/admin/concerts", OPERATOR_KEY, body);
    let concert = collect(server, vec![concert], |answer| text(answer, "id")).await?;
    let path = format!("/v1/admin/concerts/{}/schedules", concert[0]);
    let body = format!(
        r#"{{"starts_at":"2999-01-01T12:00:00Z","seats":[{{"grade":"R","price":10000,"from":1,"to":{seats}}}]}}"#
    );
    let schedule = Request::new("POST", &path, OPERATOR_KEY, &body);
    collect(server, vec![schedule; number], |answer| text(answer, "id")).await
}
