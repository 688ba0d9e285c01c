//! The promises of SPEC §6 as queries: [`Auditor`] on PostgreSQL.

use async_trait::async_trait;
use diesel::{QueryResult, sql_types::Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use domain::{
    audit::{Auditor, Finding},
    storage::StorageError,
};

use crate::{error::storage, pool::Database, sql::sql};

mod checks;

use checks::CHECKS;

/// A promise's check: a query whose rows, one text each, contradict the claim.
struct Check {
    promise: u8,
    claim: &'static str,
    violations: &'static str,
}

/// An audit of a large database takes longer than any request may, and reads whole tables. The plans of
/// requests are the wrong ones for that; so are those of a planner that has not yet heard how much was
/// sold in the last minute, and would look each seat up by itself.
pub(crate) const WHOLE_TABLES: &str = "SET LOCAL statement_timeout = 0; SET LOCAL plan_cache_mode = auto; \
    SET LOCAL enable_seqscan = on; SET LOCAL enable_hashjoin = on; \
    SET LOCAL enable_mergejoin = on; SET LOCAL enable_nestloop = off";

/// [`Auditor`] on PostgreSQL.
pub struct PgAuditor {
    database: Database,
}

impl PgAuditor {
    /// Audits `database`.
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl Auditor for PgAuditor {
    async fn audit(&self) -> Result<Vec<Finding>, StorageError> {
        let database = self.database.clone();
        self.database
            .detached(async move {
                let mut conn = database.own().await?;
                let mut snapshot = conn.build_transaction().read_only().repeatable_read();
                snapshot
                    .run(async |conn| run(conn).await)
                    .await
                    .map_err(storage)
            })
            .await
    }
}

async fn run(conn: &mut AsyncPgConnection) -> QueryResult<Vec<Finding>> {
    conn.batch_execute(WHOLE_TABLES).await?;
    let mut findings = Vec::with_capacity(CHECKS.len());
    for Check {
        promise,
        claim,
        violations,
    } in CHECKS
    {
        let rows: Vec<(String,)> = sql::<(Text,)>(violations).load(conn).await?;
        let violations = rows.into_iter().map(|(text,)| text).collect();
        findings.push(Finding {
            promise: *promise,
            claim,
            violations,
        });
    }
    Ok(findings)
}
