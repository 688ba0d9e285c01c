//! Two server processes over one PostgreSQL, which can be killed and come back.

use std::{
    path::Path,
    process::ExitStatus,
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use reqwest::{Client, RequestBuilder};
use serde_json::json;

use super::postgres::Postgres;
use crate::{
    server::{Server, command, settings},
    within,
};

/// How many server processes there are.
pub const SERVERS: usize = 2;
/// The `SHUTDOWN_TIMEOUT` of the servers.
pub const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(10);
/// The longest that a server may take to serve.
const BACK_WITHIN: Duration = Duration::from_mins(1);

/// Where the servers listen at the moment. A server that comes back has another address.
pub type Addresses = Arc<RwLock<[String; SERVERS]>>;

/// What is done to the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Blow {
    /// SIGKILL to a server process.
    ServerKill,
    /// SIGKILL to PostgreSQL, the postmaster and all its children at once.
    PostgresKill,
    /// SIGKILL to one of PostgreSQL's processes, after which it ends the others and recovers by itself.
    BackendKill,
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
    servers: [Option<Server>; SERVERS],
    variables: Vec<(String, String)>,
    /// The database of the servers.
    pub postgres: Postgres,
    addresses: Addresses,
    /// Sends requests to the servers.
    pub http: Client,
}

impl Venue {
    /// Starts everything, with the data in `directory`. A forgetful one runs with settings under
    /// which PostgreSQL acknowledges what it can lose.
    pub async fn start(directory: &Path, forgetful: bool) -> Self {
        let postgres = Postgres::start(directory.join("postgres"), forgetful).await;
        let mut variables = settings(postgres.url());
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
            postgres,
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
            Blow::PostgresKill => self.postgres.kill().await,
            Blow::BackendKill => self.postgres.kill_backend().await,
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

    /// Waits until every server is ready and takes a write.
    async fn ready(&self) {
        for url in self.urls() {
            let look = || self.http.get(format!("{url}/health/ready"));
            let write = || self.http.post(format!("{url}/v1/users"));
            let write = || write().json(&json!({"name": "Fan"}));
            let serves = async || succeeds(look()).await && succeeds(write()).await;
            within(BACK_WITHIN, "a server serves", serves).await;
        }
    }

    /// What `boxoffice audit` says is broken; nothing when all promises are kept.
    pub async fn audit(&self) -> Option<String> {
        let audit = command("audit", self.postgres.url()).await;
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
