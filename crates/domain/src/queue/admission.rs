//! Joining the line and letting people in: pure decisions on the one row that all processes share.

use std::collections::{HashMap, HashSet, VecDeque};

use time::{Duration, OffsetDateTime};

use super::token::{Pass, QueueToken, Ticket, TokenState};
use crate::{
    id::{TokenId, UserId},
    operators::{Action, Change},
};

/// What the operator decides about the queue, live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueuePolicy {
    /// At most so many shop at once.
    pub capacity: u32,
    /// At most so many are admitted a tick.
    pub admission_batch: u32,
    /// Nobody is admitted meanwhile.
    pub paused: bool,
}

/// A change of the policy; `None` leaves a part as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PolicyChange {
    /// A new capacity, up to 1,000,000.
    pub capacity: Option<u32>,
    /// A new batch size, 1 to 100,000.
    pub admission_batch: Option<u32>,
    /// Pause or resume.
    pub paused: Option<bool>,
}

/// A policy nobody can mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPolicy {
    /// More shoppers at once than the active set is made for.
    #[error("capacity is at most {}", QueuePolicy::MOST_CAPACITY)]
    Capacity,
    /// No one or too many at a tick.
    #[error("admission_batch is 1 to {}", QueuePolicy::MOST_BATCH)]
    Batch,
}

impl QueuePolicy {
    /// The largest capacity.
    pub const MOST_CAPACITY: u32 = 1_000_000;
    /// The largest admission batch.
    pub const MOST_BATCH: u32 = 100_000;

    /// The policy after `change`.
    pub fn with(self, change: PolicyChange) -> Result<Self, InvalidPolicy> {
        let next = Self {
            capacity: change.capacity.unwrap_or(self.capacity),
            admission_batch: change.admission_batch.unwrap_or(self.admission_batch),
            paused: change.paused.unwrap_or(self.paused),
        };
        if next.capacity > Self::MOST_CAPACITY {
            return Err(InvalidPolicy::Capacity);
        }
        if !(1..=Self::MOST_BATCH).contains(&next.admission_batch) {
            return Err(InvalidPolicy::Batch);
        }
        Ok(next)
    }

    /// That it became `next`, for the log.
    pub fn became(self, next: Self) -> Change {
        Change::new(Action::QueueChanged)
            .changed("capacity", self.capacity, next.capacity)
            .changed(
                "admission_batch",
                self.admission_batch,
                next.admission_batch,
            )
            .changed("paused", self.paused, next.paused)
    }
}

/// The queue's durations, from the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueTimes {
    /// How long an admitted token is active.
    pub active_ttl: Duration,
    /// How long a token waits at most.
    pub waiting_ttl: Duration,
    /// After how much silence an admitted token ends; zero turns it off.
    pub no_show_after: Duration,
    /// The time between two ticks of the admission scheduler.
    pub admission_interval: Duration,
}

impl QueueTimes {
    /// Who was admitted and last heard of before this is a no-show; `None` when that is turned off.
    ///
    /// Presence is written in batches, so what the database knows is up to `lag` old: that much is
    /// granted on top, and nobody who did make a request in time loses their place.
    pub fn silent_since(&self, now: OffsetDateTime, lag: Duration) -> Option<OffsetDateTime> {
        self.no_show_after
            .is_positive()
            .then(|| now - self.no_show_after - lag)
    }

    /// Until when everyone admitted counts as heard of, after a time without ticks; `None` when a tick
    /// that was `due` then is as good as in time.
    ///
    /// When nobody could tick, nobody could write down who was there. Whoever is there now is granted
    /// `lag` for that to be written, before their silence is counted.
    pub fn heard_until(
        &self,
        now: OffsetDateTime,
        due: OffsetDateTime,
        lag: Duration,
    ) -> Option<OffsetDateTime> {
        (self.no_show_after.is_positive() && now > due + lag).then(|| now - self.no_show_after)
    }
}

/// The row of the queue, held locked while anything about the queue is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueState {
    /// The operator's policy.
    pub policy: QueuePolicy,
    /// The ticket that the next one to join gets.
    pub next_ticket: Ticket,
    /// How many wait.
    pub waiting: u64,
    /// How many shop.
    pub active: u64,
}

impl QueueState {
    /// How many to let in at a tick: the free places, at most a batch, in arrival order (rule 4).
    pub fn admissions(&self) -> u64 {
        if self.policy.paused {
            return 0;
        }
        let free = u64::from(self.policy.capacity).saturating_sub(self.active);
        free.min(u64::from(self.policy.admission_batch))
            .min(self.waiting)
    }

    /// Whether one who joins now need not wait (rule 3).
    fn is_open(&self) -> bool {
        let room = self.active < u64::from(self.policy.capacity);
        self.waiting == 0 && room && !self.policy.paused
    }

    fn issue(&mut self, now: OffsetDateTime, times: &QueueTimes, request: JoinRequest) -> Issued {
        let pass = Pass {
            token_id: request.token_id,
            user_id: request.user_id,
            ticket: self.next_ticket,
            entered_at: now,
            waiting_until: now + times.waiting_ttl,
        };
        self.next_ticket = self.next_ticket.next();
        let ahead = self.waiting;
        let state = if self.is_open() {
            self.active += 1;
            TokenState::Active {
                since: now,
                until: now + times.active_ttl,
            }
        } else {
            self.waiting += 1;
            TokenState::Waiting
        };
        Issued {
            token: QueueToken { pass, state },
            ahead,
        }
    }

    /// Takes a token that ends out of the counts; `state` is the one it had.
    pub fn left_by(&mut self, state: TokenState) {
        match state {
            TokenState::Waiting => self.waiting = self.waiting.saturating_sub(1),
            TokenState::Active { .. } => self.active = self.active.saturating_sub(1),
            TokenState::Ended(_) => {}
        }
    }
}

/// Somebody asks for a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JoinRequest {
    /// The id the token gets.
    pub token_id: TokenId,
    /// Who asks.
    pub user_id: UserId,
}

/// Why no token was issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JoinRefusal {
    /// Rule 1: tokens are issued to existing users.
    #[error("no such user")]
    UserNotFound,
    /// Rule 2: the user has this live token already.
    #[error("the user has a live queue token already")]
    TokenExists(QueueToken),
}

/// A token that was issued just now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Issued {
    /// The token.
    pub token: QueueToken,
    /// How many wait ahead of it. Counted under the lock, so that its owner can be told at once,
    /// before any process has followed the change.
    pub ahead: u64,
}

/// What a batch of joins changes.
#[derive(Debug, Default)]
pub struct Joins {
    /// The answer to each request, in the order of the requests.
    pub answers: Vec<Result<Issued, JoinRefusal>>,
    /// Tokens past their time that the scheduler has not tidied up yet and that are in the way: they
    /// end by time.
    pub ended: Vec<TokenId>,
}

/// Lines up `requests` in their order.
///
/// `users` are those of the requests that exist; `live` the tokens of these users that are stored
/// as waiting or active. A repeat within the batch meets the token that was just issued.
pub fn join(
    now: OffsetDateTime,
    times: &QueueTimes,
    state: &mut QueueState,
    users: &HashSet<UserId>,
    mut live: HashMap<UserId, QueueToken>,
    requests: &[JoinRequest],
) -> Joins {
    let mut joins = Joins::default();
    for request in requests {
        joins.answers.push(if !users.contains(&request.user_id) {
            Err(JoinRefusal::UserNotFound)
        } else if let Some(token) = live.get(&request.user_id).filter(|t| t.is_live(now)) {
            Err(JoinRefusal::TokenExists(*token))
        } else {
            if let Some(over) = live.remove(&request.user_id) {
                state.left_by(over.state);
                joins.ended.push(over.pass.token_id);
            }
            let issued = state.issue(now, times, *request);
            live.insert(request.user_id, issued.token);
            Ok(issued)
        });
    }
    joins
}

/// How fast people are let in, measured: the admissions from the line within the last minute,
/// divided by the time since the first of them (at least one second, at most a minute).
///
/// Those who never had to wait do not count: they say nothing about how fast the line moves.
#[derive(Debug, Default)]
pub struct AdmissionRate {
    recent: VecDeque<(OffsetDateTime, u64)>,
}

impl AdmissionRate {
    const WINDOW: Duration = Duration::MINUTE;

    /// Notes that `count` were admitted from the line at `at`.
    pub fn admitted(&mut self, at: OffsetDateTime, count: u64) {
        self.recent.push_back((at, count));
        while self
            .recent
            .front()
            .is_some_and(|(first, _)| *first + Self::WINDOW < at)
        {
            self.recent.pop_front();
        }
    }

    /// How long until `people` more have been admitted, or `None` before anything was measured.
    pub fn wait_for(&self, people: u64, now: OffsetDateTime) -> Option<Duration> {
        let start = now - Self::WINDOW;
        let recent = || self.recent.iter().filter(|(at, _)| *at > start);
        let first = recent().next()?.0;
        let admitted: u64 = recent().map(|(_, count)| count).sum();
        if admitted == 0 {
            return None;
        }
        let span = (now - first)
            .max(Duration::SECOND)
            .whole_milliseconds()
            .unsigned_abs();
        let wait = span * u128::from(people) / u128::from(admitted);
        i64::try_from(wait).ok().map(Duration::milliseconds)
    }
}

#[cfg(test)]
mod tests;
