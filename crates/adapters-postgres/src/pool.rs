//! Connections to PostgreSQL.

use std::{future::Future, time::Duration};

use ::deadpool::managed::QueueMode;
use diesel::{ConnectionError, ConnectionResult};
use diesel_async::{
    AsyncPgConnection,
    pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod, deadpool},
};
use domain::storage::StorageError;
use futures_util::FutureExt;
use rustls_platform_verifier::ConfigVerifierExt;
use tokio::runtime::Handle;
use tokio_postgres::{
    Config, NoTls, Socket,
    config::{Host, SslMode},
    tls::{MakeTlsConnect, TlsConnect, TlsStream},
};
use tokio_postgres_rustls::MakeRustlsConnect;

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
    /// The server ends a statement after this.
    pub statement_timeout: Duration,
    /// The server gives up waiting for a row lock after this.
    pub lock_timeout: Duration,
    /// The server ends a transaction that its client has forgotten after this.
    pub idle_in_transaction_timeout: Duration,
}

impl DatabaseConfig {
    /// A small pool and the default timeouts.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            pool_size: 10,
            connect_timeout: Duration::from_secs(2),
            statement_timeout: Duration::from_secs(2),
            lock_timeout: Duration::from_millis(1_500),
            idle_in_transaction_timeout: Duration::from_secs(5),
        }
    }
}

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
    Pool(#[source] ::deadpool::managed::BuildError),
}

/// Requests look rows up by their keys. On the opening night the tables are empty when the first
/// plans are made, and a planner that finds them small would scan them and keep on doing so while
/// they grow. (JIT would compile what is only forced, not expensive.)
const BY_KEY: &str = "-c plan_cache_mode=force_generic_plan -c enable_seqscan=off \
    -c enable_hashjoin=off -c enable_mergejoin=off -c jit=off";

pub(crate) type Connection = deadpool::Object<AsyncPgConnection>;

/// A pool of connections to the database.
#[derive(Clone)]
pub struct Database {
    pool: deadpool::Pool<AsyncPgConnection>,
    runtime: Handle,
}

impl Database {
    /// A pool for `config`. Connects lazily: nothing is tried yet.
    ///
    /// Must be called within the runtime that outlives all connections: they are driven by its
    /// tasks, whichever thread asks for them.
    pub fn new(config: &DatabaseConfig) -> Result<Self, ConfigError> {
        let runtime = Handle::current();
        let connector = Connector::new(config)?;
        let spawn_on = runtime.clone();
        let mut manager = ManagerConfig::default();
        manager.recycling_method = RecyclingMethod::Fast;
        manager.custom_setup = Box::new(move |_| {
            let (connector, runtime) = (connector.clone(), spawn_on.clone());
            async move {
                let connected = runtime
                    .spawn(async move { connector.connect().await })
                    .await;
                connected.unwrap_or_else(|e| Err(ConnectionError::BadConnection(e.to_string())))
            }
            .boxed()
        });
        let manager = AsyncDieselConnectionManager::new_with_config("", manager);
        let pool = deadpool::Pool::builder(manager)
            .max_size(config.pool_size)
            // The one used last has its tables and statements in the processor's caches.
            .queue_mode(QueueMode::Lifo)
            .runtime(::deadpool::Runtime::Tokio1)
            .wait_timeout(Some(config.connect_timeout))
            .create_timeout(Some(config.connect_timeout))
            .recycle_timeout(Some(config.connect_timeout))
            .build()
            .map_err(ConfigError::Pool)?;
        Ok(Self { pool, runtime })
    }

    /// A connection from the pool.
    pub(crate) async fn connection(&self) -> Result<Connection, StorageError> {
        self.pool.get().await.map_err(StorageError::unavailable)
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

    /// Closes the pool: connections in use are closed as they come back.
    pub fn close(&self) {
        self.pool.close();
    }
}

#[derive(Clone)]
struct Connector {
    config: Config,
    tls: Option<MakeRustlsConnect>,
}

impl Connector {
    fn new(config: &DatabaseConfig) -> Result<Self, ConfigError> {
        let mut postgres: Config = config.url.parse().map_err(ConfigError::Url)?;
        let limits = format!(
            "{BY_KEY} -c statement_timeout={} -c lock_timeout={} \
             -c idle_in_transaction_session_timeout={}",
            config.statement_timeout.as_millis(),
            config.lock_timeout.as_millis(),
            config.idle_in_transaction_timeout.as_millis(),
        );
        let given = postgres.get_options().unwrap_or_default();
        postgres
            .options(format!("{limits} {given}"))
            .application_name("boxoffice")
            .connect_timeout(config.connect_timeout)
            .tcp_user_timeout(config.connect_timeout);
        let tls = if Self::needs_tls(&postgres) {
            Some(tls_connector()?)
        } else {
            None
        };
        Ok(Self {
            config: postgres,
            tls,
        })
    }

    fn needs_tls(config: &Config) -> bool {
        let over_tcp = config
            .get_hosts()
            .iter()
            .any(|host| matches!(host, Host::Tcp(_)));
        over_tcp && config.get_ssl_mode() != SslMode::Disable
    }

    async fn connect(&self) -> ConnectionResult<AsyncPgConnection> {
        match self.tls.clone() {
            Some(tls) => self.connect_with(tls).await,
            None => self.connect_with(NoTls).await,
        }
    }

    async fn connect_with<T>(&self, tls: T) -> ConnectionResult<AsyncPgConnection>
    where
        T: MakeTlsConnect<Socket> + Send,
        T::Stream: TlsStream + Unpin + Send + 'static,
        T::TlsConnect: Send,
        <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
    {
        let connected = self.config.connect(tls).await;
        let (client, connection) =
            connected.map_err(|e| ConnectionError::BadConnection(describe(&e)))?;
        AsyncPgConnection::try_from_client_and_connection(client, connection).await
    }
}

fn tls_connector() -> Result<MakeRustlsConnect, ConfigError> {
    // The provider is the same for the whole process; someone else may have set it before.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let config = rustls::ClientConfig::with_platform_verifier().map_err(ConfigError::Tls)?;
    Ok(MakeRustlsConnect::new(config))
}

/// The chain of causes, each once: the outermost one says little.
fn describe(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.ends_with(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        cause = inner.source();
    }
    text
}
