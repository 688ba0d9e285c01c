//! Whether this process can serve: [`Readiness`] by how well it follows the queue.

use std::sync::Arc;

use async_trait::async_trait;
use domain::health::Readiness;

use crate::line::FollowedLine;

/// [`Readiness`]: following the queue proves that the database answers, so nothing is asked.
pub struct PgReadiness {
    line: Arc<FollowedLine>,
}

impl PgReadiness {
    pub(crate) fn new(line: Arc<FollowedLine>) -> Self {
        Self { line }
    }
}

#[async_trait]
impl Readiness for PgReadiness {
    async fn check(&self) -> Result<(), String> {
        self.line.stalled().map_or(Ok(()), |age| {
            Err(format!(
                "the queue has not been followed for {} s: is the database reachable?",
                age.as_secs()
            ))
        })
    }
}
