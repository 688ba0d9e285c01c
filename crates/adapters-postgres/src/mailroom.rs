//! Webhook endpoints and their letters: [`Mailroom`] on PostgreSQL.
//!
//! Who delivers to an endpoint has leased its row: for a time by the port `Clock`, not by a lock, so
//! that no transaction is open while a request is under way, and so that somebody else goes on when a
//! process is gone.

use std::sync::Arc;

use async_trait::async_trait;
use diesel::{
    QueryResult,
    sql_types::{Array, Binary, Nullable, Text, Timestamptz, Uuid},
};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use domain::{
    clock::Clock,
    events::{
        Claim, Endpoint, EndpointReport, EventKind, Mailroom, Settlement, redelivered, removed,
    },
    id::{EndpointId, EventId},
    operators::Operator,
    storage::StorageError,
};
use time::{Duration, OffsetDateTime};

use crate::{
    admin_log,
    error::storage,
    pool::Database,
    sql::{self, Sql, sql},
};

mod reports;
mod rounds;

/// [`Mailroom`] on PostgreSQL.
pub struct PgMailroom {
    database: Database,
    clock: Arc<dyn Clock>,
}

impl PgMailroom {
    pub(crate) fn new(database: Database, clock: Arc<dyn Clock>) -> Self {
        Self { database, clock }
    }
}

#[async_trait]
impl Mailroom for PgMailroom {
    async fn add(
        &self,
        operator: Operator,
        endpoint: Endpoint,
    ) -> Result<EndpointReport, StorageError> {
        let (database, id) = (self.database.clone(), endpoint.id);
        self.database
            .detached(async move {
                let mut conn = database.connection().await?;
                let made = endpoint.registered();
                let log = admin_log::entry(&operator, endpoint.created_at, &made);
                conn.transaction(async |conn| sql::run(conn, vec![insert(&endpoint), log]).await)
                    .await
                    .map_err(storage)
            })
            .await?;
        let missing = || StorageError::failed("a new endpoint is not there");
        self.find(id).await?.ok_or_else(missing)
    }

    async fn list(&self) -> Result<Vec<EndpointReport>, StorageError> {
        let mut conn = self.database.connection().await?;
        reports::find(&mut conn, None).await.map_err(storage)
    }

    async fn find(&self, id: EndpointId) -> Result<Option<EndpointReport>, StorageError> {
        let mut conn = self.database.connection().await?;
        let found = reports::find(&mut conn, Some(id)).await;
        Ok(found.map_err(storage)?.pop())
    }

    async fn remove(&self, operator: Operator, id: EndpointId) -> Result<bool, StorageError> {
        let (database, clock) = (self.database.clone(), self.clock.clone());
        self.database
            .detached(async move {
                let mut conn = database.connection().await?;
                conn.transaction(async |conn| remove(conn, &*clock, &operator, id).await)
                    .await
                    .map_err(storage)
            })
            .await
    }

    async fn redeliver(
        &self,
        operator: Operator,
        id: EndpointId,
        event: Option<EventId>,
    ) -> Result<u64, StorageError> {
        let (database, clock) = (self.database.clone(), self.clock.clone());
        self.database
            .detached(async move {
                let mut conn = database.connection().await?;
                conn.transaction(async |conn| redeliver(conn, &*clock, &operator, id, event).await)
                    .await
                    .map_err(storage)
            })
            .await
    }

    async fn claim(
        &self,
        lease: uuid::Uuid,
        term: Duration,
    ) -> Result<Option<Claim>, StorageError> {
        let (database, now) = (self.database.clone(), self.clock.now());
        self.database
            .detached(async move {
                let conn = database.connection().await?;
                let claim = rounds::claim(&conn, now, lease, term).await;
                claim.map_err(storage)
            })
            .await
    }

    async fn settle(&self, settlement: Settlement) -> Result<bool, StorageError> {
        let database = self.database.clone();
        self.database
            .detached(async move {
                let mut conn = database.connection().await?;
                conn.transaction(async |conn| rounds::settle(conn, &settlement).await)
                    .await
                    .map_err(storage)
            })
            .await
    }
}

fn insert(endpoint: &Endpoint) -> Sql {
    let kinds = endpoint.kinds.as_ref();
    let kinds = kinds.map(|kinds| kinds.iter().map(|kind| kind.name().to_owned()));
    sql(
        "INSERT INTO webhook_endpoints (id, url, kinds, secret, created_at, position, next_try_at) \
         SELECT $1, $2, $3, $4, $5, position, $5 FROM event_state",
    )
    .bind::<Uuid, _>(endpoint.id.get())
    .bind::<Text, _>(endpoint.url.clone())
    .bind::<Nullable<Array<Text>>, _>(kinds.map(Iterator::collect::<Vec<String>>))
    .bind::<Binary, _>(endpoint.secret.expose().to_vec())
    .bind::<Timestamptz, _>(endpoint.created_at)
}

async fn remove(
    conn: &mut AsyncPgConnection,
    clock: &dyn Clock,
    operator: &Operator,
    id: EndpointId,
) -> QueryResult<bool> {
    let delete = sql::<()>("DELETE FROM webhook_endpoints WHERE id = $1");
    let was_there = delete.bind::<Uuid, _>(id.get()).execute(conn).await? > 0;
    if was_there {
        let log = admin_log::entry(operator, clock.now(), &removed(id));
        log.execute(conn).await?;
    }
    Ok(was_there)
}

async fn redeliver(
    conn: &mut AsyncPgConnection,
    clock: &dyn Clock,
    operator: &Operator,
    id: EndpointId,
    event: Option<EventId>,
) -> QueryResult<u64> {
    let lock = sql::<(Uuid,)>("SELECT id FROM webhook_endpoints WHERE id = $1 FOR NO KEY UPDATE");
    let _: Vec<(uuid::Uuid,)> = lock.bind::<Uuid, _>(id.get()).load(conn).await?;
    let now = clock.now();
    let letters = sql::<()>(
        "UPDATE webhook_letters SET died_at = NULL, tries = 0, next_try_at = $2 \
         WHERE endpoint_id = $1 AND died_at IS NOT NULL AND ($3 IS NULL OR event_id = $3)",
    )
    .bind::<Uuid, _>(id.get())
    .bind::<Timestamptz, _>(now)
    .bind::<Nullable<Uuid>, _>(event.map(EventId::get))
    .execute(conn)
    .await? as u64;
    if letters > 0 || event.is_none() {
        sql::<()>(
            "UPDATE webhook_endpoints SET disabled_at = NULL, next_try_at = $2 WHERE id = $1",
        )
        .bind::<Uuid, _>(id.get())
        .bind::<Timestamptz, _>(now)
        .execute(conn)
        .await?;
        let log = admin_log::entry(operator, now, &redelivered(id, event, letters));
        log.execute(conn).await?;
    }
    Ok(letters)
}

type EndpointColumns = (Uuid, Text, Nullable<Array<Text>>, Binary, Timestamptz);
type EndpointRow = (
    uuid::Uuid,
    String,
    Option<Vec<String>>,
    Vec<u8>,
    OffsetDateTime,
);

/// Kinds that only a newer process knows are left out.
fn endpoint((id, url, kinds, secret, created_at): EndpointRow) -> Endpoint {
    let known = |kinds: Vec<String>| {
        kinds
            .iter()
            .filter_map(|kind| EventKind::named(kind))
            .collect()
    };
    Endpoint {
        id: EndpointId::new(id),
        url,
        kinds: kinds.map(known),
        // The schema knows no other length.
        secret: domain::events::Secret::new(secret.try_into().unwrap_or_default()),
        created_at,
    }
}
