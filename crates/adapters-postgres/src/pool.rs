//! Connections to PostgreSQL.

use std::{
    future::Future,
    ops::{Deref, DerefMut},
    time::{Duration, Instant},
};

use deadpool::managed::{Object, Pool, QueueMode};
use diesel_async::AsyncPgConnection;
use domain::storage::StorageError;
use metrics::{Counter, Histogram, counter, gauge, histogram};
use tokio::{runtime::Handle, task::AbortHandle};
use tokio_util::task::AbortOnDropHandle;

use crate::{
    connector::{Connector, Wire},
    meters::{Gauges, gauge_value},
};

/// How to reach the database, and how long to wait for it.
#[derive(Clone)]
pub struct DatabaseConfig {
    /// `postgres://user:password@host:port/database?sslmode=…`, or a socket directory as the host.
    /// It may hold a password, so this type cannot be printed.
    pub url: String,
    /// At most so many connections.
    pub pool_size: usize,
    /// How long to wait for a connection, new or from the pool.
    pub connect_timeout: Duration,
    /// The server ends a statement after this. Whoever has a connection loses it a moment later
    /// ([`GRACE`]).
    pub statement_timeout: Duration,
    /// The server gives up waiting for a row lock after this, and ends a transaction whose client
    /// has been silent for half as long.
    pub lock_timeout: Duration,
}

impl DatabaseConfig {
    /// A small pool and the default timeouts.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            pool_size: 10,
            connect_timeout: Duration::from_millis(1_500),
            statement_timeout: Duration::from_millis(1_500),
            lock_timeout: Duration::from_secs(1),
        }
    }
}

/// How much longer than a statement may take somebody may have a connection: the database ends what
/// is too slow, and this ends what the database does not answer at all.
const GRACE: Duration = Duration::from_millis(250);

/// The address cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It does not parse.
    #[error(
        "the database URL is not understood; write postgres://USER:PASSWORD@HOST:5432/DATABASE"
    )]
    Url(#[source] tokio_postgres::Error),
    /// No certificates to verify the server with.
    #[error(
        "no certificates were found to verify the database server; \
         install ca-certificates, or add ?sslmode=disable to the URL on a trusted network"
    )]
    Tls(#[source] rustls::Error),
    /// A pool of this size cannot be built.
    #[error("the connection pool cannot be built")]
    Pool(#[source] deadpool::managed::BuildError),
}

/// A pool of connections to the database.
#[derive(Clone)]
pub struct Database {
    pool: Pool<Connector>,
    runtime: Handle,
    lease: Duration,
    waits: Histogram,
    cuts: Counter,
}

impl Database {
    /// A pool for `config`. Connects lazily: nothing is tried yet.
    ///
    /// Must be called within the runtime that outlives all connections: they are driven by its
    /// tasks, whichever thread asks for them.
    pub fn new(config: &DatabaseConfig) -> Result<Self, ConfigError> {
        let pool = Pool::builder(Connector::new(config)?)
            .max_size(config.pool_size)
            // The one used last has its tables and statements in the processor's caches.
            .queue_mode(QueueMode::Lifo)
            .runtime(deadpool::Runtime::Tokio1)
            .wait_timeout(Some(config.connect_timeout))
            .create_timeout(Some(config.connect_timeout))
            .recycle_timeout(Some(config.connect_timeout))
            .build()
            .map_err(ConfigError::Pool)?;
        Ok(Self {
            pool,
            runtime: Handle::current(),
            lease: config.statement_timeout + GRACE,
            waits: histogram!("boxoffice_pool_wait_seconds"),
            cuts: counter!("boxoffice_database_cuts_total"),
        })
    }

    /// A connection from the pool, for one transaction or a few reads: who keeps it for longer than
    /// a statement may take, without renewing, loses it.
    pub(crate) async fn connection(&self) -> Result<Connection, StorageError> {
        let asked = Instant::now();
        let wire = self.pool.get().await;
        self.waits.record(asked.elapsed());
        let wire = wire.map_err(StorageError::unavailable)?;
        let lease = self.lease(wire.cutter());
        Ok(Connection { lease, wire })
    }

    /// Lets a connection be had for as long again, by someone who has just been answered on it.
    pub(crate) fn renew(&self, connection: &mut Connection) {
        connection.lease = self.lease(connection.wire.cutter());
    }

    /// A connection out of the pool, for as long as it takes.
    pub(crate) async fn own(&self) -> Result<Wire, StorageError> {
        let wire = self.pool.get().await.map_err(StorageError::unavailable)?;
        Ok(Object::take(wire))
    }

    /// Cuts a connection when its time is over.
    ///
    /// PostgreSQL has ended the statement by then, so that its silence means that it cannot be heard,
    /// by this connection and most likely by those that lie idle: they are closed before somebody
    /// else waits in vain.
    fn lease(&self, cutter: AbortHandle) -> AbortOnDropHandle<()> {
        let (pool, lease, cuts) = (self.pool.clone(), self.lease, self.cuts.clone());
        AbortOnDropHandle::new(self.runtime.spawn(async move {
            tokio::time::sleep(lease).await;
            // First of all, or whoever is told of the cut may have one of them for the next try.
            let closed = pool.retain(|_, used| used.age() < lease).removed.len();
            cutter.abort();
            cuts.increment(1);
            tracing::warn!(closed, "the database did not answer within {lease:?}");
        }))
    }

    /// Runs `work` in a task of its own and waits for it. The work goes on when the caller goes
    /// away: a future dropped inside a transaction would leave it open, with its locks.
    pub(crate) async fn detached<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, StorageError>> + Send + 'static,
    ) -> Result<T, StorageError> {
        self.runtime
            .spawn(work)
            .await
            .unwrap_or_else(|lost| Err(StorageError::failed(lost)))
    }

    /// Has a look at how much of the pool is in use, whenever somebody wants to know.
    pub(crate) fn watch(&self, gauges: &Gauges) {
        let pool = self.pool.clone();
        let limit = gauge!("boxoffice_pool_limit");
        let connections = gauge!("boxoffice_pool_connections");
        let in_use = gauge!("boxoffice_pool_in_use");
        let waiting = gauge!("boxoffice_pool_waiting");
        gauges.add(move || {
            let status = pool.status();
            limit.set(gauge_value(status.max_size as u64));
            connections.set(gauge_value(status.size as u64));
            in_use.set(gauge_value(
                status.size.saturating_sub(status.available) as u64
            ));
            waiting.set(gauge_value(status.waiting as u64));
        });
    }

    /// Closes the pool: connections in use are closed as they come back.
    pub fn close(&self) {
        self.pool.close();
    }
}

/// A connection in somebody's hands, for a while.
pub(crate) struct Connection {
    // Ends before the connection can be somebody else's.
    lease: AbortOnDropHandle<()>,
    wire: Object<Connector>,
}

impl Connection {
    /// Closes it, and so ends what may be open on it.
    pub(crate) fn cut(self) {
        drop(Object::take(self.wire));
    }
}

impl Deref for Connection {
    type Target = AsyncPgConnection;

    fn deref(&self) -> &AsyncPgConnection {
        &self.wire
    }
}

impl DerefMut for Connection {
    fn deref_mut(&mut self) -> &mut AsyncPgConnection {
        &mut self.wire
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use diesel_async::SimpleAsyncConnection;

    use super::*;
    use crate::error::storage;

    #[tokio::test]
    async fn a_connection_that_is_not_answered_is_cut_with_those_that_lie_idle() {
        let test = test_database::TestDatabase::empty().await;
        let limit = Duration::from_millis(200);
        let config = DatabaseConfig {
            statement_timeout: limit,
            ..DatabaseConfig::new(test.url())
        };
        let database = Database::new(&config).unwrap();
        let idle = database.connection().await.unwrap();
        let mut silent = database.connection().await.unwrap();
        drop(idle);
        assert_eq!(database.pool.status().size, 2);
        let endless = "SET statement_timeout = 0; SELECT pg_sleep(60)";
        let asked = Instant::now();
        let cut = silent.batch_execute(endless).await.map_err(storage);
        assert!(matches!(cut, Err(StorageError::Unavailable(_))), "{cut:?}");
        assert!(asked.elapsed() < Duration::from_secs(10));
        drop(silent);
        let mut new = database.connection().await.unwrap();
        new.batch_execute("SELECT 1").await.unwrap();
        assert_eq!(database.pool.status().size, 1, "the idle one is closed");
    }
}
