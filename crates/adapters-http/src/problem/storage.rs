//! Storage that fails, as a problem (rules 15 and 26).

use domain::storage::StorageError;

use super::{Code, Problem};

impl From<StorageError> for Problem {
    fn from(error: StorageError) -> Self {
        let code = match error {
            StorageError::Unavailable(_) => Code::ServiceUnavailable,
            StorageError::Busy => Code::ServerBusy,
            StorageError::Failed(_) => Code::InternalError,
        };
        Self::new(code).because(error)
    }
}
