//! What a run stands on: a PostgreSQL of its own with default durability, and the server.

use std::{
    fs::{self, OpenOptions},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Stdio,
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use private_postgres::{Cluster, Settings};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};
use tokio_postgres::{Client, NoTls};

/// The operator's key of the servers of a stage.
pub const OPERATOR_KEY: &str = "operator-key-of-the-stage";

/// The database of [`Stage::server`].
const DATABASE: &str = "boxoffice";

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

    /// Starts PostgreSQL as it comes out of the box but for these parameters. There can be several
    /// stages at a time.
    pub async fn set_with(parameters: &[(&str, &str)]) -> Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("boxoffice-stage-{}-{number}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        let settings = Settings::durable(directory.join("postgres"), DATABASE);
        let settings = parameters.iter().fold(settings, |settings, (name, value)| {
            settings.with_parameter(*name, *value)
        });
        let cluster = tokio::task::spawn_blocking(move || Cluster::start(&settings));
        Ok(Self {
            cluster: Some(cluster.await??),
            directory,
        })
    }

    /// The URL of one of its databases.
    pub fn url_for(&self, database: &str) -> String {
        let cluster = self.cluster.as_ref();
        cluster
            .map(|cluster| cluster.url_for(database))
            .unwrap_or_default()
    }

    /// Where PostgreSQL's socket is, for its own programs.
    pub fn socket(&self) -> PathBuf {
        self.directory.join("postgres/socket")
    }

    /// A directory for files that are gone at the end.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// A connection for setting things up and looking at what came of it.
    pub async fn client(&self) -> Result<Client> {
        self.client_of(DATABASE).await
    }

    /// The same to another database.
    pub async fn client_of(&self, database: &str) -> Result<Client> {
        let (client, connection) = tokio_postgres::connect(&self.url_for(database), NoTls).await?;
        tokio::spawn(connection);
        Ok(client)
    }

    /// Starts a server process with these settings on the stage's database.
    pub async fn server(&self, settings: &[(&str, &str)]) -> Result<Server> {
        self.server_on(DATABASE, settings).await
    }

    /// The same on another database.
    pub async fn server_on(&self, database: &str, settings: &[(&str, &str)]) -> Result<Server> {
        let started = Instant::now();
        let log = self.directory.join("server.log");
        let file = OpenOptions::new().create(true).append(true).open(&log)?;
        let mut child = boxoffice(&["serve"], &self.url_for(database))?
            .env("BOXOFFICE_LISTEN", "127.0.0.1:0")
            .env("BOXOFFICE_OPERATOR_KEY", OPERATOR_KEY)
            .env("BOXOFFICE_TOKEN_SECRET", "0123456789abcdef0123456789abcdef")
            .envs(
                settings
                    .iter()
                    .map(|(name, value)| (format!("BOXOFFICE_{name}"), *value)),
            )
            .stdout(Stdio::piped())
            .stderr(file)
            .kill_on_drop(true)
            .spawn()
            .context("the server cannot be started")?;
        let stdout = child.stdout.take().context("the server has no output")?;
        let line = BufReader::new(stdout).lines().next_line().await?;
        let line =
            line.with_context(|| format!("the server ended before it listened: {}", end_of(&log)))?;
        let address = line
            .strip_prefix("listening on http://")
            .context(line.clone())?
            .parse()?;
        Ok(Server {
            child,
            log,
            address,
            ready_after: started.elapsed(),
        })
    }

    /// Runs `boxoffice audit` and fails with what it says when a promise is broken.
    pub async fn audit(&self) -> Result<()> {
        self.audit_of(DATABASE).await
    }

    /// The same on another database.
    pub async fn audit_of(&self, database: &str) -> Result<()> {
        self.run("audit", database).await
    }

    /// Runs a command of the server on a database and fails with what it says.
    pub async fn run(&self, command: &str, database: &str) -> Result<()> {
        run(&[command], &self.url_for(database)).await.map(drop)
    }

    /// Makes an empty database, in place of the one that may be there.
    pub async fn make_database(&self, database: &str) -> Result<()> {
        let client = self.client().await?;
        for statement in [
            format!("DROP DATABASE IF EXISTS {database} WITH (FORCE)"),
            format!("CREATE DATABASE {database}"),
        ] {
            client.batch_execute(&statement).await?;
        }
        Ok(())
    }

    /// The process id of PostgreSQL's first process.
    pub fn postmaster(&self) -> Result<u32> {
        let file = self.directory.join("postgres/data/postmaster.pid");
        let text = fs::read_to_string(&file).context("where is PostgreSQL's pid file?")?;
        let pid = text.lines().next().unwrap_or_default().trim();
        pid.parse()
            .context("PostgreSQL's pid file names no process")
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        drop(self.cluster.take());
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// A command of the server, with the default configuration whatever this program's environment is.
fn boxoffice(arguments: &[&str], url: &str) -> Result<Command> {
    let mut boxoffice = Command::new(server_program()?);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("BOXOFFICE_") {
            boxoffice.env_remove(name);
        }
    }
    boxoffice.args(arguments).env("BOXOFFICE_DATABASE_URL", url);
    Ok(boxoffice)
}

/// Runs a command of the server on the database at `url`: what it prints, or all it says as an error.
pub async fn run(arguments: &[&str], url: &str) -> Result<String> {
    let done = boxoffice(arguments, url)?
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await?;
    let told = String::from_utf8_lossy(&done.stdout).into_owned();
    let failed = String::from_utf8_lossy(&done.stderr);
    let command = arguments.join(" ");
    ensure!(
        done.status.success(),
        "`boxoffice {command}` failed\n{told}{failed}"
    );
    Ok(told)
}

/// The last lines of a log.
fn end_of(log: &Path) -> String {
    const LINES: usize = 10;
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(LINES)..].join("\n")
}

/// The server that was built with this program.
fn server_program() -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    let program = own.parent().unwrap_or(Path::new(".")).join("boxoffice");
    ensure!(
        program.exists(),
        "{} is missing; build it first",
        program.display()
    );
    Ok(program)
}

/// A running server process; killed when dropped.
pub struct Server {
    child: Child,
    log: PathBuf,
    /// Where it listens.
    pub address: SocketAddr,
    /// How long it took to be ready.
    pub ready_after: Duration,
}

impl Server {
    /// Its process id.
    pub fn pid(&self) -> Result<u32> {
        self.child.id().context("the server has ended")
    }

    /// Ends it at once.
    pub async fn kill(mut self) -> Result<()> {
        Ok(self.child.kill().await?)
    }

    /// The last it wrote to its log.
    pub fn end_of_log(&self) -> String {
        end_of(&self.log)
    }

    /// Its resident memory in MiB.
    pub fn resident_mib(&self) -> Result<f64> {
        let pid = self.pid()?;
        let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
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
