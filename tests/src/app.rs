//! Several server processes over one database.

use std::process::Output;

use reqwest::Client;
use serde_json::{Value, json};
use test_database::TestDatabase;
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};
use tokio::process::Command;

use crate::{
    fan::{Answer, Fan},
    server::{Server, binary},
};

/// The operator's key of every test server.
pub const OPERATOR_KEY: &str = "operator-key-of-the-tests";

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
        let mut variables = vec![
            ("BOXOFFICE_DATABASE_URL".to_owned(), url.to_owned()),
            ("BOXOFFICE_OPERATOR_KEY".to_owned(), OPERATOR_KEY.to_owned()),
            (
                "BOXOFFICE_TOKEN_SECRET".to_owned(),
                "0123456789abcdef".repeat(4),
            ),
            (
                "BOXOFFICE_ALLOW_UNSAFE_DURABILITY".to_owned(),
                "true".to_owned(),
            ),
        ];
        let own = settings
            .iter()
            .map(|(k, v)| (format!("BOXOFFICE_{k}"), (*v).to_owned()));
        variables.extend(own);
        let mut servers = Vec::new();
        for _ in 0..processes {
            servers.push(Server::start(&variables).await);
        }
        Self {
            database,
            servers,
            http: Client::new(),
            variables,
        }
    }

    /// Starts one more process, with these variables besides.
    pub async fn add(&mut self, variables: &[(&str, &str)]) {
        let own = variables
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        let all: Vec<_> = self.variables.iter().cloned().chain(own).collect();
        self.servers.push(Server::start(&all).await);
    }

    /// Starts one process on a database with the concerts of `boxoffice seed`.
    pub async fn seeded() -> Self {
        let app = Self::start(1).await;
        let seed = app.command("seed").await;
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
        let request = self.http.request(method, format!("{}{path}", self.url(0)));
        Answer::of(request.bearer_auth(OPERATOR_KEY).json(body)).await
    }

    #[allow(
        clippy::disallowed_methods,
        reason = "a client has no port to ask the time"
    )]
    /// A schedule two days from now with seats 1 to `seats` at 10,000 won each; its id.
    pub async fn schedule(&self, seats: u32) -> String {
        let post = reqwest::Method::POST;
        let concert = json!({"title": "한여름 밤의 콘서트", "venue": "Olympic Hall"});
        let concert = self
            .operator(post.clone(), "/v1/admin/concerts", &concert)
            .await;
        let path = format!("/v1/admin/concerts/{}/schedules", concert.text("id"));
        let starts_at = (OffsetDateTime::now_utc() + Duration::days(2))
            .format(&Rfc3339)
            .unwrap();
        let seats = json!([{"grade": "R", "price": 10_000, "from": 1, "to": seats}]);
        let body = json!({"starts_at": starts_at, "seats": seats});
        let schedule = self.operator(post, &path, &body).await;
        assert_eq!(schedule.status, 201, "{schedule:?}");
        schedule.text("id").to_owned()
    }

    /// Runs `boxoffice audit` on the database and fails the test with what it says.
    pub async fn assert_audit_clean(&self) {
        let audit = self.command("audit").await;
        let said = String::from_utf8_lossy(&audit.stdout);
        let complained = String::from_utf8_lossy(&audit.stderr);
        assert!(audit.status.success(), "{said}{complained}");
    }

    /// Runs a command on the database.
    async fn command(&self, name: &str) -> Output {
        let mut command = Command::new(binary().await);
        command
            .arg(name)
            .env("BOXOFFICE_DATABASE_URL", self.database.url());
        command.output().await.unwrap()
    }
}
