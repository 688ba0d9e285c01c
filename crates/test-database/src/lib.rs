//! A real PostgreSQL for tests: one disposable cluster a process, one database a test.
//!
//! The cluster starts at the first use (about a second) and goes away with the process. A template
//! is migrated once; each test gets a clone of it (about 30 ms), so tests run side by side, commit
//! for real, and see each other's locks only when they share a database on purpose.

#![allow(
    clippy::panic,
    reason = "this is test code: without a database the test has failed"
)]

use std::sync::{
    LazyLock,
    atomic::{AtomicU32, Ordering},
};

use adapters_postgres::{Database, DatabaseConfig, migrate};
use private_postgres::{Cluster, Settings};
use tokio::sync::OnceCell;
use tokio_postgres::{Client, NoTls};

static CLUSTER: LazyLock<Cluster> = LazyLock::new(|| {
    let settings = Settings::disposable("boxoffice").with_parameter("max_connections", "400");
    Cluster::start(&settings).unwrap_or_else(|error| panic!("{error}"))
});

static TEMPLATE: OnceCell<()> = OnceCell::const_new();

/// A database of its own for one test.
#[derive(Clone, Debug)]
pub struct TestDatabase {
    url: String,
}

impl TestDatabase {
    /// An empty, migrated database.
    #[allow(
        clippy::missing_panics_doc,
        reason = "a test without a database has failed"
    )]
    pub async fn migrated() -> Self {
        TEMPLATE.get_or_init(make_template).await;
        Self::create("TEMPLATE template_boxoffice STRATEGY file_copy").await
    }

    /// A database without any table.
    pub async fn empty() -> Self {
        Self::create("").await
    }

    async fn create(how: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(1);
        let name = format!("test_{}", COUNT.fetch_add(1, Ordering::Relaxed));
        run(
            &cluster().await.url(),
            &format!("CREATE DATABASE {name} {how}"),
        )
        .await;
        Self {
            url: CLUSTER.url_for(&name),
        }
    }

    /// Where it is.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A plain connection, to look at or to break what is stored.
    pub async fn client(&self) -> Client {
        connect(&self.url).await
    }
}

/// Starting blocks for about a second.
async fn cluster() -> &'static Cluster {
    tokio::task::spawn_blocking(|| &*CLUSTER)
        .await
        .unwrap_or_else(|lost| panic!("{lost}"))
}

async fn make_template() {
    run(&cluster().await.url(), "CREATE DATABASE template_boxoffice").await;
    let url = CLUSTER.url_for("template_boxoffice");
    let database = Database::new(&DatabaseConfig::new(url)).unwrap_or_else(|e| panic!("{e}"));
    migrate(&database).await.unwrap_or_else(|e| panic!("{e:?}"));
    database.close();
    // A database with open connections cannot be cloned, and closing takes effect a moment later.
    let client = connect(&CLUSTER.url()).await;
    let end = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity \
               WHERE datname = 'template_boxoffice'";
    client
        .batch_execute(end)
        .await
        .unwrap_or_else(|e| panic!("{e}"));
}

async fn run(url: &str, statement: &str) {
    let done = connect(url).await.batch_execute(statement).await;
    done.unwrap_or_else(|error| panic!("{statement}: {error:?}"));
}

async fn connect(url: &str) -> Client {
    let connected = tokio_postgres::connect(url, NoTls).await;
    let (client, connection) = connected.unwrap_or_else(|error| panic!("{url}: {error:?}"));
    tokio::spawn(connection);
    client
}
