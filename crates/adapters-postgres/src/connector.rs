//! How connections are opened, and how they are cut.

use std::{
    ops::{Deref, DerefMut},
    time::Duration,
};

use deadpool::managed::{Manager, Metrics, RecycleError, RecycleResult};
use diesel::{ConnectionError, ConnectionResult};
use diesel_async::{AsyncPgConnection, pooled_connection::PoolableConnection};
use rustls_platform_verifier::ConfigVerifierExt;
use tokio::runtime::Handle;
use tokio_postgres::{
    Config, NoTls, Socket,
    config::{Host, SslMode},
    tls::{MakeTlsConnect, TlsConnect, TlsStream},
};
use tokio_postgres_rustls::MakeRustlsConnect;
use tokio_util::task::AbortOnDropHandle;

use crate::pool::{ConfigError, DatabaseConfig};

/// Requests look rows up by their keys. On the opening night the tables are empty when the first
/// plans are made, and a planner that finds them small would scan them and keep on doing so while
/// they grow. (JIT would compile what is only forced, not expensive.)
const BY_KEY: &str = "-c plan_cache_mode=force_generic_plan -c enable_seqscan=off \
    -c enable_hashjoin=off -c enable_mergejoin=off -c jit=off";

/// A connection and the task that reads and writes for it.
pub(crate) struct Wire {
    postgres: AsyncPgConnection,
    driver: AbortOnDropHandle<()>,
}

impl Wire {
    /// What cuts the connection, whoever waits for an answer on it: they are told that it is closed.
    pub(crate) fn cutter(&self) -> tokio::task::AbortHandle {
        self.driver.abort_handle()
    }
}

impl Deref for Wire {
    type Target = AsyncPgConnection;

    fn deref(&self) -> &AsyncPgConnection {
        &self.postgres
    }
}

impl DerefMut for Wire {
    fn deref_mut(&mut self) -> &mut AsyncPgConnection {
        &mut self.postgres
    }
}

/// Opens connections for the pool.
pub(crate) struct Connector {
    opening: Opening,
    runtime: Handle,
}

impl Connector {
    /// Opens connections as `config` says. They are driven on the current runtime, whichever thread
    /// asks for them.
    pub(crate) fn new(config: &DatabaseConfig) -> Result<Self, ConfigError> {
        Ok(Self {
            opening: Opening::new(config)?,
            runtime: Handle::current(),
        })
    }
}

impl Manager for Connector {
    type Type = Wire;
    type Error = ConnectionError;

    async fn create(&self) -> ConnectionResult<Wire> {
        let (opening, runtime) = (self.opening.clone(), self.runtime.clone());
        // Given up with whoever waits for it.
        let opened = AbortOnDropHandle::new(
            self.runtime
                .spawn(async move { opening.open(&runtime).await }),
        );
        opened
            .await
            .unwrap_or_else(|lost| Err(ConnectionError::BadConnection(lost.to_string())))
    }

    async fn recycle(&self, wire: &mut Wire, _: &Metrics) -> RecycleResult<ConnectionError> {
        // It is closed, or in a transaction that was never ended.
        if wire.postgres.is_broken() {
            return Err(RecycleError::message("broken"));
        }
        Ok(())
    }
}

#[derive(Clone)]
struct Opening {
    config: Config,
    tls: Option<MakeRustlsConnect>,
}

impl Opening {
    fn new(config: &DatabaseConfig) -> Result<Self, ConfigError> {
        let mut postgres: Config = config.url.parse().map_err(ConfigError::Url)?;
        let millis = |limit: Duration| limit.as_millis().to_string();
        let limits = format!(
            "{BY_KEY} -c statement_timeout={} -c lock_timeout={} \
             -c idle_in_transaction_session_timeout={}",
            millis(config.statement_timeout),
            millis(config.lock_timeout),
            // Whoever waits for the locks of one who is silent gets them in time.
            millis(config.lock_timeout / 2),
        );
        let given = postgres.get_options().unwrap_or_default();
        postgres
            .options(format!("{limits} {given}"))
            .application_name("boxoffice")
            .connect_timeout(config.connect_timeout)
            .tcp_user_timeout(config.connect_timeout);
        let tls = needs_tls(&postgres).then(tls_connector).transpose()?;
        Ok(Self {
            config: postgres,
            tls,
        })
    }

    async fn open(&self, runtime: &Handle) -> ConnectionResult<Wire> {
        match self.tls.clone() {
            Some(tls) => self.open_with(tls, runtime).await,
            None => self.open_with(NoTls, runtime).await,
        }
    }

    async fn open_with<T>(&self, tls: T, runtime: &Handle) -> ConnectionResult<Wire>
    where
        T: MakeTlsConnect<Socket> + Send,
        T::Stream: TlsStream + Unpin + Send + 'static,
        T::TlsConnect: Send,
        <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
    {
        let connected = self.config.connect(tls).await;
        let (client, connection) =
            connected.map_err(|e| ConnectionError::BadConnection(describe(&e)))?;
        let driver = runtime.spawn(async move {
            // Whoever waits for an answer learns of it, too.
            if let Err(error) = connection.await {
                tracing::debug!(error = describe(&error), "a connection has ended");
            }
        });
        Ok(Wire {
            driver: AbortOnDropHandle::new(driver),
            postgres: AsyncPgConnection::try_from(client).await?,
        })
    }
}

fn needs_tls(config: &Config) -> bool {
    let mut hosts = config.get_hosts().iter();
    let over_tcp = hosts.any(|host| matches!(host, Host::Tcp(_)));
    over_tcp && config.get_ssl_mode() != SslMode::Disable
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
