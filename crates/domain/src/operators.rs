//! Those who run the sale: their keys, and the log of what they changed.

use std::sync::Arc;

use async_trait::async_trait;
use time::OffsetDateTime;

use crate::{
    catalogue::ShortText,
    id::{IdGenerator, OperatorKeyId},
    page::{Page, PageRequest},
    storage::StorageError,
};

mod change;

pub use change::{Action, Change, Fact};

/// What the key that the server was started with is called in the log. No other key may have this name.
pub const ROOT: &str = "root";

/// Who changes something, and by which request: what the log says of every change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    /// By what right.
    pub by: Authority,
    /// The request's id, as its client was told; none on the command line.
    pub request_id: Option<String>,
}

/// By what right somebody changes something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Authority {
    /// The key that the server was started with.
    Root,
    /// A key that was made with it.
    Key {
        /// Which.
        id: OperatorKeyId,
        /// What it is called.
        name: ShortText,
    },
    /// Access to the database: a command of the program, such as `boxoffice seed`.
    Command(&'static str),
}

impl Operator {
    /// Somebody on the command line who runs `command`.
    pub const fn command(command: &'static str) -> Self {
        Self {
            by: Authority::Command(command),
            request_id: None,
        }
    }

    /// What the log calls them.
    pub fn name(&self) -> &str {
        match &self.by {
            Authority::Root => ROOT,
            Authority::Key { name, .. } => name.as_str(),
            Authority::Command(command) => command,
        }
    }

    /// Which key, if it was made with the root key.
    pub fn key_id(&self) -> Option<OperatorKeyId> {
        match self.by {
            Authority::Key { id, .. } => Some(id),
            Authority::Root | Authority::Command(_) => None,
        }
    }
}

/// The SHA-256 digest of a key. Keys are 256 random bits, so that nobody finds one by its digest; the
/// key itself is known to its owner only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyDigest(pub [u8; 32]);

/// A key that opens the operator's routes, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperatorKey {
    /// Which.
    pub id: OperatorKeyId,
    /// Whose or what for; no two live keys have the same.
    pub name: ShortText,
    /// When it was made.
    pub created_at: OffsetDateTime,
}

/// One change in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// Its number: entries are numbered upwards, maybe with gaps.
    pub number: u64,
    /// When.
    pub at: OffsetDateTime,
    /// Who, by name.
    pub operator: String,
    /// By which key, if not by the root key or on the command line.
    pub key_id: Option<OperatorKeyId>,
    /// By which request.
    pub request_id: Option<String>,
    /// What was done, for example `concert.created`.
    pub action: String,
    /// To what: a JSON object of ids by kind.
    pub subject: String,
    /// What changed: a JSON object, a member for each thing that was set or changed.
    pub details: String,
}

/// Why a key was not made or revoked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum KeyError {
    /// Only the root key makes and revokes keys: a stolen key cannot make itself at home.
    #[error("only the root key makes and revokes keys")]
    RootOnly,
    /// A live key has this name, or it is that of the root key.
    #[error("there is a key of this name already")]
    NameTaken,
    /// No live key has this id.
    #[error("no such key")]
    NotFound,
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// A key to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewKey {
    /// The id it gets.
    pub id: OperatorKeyId,
    /// What it is called.
    pub name: ShortText,
    /// What it is known by.
    pub digest: KeyDigest,
}

/// Keeps the operators' keys and the log. Other stores write the log, too, each in the transaction of
/// what it changes.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait OperatorStore: Send + Sync {
    /// Stores a new key; `None` when a live key has its name.
    async fn add_key(
        &self,
        operator: Operator,
        key: NewKey,
    ) -> Result<Option<OperatorKey>, StorageError>;
    /// Ends a key for good; `false` when there is no such live key. Every process refuses it within
    /// 300 ms, this one at once.
    async fn revoke_key(&self, operator: Operator, id: OperatorKeyId)
    -> Result<bool, StorageError>;
    /// The live keys, oldest first.
    async fn keys(&self) -> Result<Vec<OperatorKey>, StorageError>;
    /// The live key with this digest, as it was at most 300 ms ago.
    async fn find_key(&self, digest: KeyDigest) -> Result<Option<OperatorKey>, StorageError>;
    /// The log, newest first.
    async fn log(&self, page: PageRequest<u64>) -> Result<Page<LogEntry, u64>, StorageError>;
}

/// What handlers can ask about operators.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait Operators: Send + Sync {
    /// Makes a key of this name, which its owner shows by what has this digest.
    async fn add_key(
        &self,
        operator: Operator,
        name: ShortText,
        digest: KeyDigest,
    ) -> Result<OperatorKey, KeyError>;
    /// Ends a key for good.
    async fn revoke_key(&self, operator: Operator, id: OperatorKeyId) -> Result<(), KeyError>;
    /// The live keys, oldest first, without the root key.
    async fn keys(&self) -> Result<Vec<OperatorKey>, StorageError>;
    /// Whose key has this digest.
    async fn identify(&self, digest: KeyDigest) -> Result<Option<Authority>, StorageError>;
    /// The log, newest first.
    async fn log(&self, page: PageRequest<u64>) -> Result<Page<LogEntry, u64>, StorageError>;
}

/// [`Operators`] over an [`OperatorStore`].
pub struct OperatorService {
    store: Arc<dyn OperatorStore>,
    ids: Arc<dyn IdGenerator>,
}

impl OperatorService {
    /// A service over these ports.
    pub fn new(store: Arc<dyn OperatorStore>, ids: Arc<dyn IdGenerator>) -> Self {
        Self { store, ids }
    }
}

fn check_root(operator: &Operator) -> Result<(), KeyError> {
    match operator.by {
        Authority::Root => Ok(()),
        Authority::Key { .. } | Authority::Command(_) => Err(KeyError::RootOnly),
    }
}

#[async_trait]
impl Operators for OperatorService {
    async fn add_key(
        &self,
        operator: Operator,
        name: ShortText,
        digest: KeyDigest,
    ) -> Result<OperatorKey, KeyError> {
        check_root(&operator)?;
        if name.as_str().eq_ignore_ascii_case(ROOT) {
            return Err(KeyError::NameTaken);
        }
        let id = OperatorKeyId::new(self.ids.next());
        let added = self.store.add_key(operator, NewKey { id, name, digest });
        added.await?.ok_or(KeyError::NameTaken)
    }

    async fn revoke_key(&self, operator: Operator, id: OperatorKeyId) -> Result<(), KeyError> {
        check_root(&operator)?;
        let revoked = self.store.revoke_key(operator, id).await?;
        revoked.then_some(()).ok_or(KeyError::NotFound)
    }

    async fn keys(&self) -> Result<Vec<OperatorKey>, StorageError> {
        self.store.keys().await
    }

    async fn identify(&self, digest: KeyDigest) -> Result<Option<Authority>, StorageError> {
        let found = self.store.find_key(digest).await?;
        Ok(found.map(|OperatorKey { id, name, .. }| Authority::Key { id, name }))
    }

    async fn log(&self, page: PageRequest<u64>) -> Result<Page<LogEntry, u64>, StorageError> {
        self.store.log(page).await
    }
}

#[cfg(test)]
mod tests;
