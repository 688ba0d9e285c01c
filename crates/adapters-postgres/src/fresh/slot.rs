//! The place of one value: what was read, what is being read, and what a question needs.

use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::storage::StorageError;
use time::OffsetDateTime;
use tokio::{sync::watch, time::Instant};

use super::{AGEING, FORGOTTEN, OLDEST, budget::Budget};

/// The place of one value.
pub(super) struct Slot<V> {
    state: Mutex<State<V>>,
    /// Tells whenever a read has ended.
    ended: watch::Sender<()>,
}

struct State<V> {
    last: Option<Read<V>>,
    /// The read that is under way.
    reading: Option<UnderWay>,
    /// How many reads have ended.
    rounds: u64,
    /// The last one, if it has failed.
    failure: Option<Failure>,
    /// When someone said that the value had changed.
    changed: Option<Instant>,
    /// When someone asked last.
    wanted: Option<Instant>,
    budget: Budget,
}

/// A read that is under way.
#[derive(Clone, Copy)]
struct UnderWay {
    begun: Instant,
    /// Whether it is one of those that there is a budget for.
    extra: bool,
}

/// A read that has failed.
struct Failure {
    begun: Instant,
    error: StorageError,
}

/// What a read has found.
struct Read<V> {
    value: Option<V>,
    /// When it began, and which time it was then.
    begun: Instant,
    time: OffsetDateTime,
}

impl<V> Read<V> {
    /// Whether it may answer a question that came at `arrived`, when it was `time`. The second clock is
    /// for machines that sleep: the first one sleeps with them.
    fn is_fresh(&self, arrived: Instant, time: OffsetDateTime) -> bool {
        arrived <= self.begun + OLDEST && time <= self.time + OLDEST
    }
}

/// What someone needs.
pub(super) struct Question<'a, V> {
    arrived: Instant,
    time: OffsetDateTime,
    /// Only a read that began then or later has seen what changed.
    after: Option<Instant>,
    enough: &'a (dyn Fn(&V) -> bool + Send + Sync),
    /// How many reads had ended.
    rounds: u64,
}

impl<V> Question<'_, V> {
    fn is_answered_by(&self, read: &Read<V>) -> bool {
        read.is_fresh(self.arrived, self.time)
            && self.after.is_none_or(|after| read.begun >= after)
            && (read.begun >= self.arrived || read.value.as_ref().is_none_or(self.enough))
    }

    /// Whether the last of so many reads has failed for this question too: it ended after the
    /// question came, and like a value it is not told to those who came long after it began. On a
    /// connection that has gone silent it began before the database was well again.
    fn is_failed_by(&self, failure: &Failure, rounds: u64) -> bool {
        rounds > self.rounds && self.arrived <= failure.begun + OLDEST
    }
}

/// What to do next about a question.
pub(super) enum Step<V> {
    /// This is the answer. The caller begins a read if told so, for those who come later.
    Answer { value: Option<V>, begin: bool },
    /// There is none.
    Fail(StorageError),
    /// The caller begins a read and waits until it has ended.
    Begin(watch::Receiver<()>),
    /// Wait until the read that is under way has ended.
    Wait(watch::Receiver<()>),
    /// Wait for that or for this instant: reads come too thick and fast.
    Pause(watch::Receiver<()>, Instant),
}

impl<V> Default for Slot<V> {
    fn default() -> Self {
        let state = State {
            last: None,
            reading: None,
            rounds: 0,
            failure: None,
            changed: None,
            wanted: None,
            budget: Budget::default(),
        };
        Self {
            state: Mutex::new(state),
            ended: watch::Sender::new(()),
        }
    }
}

impl<V: Clone> Slot<V> {
    fn state(&self) -> MutexGuard<'_, State<V>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A question that comes at `arrived`, when it is `time`.
    pub(super) fn ask<'a>(
        &self,
        arrived: Instant,
        time: OffsetDateTime,
        enough: &'a (dyn Fn(&V) -> bool + Send + Sync),
    ) -> Question<'a, V> {
        let mut state = self.state();
        state.wanted = Some(arrived);
        Question {
            arrived,
            time,
            after: state.needed(arrived),
            enough,
            rounds: state.rounds,
        }
    }

    /// What to do next about `question`.
    pub(super) fn step(&self, question: &Question<'_, V>, now: Instant) -> Step<V> {
        let mut state = self.state();
        let answer = state
            .last
            .as_ref()
            .filter(|last| question.is_answered_by(last));
        if let Some(last) = answer {
            let (value, aged) = (last.value.clone(), now >= last.begun + AGEING);
            let begin = aged && state.may_begin(now, false).is_ok();
            return Step::Answer { value, begin };
        }
        let failed = |failure: &&Failure| question.is_failed_by(failure, state.rounds);
        if let Some(failure) = state.failure.as_ref().filter(failed) {
            return Step::Fail(failure.error.clone());
        }
        let ended = self.ended.subscribe();
        let fresh = |last: &Read<V>| last.is_fresh(question.arrived, question.time);
        let early = state.last.as_ref().is_some_and(fresh);
        match (state.may_begin(now, early), &state.failure) {
            (Ok(()), _) => Step::Begin(ended),
            (Err(Busy::Reading), _) => Step::Wait(ended),
            // It has failed so often lately that it would fail again.
            (Err(Busy::Until(_)), Some(failure)) => Step::Fail(failure.error.clone()),
            (Err(Busy::Until(opens)), None) => Step::Pause(ended, opens),
        }
    }

    /// What was read last.
    pub(super) fn before(&self) -> Option<V> {
        self.state().last.as_ref()?.value.clone()
    }

    /// The read that is under way, begun when it was `time`, has ended.
    pub(super) fn finish(
        &self,
        now: Instant,
        time: OffsetDateTime,
        outcome: Result<Option<V>, StorageError>,
    ) {
        let mut state = self.state();
        let begun = state.reading.map_or(now, |reading| reading.begun);
        if state.reading.take().is_some_and(|reading| reading.extra) {
            state.budget.spend(now, now - begun);
        }
        state.rounds += 1;
        state.failure = None;
        match outcome {
            Ok(value) => state.last = Some(Read { value, begun, time }),
            Err(error) => state.failure = Some(Failure { begun, error }),
        }
        drop(state);
        self.ended.send_replace(());
    }

    /// The value has changed.
    pub(super) fn changed(&self, now: Instant) {
        self.state().changed = Some(now);
    }

    /// Whether nobody needs what is here any more. What does not exist is soon needed by nobody.
    pub(super) fn is_idle(&self, now: Instant) -> bool {
        let state = self.state();
        let nothing = state.last.as_ref().is_none_or(|last| last.value.is_none());
        let patience = if nothing { OLDEST } else { FORGOTTEN };
        state.reading.is_none() && state.wanted.is_none_or(|wanted| wanted + patience < now)
    }
}

/// Why no read can begin.
enum Busy {
    /// One is under way.
    Reading,
    /// There were too many, until then.
    Until(Instant),
}

impl<V> State<V> {
    /// When a read must have begun for someone who comes at `now` to see what has changed; `None` if
    /// any will do, or if there are so many changes that one more read cannot be had at once.
    fn needed(&self, now: Instant) -> Option<Instant> {
        let changed = self.changed?;
        let seen = |begun| begun >= changed;
        if self.last.as_ref().is_some_and(|last| seen(last.begun)) {
            return None;
        }
        let coming = self.reading.is_some_and(|reading| seen(reading.begun))
            || self.budget.closed_until(now).is_none();
        coming.then_some(changed)
    }

    /// Notes that a read begins, if one can. One before its time is extra, and so is one after a failure.
    fn may_begin(&mut self, now: Instant, early: bool) -> Result<(), Busy> {
        if self.reading.is_some() {
            return Err(Busy::Reading);
        }
        let extra = early || self.failure.is_some();
        if let Some(opens) = self.budget.closed_until(now).filter(|_| extra) {
            return Err(Busy::Until(opens));
        }
        self.reading = Some(UnderWay { begun: now, extra });
        Ok(())
    }
}
