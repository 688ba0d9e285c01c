//! An opening night: the server, the concert, and everyone who comes.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Result;
use tokio::task::JoinSet;

use crate::{
    evening::{Audit, Evening},
    fairness::Place,
    fan,
    live::Live,
    plan,
    scout::{self, Concert},
    wire::Wire,
};

/// How often the numbers are noted.
const SAMPLED: Duration = Duration::from_millis(500);
/// The most that can be charged at a time.
const MOST: i64 = 10_000_000;
/// The most seats a fan wants.
const SEATS: i64 = 4;

/// What every fan knows.
pub struct Night {
    /// The connections, and what is counted.
    pub wire: Wire,
    /// What is on sale.
    pub concert: Concert,
    /// When the first may come.
    pub opening: Instant,
    /// What those charge who can pay.
    pub enough: i64,
}

impl Night {
    /// The place of the date with this id.
    pub fn date(&self, id: &str) -> Option<usize> {
        self.concert.dates.iter().position(|date| date.id == id)
    }

    /// What came of it. `stored` are the places as the database has them, if it was asked.
    pub fn told(&self, stored: Option<Vec<Place>>, audit: Audit, needs_audit: bool) -> Evening {
        let (title, seats) = (&self.concert.title, self.concert.seats());
        Evening::tell(title, seats, &self.wire.tally(), stored, audit, needs_audit)
    }

    /// Looks at what is on sale, then lets everyone come; returns when all have gone home.
    pub async fn play(
        server: SocketAddr,
        connections: usize,
        concert: Option<&str>,
        fans: Vec<plan::Fan>,
    ) -> Result<Arc<Self>> {
        let concert = scout::look(server, concert).await?;
        let enough = (concert.dearest * SEATS).clamp(1, MOST);
        let live = Live::new(fans.len(), &concert.title);
        let night = Arc::new(Self {
            wire: Wire::new(server, connections),
            concert,
            opening: Instant::now(),
            enough,
        });
        let mut running = JoinSet::new();
        for plan in fans {
            running.spawn(fan::journey(night.clone(), plan));
        }
        let mut ticks = tokio::time::interval(SAMPLED);
        loop {
            tokio::select! {
                ended = running.join_next() => match ended {
                    Some(ended) => ended?,
                    None => break,
                },
                _ = ticks.tick() => {
                    let mut tally = night.wire.tally();
                    tally.sample(night.opening.elapsed());
                    live.show(&tally, night.opening.elapsed());
                }
            }
        }
        let mut tally = night.wire.tally();
        tally.sample(night.opening.elapsed());
        live.end(&tally, night.opening.elapsed());
        drop(tally);
        Ok(night)
    }
}
