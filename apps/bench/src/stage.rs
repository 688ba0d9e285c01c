//! What benchmarks need of a stage besides: pgbench's database, and houses.

use anyhow::Result;
pub use load_client::stage::{OPERATOR_KEY, Server, Stage};
use tokio_postgres::Client;

use crate::{alone::Alone, cpu::Meter};

/// The database that pgbench works on.
pub const ALONE: &str = "alone";
/// The database of a [`House`].
const HOUSE: &str = "house";

/// A second database with the same tables, for pgbench.
pub async fn alone(stage: &Stage) -> Result<Alone> {
    stage.make_database(ALONE).await?;
    stage.run("migrate", ALONE).await?;
    Alone::set(&stage.client_of(ALONE).await?).await
}

/// A server on a database of its own, for one round: what one round leaves behind, such as holds and
/// tokens that run out a minute later, does not disturb the next.
pub struct House<'a> {
    stage: &'a Stage,
    /// The server.
    pub server: Server,
    /// A connection to the database.
    pub client: Client,
    /// Measures the CPU time of the server and of PostgreSQL.
    pub meter: Meter,
}

impl<'a> House<'a> {
    /// A server with these settings on a new database.
    pub async fn open(stage: &'a Stage, settings: &[(&str, &str)]) -> Result<Self> {
        stage.make_database(HOUSE).await?;
        let server = stage.server_on(HOUSE, settings).await?;
        let meter = Meter {
            server: server.pid()?,
            postmaster: stage.postmaster()?,
        };
        Ok(House {
            stage,
            server,
            client: stage.client_of(HOUSE).await?,
            meter,
        })
    }

    /// Fails when a promise is broken.
    pub async fn audit(&self) -> Result<()> {
        self.stage.audit_of(HOUSE).await
    }

    /// Stops the server and removes the database, so that nothing of it works while others are
    /// measured.
    pub async fn close(self) -> Result<()> {
        self.server.kill().await?;
        drop(self.client);
        let client = self.stage.client().await?;
        let drop = format!("DROP DATABASE {HOUSE} WITH (FORCE)");
        Ok(client.batch_execute(&drop).await?)
    }
}

/// What PostgreSQL has to do after many changes, done before a measurement and not during it.
pub async fn settle(client: &Client) -> Result<()> {
    client.batch_execute("VACUUM ANALYZE").await?;
    Ok(client.batch_execute("CHECKPOINT").await?)
}
