//! The queue as SPEC §3 tells it.

use time::OffsetDateTime;

use super::{Flaw, Model, User};
use crate::model::step::{Answer, Name, Place, Refusal};

/// A place in the queue.
#[derive(Clone, Debug)]
pub(super) struct Token {
    ticket: u64,
    active: bool,
    until: OffsetDateTime,
    /// Nobody has said yet that it is over: it still takes its place in the counts.
    pub(super) counted: bool,
}

impl Model {
    /// Rules 2 and 3.
    pub(super) fn join(&mut self, user: usize) -> Result<Answer, Refusal> {
        let now = self.now;
        if let Some(token) = self.users[user].tokens.last_mut() {
            if token.is_live(now) {
                return Err(Refusal::TokenExists {
                    ticket: token.ticket,
                    active: token.active,
                });
            }
            token.counted = false;
        }
        let (ahead, active) = (self.count(false), self.count(true));
        let at_once = ahead == 0 && active < u64::from(self.options.queue_policy.capacity);
        let times = self.options.queue_times;
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        self.users[user].tokens.push(Token {
            ticket,
            active: at_once,
            until: now
                + if at_once {
                    times.active_ttl
                } else {
                    times.waiting_ttl
                },
            counted: true,
        });
        Ok(Answer::Joined {
            ticket,
            ahead,
            active: at_once,
        })
    }

    pub(super) fn count(&self, active: bool) -> u64 {
        let tokens = self.users.iter().flat_map(|user| &user.tokens);
        tokens.filter(|t| t.counted && t.active == active).count() as u64
    }

    pub(super) fn leave(&mut self, token: Name) -> Answer {
        let now = self.now;
        let token = &mut self.users[token.owner].tokens[token.nth];
        let live = token.is_live(now);
        token.counted &= !live;
        Answer::Left(live)
    }

    /// Rule 4.
    pub(super) fn tick(&mut self) -> Answer {
        let (now, times) = (self.now, self.options.queue_times);
        if now < self.next_tick {
            return Answer::Ticked {
                ended: 0,
                admitted: 0,
            };
        }
        self.next_tick = now + times.admission_interval;
        let policy = self.options.queue_policy;
        let mut tokens: Vec<_> = self.users.iter_mut().flat_map(|u| &mut u.tokens).collect();
        let mut ended = 0;
        for token in tokens.iter_mut().filter(|t| t.counted && t.until <= now) {
            token.counted = false;
            ended += 1;
        }
        let active = tokens.iter().filter(|t| t.counted && t.active).count();
        let free = (policy.capacity as usize).saturating_sub(active);
        let places = free.min(policy.admission_batch as usize);
        tokens.sort_by_key(|token| token.ticket);
        if self.flaw == Flaw::LastComeFirstServed {
            tokens.reverse();
        }
        let line = tokens.into_iter().filter(|t| t.counted && !t.active);
        let mut admitted = 0;
        for token in line.take(places) {
            token.active = true;
            token.until = now + times.active_ttl;
            admitted += 1;
        }
        Answer::Ticked { ended, admitted }
    }

    /// Rule 8.
    pub(super) fn admits(&self, user: usize, token: Name) -> Result<(), Refusal> {
        let shown = &self.users[token.owner].tokens[token.nth];
        if token.owner != user || !shown.is_live(self.now) {
            return Err(Refusal::TokenEnded);
        }
        shown.active.then_some(()).ok_or(Refusal::TokenNotActive)
    }

    /// Where each user's last token stands.
    pub fn places(&self) -> Vec<Option<Place>> {
        self.users.iter().map(|user| self.place_of(user)).collect()
    }

    pub(super) fn place_of(&self, user: &User) -> Option<Place> {
        user.tokens.last().map(|token| self.place(token))
    }

    fn place(&self, token: &Token) -> Place {
        if !token.is_live(self.now) {
            return Place::Ended;
        }
        if token.active {
            return Place::Active;
        }
        let tokens = self.users.iter().flat_map(|user| &user.tokens);
        let line = tokens.filter(|t| t.counted && !t.active);
        Place::Waiting {
            ahead: line.filter(|t| t.ticket < token.ticket).count() as u64,
            total: self.count(false),
        }
    }
}

impl Token {
    fn is_live(&self, now: OffsetDateTime) -> bool {
        self.counted && now < self.until
    }
}
