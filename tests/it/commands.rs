//! The commands, as an operator types them.

use std::{
    path::{Path, PathBuf},
    process::Output,
    sync::atomic::{AtomicU32, Ordering},
};

use reqwest::Client;
use serde_json::json;
use system_tests::{Answer, App, Server, binary};
use test_database::TestDatabase;
use tokio::process::Command;

/// A directory of the test's own, removed at its end. Below the system's temporary directory: the
/// user that PostgreSQL runs as must be able to reach it.
pub struct Directory(PathBuf);

impl Directory {
    /// Not made yet.
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(1);
        let name = format!(
            "boxoffice-{}-{}",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        );
        Self(std::env::temp_dir().join(name))
    }

    /// Its name.
    pub fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Runs the program with these variables and no others.
pub async fn run(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(binary().await);
    command
        .args(arguments)
        .env_clear()
        .env("PATH", std::env::var("PATH").unwrap_or_default());
    if let Ok(binaries) = std::env::var("PG_BINDIR") {
        command.env("PG_BINDIR", binaries);
    }
    command
        .envs(variables.iter().copied())
        .kill_on_drop(true)
        .output()
        .await
        .unwrap()
}

/// What it wrote, to stdout and to stderr.
pub fn said(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// The database that `serve` brings along, in `directory`.
async fn private_server(directory: &Directory) -> Server {
    Server::start(&[
        ("BOXOFFICE_DATA_DIR".to_owned(), directory.path().to_owned()),
        (
            "PG_BINDIR".to_owned(),
            std::env::var("PG_BINDIR").unwrap_or_default(),
        ),
    ])
    .await
}

fn operator_key(directory: &Path) -> String {
    std::fs::read_to_string(directory.join("operator.key"))
        .unwrap()
        .trim()
        .to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn with_nothing_set_up_the_server_brings_its_own_database_and_keeps_it() {
    let directory = Directory::new();
    let server = private_server(&directory).await;
    let http = Client::new();
    let add = |url: &str| {
        http.post(format!("{url}/v1/admin/concerts"))
            .bearer_auth(operator_key(&directory.0))
            .json(&json!({"title": "첫 공연", "venue": "Hall"}))
    };
    assert_eq!(Answer::of(add(&server.url)).await.status, 201);

    let audit = run(&["audit"], &[("BOXOFFICE_DATA_DIR", directory.path())]).await;
    assert!(
        audit.status.success(),
        "beside the server: {}",
        said(&audit)
    );
    let second = run(
        &["serve"],
        &[
            ("BOXOFFICE_DATA_DIR", directory.path()),
            ("BOXOFFICE_LISTEN", "127.0.0.1:0"),
        ],
    )
    .await;
    assert_eq!(
        second.status.code(),
        Some(1),
        "a second server: {}",
        said(&second)
    );

    assert!(server.stop().await.success());
    let audit = run(&["audit"], &[("BOXOFFICE_DATA_DIR", directory.path())]).await;
    assert!(
        audit.status.success(),
        "without the server: {}",
        said(&audit)
    );
    let seed = run(&["seed"], &[("BOXOFFICE_DATA_DIR", directory.path())]).await;
    assert!(
        seed.status.success(),
        "there is a concert already: {}",
        said(&seed)
    );
    assert!(said(&seed).contains("already"), "{}", said(&seed));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_takes_its_database_down_and_the_next_one_finds_everything() {
    let directory = Directory::new();
    let server = private_server(&directory).await;
    let http = Client::new();
    let sign_up = http
        .post(format!("{}/v1/users", server.url))
        .json(&json!({"name": "Fan"}));
    let fan = Answer::of(sign_up).await;
    // SIGKILL: nobody can tidy up.
    drop(server);

    let server = private_server(&directory).await;
    let me = http
        .get(format!("{}/v1/users/me", server.url))
        .bearer_auth(fan.text("access_token"));
    let me = Answer::of(me).await;
    assert_eq!((me.status, me.text("id")), (200, fan.text("id")));
    assert!(server.stop().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_seed_looks_real_and_passes_the_audit() {
    let database = TestDatabase::empty().await;
    let variables = [("BOXOFFICE_DATABASE_URL", database.url())];
    let migrate = run(&["migrate"], &variables).await;
    assert!(migrate.status.success(), "{}", said(&migrate));
    let seed = run(&["seed"], &variables).await;
    assert!(seed.status.success(), "{}", said(&seed));
    let client = database.client().await;
    let count = async |what: &str| -> i64 {
        client
            .query_one(&format!("SELECT count(*) FROM {what}"), &[])
            .await
            .unwrap()
            .get(0)
    };
    assert_eq!(count("concerts").await, 12);
    assert_eq!(count("concerts WHERE title ~ '[가-힣]'").await.signum(), 1);
    assert!(count("schedules WHERE total_seats = 20000").await >= 1);
    assert!(count("schedules WHERE total_seats = 50").await >= 12);
    assert_eq!(
        count(
            "(SELECT DISTINCT grade FROM seats WHERE schedule_id IN \
        (SELECT id FROM schedules WHERE total_seats = 20000)) AS grades"
        )
        .await,
        4
    );
    let audit = run(&["audit"], &variables).await;
    assert!(audit.status.success(), "{}", said(&audit));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_names_what_is_broken_and_fails() {
    let app = App::start(1).await;
    let show = app.schedule(10).await;
    let client = app.database.client().await;
    let lie = format!("UPDATE schedules SET remaining_seats = 9 WHERE id = '{show}'");
    client.batch_execute(&lie).await.unwrap();
    let audit = run(
        &["audit"],
        &[("BOXOFFICE_DATABASE_URL", app.database.url())],
    )
    .await;
    assert_eq!(audit.status.code(), Some(1));
    assert!(said(&audit).contains(&show), "{}", said(&audit));
}

/// What it is, what is set, and what has to be mentioned.
type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str);

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_work_is_said_in_a_sentence_with_exit_code_1() {
    let directory = Directory::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let database = TestDatabase::migrated().await;
    let unsafe_database = [
        ("BOXOFFICE_DATABASE_URL", database.url()),
        ("BOXOFFICE_DATA_DIR", directory.path()),
    ];
    let mut port_taken = unsafe_database.to_vec();
    port_taken.extend([
        ("BOXOFFICE_ALLOW_UNSAFE_DURABILITY", "true"),
        ("BOXOFFICE_LISTEN", &taken),
    ]);
    let cases: [Case<'_>; 5] = [
        ("a port that is taken", &port_taken, &taken),
        (
            "a database that may lose what it acknowledged",
            &unsafe_database,
            "fsync",
        ),
        (
            "a directory that cannot be",
            &[("BOXOFFICE_DATA_DIR", "/dev/null/x")],
            "/dev/null",
        ),
        (
            "no PostgreSQL",
            &[
                ("BOXOFFICE_DATA_DIR", directory.path()),
                ("PG_BINDIR", "/nowhere"),
            ],
            "/nowhere",
        ),
        (
            "a database that is not there",
            &[
                ("BOXOFFICE_DATA_DIR", directory.path()),
                (
                    "BOXOFFICE_DATABASE_URL",
                    "postgres://127.0.0.1:1/x?sslmode=disable",
                ),
            ],
            "database",
        ),
    ];
    for (what, variables, mentioned) in cases {
        let mut variables = variables.to_vec();
        if !variables
            .iter()
            .any(|(name, _)| *name == "BOXOFFICE_LISTEN")
        {
            variables.push(("BOXOFFICE_LISTEN", "127.0.0.1:0"));
        }
        let output = run(&["serve"], &variables).await;
        let words = said(&output);
        assert_eq!(output.status.code(), Some(1), "{what}: {words}");
        assert!(words.contains(mentioned), "{what}: {words}");
        assert!(!words.contains("panicked"), "{what}: {words}");
    }
}
