//! What an operator has to know about a database before relying on it.

use diesel::{
    QueryResult,
    sql_types::{BigInt, Bool, Integer, Nullable, Text},
};
use diesel_async::RunQueryDsl;
use domain::storage::StorageError;

use crate::{error::storage, pool::Database, sql::sql};

/// What PostgreSQL says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// As people write it, for example `15.18 (Debian 15.18-0+deb12u1)`.
    pub version: String,
    /// The major version, for example 15.
    pub major: i32,
    /// How texts are stored, for example `UTF8`.
    pub encoding: String,
    /// By which rules texts are sorted, for example `C.UTF-8`.
    pub collation: String,
    /// The time zone of sessions.
    pub timezone: String,
    /// Whether it only follows another server, and so takes no writes.
    pub is_standby: bool,
    /// Whether it cleans up after updates by itself.
    pub has_autovacuum: bool,
    /// How many connections clients may have, without those kept for superusers.
    pub connections: i64,
    /// How many clients have one now, without the one that asks.
    pub connected: i64,
    /// Where its files are, if this user may know, on the machine that it runs on.
    pub data_directory: Option<String>,
    /// Whether it is reached over a socket of this machine.
    pub is_local: bool,
}

/// Asks PostgreSQL about itself. Needs no special rights.
pub async fn inspect(database: &Database) -> Result<Inspection, StorageError> {
    type Columns = (
        Text,
        Integer,
        Text,
        Text,
        Text,
        Bool,
        Bool,
        BigInt,
        BigInt,
        Nullable<Text>,
        Bool,
    );
    type Row = (
        String,
        i32,
        String,
        String,
        String,
        bool,
        bool,
        i64,
        i64,
        Option<String>,
        bool,
    );
    let mut conn = database.connection().await?;
    let row: QueryResult<Row> = sql::<Columns>(
        "SELECT current_setting('server_version'), \
         current_setting('server_version_num')::int / 10000, \
         pg_encoding_to_char(encoding)::text, datcollate::text, current_setting('TimeZone'), \
         pg_is_in_recovery(), current_setting('autovacuum')::bool, \
         current_setting('max_connections')::bigint \
           - current_setting('superuser_reserved_connections')::bigint, \
         (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' \
           AND pid <> pg_backend_pid()), \
         (SELECT setting FROM pg_settings WHERE name = 'data_directory'), \
         inet_client_addr() IS NULL OR inet_client_addr() = inet_server_addr() \
         FROM pg_database WHERE datname = current_database()",
    )
    .get_result(&mut *conn)
    .await;
    let row = row.map_err(storage)?;
    Ok(Inspection {
        version: row.0,
        major: row.1,
        encoding: row.2,
        collation: row.3,
        timezone: row.4,
        is_standby: row.5,
        has_autovacuum: row.6,
        connections: row.7,
        connected: row.8,
        data_directory: row.9,
        is_local: row.10,
    })
}
