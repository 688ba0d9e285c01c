//! What must not be done twice at once, however many processes start at once.

use diesel::sql_types::BigInt;
use diesel_async::RunQueryDsl;
use domain::storage::StorageError;

use crate::{connector::Wire, error::storage, pool::Database, sql::sql};

/// Whoever migrates or seeds a database of Boxoffice holds this advisory lock.
const LOCK: i64 = 0x0b0c_50ff_1ce0;

/// The right to migrate or seed. Others wait for it; dropping it gives it back.
#[must_use = "the turn is over when this is dropped"]
pub struct Turn {
    // Out of the pool: closing the connection frees the lock, whatever happens.
    conn: Wire,
}

impl Turn {
    /// Waits for the turn, as long as it takes.
    pub async fn take(database: &Database) -> Result<Self, StorageError> {
        let mut turn = Self {
            conn: database.own().await?,
        };
        turn.wait().await.map_err(storage)?;
        Ok(turn)
    }

    async fn wait(&mut self) -> diesel::QueryResult<()> {
        for no_limit in [
            "SET statement_timeout = 0",
            "SET lock_timeout = 0",
            "SET idle_in_transaction_session_timeout = 0",
        ] {
            sql::<()>(no_limit).execute(&mut self.conn).await?;
        }
        let lock = sql::<()>("SELECT pg_advisory_lock($1)").bind::<BigInt, _>(LOCK);
        lock.execute(&mut self.conn).await?;
        Ok(())
    }

    /// The connection that holds the lock, without limits on statements.
    pub(crate) fn into_connection(self) -> Wire {
        self.conn
    }
}
