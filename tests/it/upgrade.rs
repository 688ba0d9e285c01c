//! Upgrades without a pause: an old and a new process side by side, under load.

use std::{
    fs,
    path::PathBuf,
    sync::{
        Arc, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use reqwest::StatusCode;
use system_tests::{App, Deed, Fan, eventually};
use tokio::task::JoinHandle;
use tokio_postgres::Client;

use crate::{
    backup::PATIENT,
    commands::{run, said},
};

/// Fans who charge as fast as they can, on a machine that may be busy with other things.
fn settings() -> Vec<(&'static str, &'static str)> {
    [&PATIENT[..], &[("USER_RATE", "0")]].concat()
}

const FANS: usize = 8;
const WON: i64 = 1_000;

/// What all fans of a load have in common.
#[derive(Default)]
struct Scene {
    /// The servers that a load balancer would send to.
    servers: RwLock<Vec<String>>,
    done: AtomicU64,
    over: AtomicBool,
}

/// Fans who charge without a pause, through any of the servers.
struct Load {
    scene: Arc<Scene>,
    fans: Vec<JoinHandle<(Fan, i64)>>,
}

impl Load {
    async fn on(app: &App) -> Self {
        let scene = Arc::new(Scene::default());
        scene.servers.write().unwrap().push(app.url(0).to_owned());
        let mut fans = Vec::new();
        for _ in 0..FANS {
            fans.push(tokio::spawn(charge(app.fan(0).await, Arc::clone(&scene))));
        }
        let load = Self { scene, fans };
        load.go_on().await;
        load
    }

    fn send_to(&self, servers: &[&str]) {
        let servers = servers.iter().map(|url| (*url).to_owned()).collect();
        *self.scene.servers.write().unwrap() = servers;
    }

    /// Waits until some more was done.
    async fn go_on(&self) {
        let before = self.scene.done.load(Ordering::Relaxed);
        let more = async || self.scene.done.load(Ordering::Relaxed) > before + 50;
        eventually("charges are done", more).await;
    }

    /// Ends it: every fan has exactly what was acknowledged.
    async fn end(self, server: &str) {
        self.scene.over.store(true, Ordering::Relaxed);
        for fan in self.fans {
            let (fan, charged) = fan.await.unwrap();
            assert_eq!(fan.at(server).balance().await, charged);
        }
    }
}

async fn charge(fan: Fan, scene: Arc<Scene>) -> (Fan, i64) {
    let mut charged = 0;
    for number in 0.. {
        if scene.over.load(Ordering::Relaxed) {
            break;
        }
        charge_once(&fan, &scene, &format!("charge {number}")).await;
        charged += WON;
        scene.done.fetch_add(1, Ordering::Relaxed);
    }
    (fan, charged)
}

/// A connection that a stopping server has closed is tried again elsewhere, with the same key, as every
/// client does. No answer may be anything but good.
async fn charge_once(fan: &Fan, scene: &Scene, key: &str) {
    loop {
        let servers = scene.servers.read().unwrap().clone();
        let server = &servers[fastrand::usize(..servers.len())];
        let deed = Deed::Charge { amount: WON };
        let request = fan.at(server).request_for(&deed, Some(key));
        if let Ok(answer) = request.send().await {
            assert_eq!(answer.status(), StatusCode::CREATED, "{answer:?}");
            return;
        }
    }
}

/// The migration of this name, up or down.
fn migration(name: &str, way: &str) -> String {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../migrations");
    fs::read_to_string(root.join(name).join(way)).unwrap()
}

async fn has_column(client: &Client, table: &str, column: &str) -> bool {
    let found =
        "SELECT 1 FROM information_schema.columns WHERE table_name = $1 AND column_name = $2";
    !client
        .query(found, &[&table, &column])
        .await
        .unwrap()
        .is_empty()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_program_brings_the_tables_up_to_date_while_an_older_one_serves() {
    let mut app = App::with(1, &settings()).await;
    // The first process stands for an older program: its tables lack what only the import of lists
    // uses.
    let client = app.database.client().await;
    let name = "2026-11-21-000020_concert_keys";
    let version: String = name.chars().filter(char::is_ascii_digit).collect();
    let forget = format!("DELETE FROM __diesel_schema_migrations WHERE version = '{version}'");
    client
        .batch_execute(&migration(name, "down.sql"))
        .await
        .unwrap();
    assert_eq!(client.execute(&forget, &[]).await.unwrap(), 1);
    assert!(!has_column(&client, "concerts", "key").await);

    let load = Load::on(&app).await;
    let new = app.add(&[]).await.url.clone();
    assert!(has_column(&client, "concerts", "key").await);
    let old = app.servers.remove(0);
    load.send_to(&[&old.url, &new]);
    load.go_on().await;
    load.send_to(&[&new]);
    assert!(old.stop().await.success());
    load.go_on().await;
    load.end(&new).await;
    app.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_program_serves_on_and_starts_again_over_newer_tables() {
    let mut app = App::with(1, &settings()).await;
    let load = Load::on(&app).await;
    // What a newer program would add.
    let client = app.database.client().await;
    let newer = "BEGIN; ALTER TABLE reservations ADD COLUMN of_the_future text; \
         ALTER TABLE balances ADD COLUMN of_the_future bigint NOT NULL DEFAULT 7; \
         CREATE TABLE of_the_future (id uuid PRIMARY KEY); \
         INSERT INTO __diesel_schema_migrations (version) VALUES ('20990101000001'); COMMIT";
    client.batch_execute(newer).await.unwrap();
    load.go_on().await;

    // Back to the older program, as when the newer one was a mistake.
    let again = app.add(&[]).await;
    assert!(again.log().contains("20990101000001"), "{}", again.log());
    let again = again.url.clone();
    let first = app.servers.remove(0);
    load.send_to(&[&again]);
    assert!(first.stop().await.success());
    load.go_on().await;
    load.end(&again).await;
    let variables = [("BOXOFFICE_DATABASE_URL", app.database.url())];
    let migrate = run(&["migrate"], &variables).await;
    assert!(migrate.status.success(), "{}", said(&migrate));
    assert!(has_column(&client, "reservations", "of_the_future").await);
    app.assert_audit_clean().await;
}
