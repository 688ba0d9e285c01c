//! What many look at, kept in memory: read again when somebody asks and it has aged.
//!
//! - **Nobody, no query**: a value is read because someone asks, and forgotten when nobody does.
//! - **Single flight**: one read of a value at a time, however many ask. It runs in a task of its own,
//!   so it goes on when they go away.
//! - **No older than [`OLDEST`]** is what anyone is answered, counted from before the database was
//!   asked to when the question came; or it was read for the question, which on a slow database takes as
//!   long as it takes. A value that is asked for all the time is read before it is too old, so that
//!   nobody waits.
//! - **Told changes**: after [`Fresh::changed`] the next question is answered by a new read. In a
//!   running sale that would be one read after the other, so such reads have a budget (`budget`): when
//!   it is spent, the bound above is what is left.

use std::{
    collections::HashMap,
    future::Future,
    hash::Hash,
    sync::{Arc, PoisonError, RwLock, Weak},
    time::Duration,
};

use domain::{clock::Clock, storage::StorageError};
use time::OffsetDateTime;
use tokio::{
    runtime::Handle,
    time::{Instant, timeout_at},
};
use tokio_util::sync::CancellationToken;

use crate::lane::Tasks;

mod budget;
mod slot;

use slot::{Slot, Step};

/// How long before a question an answer to it may have been read.
const OLDEST: Duration = Duration::from_millis(300);
/// From this age on, a question has the value read again while it is answered with the old one.
const AGEING: Duration = Duration::from_millis(200);
/// A value that nobody has asked for so long is forgotten.
const FORGOTTEN: Duration = Duration::from_mins(1);
/// How often there is a look at what to forget.
const TIDY: Duration = Duration::from_secs(1);

/// How values are read.
pub(crate) trait Source: Send + Sync + 'static {
    /// Which value.
    type Key: Copy + Eq + Hash + Send + Sync + 'static;
    /// The value; a copy is cheap.
    type Value: Clone + Send + Sync + 'static;

    /// Reads the value at `now`, by someone who has read `before`; `None` when there is no such thing.
    fn read(
        &self,
        key: Self::Key,
        before: Option<Self::Value>,
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<Option<Self::Value>, StorageError>> + Send;
}

/// Values kept in memory.
pub(crate) struct Fresh<S: Source>(Arc<Shared<S>>);

struct Shared<S: Source> {
    source: S,
    clock: Arc<dyn Clock>,
    slots: RwLock<Slots<S>>,
    tasks: Tasks,
    runtime: Handle,
}

type Slots<S> = HashMap<<S as Source>::Key, Arc<Slot<<S as Source>::Value>>>;

impl<S: Source> Fresh<S> {
    /// Keeps what `source` reads. Call it on the runtime that outlives all who ask.
    pub(crate) fn start(source: S, clock: Arc<dyn Clock>, tasks: &Tasks) -> Self {
        let shared = Arc::new(Shared {
            source,
            clock,
            slots: RwLock::default(),
            tasks: tasks.clone(),
            runtime: Handle::current(),
        });
        tasks
            .tracker
            .spawn(tidy(Arc::downgrade(&shared), tasks.stop.clone()));
        Self(shared)
    }

    /// The value as it was at most [`OLDEST`] ago; if that is not `enough`, it is read again. `None`
    /// when there is no such thing. Fails when a read that was waited for has failed.
    pub(crate) async fn get(
        &self,
        key: S::Key,
        enough: impl Fn(&S::Value) -> bool + Send + Sync,
    ) -> Result<Option<S::Value>, StorageError> {
        let slot = self.0.slot(key);
        let question = slot.ask(Instant::now(), self.0.clock.now(), &enough);
        loop {
            match slot.step(&question, Instant::now()) {
                Step::Answer { value, begin } => {
                    if begin {
                        self.0.begin(key, slot);
                    }
                    return Ok(value);
                }
                Step::Fail(error) => return Err(error),
                // Subscribed before the read can end.
                Step::Begin(mut ended) => {
                    self.0.begin(key, slot.clone());
                    let _ = ended.changed().await;
                }
                Step::Wait(mut ended) => drop(ended.changed().await),
                Step::Pause(mut ended, until) => {
                    let _ = timeout_at(until, ended.changed()).await;
                }
            }
        }
    }

    /// Tells that the value has changed: what was read before is not what the next one should see.
    pub(crate) fn changed(&self, key: S::Key) {
        let slots = self.0.slots.read();
        let slots = slots.unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = slots.get(&key) {
            slot.changed(Instant::now());
        }
    }

    /// How many values are in memory.
    #[cfg(test)]
    pub(crate) fn count(&self) -> usize {
        self.0.slots.read().unwrap().len()
    }
}

impl<S: Source> Shared<S> {
    fn slot(&self, key: S::Key) -> Arc<Slot<S::Value>> {
        let slots = self.slots.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = slots.get(&key) {
            return slot.clone();
        }
        drop(slots);
        let mut slots = self.slots.write().unwrap_or_else(PoisonError::into_inner);
        slots.entry(key).or_default().clone()
    }

    /// Reads the value in a task of its own; `slot` knows of it already.
    fn begin(self: &Arc<Self>, key: S::Key, slot: Arc<Slot<S::Value>>) {
        let (shared, runtime) = (self.clone(), self.runtime.clone());
        let reading = async move {
            let (before, now) = (slot.before(), shared.clock.now());
            // One more task, so that a read that panics ends like one that fails.
            let read = runtime.spawn(async move { shared.source.read(key, before, now).await });
            let outcome = read.await;
            let outcome = outcome.unwrap_or_else(|lost| Err(StorageError::failed(lost)));
            slot.finish(Instant::now(), now, outcome);
        };
        self.tasks.tracker.spawn_on(reading, &self.runtime);
    }
}

/// Forgets what nobody asks for, and soon what there is not: made-up keys shall not fill memory.
async fn tidy<S: Source>(shared: Weak<Shared<S>>, stop: CancellationToken) {
    while tokio::time::timeout(TIDY, stop.cancelled()).await.is_err() {
        let Some(shared) = shared.upgrade() else {
            return;
        };
        let now = Instant::now();
        let mut slots = shared.slots.write().unwrap_or_else(PoisonError::into_inner);
        slots.retain(|_, slot| !slot.is_idle(now));
    }
}

#[cfg(test)]
mod tests;
