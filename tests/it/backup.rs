//! A backup of a running server, restored elsewhere.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use private_postgres::{Cluster, Settings};
use reqwest::Method;
use system_tests::{Answer, App, Fan, eventually};
use test_database::TestDatabase;
use tokio::process::Command;

use crate::commands::Directory;

/// Whatever else the machine is busy with, nothing here is to take too long.
pub const PATIENT: [(&str, &str); 3] = [
    ("REQUEST_TIMEOUT", "1m"),
    ("STATEMENT_TIMEOUT", "20s"),
    ("CONNECT_TIMEOUT", "20s"),
];

const SEATS: u32 = 4_000;

/// The directory of `pg_dump` and `pg_restore`; nothing where PostgreSQL came without them, as from npm.
async fn programs() -> Option<PathBuf> {
    let find = || Cluster::programs(&Settings::disposable("boxoffice"));
    let found = tokio::task::spawn_blocking(find).await.unwrap().unwrap();
    let found = Some(found).filter(|directory| directory.join("pg_dump").exists());
    if found.is_none() {
        eprintln!("skipped: there is no pg_dump here (get it: apt-get install postgresql-client)");
    }
    found
}

async fn must(program: &Path, arguments: &[&str]) {
    let done = Command::new(program)
        .args(arguments)
        .output()
        .await
        .unwrap();
    let complaint = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{}: {complaint}", program.display());
}

/// Buys seats again and again until it is over.
async fn shop(
    app: &App,
    show: &str,
    seats: std::ops::Range<u32>,
    over: &AtomicBool,
    sold: &AtomicU64,
) {
    for seat in seats {
        if over.load(Ordering::Relaxed) {
            return;
        }
        let fan = app.shopper(0, 50_000).await;
        let held = fan.hold(show, &[seat], None).await;
        assert_eq!(held.status, 201, "{held:?}");
        assert_eq!(fan.pay(held.text("id"), None).await.status, 201);
        sold.fetch_add(1, Ordering::Relaxed);
    }
}

async fn statuses(fan: &Fan, server: &str) -> Answer {
    Answer::of(fan.at(server).as_user(Method::GET, "/v1/reservations")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_made_under_load_has_all_that_was_acknowledged_before_it() {
    let Some(programs) = programs().await else {
        return;
    };
    let app = Arc::new(App::with(1, &PATIENT).await);
    let show = app.schedule(SEATS).await;
    let early = app.shopper(0, 50_000).await;
    let held = early.hold(&show, &[1, 2], None).await;
    assert_eq!(early.pay(held.text("id"), None).await.status, 201);

    let (over, sold) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicU64::new(0)),
    );
    let shoppers = [100, 1_000, 2_000, 3_000].map(|first| {
        let (app, show) = (Arc::clone(&app), show.clone());
        let (over, sold) = (Arc::clone(&over), Arc::clone(&sold));
        tokio::spawn(async move { shop(&app, &show, first..first + 900, &over, &sold).await })
    });
    let more_than = |count| {
        let sold = Arc::clone(&sold);
        async move || sold.load(Ordering::Relaxed) > count
    };
    eventually("seats are sold", more_than(5)).await;

    let directory = Directory::new();
    std::fs::create_dir_all(directory.path()).unwrap();
    let file = format!("{}/boxoffice.dump", directory.path());
    let before = sold.load(Ordering::Relaxed);
    let dump = programs.join("pg_dump");
    must(
        &dump,
        &[
            "--format=custom",
            "--file",
            &file,
            "--dbname",
            app.database.url(),
        ],
    )
    .await;
    eventually("selling goes on", more_than(before + 2)).await;
    over.store(true, Ordering::Relaxed);
    for shopper in shoppers {
        shopper.await.unwrap();
    }

    let elsewhere = TestDatabase::empty().await;
    let url = elsewhere.url().to_owned();
    let restore = programs.join("pg_restore");
    must(
        &restore,
        &["--exit-on-error", "--no-owner", "--dbname", &url, &file],
    )
    .await;
    let restored = App::over(elsewhere, &url, 1, &PATIENT).await;
    restored.assert_audit_clean().await;
    // Who paid before the backup has paid, and their token is good: the secret is kept elsewhere.
    let mine = statuses(&early, restored.url(0)).await;
    assert_eq!(mine.body["items"][0]["status"], "paid", "{mine:?}");
    assert_eq!(early.at(restored.url(0)).balance().await, 30_000);
    let client = restored.database.client().await;
    let paid = client.query_one("SELECT count(*) FROM payments", &[]).await;
    let paid: i64 = paid.unwrap().get(0);
    assert!(
        paid > i64::try_from(before).unwrap(),
        "{paid} of more than {before}"
    );
    // And the sale goes on there.
    let late = restored.shopper(0, 50_000).await;
    assert_eq!(
        late.hold(&show, &[1], None).await.code(),
        "seat_unavailable"
    );
    assert_eq!(late.hold(&show, &[SEATS], None).await.status, 201);
    restored.assert_audit_clean().await;
    app.assert_audit_clean().await;
}
