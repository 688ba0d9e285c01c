//! Notices a client that keeps a connection waiting.

use std::{
    future::Future,
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::{Instant, Sleep, sleep};

/// Watches one connection. It looks from time to time, and gives up when between two looks nothing
/// of an answer was written and no request began to arrive. So a request costs no timer of its own.
/// (actix closes a connection without any request earlier.)
pub(super) struct Watch {
    patience: Duration,
    look: Pin<Box<Sleep>>,
    /// Something of a request is here, and its answer not yet written to its end.
    busy: bool,
    /// Something of that answer is written.
    answering: bool,
    /// The last look is past, and nothing has moved since.
    stuck: bool,
}

impl Watch {
    /// Looks each time that `patience` has passed; whoever is stuck is given up after it has passed
    /// once or twice.
    pub(super) fn new(patience: Duration) -> Self {
        Self {
            patience,
            look: Box::pin(sleep(patience)),
            busy: false,
            answering: false,
            stuck: false,
        }
    }

    /// Something was read, or is to be written. More of the same request is no progress: it may come
    /// byte by byte.
    pub(super) fn begun(&mut self) {
        if !self.busy {
            self.busy = true;
            self.stuck = false;
        }
    }

    /// Something was written.
    pub(super) fn written(&mut self) {
        self.answering = true;
        self.stuck = false;
    }

    /// All that there was is written.
    pub(super) fn flushed(&mut self) {
        if self.answering {
            self.answering = false;
            self.busy = false;
        }
    }

    /// Ready when the client is to be given up. To be asked whenever there is nothing else to do.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<io::Error> {
        while self.look.as_mut().poll(context).is_ready() {
            if self.stuck {
                return Poll::Ready(io::ErrorKind::TimedOut.into());
            }
            self.stuck = true;
            self.look.as_mut().reset(Instant::now() + self.patience);
        }
        Poll::Pending
    }
}
