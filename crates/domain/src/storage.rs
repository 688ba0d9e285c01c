//! How storing can fail, as far as a caller can act on it.

use std::{error::Error, sync::Arc};

/// A storage port could not do its work; nothing was half done.
///
/// It is `Clone` because one failed batch answers many callers.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StorageError {
    /// The database cannot be reached or is too slow: worth another try in a moment. When the
    /// connection broke during a commit the outcome is unknown; a retry with the same idempotency
    /// key is safe.
    #[error("the database is unreachable or too slow")]
    Unavailable(#[source] Cause),
    /// The bounded queue before the database is full (SPEC rule 15): nothing was tried.
    #[error("too many requests are waiting already")]
    Busy,
    /// Anything else: a defect, here or in the schema.
    #[error("the database refused an operation")]
    Failed(#[source] Cause),
}

/// The error below, for the log.
pub type Cause = Arc<dyn Error + Send + Sync>;

impl StorageError {
    /// [`StorageError::Failed`] because of `cause`.
    pub fn failed(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Failed(Arc::from(cause.into()))
    }

    /// [`StorageError::Unavailable`] because of `cause`.
    pub fn unavailable(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Unavailable(Arc::from(cause.into()))
    }
}
