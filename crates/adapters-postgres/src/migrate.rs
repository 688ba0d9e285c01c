//! Migrations, compiled into the binary.

use diesel::sql_types::BigInt;
use diesel_async::{
    AsyncMigrationHarness, AsyncPgConnection, RunQueryDsl, pooled_connection::deadpool::Object,
};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use domain::storage::StorageError;

use crate::{error::storage, pool::Database, sql::sql};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations");

/// Whoever migrates a database of Boxoffice holds this advisory lock.
const LOCK: i64 = 0x0b0c_50ff_1ce0;

/// Brings the schema up to date and names the migrations that were run. Any number of processes may
/// do this at once: they take turns.
///
/// Needs a multi-thread runtime.
pub async fn migrate(database: &Database) -> Result<Vec<String>, StorageError> {
    let pool = database.clone();
    database
        .detached(async move {
            // Out of the pool: its limits on statements are lifted, and closing it frees the lock.
            let mut conn = Object::take(pool.connection().await?);
            take_turn(&mut conn).await.map_err(storage)?;
            run_pending(conn).map_err(StorageError::failed)
        })
        .await
}

async fn take_turn(conn: &mut AsyncPgConnection) -> diesel::QueryResult<()> {
    for limit in ["SET statement_timeout = 0", "SET lock_timeout = 0"] {
        sql::<()>(limit).execute(conn).await?;
    }
    sql::<()>("SELECT pg_advisory_lock($1)")
        .bind::<BigInt, _>(LOCK)
        .execute(conn)
        .await?;
    Ok(())
}

fn run_pending(conn: AsyncPgConnection) -> diesel::migration::Result<Vec<String>> {
    let mut harness = AsyncMigrationHarness::new(conn);
    let pending = harness.pending_migrations(MIGRATIONS)?;
    let mut names = Vec::with_capacity(pending.len());
    for migration in pending {
        harness.run_migration(&*migration)?;
        names.push(migration.name().to_string());
    }
    Ok(names)
}
