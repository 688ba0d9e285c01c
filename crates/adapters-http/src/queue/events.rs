//! The queue state as server-sent events, for those who would otherwise ask again and again.
//!
//! A stream is a timer: it looks once a second, which reads this process's memory alone, and says
//! something when what it would say has changed. However fast the queue moves, a client is told once
//! a second, and streams need no list that changes would have to be handed out to.

use std::time::Duration;

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::CONTENT_TYPE,
    web::{Bytes, Data},
};
use domain::{
    clock::Clock,
    queue::{Pass, Queue, QueueStatus, QueueView},
};
use futures_util::{
    StreamExt,
    future::ready,
    stream::{once, try_unfold},
};
use serde::Serialize;
use time::OffsetDateTime;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::{StateView, Status, state};
use crate::{auth::InQueue, problem::Problem};

/// How often a stream looks: a client is told something at most so often.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// After so long a silence a comment tells clients and proxies that the stream is alive.
const SILENCE: Duration = Duration::from_secs(15);
/// How long a client waits before it comes back to a stream that was cut.
const RETRY: &str = "retry: 2000\n\n";

/// Hear where I stand, on every change
///
/// Server-sent events `queue`, each with a queue state as data; the last one is `expired`.
#[utoipa::path(
    get,
    path = "/v1/queue/tokens/me/events",
    tag = "queue",
    params(("Last-Event-ID" = Option<String>, Header, description = "The last event that was seen: only what is new is told")),
    responses((status = 200, description = "Events until the token ends", content_type = "text/event-stream", body = String))
)]
pub(crate) async fn events(
    InQueue(pass): InQueue,
    request: HttpRequest,
    queue: Data<dyn Queue>,
    clock: Data<dyn Clock>,
    stop: Data<CancellationToken>,
) -> Result<HttpResponse, Problem> {
    let view = queue.look(pass).await?;
    let shown = id(&view);
    let mut first = RETRY.to_owned();
    if last_event_id(&request) != Some(&shown) {
        first += &event(&shown, &state(&view)).map_err(Problem::internal)?;
    }
    let follower = Follower {
        queue,
        clock,
        stop,
        pass,
        shown,
        expires_at: expires_at(&view),
        said_at: Instant::now(),
    };
    let stream = once(ready(Ok(first.into()))).chain(try_unfold(Some(follower), follow));
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/event-stream"))
        // nginx would collect events before it passes them on.
        .insert_header(("X-Accel-Buffering", "no"))
        .streaming(stream))
}

/// The last event that a client has seen, at this server process or another one.
fn last_event_id(request: &HttpRequest) -> Option<&str> {
    request.headers().get("Last-Event-ID")?.to_str().ok()
}

/// One open stream.
struct Follower {
    queue: Data<dyn Queue>,
    clock: Data<dyn Clock>,
    stop: Data<CancellationToken>,
    pass: Pass,
    /// The id of the state that the client knows.
    shown: String,
    /// When the token ends by that state.
    expires_at: OffsetDateTime,
    /// When the client was told anything, also that there is nothing to tell.
    said_at: Instant,
}

/// What is said next, and the stream after it: none when that was the last.
async fn follow(
    stream: Option<Follower>,
) -> Result<Option<(Bytes, Option<Follower>)>, serde_json::Error> {
    let Some(mut stream) = stream else {
        return Ok(None);
    };
    loop {
        tokio::select! {
            biased;
            // Not an event: the token lives on, and its owner comes back to another process.
            () = stream.stop.cancelled() => return Ok(Some((comment("stopping"), None))),
            () = sleep(LOOK_EVERY) => {}
        }
        let Ok(view) = stream.queue.look(stream.pass).await else {
            return Ok(Some((stream.end()?, None)));
        };
        if let Some(said) = stream.tell(&view)? {
            stream.said_at = Instant::now();
            return Ok(Some((said, Some(stream))));
        }
    }
}

impl Follower {
    /// What is to be said of `view`.
    fn tell(&mut self, view: &QueueView) -> Result<Option<Bytes>, serde_json::Error> {
        if matches!(view.status, QueueStatus::Active { .. }) {
            // Who listens is there (rule 5).
            self.queue.saw(self.pass.user_id);
        }
        let now = id(view);
        if now != self.shown {
            let event = event(&now, &state(view))?;
            self.shown = now;
            self.expires_at = expires_at(view);
            return Ok(Some(event.into()));
        }
        let silent = self.said_at.elapsed() >= SILENCE;
        Ok(silent.then(|| comment("keep-alive")))
    }

    /// The last event.
    fn end(&self) -> Result<Bytes, serde_json::Error> {
        // A token that was given up or spent had time left.
        let expires_at = self.expires_at.min(self.clock.now());
        let ended = StateView::of(&self.pass, Status::Expired, expires_at);
        let id = format!("{}-expired", self.pass.ticket);
        Ok(event(&id, &ended)?.into())
    }
}

/// What a client has seen when it was shown `view`, the same at every server process. When to ask
/// again and how long it may take are no part of it: they change without any change in the queue.
fn id(view: &QueueView) -> String {
    let ticket = view.pass.ticket;
    match view.status {
        QueueStatus::Waiting(place) => format!("{ticket}-waiting-{}-{}", place.ahead, place.total),
        QueueStatus::Active { until, .. } => {
            format!("{ticket}-active-{}", until.unix_timestamp_nanos())
        }
    }
}

fn expires_at(view: &QueueView) -> OffsetDateTime {
    match view.status {
        QueueStatus::Waiting(_) => view.pass.waiting_until,
        QueueStatus::Active { until, .. } => until,
    }
}

/// An event as it is written. Neither an id nor JSON has a line break in it.
fn event(id: &str, data: &impl Serialize) -> Result<String, serde_json::Error> {
    let data = serde_json::to_string(data)?;
    Ok(format!("event: queue\nid: {id}\ndata: {data}\n\n"))
}

/// A line that clients ignore.
fn comment(text: &str) -> Bytes {
    format!(": {text}\n\n").into()
}

#[cfg(test)]
mod tests;
