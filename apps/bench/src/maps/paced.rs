//! Many who look from time to time, at a fixed rate together.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use tokio::{task::JoinSet, time::sleep_until};

use crate::{
    durations::{Durations, count},
    http::{Connection, Request},
};

/// Looks that were taken in turn, at their rate.
pub struct Paced {
    /// From when each look was due to its answer: a stall counts against every look that it delays.
    pub latency: Durations,
    /// How long it all took.
    pub took: Duration,
}

/// Sends the requests in turn, so many a second for so long, on as many connections.
pub async fn look(
    server: SocketAddr,
    connections: usize,
    requests: Vec<Request>,
    rate: f64,
    limit: Duration,
) -> Result<Paced> {
    let (requests, next) = (Arc::new(requests), Arc::new(AtomicUsize::new(0)));
    let mut opened = Vec::with_capacity(connections);
    for _ in 0..connections {
        opened.push(Connection::open(server).await?);
    }
    let started = Instant::now();
    let mut running = JoinSet::new();
    for mut connection in opened {
        let (requests, next) = (requests.clone(), next.clone());
        running.spawn(async move {
            let mut latency = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let due = Duration::from_secs_f64(count(number) / rate);
                if due >= limit {
                    return anyhow::Ok(latency);
                }
                sleep_until((started + due).into()).await;
                let status = connection.send(&requests[number % requests.len()]).await?;
                ensure!(status == 200, "answered {status}");
                latency.push(started.elapsed().saturating_sub(due));
            }
        });
    }
    let mut latency = Vec::new();
    while let Some(ended) = running.join_next().await {
        latency.extend(ended??);
    }
    Ok(Paced {
        latency: latency.into_iter().collect(),
        took: started.elapsed(),
    })
}
