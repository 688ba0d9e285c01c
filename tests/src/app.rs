//! Several server processes over one database.

use std::time::Duration;

use reqwest::Client;
use serde_json::Value;
use test_database::TestDatabase;

use crate::{
    fan::{Answer, Fan},
    operator::Operator,
    server::{Server, command, named, settings as common},
};

/// A server closes a connection that rests for 75 seconds. A client that rests for less, as proxies
/// do, does not send a request into a connection that is being closed.
fn client() -> Client {
    let patient = Client::builder().pool_idle_timeout(Duration::from_mins(1));
    patient.build().unwrap()
}

/// Server processes over a database of their own.
pub struct App {
    /// The database.
    pub database: TestDatabase,
    /// The processes.
    pub servers: Vec<Server>,
    /// For requests as nobody or as the operator.
    pub http: Client,
    variables: Vec<(String, String)>,
}

impl App {
    /// Starts so many processes with the default configuration.
    pub async fn start(processes: usize) -> Self {
        Self::with(processes, &[]).await
    }

    /// Starts so many processes with these settings, for example `("HOLD_TTL", "1s")`.
    pub async fn with(processes: usize, settings: &[(&str, &str)]) -> Self {
        let database = TestDatabase::migrated().await;
        let url = database.url().to_owned();
        Self::over(database, &url, processes, settings).await
    }

    /// The same on this database, which the processes reach at `url`.
    pub async fn over(
        database: TestDatabase,
        url: &str,
        processes: usize,
        settings: &[(&str, &str)],
    ) -> Self {
        let mut variables = common(url);
        variables.extend(named(&[("ALLOW_UNSAFE_DURABILITY", "true")]));
        variables.extend(named(settings));
        let mut app = Self {
            database,
            servers: Vec::new(),
            http: client(),
            variables,
        };
        for _ in 0..processes {
            app.add(&[]).await;
        }
        app
    }

    /// Starts one more process, with these settings over those of the others.
    pub async fn add(&mut self, settings: &[(&str, &str)]) -> &Server {
        let variables = [self.variables.clone(), named(settings)].concat();
        self.servers.push(Server::start(&variables).await);
        &self.servers[self.servers.len() - 1]
    }

    /// Ends a process in order and starts another one in its place, with these settings.
    pub async fn replace(&mut self, process: usize, settings: &[(&str, &str)]) {
        assert!(self.servers.remove(process).stop().await.success());
        self.add(settings).await;
        let new = self.servers.pop().unwrap();
        self.servers.insert(process, new);
    }

    /// Starts one more process, with these environment variables besides.
    pub async fn add_with(&mut self, variables: &[(&str, &str)]) {
        let own = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let all: Vec<_> = self.variables.iter().cloned().chain(own).collect();
        self.servers.push(Server::start(&all).await);
    }

    /// Starts one process on a database with the concerts of `boxoffice seed`.
    pub async fn seeded() -> Self {
        Self::seeded_with(&[]).await
    }

    /// The same with these settings.
    pub async fn seeded_with(settings: &[(&str, &str)]) -> Self {
        let app = Self::with(1, settings).await;
        let seed = command("seed", app.database.url()).await;
        assert!(
            seed.status.success(),
            "{}",
            String::from_utf8_lossy(&seed.stderr)
        );
        app
    }

    /// The address of one process, any number: they take turns.
    pub fn url(&self, process: usize) -> &str {
        &self.servers[process % self.servers.len()].url
    }

    /// A new fan, who talks to this process.
    pub async fn fan(&self, process: usize) -> Fan {
        Fan::sign_up(&self.http, self.url(process)).await
    }

    /// A new fan with an active queue token and this much money.
    pub async fn shopper(&self, process: usize, won: i64) -> Fan {
        let mut fan = self.fan(process).await;
        if won > 0 {
            assert_eq!(fan.charge(won, None).await.status, 201);
        }
        let joined = fan.join().await;
        assert_eq!(joined.body["status"], "active", "{joined:?}");
        fan
    }

    /// Asks as the operator.
    pub async fn operator(&self, method: reqwest::Method, path: &str, body: &Value) -> Answer {
        self.desk().ask(method, path, body).await
    }

    /// A schedule two days from now with seats 1 to `seats` at 10,000 won each; its id.
    pub async fn schedule(&self, seats: u32) -> String {
        self.desk().schedule(seats).await
    }

    fn desk(&self) -> Operator<'_> {
        let (http, server) = (&self.http, self.url(0));
        Operator { http, server }
    }

    /// Runs `boxoffice audit` on the database and fails the test with what it says.
    pub async fn assert_audit_clean(&self) {
        let audit = command("audit", self.database.url()).await;
        let said = String::from_utf8_lossy(&audit.stdout);
        let complained = String::from_utf8_lossy(&audit.stderr);
        assert!(audit.status.success(), "{said}{complained}");
    }
}
