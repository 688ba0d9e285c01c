//! Whether the database keeps what it acknowledges.

use diesel::{QueryResult, sql_types::Text};
use diesel_async::RunQueryDsl;
use domain::storage::StorageError;

use crate::{error::storage, pool::Database, sql::sql};

/// Names those of `fsync`, `full_page_writes` and `synchronous_commit` that are off: with any of
/// them off, an acknowledged reservation could be lost in a crash (SPEC §6, promise 6).
pub async fn unsafe_settings(database: &Database) -> Result<Vec<String>, StorageError> {
    let mut conn = database.connection().await?;
    let rows: QueryResult<Vec<(String,)>> = sql::<(Text,)>(
        "SELECT name FROM pg_settings WHERE setting = 'off' \
         AND name IN ('fsync', 'full_page_writes', 'synchronous_commit') ORDER BY name",
    )
    .load(&mut conn)
    .await;
    Ok(rows
        .map_err(storage)?
        .into_iter()
        .map(|(name,)| name)
        .collect())
}
