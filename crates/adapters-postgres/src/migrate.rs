//! Migrations, compiled into the binary.

use diesel_async::AsyncMigrationHarness;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use domain::storage::StorageError;

use crate::{connector::Wire, pool::Database, turn::Turn};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations");

/// Brings the schema up to date and names the migrations that were run. Any number of processes may
/// do this at once: they take turns.
///
/// Needs a multi-thread runtime.
pub async fn migrate(database: &Database) -> Result<Vec<String>, StorageError> {
    let pool = database.clone();
    database
        .detached(async move {
            let conn = Turn::take(&pool).await?.into_connection();
            run_pending(conn).map_err(StorageError::failed)
        })
        .await
}

fn run_pending(conn: Wire) -> diesel::migration::Result<Vec<String>> {
    let mut harness = AsyncMigrationHarness::new(conn);
    let pending = harness.pending_migrations(MIGRATIONS)?;
    let mut names = Vec::with_capacity(pending.len());
    for migration in pending {
        harness.run_migration(&*migration)?;
        names.push(migration.name().to_string());
    }
    Ok(names)
}
