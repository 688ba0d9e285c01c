//! What diesel's errors mean to a caller.

use diesel::result::{DatabaseErrorKind, Error};
use domain::storage::StorageError;

/// The beginnings of the messages by which PostgreSQL says that it has no time or is going away.
/// The SQLSTATE would say it better, but diesel does not pass it on.
const PASSING: [&str; 7] = [
    "canceling statement due to",
    "terminating connection",
    "the database system is",
    "sorry, too many clients",
    "remaining connection slots",
    "connection to client lost",
    "could not write to file",
];

/// Sorts `error` by what a caller can do about it.
pub(crate) fn storage(error: Error) -> StorageError {
    if is_passing(&error) {
        StorageError::unavailable(error)
    } else {
        StorageError::failed(error)
    }
}

fn is_passing(error: &Error) -> bool {
    match error {
        Error::BrokenTransactionManager | Error::AlreadyInTransaction => true,
        Error::RollbackErrorOnCommit { commit_error, .. } => is_passing(commit_error),
        Error::DatabaseError(kind, details) => match kind {
            DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand => true,
            DatabaseErrorKind::Unknown => PASSING
                .iter()
                .any(|beginning| details.message().starts_with(beginning)),
            _ => false,
        },
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn database(kind: DatabaseErrorKind, message: &str) -> Error {
        Error::DatabaseError(kind, Box::new(message.to_owned()))
    }

    #[test]
    fn rule_26_a_database_that_is_away_or_slow_is_unavailable() {
        for error in [
            database(DatabaseErrorKind::UnableToSendCommand, "connection closed"),
            database(
                DatabaseErrorKind::Unknown,
                "canceling statement due to lock timeout",
            ),
            database(
                DatabaseErrorKind::Unknown,
                "the database system is starting up",
            ),
        ] {
            assert!(matches!(storage(error), StorageError::Unavailable(_)));
        }
    }

    #[test]
    fn a_defect_is_not_mistaken_for_a_database_that_is_away() {
        for error in [
            database(DatabaseErrorKind::Unknown, "column \"x\" does not exist"),
            database(DatabaseErrorKind::UniqueViolation, "duplicate key"),
            Error::NotFound,
        ] {
            assert!(matches!(storage(error), StorageError::Failed(_)));
        }
    }
}
