//! Notices a client that keeps a connection waiting.

use std::{
    future::Future,
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::{Instant, Sleep, sleep};

/// How long a client may keep a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// At least so long, nothing of an answer has to be written after its request began to arrive.
    pub(crate) stuck: Duration,
    /// At least so long, it may rest before, between and after requests.
    pub(crate) idle: Duration,
}

/// Watches one connection. It looks from time to time, and adds up for how long nothing has moved.
/// So a request costs no timer of its own. actix's own limits are off: that of a rest begins anew
/// whenever its dispatcher is woken, also by a look.
pub(super) struct Watch {
    patience: Patience,
    look: Pin<Box<Sleep>>,
    /// Something of a request is here, and its answer not yet written to its end.
    busy: bool,
    /// Something of that answer is written.
    answering: bool,
    /// For how long, as far as looks tell, nothing has moved.
    still: Duration,
}

impl Watch {
    /// Looks each time that a stuck client's patience has passed: whoever is stuck is given up after
    /// it has passed once or twice.
    pub(super) fn new(patience: Patience) -> Self {
        Self {
            patience,
            look: Box::pin(sleep(patience.stuck)),
            busy: false,
            answering: false,
            still: Duration::ZERO,
        }
    }

    /// Something was read, or is to be written. More of the same request is no progress: it may come
    /// byte by byte.
    pub(super) fn begun(&mut self) {
        if !self.busy {
            self.busy = true;
            self.still = Duration::ZERO;
        }
    }

    /// Something was written.
    pub(super) fn written(&mut self) {
        self.answering = true;
        self.still = Duration::ZERO;
    }

    /// All that there was is written.
    pub(super) fn flushed(&mut self) {
        if self.answering {
            self.answering = false;
            self.busy = false;
        }
    }

    /// Ready when the client is to be given up, with an error when it leaves a request or an answer
    /// unfinished. To be asked whenever there is nothing else to do.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.look.as_mut().poll(context).is_ready() {
            if self.busy && self.still >= self.patience.stuck {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            if self.still >= self.patience.idle {
                return Poll::Ready(Ok(()));
            }
            self.still += self.patience.stuck;
            let next = Instant::now() + self.patience.stuck;
            self.look.as_mut().reset(next);
        }
        Poll::Pending
    }
}
