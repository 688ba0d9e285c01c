//! What events need from the outside.

use async_trait::async_trait;
use time::Duration;
use uuid::Uuid;

use super::{
    delivery::{Answer, Claim, Settlement, Train},
    endpoint::{Endpoint, EndpointReport, Secret},
    event::Told,
};
use crate::{
    id::{EndpointId, EventId},
    operators::Operator,
    storage::StorageError,
};

/// Keeps what happened.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait EventLog: Send + Sync {
    /// Gives positions to events that are committed and have none, the oldest first, and tells how
    /// many. Whoever comes first does it for all processes; the others have nothing to do.
    async fn number(&self) -> Result<u64, StorageError>;
    /// The events after `position`, in their order, at most `limit`.
    async fn after(&self, position: u64, limit: u32) -> Result<Vec<Told>, StorageError>;
    /// Deletes events that are older than `age` and that no endpoint waits for, and tells how many.
    async fn forget(&self, age: Duration) -> Result<u64, StorageError>;
}

/// Keeps endpoints and their letters.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait Mailroom: Send + Sync {
    /// Adds an endpoint, which gets what happens from now on.
    async fn add(
        &self,
        operator: Operator,
        endpoint: Endpoint,
    ) -> Result<EndpointReport, StorageError>;
    /// All endpoints, the oldest first.
    async fn list(&self) -> Result<Vec<EndpointReport>, StorageError>;
    /// An endpoint.
    async fn find(&self, id: EndpointId) -> Result<Option<EndpointReport>, StorageError>;
    /// Removes an endpoint with its letters; `false` when there is none.
    async fn remove(&self, operator: Operator, id: EndpointId) -> Result<bool, StorageError>;
    /// Makes the dead letter of `event`, or all of them, due at once, with all tries before them, and
    /// enables the endpoint if it is disabled; tells how many.
    async fn redeliver(
        &self,
        operator: Operator,
        id: EndpointId,
        event: Option<EventId>,
    ) -> Result<u64, StorageError>;
    /// Takes an endpoint that has something to be delivered and that nobody else has, for as long as
    /// `term`. It is free again when that is over, whatever becomes of its process.
    async fn claim(&self, lease: Uuid, term: Duration) -> Result<Option<Claim>, StorageError>;
    /// Stores what came of a round and gives the endpoint back; `false`, and nothing is stored, when
    /// it is not this one's any more.
    async fn settle(&self, settlement: Settlement) -> Result<bool, StorageError>;
}

/// The URL of an endpoint cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadUrl(pub String);

/// Brings events to endpoints.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait Courier: Send + Sync {
    /// Whether it can and may go to `url`.
    fn accepts(&self, url: &str) -> Result<(), BadUrl>;
    /// A new secret, which nobody can guess.
    fn new_secret(&self) -> Result<Secret, StorageError>;
    /// Delivers each train in its order, up to its first letter that is not accepted; trains go side by
    /// side. Answers for what was tried, of each train its first letters.
    async fn deliver(&self, endpoint: &Endpoint, trains: &[Train]) -> Vec<Vec<Answer>>;
}
