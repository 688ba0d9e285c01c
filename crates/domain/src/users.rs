//! Registered fans.

use std::sync::Arc;

use async_trait::async_trait;
use time::OffsetDateTime;

use crate::{
    clock::Clock,
    id::{IdGenerator, UserId},
    storage::StorageError,
};

/// A user's name as shown: 1 to 100 characters, trimmed, no control characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserName(String);

/// The name is empty, too long, or has control characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a name has 1 to 100 characters and no control characters")]
pub struct InvalidName;

impl UserName {
    /// Accepts `name` after trimming it.
    pub fn new(name: &str) -> Result<Self, InvalidName> {
        let name = name.trim();
        let fits = (1..=100).contains(&name.chars().count());
        if !fits || name.chars().any(char::is_control) {
            return Err(InvalidName);
        }
        Ok(Self(name.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A registered fan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Who.
    pub id: UserId,
    /// The name they gave.
    pub name: UserName,
    /// When they signed up.
    pub created_at: OffsetDateTime,
}

/// Why a user could not be shown.
#[derive(Debug, thiserror::Error)]
pub enum UserError {
    /// Nobody with this id: the token is from another database.
    #[error("no such user")]
    NotFound,
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Keeps users; a new one gets an empty balance in the same transaction.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait UserStore: Send + Sync {
    /// Stores a new user.
    async fn add(&self, user: User) -> Result<(), StorageError>;
    /// The user with this id.
    async fn find(&self, id: UserId) -> Result<Option<User>, StorageError>;
}

/// What a handler can ask about users.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait Users: Send + Sync {
    /// Registers a fan.
    async fn sign_up(&self, name: UserName) -> Result<User, UserError>;
    /// The caller's own record.
    async fn me(&self, caller: UserId) -> Result<User, UserError>;
}

/// [`Users`] over a [`UserStore`].
pub struct UserService {
    store: Arc<dyn UserStore>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdGenerator>,
}

impl UserService {
    /// A service over these ports.
    pub fn new(
        store: Arc<dyn UserStore>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdGenerator>,
    ) -> Self {
        Self { store, clock, ids }
    }
}

#[async_trait]
impl Users for UserService {
    async fn sign_up(&self, name: UserName) -> Result<User, UserError> {
        let id = UserId::new(self.ids.next());
        let user = User {
            id,
            name,
            created_at: self.clock.now(),
        };
        self.store.add(user.clone()).await?;
        Ok(user)
    }

    async fn me(&self, caller: UserId) -> Result<User, UserError> {
        self.store.find(caller).await?.ok_or(UserError::NotFound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{clock::FixedClock, id::CountingIds};
    use futures_util::FutureExt;
    use time::macros::datetime;
    use uuid::Uuid;

    fn service(store: MockUserStore) -> UserService {
        let clock = FixedClock::at(datetime!(2026-01-01 10:00 UTC));
        UserService::new(
            Arc::new(store),
            Arc::new(clock),
            Arc::new(CountingIds::default()),
        )
    }

    #[test]
    fn names_are_trimmed_and_bounded() {
        assert_eq!(
            UserName::new("  아이유 ").map(|n| n.as_str().to_owned()),
            Ok("아이유".into())
        );
        for bad in ["", "   ", "a\nb", &"x".repeat(101)] {
            assert_eq!(UserName::new(bad), Err(InvalidName), "{bad:?}");
        }
        assert!(UserName::new(&"가".repeat(100)).is_ok());
    }

    #[test]
    fn signing_up_stores_a_new_user_with_an_id_and_the_time() {
        let mut store = MockUserStore::new();
        store.expect_add().times(1).returning(|_| Ok(()));
        let name = UserName::new("Mina").unwrap();
        let user = service(store)
            .sign_up(name.clone())
            .now_or_never()
            .unwrap()
            .unwrap();
        assert_eq!(user.id, UserId::new(Uuid::from_u128(1)));
        assert_eq!(user.name, name);
        assert_eq!(user.created_at, datetime!(2026-01-01 10:00 UTC));
    }

    #[test]
    fn a_user_unknown_to_the_store_is_not_found() {
        let mut store = MockUserStore::new();
        store.expect_find().returning(|_| Ok(None));
        let me = service(store)
            .me(UserId::new(Uuid::from_u128(9)))
            .now_or_never()
            .unwrap();
        assert!(matches!(me, Err(UserError::NotFound)));
    }
}
