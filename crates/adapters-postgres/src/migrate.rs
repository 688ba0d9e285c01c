//! Migrations, compiled into the binary.

use std::collections::BTreeMap;

use diesel::{
    QueryResult,
    migration::{Migration, MigrationSource},
    pg::Pg,
    sql_types::{Bool, Text},
};
use diesel_async::{AsyncMigrationHarness, RunQueryDsl};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use domain::storage::StorageError;

use crate::{connector::Wire, error::storage, pool::Database, sql::sql, turn::Turn};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations");

/// Brings the schema up to date and names the migrations that were run. Any number of processes may
/// do this at once: they take turns. Migrations that this program does not know are left alone: a
/// newer one has made them, and they only add (migrations/README.md).
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

/// How a database's schema compares with what this program knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SchemaState {
    /// The names of migrations that are still to be made; all of them in an empty database.
    pub pending: Vec<String>,
    /// The versions of migrations that a newer program has made.
    pub newer: Vec<String>,
}

/// Compares the schema of `database` with what this program knows.
pub async fn schema_state(database: &Database) -> Result<SchemaState, StorageError> {
    let made = made(database).await?;
    let known: Vec<Box<dyn Migration<Pg>>> =
        MIGRATIONS.migrations().map_err(StorageError::failed)?;
    let mut known: BTreeMap<_, _> = known
        .iter()
        .map(|migration| {
            (
                migration.name().version().to_string(),
                migration.name().to_string(),
            )
        })
        .collect();
    let mut state = SchemaState::default();
    for version in made {
        if known.remove(&version).is_none() {
            state.newer.push(version);
        }
    }
    state.pending = known.into_values().collect();
    Ok(state)
}

/// The versions of the migrations that were made, in order.
async fn made(database: &Database) -> Result<Vec<String>, StorageError> {
    let mut conn = database.connection().await?;
    let exists = sql::<(Bool,)>("SELECT to_regclass('__diesel_schema_migrations') IS NOT NULL");
    let exists: QueryResult<(bool,)> = exists.get_result(&mut *conn).await;
    if !exists.map_err(storage)?.0 {
        return Ok(Vec::new());
    }
    let made =
        sql::<(Text,)>("SELECT version::text FROM __diesel_schema_migrations ORDER BY version");
    let made: QueryResult<Vec<(String,)>> = made.load(&mut *conn).await;
    Ok(made
        .map_err(storage)?
        .into_iter()
        .map(|row| row.0)
        .collect())
}
