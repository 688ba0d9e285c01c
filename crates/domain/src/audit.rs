//! The promises of SPEC §6, checked.

use async_trait::async_trait;

use crate::storage::StorageError;

/// What one check of a promise found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The promise, by its number in SPEC §6.
    pub promise: u8,
    /// What was checked, as a sentence that holds when all is well.
    pub claim: &'static str,
    /// The first few things that contradict it; empty when it holds.
    pub violations: Vec<String>,
}

/// Checks the promises against the database as it is now.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait Auditor: Send + Sync {
    /// One finding a check, in the order of the promises, all from one snapshot. Changes nothing.
    async fn audit(&self) -> Result<Vec<Finding>, StorageError>;
}
