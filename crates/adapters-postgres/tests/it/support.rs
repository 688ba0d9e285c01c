//! What the tests need besides the ports: to wait for a condition, to stand in the way, to look.

use std::time::{Duration, Instant};

use test_database::TestDatabase;
use tokio_postgres::Client;

use crate::fixture::Fixture;

/// Waits until `condition` holds; fails the test when it does not within ten seconds.
pub async fn until(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !condition().await {
        assert!(Instant::now() < deadline, "in vain: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The one number that `query` gives.
pub async fn number(client: &Client, query: &str) -> i64 {
    let row = client.query_one(query, &[]).await;
    row.unwrap_or_else(|error| panic!("{query}: {error:?}"))
        .get(0)
}

/// Somebody else's transaction, which holds its locks until it is released.
pub struct Obstacle(Client);

impl Obstacle {
    /// Opens a transaction and executes `statement` in it.
    pub async fn put(database: &TestDatabase, statement: &str) -> Self {
        let client = database.client().await;
        let begun = client.batch_execute(&format!("BEGIN; {statement}")).await;
        begun.unwrap_or_else(|error| panic!("{statement}: {error:?}"));
        Self(client)
    }

    /// Locks every schedule, as a hold or a payment does.
    pub async fn on_schedules(database: &TestDatabase) -> Self {
        Self::put(database, "SELECT id FROM schedules FOR NO KEY UPDATE").await
    }

    /// Ends the transaction and its locks.
    pub async fn release(self) {
        self.0.batch_execute("ROLLBACK").await.unwrap();
    }
}

/// The name of a test's database, and a client that is connected to another one.
pub async fn outside(database: &TestDatabase) -> (String, Client) {
    let mut config: tokio_postgres::Config = database.url().parse().unwrap();
    let name = config.get_dbname().unwrap().to_owned();
    config.dbname("postgres");
    let (client, connection) = config.connect(tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    (name, client)
}

/// Waits until nobody is connected to the database `name`.
pub async fn until_deserted(name: &str, outside: &Client) {
    let sessions = format!("SELECT count(*) FROM pg_stat_activity WHERE datname = '{name}'");
    let deserted = async || number(outside, &sessions).await == 0;
    until("all sessions have ended", deserted).await;
}

impl Fixture {
    /// Waits until `sessions` of the processes' sessions wait for a row lock.
    pub async fn until_blocked(&self, sessions: i64) {
        let client = self.test_database.client().await;
        until("sessions wait for a lock", async || {
            let waiting = "SELECT count(*) FROM pg_stat_activity \
                 WHERE datname = current_database() AND wait_event_type = 'Lock'";
            number(&client, waiting).await == sessions
        })
        .await;
    }

    /// What `schedule` counts as remaining and as sold.
    pub async fn counts(&self, schedule: domain::id::ScheduleId) -> (i32, i32) {
        let client = self.test_database.client().await;
        let query =
            format!("SELECT remaining_seats, sold_seats FROM schedules WHERE id = '{schedule}'");
        let row = client.query_one(&query, &[]).await.unwrap();
        (row.get(0), row.get(1))
    }

    /// The one number that `query` gives.
    pub async fn number(&self, query: &str) -> i64 {
        number(&self.test_database.client().await, query).await
    }

    /// Stops the processes and fails the test if PostgreSQL has had to break a deadlock.
    pub async fn assert_no_deadlocks(&self, processes: [adapters_postgres::Adapters; 2]) {
        for process in processes {
            process.stop().await;
        }
        // Sessions report what they have seen at their end, at the latest.
        let (name, outside) = outside(&self.test_database).await;
        until_deserted(&name, &outside).await;
        let deadlocks = format!("SELECT deadlocks FROM pg_stat_database WHERE datname = '{name}'");
        assert_eq!(number(&outside, &deadlocks).await, 0, "deadlocks");
    }
}
