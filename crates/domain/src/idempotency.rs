//! `Idempotency-Key`: a request sent twice has one effect (SPEC rule 25).

use std::collections::HashMap;

use crate::id::UserId;

/// What a client sends to make a retry safe: its key, and what the request asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// The client's string, 1 to 255 characters; each user has a key space of their own.
    pub key: String,
    /// A digest of the operation and its body: the same key with another digest is a mistake.
    pub fingerprint: [u8; 32],
}

/// The key was used before, for another request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the idempotency key was already used for another request")]
pub struct KeyReused;

/// The outcome of an operation, and whether it is the outcome of an earlier, equal request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome<T> {
    /// What the operation made.
    pub value: T,
    /// Nothing was done now: an earlier request with the same key had done it.
    pub replayed: bool,
}

/// What earlier requests with the same keys made, by user and key.
#[derive(Debug)]
pub struct Earlier<T>(HashMap<(UserId, String), ([u8; 32], Option<T>)>);

impl<T> Default for Earlier<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T: Clone> Earlier<T> {
    /// Remembers that `user` used `key` for `value`; `None` when it was another kind of operation.
    pub fn record(&mut self, user: UserId, key: &IdempotencyKey, value: Option<T>) {
        self.0
            .insert((user, key.key.clone()), (key.fingerprint, value));
    }

    /// The outcome of the earlier, equal request, if there was one.
    pub fn find(
        &self,
        user: UserId,
        key: Option<&IdempotencyKey>,
    ) -> Result<Option<Outcome<T>>, KeyReused> {
        let Some(key) = key else { return Ok(None) };
        match self.0.get(&(user, key.key.clone())) {
            None => Ok(None),
            Some((fingerprint, Some(value))) if *fingerprint == key.fingerprint => {
                Ok(Some(Outcome {
                    value: value.clone(),
                    replayed: true,
                }))
            }
            Some(_) => Err(KeyReused),
        }
    }

    /// Ends a request that did its work now: remembers `value` under `key` and wraps it.
    pub fn fresh(&mut self, user: UserId, key: Option<&IdempotencyKey>, value: T) -> Outcome<T> {
        if let Some(key) = key {
            self.record(user, key, Some(value.clone()));
        }
        Outcome {
            value,
            replayed: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn key(fingerprint: u8) -> IdempotencyKey {
        IdempotencyKey {
            key: "order-1".into(),
            fingerprint: [fingerprint; 32],
        }
    }

    const USER: UserId = UserId::new(Uuid::from_u128(1));

    #[test]
    fn rule_25_the_same_key_and_body_gives_the_first_outcome() {
        let mut earlier = Earlier::default();
        assert!(!earlier.fresh(USER, Some(&key(1)), "first").replayed);
        let again = earlier.find(USER, Some(&key(1)));
        assert_eq!(
            again,
            Ok(Some(Outcome {
                value: "first",
                replayed: true
            }))
        );
    }

    #[test]
    fn rule_25_the_same_key_with_another_body_is_refused() {
        let mut earlier = Earlier::default();
        earlier.fresh(USER, Some(&key(1)), "first");
        assert_eq!(earlier.find(USER, Some(&key(2))), Err(KeyReused));
    }

    #[test]
    fn rule_25_a_key_of_another_kind_of_operation_is_refused_even_with_an_equal_digest() {
        let mut earlier: Earlier<&str> = Earlier::default();
        earlier.record(USER, &key(1), None);
        assert_eq!(earlier.find(USER, Some(&key(1))), Err(KeyReused));
    }

    #[test]
    fn rule_25_keys_of_two_users_do_not_meet() {
        let mut earlier = Earlier::default();
        earlier.fresh(USER, Some(&key(1)), "first");
        let other = UserId::new(Uuid::from_u128(2));
        assert_eq!(earlier.find(other, Some(&key(1))), Ok(None));
    }

    #[test]
    fn without_a_key_nothing_is_remembered() {
        let mut earlier = Earlier::default();
        earlier.fresh(USER, None, "first");
        assert_eq!(earlier.find(USER, None), Ok(None));
    }
}
