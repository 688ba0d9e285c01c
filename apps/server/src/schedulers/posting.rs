//! Events get their positions, are brought to webhooks, and are forgotten.

use std::{sync::Arc, time::Duration};

use adapters_postgres::Trouble;
use domain::events::{EventLog, Postman};
use tokio::{
    task::{JoinHandle, JoinSet},
    time::sleep,
};
use tokio_util::sync::CancellationToken;

use super::stopped_within;
use crate::config::values::signed;

/// Between two looks at what is new.
const EVERY: Duration = Duration::from_millis(200);
/// Between two looks at what is old.
const FORGET_EVERY: Duration = Duration::from_mins(1);
/// So many webhooks are served by a process at a time.
const AT_ONCE: usize = 16;

/// This process's part in telling of events.
pub struct Posting {
    stop: CancellationToken,
    post: JoinHandle<()>,
    forget: JoinHandle<()>,
}

impl Posting {
    /// Starts it; events are kept for `kept`. `stop` also stops the one who brings them.
    pub fn start(
        log: Arc<dyn EventLog>,
        postman: Postman,
        kept: Duration,
        stop: CancellationToken,
    ) -> Self {
        let post = post(log.clone(), Arc::new(postman), stop.clone());
        let forget = forget(log, kept, stop.clone());
        Self {
            stop,
            post: tokio::spawn(post),
            forget: tokio::spawn(forget),
        }
    }

    /// Ends it. What was under way is given back, for another process to deliver.
    pub async fn stop(self) {
        self.stop.cancel();
        let _ = tokio::join!(self.post, self.forget);
    }
}

async fn post(log: Arc<dyn EventLog>, postman: Arc<Postman>, stop: CancellationToken) {
    let mut trouble = Trouble::with("bringing events to webhooks");
    let mut rounds = JoinSet::new();
    while !stop.is_cancelled() {
        let mut claimed = log.number().await.map(|_| ());
        while claimed.is_ok() && rounds.len() < AT_ONCE {
            match postman.claim().await {
                Ok(Some(claim)) => {
                    let postman = postman.clone();
                    rounds.spawn(async move { postman.deliver(claim).await });
                }
                Ok(None) => break,
                Err(error) => claimed = Err(error),
            }
        }
        trouble.note(&claimed);
        tokio::select! {
            () = stop.cancelled() => {}
            () = sleep(EVERY) => {}
            // There may be more for the same one.
            Some(done) = rounds.join_next() => note(done),
        }
    }
    while let Some(done) = rounds.join_next().await {
        note(done);
    }
}

/// What was not stored is delivered again when its lease is over.
fn note(done: Result<Result<(), impl std::fmt::Display>, tokio::task::JoinError>) {
    match done {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, "what a webhook said could not be stored"),
        Err(lost) => tracing::error!(%lost, "a round of deliveries was lost"),
    }
}

async fn forget(log: Arc<dyn EventLog>, kept: Duration, stop: CancellationToken) {
    let mut trouble = Trouble::with("deleting old events");
    while !stopped_within(FORGET_EVERY, &stop).await {
        trouble.note(&log.forget(signed(kept)).await);
    }
}

#[cfg(test)]
mod tests;
