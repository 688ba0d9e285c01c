//! Work that repeats tells the log when it begins to fail and when it works again, not each time.

use domain::storage::StorageError;

/// Whether some repeated work fails at the moment.
pub struct Trouble {
    what: &'static str,
    failures: u64,
}

impl Trouble {
    /// None yet, with work that is called `what`.
    pub fn with(what: &'static str) -> Self {
        Self { what, failures: 0 }
    }

    /// Notes how the work went this time.
    pub fn note<T>(&mut self, outcome: &Result<T, StorageError>) {
        let Self { what, failures } = *self;
        match outcome {
            Ok(_) if failures > 0 => tracing::info!(failures, "{what} works again"),
            Ok(_) => {}
            Err(StorageError::Unavailable(cause) | StorageError::Failed(cause))
                if failures == 0 =>
            {
                tracing::warn!(%cause, "{what} failed and is tried again");
            }
            Err(error) => tracing::debug!(%error, "{what} still fails"),
        }
        self.failures = if outcome.is_ok() { 0 } else { failures + 1 };
    }
}
