//! What a benchmark runs on: a PostgreSQL of its own with default durability, and the server.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Stdio,
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use private_postgres::{Cluster, Settings};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};
use tokio_postgres::{Client, NoTls};

use crate::alone::Alone;

/// The operator's key of the benchmarked servers.
pub const OPERATOR_KEY: &str = "operator-key-of-the-benchmark";

/// A durable cluster in a directory of its own, removed at the end.
pub struct Stage {
    cluster: Option<Cluster>,
    directory: PathBuf,
}

impl Stage {
    /// Starts PostgreSQL as it comes out of the box.
    pub async fn set() -> Result<Self> {
        Self::set_with(&[]).await
    }

    /// Starts PostgreSQL with these settings besides. There can be several stages at a time.
    pub async fn set_with(parameters: &[(&str, &str)]) -> Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("boxoffice-bench-{}-{number}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        let mut settings = Settings::durable(directory.join("postgres"), "boxoffice")
            .with_parameter("max_connections", "200");
        for (name, value) in parameters {
            settings = settings.with_parameter(*name, *value);
        }
        let cluster = tokio::task::spawn_blocking(move || Cluster::start(&settings));
        Ok(Self {
            cluster: Some(cluster.await??),
            directory,
        })
    }

    /// Where the database is.
    pub fn url(&self) -> String {
        self.cluster.as_ref().map(Cluster::url).unwrap_or_default()
    }

    /// Where PostgreSQL's socket is, for its own programs.
    pub fn socket(&self) -> PathBuf {
        self.directory.join("postgres/socket")
    }

    /// A connection for setting things up and looking at what came of it.
    pub async fn client(&self) -> Result<Client> {
        let (client, connection) = tokio_postgres::connect(&self.url(), NoTls).await?;
        tokio::spawn(connection);
        Ok(client)
    }

    /// Starts a server process with these settings on the stage's database.
    pub async fn server(&self, settings: &[(&str, &str)]) -> Result<Server> {
        let started = Instant::now();
        let mut child = Command::new(server_program()?)
            .arg("serve")
            .env("BOXOFFICE_DATABASE_URL", self.url())
            .env("BOXOFFICE_LISTEN", "127.0.0.1:0")
            .env("BOXOFFICE_OPERATOR_KEY", OPERATOR_KEY)
            .env("BOXOFFICE_TOKEN_SECRET", "0123456789abcdef0123456789abcdef")
            .env("BOXOFFICE_LOG", "warn")
            .envs(
                settings
                    .iter()
                    .map(|(name, value)| (format!("BOXOFFICE_{name}"), *value)),
            )
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("the server cannot be started")?;
        let stdout = child.stdout.take().context("the server has no output")?;
        let line = BufReader::new(stdout).lines().next_line().await?;
        let line = line.context("the server ended before it listened")?;
        let address = line
            .strip_prefix("listening on http://")
            .context(line.clone())?
            .parse()?;
        Ok(Server {
            child,
            address,
            ready_after: started.elapsed(),
        })
    }

    /// A second database with the same tables, for pgbench.
    pub async fn alone(&self) -> Result<Alone> {
        self.client()
            .await?
            .batch_execute("CREATE DATABASE alone")
            .await?;
        let url = self
            .cluster
            .as_ref()
            .map(|cluster| cluster.url_for("alone"))
            .unwrap_or_default();
        let mut migrate = Command::new(server_program()?);
        let migrated = migrate
            .arg("migrate")
            .env("BOXOFFICE_DATABASE_URL", &url)
            .output()
            .await?;
        anyhow::ensure!(
            migrated.status.success(),
            "{}",
            String::from_utf8_lossy(&migrated.stderr)
        );
        let (client, connection) = tokio_postgres::connect(&url, NoTls).await?;
        tokio::spawn(connection);
        Alone::set(&client).await
    }

    /// Runs `boxoffice audit` and fails with what it says when a promise is broken.
    pub async fn audit(&self) -> Result<()> {
        let mut audit = Command::new(server_program()?);
        audit.arg("audit").env("BOXOFFICE_DATABASE_URL", self.url());
        let audit = audit.output().await?;
        if !audit.status.success() {
            let found = String::from_utf8_lossy(&audit.stdout);
            let failed = String::from_utf8_lossy(&audit.stderr);
            bail!("the audit failed\n{found}{failed}");
        }
        Ok(())
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        drop(self.cluster.take());
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// The server that was built with this program.
fn server_program() -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    let program = own.parent().unwrap_or(Path::new(".")).join("boxoffice");
    anyhow::ensure!(
        program.exists(),
        "{} is missing; build it first",
        program.display()
    );
    Ok(program)
}

/// A running server process; killed when dropped.
pub struct Server {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    /// How long it took to be ready.
    pub ready_after: Duration,
}

impl Server {
    /// Its resident memory in MiB.
    pub fn resident_mib(&self) -> Result<f64> {
        let pid = self.child.id().context("the server has ended")?;
        let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
        let line = status
            .lines()
            .find(|line| line.starts_with("VmRSS:"))
            .context("no VmRSS")?;
        let kib: f64 = line
            .split_whitespace()
            .nth(1)
            .context("no VmRSS")?
            .parse()?;
        Ok(kib / 1024.0)
    }
}
