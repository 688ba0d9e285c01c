//! The queue's policy, changed for a while.

use std::net::SocketAddr;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tokio_postgres::Client;

use crate::{http::Request, patient::Patient, stage::OPERATOR_KEY};

const QUEUE: &str = "/v1/admin/queue";

/// The policy as it was.
pub struct Policy {
    capacity: u64,
    admission_batch: u64,
}

impl Policy {
    /// Admits only so many from now on; the policy before.
    pub async fn narrow(server: SocketAddr, capacity: u32) -> Result<Self> {
        let board = Request::new("GET", QUEUE, OPERATOR_KEY, "");
        let board = Patient::new(server).call(&board).await?.having(200)?;
        let number = |name: &str| {
            let number = board["policy"][name].as_u64();
            number.with_context(|| format!("the queue has no {name}: {board}"))
        };
        let before = Self {
            capacity: number("capacity")?,
            admission_batch: number("admission_batch")?,
        };
        change(
            server,
            &json!({ "capacity": capacity, "admission_batch": capacity }),
        )
        .await?;
        Ok(before)
    }

    /// Puts it back.
    pub async fn restore(&self, server: SocketAddr) -> Result<()> {
        let Self {
            capacity,
            admission_batch,
        } = self;
        let policy = json!({ "capacity": capacity, "admission_batch": admission_batch });
        change(server, &policy).await
    }
}

async fn change(server: SocketAddr, policy: &Value) -> Result<()> {
    let patch = Request::new("PATCH", QUEUE, OPERATOR_KEY, &policy.to_string());
    Patient::new(server).call(&patch).await?.having(200)?;
    Ok(())
}

/// Everyone in the queue leaves. Those of earlier measurements would take up the places for
/// minutes; all of them leaving over the API, one transaction each, would take as long.
pub async fn empty(client: &Client) -> Result<()> {
    // In the order and with the versions of the server, which follows it.
    let leave = "BEGIN; \
        SELECT version FROM queue_state FOR NO KEY UPDATE; \
        UPDATE queue_tokens t SET status = 'expired', end_reason = 'left', ended_at = now(), \
          ended_version = q.version + 1, version = q.version + 1 \
          FROM queue_state q WHERE t.status <> 'expired'; \
        UPDATE queue_state SET version = version + 1, waiting = 0, active = 0, \
          left_count = left_count + waiting + active; \
        COMMIT";
    Ok(client.batch_execute(leave).await?)
}
