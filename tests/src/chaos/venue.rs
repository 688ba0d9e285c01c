//! Two server processes over one PostgreSQL, which can be killed and come back.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, ExitStatus},
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use private_postgres::{Cluster, Settings};
use reqwest::{Client, RequestBuilder};
use serde_json::json;
use tokio::task::spawn_blocking;
use tokio_postgres::NoTls;

use crate::server::{Server, command, settings};

/// How many server processes there are.
pub const SERVERS: usize = 2;
/// The `SHUTDOWN_TIMEOUT` of the servers.
pub const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(10);
/// The longest that anything may take to be back.
const BACK_WITHIN: Duration = Duration::from_mins(1);

/// What lets PostgreSQL acknowledge before it writes to its log, and write only when it has to.
const FORGETFUL: [(&str, &str); 3] = [
    ("synchronous_commit", "off"),
    ("wal_buffers", "64MB"),
    ("bgwriter_lru_maxpages", "0"),
];

/// Where the servers listen at the moment. A server that comes back has another address.
pub type Addresses = Arc<RwLock<[String; SERVERS]>>;

/// What is done to the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Blow {
    /// SIGKILL to a server process.
    ServerKill,
    /// SIGKILL to PostgreSQL, the postmaster and all its children at once.
    PostgresKill,
    /// SIGTERM to a server process.
    ServerStop,
}

/// What a blow did, once all is back.
#[derive(Clone, Copy, Debug)]
pub struct Struck {
    /// How long until both servers took writes again.
    pub recovery: Duration,
    /// For a stop, how the process ended and how long that took.
    pub stop: Option<(ExitStatus, Duration)>,
}

/// Two server processes over a PostgreSQL of their own.
#[derive(Debug)]
pub struct Venue {
    directory: PathBuf,
    postgres: Settings,
    cluster: Option<Cluster>,
    variables: Vec<(String, String)>,
    servers: [Option<Server>; SERVERS],
    addresses: Addresses,
    /// Sends requests to the servers.
    pub http: Client,
}

impl Venue {
    /// Starts everything, with the data in `directory`. A forgetful one runs with settings under
    /// which PostgreSQL acknowledges what it can lose.
    pub async fn start(directory: &Path, forgetful: bool) -> Self {
        let mut postgres = Settings::durable(directory.join("postgres"), "boxoffice");
        for (name, value) in FORGETFUL.iter().filter(|_| forgetful) {
            postgres = postgres.with_parameter(*name, *value);
        }
        let cluster = start(&postgres).await;
        let mut variables = settings(&cluster.url());
        let own = [
            ("LOG", "off".to_owned()),
            ("ALLOW_UNSAFE_DURABILITY", forgetful.to_string()),
            ("CAPACITY", "100000".to_owned()),
            ("NO_SHOW_AFTER", "0s".to_owned()),
            ("ACTIVE_TTL", "1d".to_owned()),
            ("SEATS_PER_USER", "50000".to_owned()),
            (
                "SHUTDOWN_TIMEOUT",
                format!("{}s", SHUTDOWN_TIMEOUT.as_secs()),
            ),
        ];
        let own = own.map(|(name, value)| (format!("BOXOFFICE_{name}"), value));
        variables.extend(own);
        let servers = [
            Server::start(&variables).await,
            Server::start(&variables).await,
        ];
        let addresses = servers.each_ref().map(|server| server.url.clone());
        let http = Client::builder().timeout(Duration::from_secs(5));
        Self {
            directory: directory.to_owned(),
            postgres,
            cluster: Some(cluster),
            variables,
            servers: servers.map(Some),
            addresses: Arc::new(RwLock::new(addresses)),
            http: http.build().unwrap(),
        }
    }

    /// Where the servers listen, now and later.
    pub fn addresses(&self) -> Addresses {
        Arc::clone(&self.addresses)
    }

    /// Where the servers listen at the moment.
    pub fn urls(&self) -> [String; SERVERS] {
        look_up(&self.addresses)
    }

    /// Does `blow`, to this server if it is one for a server, and waits until all is back.
    pub async fn strike(&mut self, blow: Blow, server: usize) -> Struck {
        let began = Instant::now();
        let mut stop = None;
        match blow {
            Blow::PostgresKill => self.kill_postgres().await,
            Blow::ServerKill => {
                self.servers[server].take().unwrap().kill().await;
                self.replace(server).await;
            }
            Blow::ServerStop => {
                let status = self.servers[server].take().unwrap().stop().await;
                stop = Some((status, began.elapsed()));
                self.replace(server).await;
            }
        }
        self.ready().await;
        let recovery = began.elapsed();
        Struck { recovery, stop }
    }

    async fn replace(&mut self, place: usize) {
        let server = Server::start(&self.variables).await;
        let mut addresses = self.addresses.write().unwrap();
        addresses[place].clone_from(&server.url);
        self.servers[place] = Some(server);
    }

    /// Kills PostgreSQL and starts it again on the same data.
    async fn kill_postgres(&mut self) {
        let pid_file = self.directory.join("postgres/data/postmaster.pid");
        let cluster = self.cluster.take().unwrap();
        let settings = self.postgres.clone();
        let back = spawn_blocking(move || {
            kill_family(&first_line(&pid_file));
            let deadline = Instant::now() + BACK_WITHIN;
            while cluster.is_alive() {
                assert!(Instant::now() < deadline, "PostgreSQL survived its kill");
                std::thread::sleep(Duration::from_millis(1));
            }
            // Its end frees the lock of the data directory.
            drop(cluster);
            Cluster::start(&settings).unwrap()
        });
        self.cluster = Some(back.await.unwrap());
    }

    /// Waits until every server is ready and takes a write.
    async fn ready(&self) {
        let deadline = Instant::now() + BACK_WITHIN;
        for url in self.urls() {
            let look = || self.http.get(format!("{url}/health/ready"));
            let write = || self.http.post(format!("{url}/v1/users"));
            let write = || write().json(&json!({"name": "Fan"}));
            while !(succeeds(look()).await && succeeds(write()).await) {
                assert!(Instant::now() < deadline, "{url} is not ready again");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }

    /// Holds up PostgreSQL's log writer, so that what is acknowledged without having been written is
    /// not written a moment later: what a forgetful PostgreSQL loses is then certain.
    pub async fn hold_up_log(&self) {
        const WRITER: &str =
            "SELECT pid::text FROM pg_stat_activity WHERE backend_type = 'walwriter'";
        let writer = self.database().await.query_one(WRITER, &[]).await.unwrap();
        signal("STOP", &[writer.get(0)]);
    }

    /// A connection to the database, to look at what is stored.
    pub async fn database(&self) -> tokio_postgres::Client {
        let url = self.cluster.as_ref().unwrap().url();
        let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    }

    /// What `boxoffice audit` says is broken; nothing when all promises are kept.
    pub async fn audit(&self) -> Option<String> {
        let url = self.cluster.as_ref().unwrap().url();
        let audit = command("audit", &url).await;
        let said = [audit.stdout, audit.stderr].concat();
        (!audit.status.success()).then(|| String::from_utf8_lossy(&said).into_owned())
    }
}

async fn succeeds(request: RequestBuilder) -> bool {
    let answer = request.send().await;
    answer.is_ok_and(|answer| answer.status().is_success())
}

/// Where the servers listen at the moment.
pub fn look_up(addresses: &Addresses) -> [String; SERVERS] {
    let addresses = addresses.read().unwrap_or_else(PoisonError::into_inner);
    addresses.clone()
}

async fn start(settings: &Settings) -> Cluster {
    let settings = settings.clone();
    let started = spawn_blocking(move || Cluster::start(&settings));
    started.await.unwrap().unwrap()
}

fn first_line(file: &Path) -> String {
    let text = fs::read_to_string(file).unwrap();
    text.lines().next().unwrap().trim().to_owned()
}

/// Kills a process and its children at once. It is stopped before, so that it can neither have
/// another child nor do anything about the death of one.
fn kill_family(parent: &str) {
    signal("STOP", &[parent]);
    let all = Command::new("ps").args(["-A", "-o", "pid=,ppid="]).output();
    let all = String::from_utf8(all.unwrap().stdout).unwrap();
    let mut family = vec![parent];
    family.extend(all.lines().filter_map(|line| {
        let (child, of) = line.trim().split_once(char::is_whitespace)?;
        (of.trim() == parent).then_some(child)
    }));
    assert!(family.len() > 1, "PostgreSQL has no children");
    signal("KILL", &family);
}

fn signal(name: &str, processes: &[&str]) {
    let mut kill = Command::new("kill");
    kill.arg(format!("-{name}")).args(processes);
    // A child may have ended by itself in the meantime, which `kill` complains about.
    kill.output().unwrap();
}
