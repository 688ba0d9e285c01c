//! Users who charge, hold, pay and cancel until they are sent home.

use std::{
    sync::{
        Arc, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::future::join_all;
use reqwest::Client;
use tokio::{
    sync::{OwnedRwLockWriteGuard, RwLock as Gate},
    task::JoinHandle,
};

use super::{
    entry::{Entry, Outcome},
    journal::Journal,
    venue::{Addresses, Venue, look_up},
};
use crate::{deed::Deed, fan::Fan};

/// Seats of the schedule that is on sale.
pub const SEATS: u32 = 300;
/// How long a user waits after a request whose outcome is unknown: the server may be away.
const DISCONCERTED: Duration = Duration::from_millis(100);

/// What all users have in common.
#[derive(Debug)]
struct Scene {
    http: Client,
    addresses: Addresses,
    journal: Journal,
    /// Each request goes through it, so that closing it is waiting for those under way.
    gate: Arc<Gate<()>>,
    /// The schedule that is on sale.
    schedule: RwLock<String>,
    /// Counts how often all doubts were cleared.
    round: AtomicU64,
    keys: AtomicU64,
}

/// Users at work. They end when this value is dropped.
#[derive(Debug)]
pub struct Crowd {
    scene: Arc<Scene>,
    users: Vec<JoinHandle<()>>,
}

impl Crowd {
    /// So many users sign up. They begin when there is something on sale.
    pub async fn gather(users: usize, venue: &Venue, journal: &Journal) -> Self {
        let urls = venue.urls();
        let fans = (0..users).map(|n| Fan::sign_up(&venue.http, &urls[n % urls.len()]));
        let fans = join_all(fans).await;
        let scene = Arc::new(Scene {
            http: venue.http.clone(),
            addresses: venue.addresses(),
            journal: journal.clone(),
            gate: Arc::default(),
            schedule: RwLock::default(),
            round: AtomicU64::new(0),
            keys: AtomicU64::new(0),
        });
        let users = fans.into_iter().map(|fan| {
            let scene = Arc::clone(&scene);
            tokio::spawn(User::new(fan, scene).live())
        });
        let users = users.collect();
        Self { scene, users }
    }

    /// Puts a schedule on sale.
    pub fn sell(&self, schedule: String) {
        *self.scene.schedule.write().unwrap() = schedule;
    }

    /// Waits until nobody has a request under way, and keeps it so while the guard lives. All doubts
    /// are to be cleared meanwhile.
    pub async fn pause(&self) -> OwnedRwLockWriteGuard<()> {
        let paused = Arc::clone(&self.scene.gate).write_owned().await;
        self.scene.round.fetch_add(1, Ordering::Relaxed);
        paused
    }

    /// Whether everyone is still at work.
    pub fn is_complete(&self) -> bool {
        !self.users.iter().any(JoinHandle::is_finished)
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        for user in &self.users {
            user.abort();
        }
    }
}

/// One user. They do one thing after the other.
struct User {
    fan: Fan,
    scene: Arc<Scene>,
    /// A hold of theirs that is neither paid nor cancelled.
    reservation: Option<String>,
    /// The round in which the outcome of a hold, payment or cancellation got unknown.
    doubt: Option<u64>,
}

impl User {
    fn new(fan: Fan, scene: Arc<Scene>) -> Self {
        Self {
            fan,
            scene,
            reservation: None,
            doubt: None,
        }
    }

    async fn live(mut self) {
        let scene = Arc::clone(&self.scene);
        loop {
            let under_way = scene.gate.read().await;
            let known = self.act().await;
            drop(under_way);
            if !known {
                tokio::time::sleep(DISCONCERTED).await;
            }
        }
    }

    /// Does one thing, and tells whether its outcome is known.
    async fn act(&mut self) -> bool {
        let round = self.scene.round.load(Ordering::Relaxed);
        let schedule = self.scene.schedule.read().unwrap().clone();
        let in_doubt = self.doubt == Some(round);
        if in_doubt || schedule.is_empty() || fastrand::u8(..100) < 40 {
            return self.charge().await;
        }
        self.doubt = None;
        if self.fan.queue_token.is_empty() && !self.join().await {
            return false;
        }
        let known = match self.reservation.take() {
            None => self.hold(schedule).await,
            Some(reservation) if fastrand::u8(..100) < 75 => self.pay(reservation).await,
            Some(reservation) => self.cancel(reservation).await,
        };
        if !known {
            self.doubt = Some(round);
        }
        known
    }

    /// Now and then an amount that must be refused.
    async fn charge(&self) -> bool {
        let amount = 1_000 * fastrand::i64(0..30);
        let outcome = self.ask(Deed::Charge { amount }).await;
        !matches!(outcome, Outcome::Unknown(_))
    }

    async fn hold(&mut self, schedule: String) -> bool {
        let first = fastrand::u32(1..SEATS);
        let seats = (first..=first + fastrand::u32(0..2)).collect();
        match self.ask(Deed::Hold { schedule, seats }).await {
            Outcome::Ok(id) => self.reservation = Some(id),
            Outcome::Failed(code) => self.heed(&code),
            Outcome::Unknown(_) => return false,
        }
        true
    }

    async fn pay(&mut self, reservation: String) -> bool {
        match self.ask(Deed::Pay { reservation }).await {
            // Paying has spent it.
            Outcome::Ok(_) => self.fan.queue_token.clear(),
            Outcome::Failed(code) => self.heed(&code),
            Outcome::Unknown(_) => {
                self.fan.queue_token.clear();
                return false;
            }
        }
        true
    }

    async fn cancel(&mut self, reservation: String) -> bool {
        let outcome = self.ask(Deed::Cancel { reservation }).await;
        !matches!(outcome, Outcome::Unknown(_))
    }

    /// A token that is no good any more is forgotten.
    fn heed(&mut self, code: &str) {
        if code.starts_with("queue_token") {
            self.fan.queue_token.clear();
        }
    }

    /// Takes a queue token, or the one there is; joining twice is no harm.
    async fn join(&mut self) -> bool {
        let request = self.fan.at(&self.server());
        let request = request.as_user(reqwest::Method::POST, "/v1/queue/check");
        let Ok(answer) = request.send().await else {
            return false;
        };
        let state: serde_json::Value = answer.json().await.unwrap_or_default();
        let token = state["token"].as_str().unwrap_or_default();
        token.clone_into(&mut self.fan.queue_token);
        !token.is_empty()
    }

    /// Asks for `deed` and notes the outcome on disk.
    async fn ask(&self, deed: Deed) -> Outcome {
        let number = self.scene.keys.fetch_add(1, Ordering::Relaxed);
        let mut entry = Entry {
            key: format!("{number}-{}", self.fan.id),
            user: self.fan.id.clone(),
            token: self.fan.token_for(&deed).to_owned(),
            deed,
            outcome: Outcome::Unknown(super::entry::Doubt::Unanswered),
        };
        entry.outcome = entry.ask(&self.scene.http, &self.server()).await;
        self.scene.journal.record(&entry).await;
        entry.outcome
    }

    /// Any of the servers.
    fn server(&self) -> String {
        let mut urls = look_up(&self.scene.addresses);
        std::mem::take(&mut urls[fastrand::usize(..urls.len())])
    }
}
