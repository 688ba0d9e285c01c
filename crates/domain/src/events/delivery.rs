//! What a round of deliveries consists of, and what follows from its answers.

use std::collections::BTreeSet;

use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::{Endpoint, Told};
use crate::id::EndpointId;

/// How often and when a delivery is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryRules {
    /// The wait after the first failure; the later ones are multiples of it.
    pub base: Duration,
    /// After so many tries an event is given up.
    pub tries: u32,
    /// How long one try may take.
    pub timeout: Duration,
}

impl RetryRules {
    /// The schedule that the Standard Webhooks specification gives as its example, in multiples of its
    /// first wait, five seconds: 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h.
    const WAITS: [i32; 9] = [1, 60, 360, 1_440, 3_600, 7_200, 10_080, 14_400, 17_280];
    /// The most tries.
    pub const MOST_TRIES: u32 = 10;
    /// An endpoint that accepts nothing is asked again after five minutes at the latest.
    const LONGEST_PAUSE: i32 = Self::WAITS[1];

    /// How long to wait after `tries` failed tries of an event; `None`: it is given up.
    ///
    /// Up to a fifth is added, as `luck` has it, so that not everything comes back at once.
    pub fn wait_after(&self, tries: u32, luck: u8) -> Option<Duration> {
        let wait = Self::WAITS.get(tries.checked_sub(1)? as usize)?;
        (tries < self.tries).then(|| with_luck(self.base * *wait, luck))
    }

    /// How long to leave an endpoint alone that has accepted nothing `failures` times in a row.
    pub fn pause_after(&self, failures: u32, luck: u8) -> Duration {
        let wait = match failures {
            0 => 0,
            1 => Self::WAITS[0],
            _ => Self::LONGEST_PAUSE,
        };
        with_luck(self.base * wait, luck)
    }

    /// How long a process has an endpoint for itself: no try begins later than one timeout after
    /// the first, and none takes longer; the rest is for storing what came of them.
    pub fn lease(&self) -> Duration {
        self.timeout * 2 + Duration::seconds(5)
    }
}

fn with_luck(wait: Duration, luck: u8) -> Duration {
    wait + wait * i32::from(luck) / (5 * 256)
}

/// So many events of the stream, and so many letters, are in a round. One who accepts nothing is only
/// asked whether that has changed, with events of several subjects: it may be about one of them.
pub const fn most_at_once(failures: u32) -> u32 {
    if failures == 0 { 100 } else { 4 }
}

/// An event on its way to an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// The event.
    pub event: Told,
    /// How many tries have failed.
    pub tries: u32,
}

/// Letters of one subject, to be delivered one after the other.
pub type Train = Vec<Letter>;

/// An endpoint that this process has for itself for a while, and what may be delivered to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// By which it is this one's.
    pub lease: Uuid,
    /// The endpoint.
    pub endpoint: Endpoint,
    /// How often in a row it has accepted nothing.
    pub failures: u32,
    /// The next events of the stream.
    pub events: Vec<Told>,
    /// Where the stream is after them.
    pub position: u64,
    /// Letters to be tried again now, one a subject: its first.
    pub due: Vec<Letter>,
    /// Those of the subjects here that have letters: nothing may overtake them.
    pub blocked: BTreeSet<Uuid>,
}

impl Claim {
    /// What is sent in this round. Trains do not wait for each other.
    pub fn trains(&self) -> Vec<Train> {
        let mut trains: Vec<Train> = self.due.iter().map(|due| vec![due.clone()]).collect();
        for event in self.wanted().filter(|event| !self.is_blocked(event)) {
            let letter = Letter {
                event: event.clone(),
                tries: 0,
            };
            // Few: a page of the stream.
            let of_subject = |train: &&mut Train| train[0].event.subject == event.subject;
            match trains.iter_mut().find(of_subject) {
                Some(train) => train.push(letter),
                None => trains.push(vec![letter]),
            }
        }
        trains
    }

    fn wanted(&self) -> impl Iterator<Item = &Told> {
        let events = self.events.iter();
        events.filter(|event| self.endpoint.wants(&event.kind))
    }

    fn is_blocked(&self, event: &Told) -> bool {
        self.blocked.contains(&event.subject)
    }

    /// What follows from the answers to `trains`: of each the answers to its first letters, up to the
    /// first that was not accepted.
    pub fn settle(
        &self,
        now: OffsetDateTime,
        rules: &RetryRules,
        trains: Vec<Train>,
        answers: Vec<Vec<Answer>>,
        luck: u8,
    ) -> Settlement {
        let given = || answers.iter().flatten();
        let accepted = given().any(|answer| *answer == Answer::Accepted);
        let error = given().filter_map(Answer::error).next_back();
        let failures = match (accepted, &error) {
            (true, _) => 0,
            (false, Some(_)) => self.failures.saturating_add(1),
            (false, None) => self.failures,
        };
        let mut settlement = Settlement {
            endpoint: self.endpoint.id,
            lease: self.lease,
            position: self.position,
            failures,
            error: error.filter(|_| failures > 0).map(str::to_owned),
            next_try_at: now + rules.pause_after(failures, luck),
            disabled_at: given().any(|answer| *answer == Answer::Gone).then_some(now),
            delivered: Vec::new(),
            parked: Vec::new(),
        };
        for (train, answers) in trains.into_iter().zip(answers) {
            let mut answers = answers.into_iter();
            for letter in train {
                match answers.next() {
                    Some(Answer::Accepted) => settlement.delivered.push(letter.event.position),
                    Some(refused) => {
                        let refused = Parked::refused(letter, &refused, now, rules, luck);
                        settlement.parked.push(refused);
                    }
                    None => settlement.parked.push(Parked::untried(letter, now)),
                }
            }
        }
        let behind = self.wanted().filter(|event| self.is_blocked(event));
        settlement.parked.extend(behind.map(|event| {
            let (event, tries) = (event.clone(), 0);
            Parked::untried(Letter { event, tries }, now)
        }));
        settlement
    }
}

/// What an endpoint said to an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It has it (2xx).
    Accepted,
    /// It wants nothing any more (410).
    Gone,
    /// It did not take it, or it did not answer: why, for the operator.
    Refused(String),
}

impl Answer {
    /// Why it is none that accepts.
    pub fn error(&self) -> Option<&str> {
        match self {
            Self::Accepted => None,
            Self::Gone => Some("410 Gone: the endpoint wants no more events"),
            Self::Refused(why) => Some(why),
        }
    }
}

/// A letter that is kept apart from the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parked {
    /// The letter.
    pub letter: Letter,
    /// When it is tried again, unless another one of its subject is before it.
    pub next_try_at: OffsetDateTime,
    /// When it was given up.
    pub died_at: Option<OffsetDateTime>,
    /// Why it was not accepted, the last time.
    pub error: Option<String>,
}

impl Parked {
    fn untried(letter: Letter, now: OffsetDateTime) -> Self {
        Self {
            letter,
            next_try_at: now,
            died_at: None,
            error: None,
        }
    }

    fn refused(
        mut letter: Letter,
        answer: &Answer,
        now: OffsetDateTime,
        rules: &RetryRules,
        luck: u8,
    ) -> Self {
        letter.tries = letter.tries.saturating_add(1);
        let wait = rules.wait_after(letter.tries, luck);
        Self {
            letter,
            next_try_at: now + wait.unwrap_or_default(),
            died_at: wait.is_none().then_some(now),
            error: answer.error().map(str::to_owned),
        }
    }
}

/// What a round changes, all at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// Of which endpoint.
    pub endpoint: EndpointId,
    /// Holds only if the endpoint is still leased by this.
    pub lease: Uuid,
    /// Where the stream is.
    pub position: u64,
    /// How often in a row nothing was accepted.
    pub failures: u32,
    /// Why, the last time.
    pub error: Option<String>,
    /// Until when it is left alone.
    pub next_try_at: OffsetDateTime,
    /// It is gone.
    pub disabled_at: Option<OffsetDateTime>,
    /// The positions of what was accepted: no letters any more, if they were.
    pub delivered: Vec<u64>,
    /// New letters, and what has become of others.
    pub parked: Vec<Parked>,
}

#[cfg(test)]
mod tests;
