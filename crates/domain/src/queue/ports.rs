//! What the queue needs from the outside.

use async_trait::async_trait;
use time::{Duration, OffsetDateTime};

use super::{
    admission::{Issued, JoinRefusal, JoinRequest, PolicyChange, QueuePolicy},
    line::Standing,
    token::Pass,
};
use crate::{
    id::{TokenId, UserId},
    operators::Operator,
    storage::StorageError,
};

/// What a tick of the scheduler did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tick {
    /// Tokens that ended by time or silence.
    pub ended: u64,
    /// Tokens that were admitted.
    pub admitted: u64,
    /// When the next tick is due, whichever process does it.
    pub next_due: OffsetDateTime,
}

/// The queue as the operator sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Board {
    /// The policy in force.
    pub policy: QueuePolicy,
    /// How many wait.
    pub waiting: u64,
    /// How many shop.
    pub active: u64,
    /// How many were admitted within the last minute.
    pub admitted_last_minute: u64,
    /// How many have left of their own will, ever.
    pub left: u64,
    /// How many were admitted and never heard of again, ever.
    pub no_shows: u64,
}

/// Keeps the queue: every change under the lock of its one row, in commit order.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait TokenQueue: Send + Sync {
    /// Gives the user a place at the end of the line, or tells why not. Batched with others.
    async fn join(&self, request: JoinRequest)
    -> Result<Result<Issued, JoinRefusal>, StorageError>;
    /// Ends a live token because its owner leaves; `false` when it had ended already.
    async fn leave(&self, token: TokenId) -> Result<bool, StorageError>;
    /// Ends what is past its time and admits from the head of the line, if a tick is due (rule 4).
    async fn tick(&self) -> Result<Tick, StorageError>;
    /// The operator's view.
    async fn board(&self) -> Result<Board, StorageError>;
    /// Changes the policy at once for all processes; `Err` inside when nobody can mean it.
    async fn change_policy(
        &self,
        operator: Operator,
        change: PolicyChange,
    ) -> Result<Result<Board, super::InvalidPolicy>, StorageError>;
}

/// The line as this process has followed it, in memory: never a database query.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait LineView: Send + Sync {
    /// Where `pass` stands at `now`.
    fn standing(&self, pass: &Pass, now: OffsetDateTime) -> Standing;
    /// How long until `people` more have been admitted, once a rate has been measured.
    fn wait_for(&self, people: u64, now: OffsetDateTime) -> Option<Duration>;
    /// Takes note that `pass` is over, as the database has just said: here this is so at once, not
    /// only when it has been followed.
    fn ended(&self, pass: &Pass);
    /// Waits until everything that was committed before this call has been followed. Gives up
    /// after a moment when the database does not answer: the line is then as old as it is.
    async fn refreshed(&self);
}

/// Remembers who is still there (rule 5), in memory; written to the database in batches.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
pub trait Presence: Send + Sync {
    /// `user` made a request now.
    fn saw(&self, user: UserId);
}
