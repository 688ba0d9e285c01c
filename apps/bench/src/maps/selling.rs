//! A gentle sale in the background: seats are held and given back, so that it never ends.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use serde_json::json;
use tokio::{
    task::JoinSet,
    time::{MissedTickBehavior, interval_at},
};

use crate::{durations::count, fans::text};

use super::Shopper;

/// How many fans hold and cancel in turn; each has seats of their own.
const SELLERS: usize = 10;

/// A sale that goes on until it is stopped.
pub struct Selling {
    shared: Arc<Shared>,
    running: JoinSet<Result<()>>,
    started: Instant,
}

struct Shared {
    schedule: String,
    seats: usize,
    stop: AtomicBool,
    changes: AtomicUsize,
}

impl Selling {
    /// Starts to change the seats of a schedule so many times a second.
    pub async fn start(
        server: SocketAddr,
        schedule: &str,
        seats: usize,
        rate: f64,
    ) -> Result<Self> {
        let shared = Arc::new(Shared {
            schedule: schedule.to_owned(),
            seats,
            stop: AtomicBool::new(false),
            changes: AtomicUsize::new(0),
        });
        let mut running = JoinSet::new();
        let pace = Duration::from_secs_f64(count(SELLERS) / rate);
        for first in 0..SELLERS {
            let shopper = Shopper::arrive(server).await?;
            running.spawn(sell(shopper, shared.clone(), first, pace));
        }
        Ok(Self {
            shared,
            running,
            started: Instant::now(),
        })
    }

    /// Lets everyone give back what they hold; how many changes there were a second.
    pub async fn stop(mut self) -> Result<f64> {
        self.shared.stop.store(true, Ordering::Relaxed);
        let changes = count(self.shared.changes.load(Ordering::Relaxed));
        let took = self.started.elapsed();
        while let Some(ended) = self.running.join_next().await {
            ended?.context("the sale in the background")?;
        }
        Ok(changes / took.as_secs_f64())
    }
}

/// Holds a free seat, and a moment later gives it back, one change each `pace`.
async fn sell(
    mut shopper: Shopper,
    shared: Arc<Shared>,
    first: usize,
    pace: Duration,
) -> Result<()> {
    let offset = pace.mul_f64(count(first) / count(SELLERS));
    let mut ticks = interval_at((Instant::now() + offset).into(), pace);
    // When the server is slow the sale is slower, and does not catch up.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut seats = (first..shared.seats).step_by(SELLERS).cycle();
    while !shared.stop.load(Ordering::Relaxed) {
        ticks.tick().await;
        let seat = seats.next().context("no seat to sell")? + 1;
        let hold = json!({ "schedule_id": shared.schedule, "seat_numbers": [seat] }).to_string();
        let held = shopper.call("POST", "/v1/reservations", &hold).await?;
        let held = held.having(201)?;
        shared.changes.fetch_add(1, Ordering::Relaxed);
        ticks.tick().await;
        let id = text(&held, "id").context("a reservation without an id")?;
        let cancel = format!("/v1/reservations/{id}");
        shopper.call("DELETE", &cancel, "").await?.having(200)?;
        shared.changes.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}
