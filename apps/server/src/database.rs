//! Which database: the one that was named, or a private one, running already or started now.

use std::{path::Path, time::Duration};

use adapters_postgres::{ConfigError, Database, DatabaseConfig};
use anyhow::{Context, Error, Result, anyhow, bail};
use domain::storage::StorageError;
use private_postgres::Settings;
use secrecy::{ExposeSecret, SecretString};
use tokio::time::{Instant, sleep};

use crate::{
    config::Location,
    data_dir,
    private::{self, PrivatePostgres},
};

/// Connections for everyone else: other commands, other programs, PostgreSQL's own.
const SPARE_CONNECTIONS: usize = 30;
/// How long a server that is just starting may take until a command can use its database.
const STARTING: Duration = Duration::from_secs(30);

/// A database to work with, and the PostgreSQL below it if that is ours to stop.
pub struct Opened {
    url: SecretString,
    connect_timeout: Duration,
    private: Option<PrivatePostgres>,
}

impl Opened {
    /// The server's database: the one that was named, or its own in `data_dir`, which no other
    /// server uses.
    pub async fn for_server(
        location: &Location,
        data_dir: Option<&Path>,
        pool_size: usize,
    ) -> Result<Self> {
        if let Some(url) = location.database_url() {
            return Ok(Self::named(url, location));
        }
        let data_dir = data_dir.context("there is no directory for a private PostgreSQL")?;
        let connections = (pool_size + SPARE_CONNECTIONS).max(100).to_string();
        let settings = private::settings(data_dir).with_parameter("max_connections", connections);
        Self::private(settings, location).await
    }

    /// The database for a command beside the server: the one that was named, that of a running
    /// server, or the private one, started now.
    pub async fn for_command(location: &Location) -> Result<Self> {
        location.check()?;
        if let Some(url) = location.database_url() {
            return Ok(Self::named(url, location));
        }
        let data_dir = data_dir::choose(location.data_dir())?;
        data_dir::make(&data_dir)?;
        let settings = private::settings(&data_dir);
        let deadline = Instant::now() + STARTING;
        loop {
            if let Some(url) = private::running(settings.clone()).await? {
                return Ok(Self::named(&SecretString::from(url), location));
            }
            match Self::private(settings.clone(), location).await {
                Err(error) if private::is_in_use(&error) && Instant::now() < deadline => {}
                opened => return opened,
            }
            sleep(Duration::from_millis(100)).await;
        }
    }

    /// The database that was named, or the private one if somebody runs it. Starts nothing.
    pub async fn running(location: &Location) -> Result<Option<Self>> {
        location.check()?;
        if let Some(url) = location.database_url() {
            return Ok(Some(Self::named(url, location)));
        }
        let data_dir = data_dir::choose(location.data_dir())?;
        let url = private::running(private::settings(&data_dir)).await?;
        Ok(url.map(|url| Self::named(&SecretString::from(url), location)))
    }

    /// As [`Self::for_command`], but only if there is a database already.
    pub async fn existing(location: &Location) -> Result<Self> {
        if location.database_url().is_none() {
            let data_dir = data_dir::choose(location.data_dir())?;
            if is_missing(&private::settings(&data_dir).data_dir) {
                bail!(
                    "there is no database in {} yet: start `boxoffice serve` first, or say where \
                     it is with --data-dir or --database-url",
                    data_dir.display()
                );
            }
        }
        Self::for_command(location).await
    }

    fn named(url: &SecretString, location: &Location) -> Self {
        let (url, connect_timeout) = (url.clone(), location.connect_timeout);
        Self {
            url,
            connect_timeout,
            private: None,
        }
    }

    async fn private(settings: Settings, location: &Location) -> Result<Self> {
        let private = PrivatePostgres::start(settings).await?;
        let url = SecretString::from(private.url());
        let connect_timeout = location.connect_timeout;
        Ok(Self {
            url,
            connect_timeout,
            private: Some(private),
        })
    }

    /// How to connect to it.
    pub fn config(&self) -> DatabaseConfig {
        DatabaseConfig {
            connect_timeout: self.connect_timeout,
            ..DatabaseConfig::new(self.url.expose_secret())
        }
    }

    /// A small pool for long work, such as bringing tables up to date.
    pub fn patient(&self) -> Result<Database> {
        let hours = Duration::from_hours(12);
        pool(&DatabaseConfig {
            pool_size: 2,
            statement_timeout: hours,
            lock_timeout: hours / 2,
            ..self.config()
        })
    }

    /// Stops PostgreSQL, if it was started here.
    pub async fn close(self) -> Result<()> {
        match self.private {
            Some(private) => private.stop().await.context("PostgreSQL did not stop"),
            None => Ok(()),
        }
    }
}

/// A pool of connections. A URL that is not understood is not quoted: it may hold a password.
pub fn pool(config: &DatabaseConfig) -> Result<Database> {
    Database::new(config).map_err(|error| match error {
        ConfigError::Url(_) => anyhow!("{error}"),
        error => Error::new(error),
    })
}

/// Runs `work` on the database of `opened`, and closes both.
pub async fn with<T>(opened: Opened, work: impl AsyncFnOnce(Database) -> Result<T>) -> Result<T> {
    let done = match opened.patient() {
        Ok(database) => {
            let done = work(database.clone()).await;
            database.close();
            done
        }
        Err(error) => Err(error),
    };
    let closed = opened.close().await;
    let done = done?;
    closed.map(|()| done)
}

/// Says what can be done about a database that cannot be reached.
pub fn unreachable(error: StorageError) -> Error {
    match error {
        // What the layers in between have to say helps nobody here.
        StorageError::Unavailable(cause) => anyhow!("{}", Error::new(cause).root_cause()).context(
            "the database cannot be reached (see that PostgreSQL runs, and that --database-url or \
             BOXOFFICE_DATABASE_URL is right)",
        ),
        error => Error::new(error),
    }
}

/// What may not be looked into is not missing.
fn is_missing(path: &Path) -> bool {
    matches!(path.try_exists(), Ok(false))
}
