//! Whether this process can serve.

use async_trait::async_trait;

/// Tells whether this process can serve requests now.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait Readiness: Send + Sync {
    /// `Err` with a sentence for the operator when requests should go to another process.
    async fn check(&self) -> Result<(), String>;
}
