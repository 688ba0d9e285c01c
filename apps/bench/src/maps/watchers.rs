//! Those who check what they are shown: one reads whole maps, the other what has changed, and in
//! the end both know the same, which is what is stored.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tokio::{task::JoinHandle, time::sleep};
use tokio_postgres::Client;

use crate::{durations::count, fans::text, report::Report, stats::number};

use super::{Map, Shopper, conditional};

/// How long after the sale a map may still be old.
const SETTLE: Duration = Duration::from_secs(10);

/// What someone knows of a map.
pub struct Watcher {
    shopper: Shopper,
    path: String,
    /// Asks what has changed, if the server tells versions.
    deltas: bool,
    version: Option<String>,
    /// The status of each seat, by its number.
    seats: HashMap<u64, String>,
    /// How often they have looked.
    looks: usize,
}

impl Watcher {
    async fn arrive(server: SocketAddr, path: &str, deltas: bool) -> Result<Self> {
        let mut watcher = Self {
            shopper: Shopper::arrive(server).await?,
            path: path.to_owned(),
            deltas,
            version: None,
            seats: HashMap::new(),
            looks: 0,
        };
        watcher.look().await?;
        Ok(watcher)
    }

    /// Looks, and checks that as many seats are available as the map says.
    async fn look(&mut self) -> Result<()> {
        let path = match &self.version {
            Some(version) if self.deltas => conditional::since(&self.path, version),
            Some(_) | None => self.path.clone(),
        };
        let answer = self.shopper.call("GET", &path, "").await?;
        self.looks += 1;
        if self.deltas && answer.status == 304 {
            return Ok(());
        }
        let map = answer.having(200)?;
        self.learn(&map)?;
        let available = self.seats.values().filter(|status| *status == "available");
        let (available, remaining) = (available.count(), &map["remaining_seats"]);
        ensure!(
            remaining.as_u64() == Some(available as u64),
            "{available} seats are available, but {remaining} remain, at version {:?}",
            self.version
        );
        Ok(())
    }

    /// A whole map replaces what was known, a change adds to it.
    fn learn(&mut self, map: &Value) -> Result<()> {
        if !self.deltas {
            self.seats.clear();
        }
        for seat in map["seats"].as_array().context("no seats")? {
            let number = seat["number"].as_u64().context("a seat without a number")?;
            let status = text(seat, "status").context("a seat without a status")?;
            self.seats.insert(number, status);
        }
        self.version = text(map, "version");
        Ok(())
    }

    /// How far what they know is from what is stored, in seats.
    async fn differs(&self, client: &Client, schedule: &str) -> Result<usize> {
        let query = "SELECT number, status FROM seats WHERE schedule_id::text = $1";
        let rows = client.query(query, &[&schedule]).await?;
        let wrong = rows.iter().filter(|row| {
            let number = u64::try_from(row.get::<_, i32>(0)).unwrap_or(0);
            self.seats.get(&number).map(String::as_str) != Some(row.get(1))
        });
        Ok(wrong.count() + self.seats.len().abs_diff(rows.len()))
    }
}

/// Two who watch the same map until they are stopped.
pub struct Watching {
    stop: Arc<AtomicBool>,
    whole: JoinHandle<Result<Watcher>>,
    deltas: JoinHandle<Result<Watcher>>,
    client: Client,
    schedule: String,
}

impl Watching {
    /// Starts to watch `map`, with a pause between two looks.
    pub async fn start(
        server: SocketAddr,
        client: Client,
        map: &Map,
        pause: Duration,
    ) -> Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let whole = Watcher::arrive(server, &map.path, false).await?;
        let deltas = Watcher::arrive(server, &map.path, true).await?;
        Ok(Self {
            whole: tokio::spawn(watch(whole, stop.clone(), pause)),
            deltas: tokio::spawn(watch(deltas, stop.clone(), pause)),
            stop,
            client,
            schedule: map.schedule.clone(),
        })
    }

    /// Once the sale is over: both have to come to know what is stored. The map is called `name`
    /// in the report.
    pub async fn stop(self, report: &mut Report, name: &str) -> Result<()> {
        self.stop.store(true, Ordering::Relaxed);
        let mut whole = self.whole.await??;
        let mut deltas = self.deltas.await??;
        let over = Instant::now();
        let after = loop {
            whole.look().await?;
            deltas.look().await?;
            let mut wrong = 0;
            for watcher in [&whole, &deltas] {
                wrong += watcher.differs(&self.client, &self.schedule).await?;
            }
            if wrong == 0 && whole.version == deltas.version {
                break over.elapsed();
            }
            ensure!(
                over.elapsed() < SETTLE,
                "{name}: {wrong} seats are shown wrong at versions {:?} and {:?}",
                whole.version,
                deltas.version
            );
            sleep(Duration::from_millis(100)).await;
        };
        ensure!(
            whole.seats == deltas.seats,
            "{name}: two maps of one version"
        );
        let how = match whole.version {
            Some(_) => "whole maps and changes",
            None => "whole maps",
        };
        let looks = number(count(whole.looks + deltas.looks), 0);
        report.figure(
            &format!("{name}: {how} agree with what is stored"),
            format!("{looks} looks, {} ms after", after.as_millis()),
        );
        Ok(())
    }
}

async fn watch(mut watcher: Watcher, stop: Arc<AtomicBool>, pause: Duration) -> Result<Watcher> {
    while !stop.load(Ordering::Relaxed) {
        sleep(pause).await;
        watcher.look().await?;
    }
    Ok(watcher)
}
