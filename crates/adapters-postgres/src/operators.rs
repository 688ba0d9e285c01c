//! Operators' keys and the log: [`OperatorStore`] on PostgreSQL.
//!
//! Which keys there are is kept in memory, at most 300 ms old: however many guess at keys, the database
//! is asked a few times a second.

use std::{collections::HashMap, sync::Arc};

use async_trait::async_trait;
use diesel::{
    QueryResult,
    sql_types::{Binary, Text, Timestamptz, Uuid},
};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use domain::{
    catalogue::ShortText,
    clock::Clock,
    id::OperatorKeyId,
    operators::{
        Action, Change, KeyDigest, LogEntry, NewKey, Operator, OperatorKey, OperatorStore,
    },
    page::{Page, PageRequest},
    storage::StorageError,
};
use time::OffsetDateTime;

use crate::{
    admin_log,
    error::storage,
    fresh::{Fresh, Source},
    lane::Tasks,
    pool::Database,
    sql::sql,
};

/// [`OperatorStore`] on PostgreSQL.
pub struct PgOperators {
    database: Database,
    clock: Arc<dyn Clock>,
    keys: Fresh<StoredKeys>,
}

impl PgOperators {
    /// With nothing in memory. To be called on the runtime that outlives all who ask.
    pub(crate) fn start(database: Database, clock: Arc<dyn Clock>, tasks: &Tasks) -> Self {
        let keys = Fresh::start(StoredKeys(database.clone()), clock.clone(), tasks);
        Self {
            database,
            clock,
            keys,
        }
    }
}

#[async_trait]
impl OperatorStore for PgOperators {
    async fn add_key(
        &self,
        operator: Operator,
        key: NewKey,
    ) -> Result<Option<OperatorKey>, StorageError> {
        let (database, clock) = (self.database.clone(), self.clock.clone());
        let added = self.database.detached(async move {
            let mut conn = database.connection().await?;
            conn.transaction(async |conn| add_key(conn, clock.now(), &operator, key).await)
                .await
                .map_err(storage)
        });
        let added = added.await?;
        self.keys.changed(());
        Ok(added)
    }

    async fn revoke_key(
        &self,
        operator: Operator,
        id: OperatorKeyId,
    ) -> Result<bool, StorageError> {
        let (database, clock) = (self.database.clone(), self.clock.clone());
        let revoked = self.database.detached(async move {
            let mut conn = database.connection().await?;
            conn.transaction(async |conn| revoke_key(conn, clock.now(), &operator, id).await)
                .await
                .map_err(storage)
        });
        let revoked = revoked.await?;
        self.keys.changed(());
        Ok(revoked)
    }

    async fn keys(&self) -> Result<Vec<OperatorKey>, StorageError> {
        let conn = self.database.connection().await?;
        let live = live_keys(&conn).await.map_err(storage)?;
        live.into_iter()
            .map(|row| Ok(stored(row).map_err(StorageError::failed)?.1))
            .collect()
    }

    async fn find_key(&self, digest: KeyDigest) -> Result<Option<OperatorKey>, StorageError> {
        let keys = self.keys.get((), |_| true).await?;
        Ok(keys.and_then(|keys| keys.get(&digest).cloned()))
    }

    async fn log(&self, page: PageRequest<u64>) -> Result<Page<LogEntry, u64>, StorageError> {
        let conn = self.database.connection().await?;
        admin_log::read(&conn, page).await.map_err(storage)
    }
}

async fn add_key(
    conn: &mut AsyncPgConnection,
    now: OffsetDateTime,
    operator: &Operator,
    NewKey { id, name, digest }: NewKey,
) -> QueryResult<Option<OperatorKey>> {
    let added = sql::<()>(
        "INSERT INTO operator_keys (id, name, digest, created_at) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (name) WHERE revoked_at IS NULL DO NOTHING",
    )
    .bind::<Uuid, _>(id.get())
    .bind::<Text, _>(name.as_str().to_owned())
    .bind::<Binary, _>(digest.0.to_vec())
    .bind::<Timestamptz, _>(now)
    .execute(conn)
    .await?;
    if added == 0 {
        return Ok(None);
    }
    let change = Change::new(Action::KeyCreated)
        .of("operator_key_id", id.get())
        .set("name", name.as_str());
    admin_log::entry(operator, now, &change)
        .execute(conn)
        .await?;
    Ok(Some(OperatorKey {
        id,
        name,
        created_at: now,
    }))
}

async fn revoke_key(
    conn: &mut AsyncPgConnection,
    now: OffsetDateTime,
    operator: &Operator,
    id: OperatorKeyId,
) -> QueryResult<bool> {
    let revoked: Vec<(String,)> = sql::<(Text,)>(
        "UPDATE operator_keys SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL \
         RETURNING name",
    )
    .bind::<Timestamptz, _>(now)
    .bind::<Uuid, _>(id.get())
    .load(conn)
    .await?;
    let [(name,)] = &revoked[..] else {
        return Ok(false);
    };
    let change = Change::new(Action::KeyRevoked)
        .of("operator_key_id", id.get())
        .set("name", name.as_str());
    admin_log::entry(operator, now, &change)
        .execute(conn)
        .await?;
    Ok(true)
}

type Columns = (Uuid, Text, Timestamptz, Binary);
type Row = (uuid::Uuid, String, OffsetDateTime, Vec<u8>);

async fn live_keys(mut conn: &AsyncPgConnection) -> QueryResult<Vec<Row>> {
    sql::<Columns>(
        "SELECT id, name, created_at, digest FROM operator_keys WHERE revoked_at IS NULL \
         ORDER BY id",
    )
    .load(&mut conn)
    .await
}

/// A key and what it is known by.
fn stored(
    (id, name, created_at, digest): Row,
) -> Result<(KeyDigest, OperatorKey), Box<dyn std::error::Error + Send + Sync>> {
    let digest: [u8; 32] = digest.try_into().map_err(|_| "a digest has 32 bytes")?;
    let key = OperatorKey {
        id: OperatorKeyId::new(id),
        name: ShortText::new(&name)?,
        created_at,
    };
    Ok((KeyDigest(digest), key))
}

struct StoredKeys(Database);

impl Source for StoredKeys {
    type Key = ();
    type Value = Arc<HashMap<KeyDigest, OperatorKey>>;

    async fn read(
        &self,
        (): (),
        _: Option<Self::Value>,
        _: OffsetDateTime,
    ) -> Result<Option<Self::Value>, StorageError> {
        let conn = self.0.connection().await?;
        let live = live_keys(&conn).await.map_err(storage)?;
        let keys: Result<HashMap<_, _>, _> = live.into_iter().map(stored).collect();
        Ok(Some(Arc::new(keys.map_err(StorageError::failed)?)))
    }
}
