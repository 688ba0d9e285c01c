//! The rehearsal, small: a few hundred fans on real servers.

use std::{fs, process::Output};

use serde_json::Value;
use system_tests::{App, rush};
use tokio::process::Command;

use crate::commands::{Directory, said};

/// A seeded concert of 300 seats on each of two dates.
const THEATRE: &str = "국악 앙상블 바람결 〈달 아래 걷다〉";

/// Runs the program, and reads what its report has for programs.
async fn rehearse(arguments: &[&str]) -> (Output, Value) {
    let directory = Directory::new();
    fs::create_dir(directory.path()).unwrap();
    let report = format!("{}/report.html", directory.path());
    let mut command = Command::new(rush().await);
    command.args(arguments).args(["--report", &report]);
    command.env_remove("BOXOFFICE_DATABASE_URL");
    let output = command.kill_on_drop(true).output().await.unwrap();
    let page = fs::read_to_string(&report).unwrap_or_else(|_| panic!("{}", said(&output)));
    assert!(page.starts_with("<!doctype html>") && page.contains("<title>Rehearsal of "));
    let (_, data) = page.split_once("id=\"data\">").unwrap();
    let data = data.split_once("</script>").unwrap().0;
    (output, serde_json::from_str(data).unwrap())
}

/// How many fans went home so.
fn outcome(data: &Value, name: &str) -> u64 {
    let mut outcomes = data["evening"]["outcomes"].as_array().unwrap().iter();
    let found = outcomes.find(|outcome| outcome[0] == name);
    found.map_or(0, |outcome| outcome[1].as_u64().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_fans_do_all_that_people_do_and_all_is_well() {
    let who = ["--fans=200", "--over=5s", "--concert", THEATRE];
    let own = ["--capacity=60", "--batch=40", "--hold-ttl=6s"];
    let shares = ["--leave=10", "--expire=10", "--poor=10", "--double=30"];
    let arguments = [&who[..], &own, &shares].concat();
    let (output, data) = rehearse(&arguments).await;
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let evening = &data["evening"];
    assert_eq!(evening["counts"]["arrived"], 200);
    assert_eq!(evening["counts"]["finished"], 200);
    assert_eq!(evening["title"], THEATRE);
    assert_eq!(evening["seats"], 600);
    assert_eq!(evening["audit"]["result"], "clean");
    for fairness in evening["fairness"].as_array().unwrap() {
        assert!(fairness["judged"].as_u64() > Some(100), "{fairness}");
        assert_eq!(fairness["overtaken"], 0);
    }
    assert_eq!(evening["fairness"].as_array().unwrap().len(), 2);
    assert!(outcome(&data, "bought tickets") > 50, "{evening}");
    for name in [
        "left the queue",
        "let the hold run out",
        "had too little money",
    ] {
        assert!(outcome(&data, name) > 0, "nobody: {name}");
    }
    let problems = evening["problems"].as_array().unwrap();
    assert!(problems.iter().all(|problem| problem["known"] == true));
    let met = |code| problems.iter().any(|problem| problem["code"] == code);
    assert!(met("insufficient_balance") && met("queue_token_exists"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_server_is_audited_and_what_is_broken_there_is_not_well() {
    let app = App::seeded().await;
    let fan = app.shopper(0, 5_000).await;
    let database = app.database.url();
    let server = [
        "--url",
        app.url(0),
        "--database-url",
        database,
        "--concert",
        THEATRE,
    ];
    let size = [
        "--fans=20",
        "--over=1s",
        "--leave=0",
        "--vanish=0",
        "--expire=0",
    ];
    let arguments = [&server[..], &size].concat();
    let (output, data) = rehearse(&arguments).await;
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(data["evening"]["audit"]["result"], "clean");

    let client = app.database.client().await;
    let query = format!(
        "UPDATE balances SET balance = balance + 1 WHERE user_id = '{}'",
        fan.id
    );
    client.batch_execute(&query).await.unwrap();
    let (output, data) = rehearse(&arguments).await;
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert_eq!(data["evening"]["audit"]["result"], "failed");
    assert!(said(&output).contains("NOT WELL: the audit found a promise broken"));
}

#[tokio::test(flavor = "multi_thread")]
async fn ones_own_concert_is_copied_and_a_capacity_proposed() {
    let app = App::seeded().await;
    let title = "The Paper Lanterns: Live in Seoul";
    let concert = ["--rehearse", title, "--database-url", app.database.url()];
    let size = ["--fans=40", "--over=2s", "--capacities=20,40", "--expire=0"];
    let (output, data) = rehearse(&[&concert[..], &size].concat()).await;
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(data["evening"]["title"], title);
    assert_eq!(data["evening"]["seats"], 150);
    let trials = data["rehearsal"]["trials"].as_array().unwrap();
    assert_eq!(trials.len(), 2);
    assert!(trials.iter().all(|trial| trial["well"] == true));
    assert_eq!(trials[0]["capacity"], 20);
    assert!(trials[0]["seats_sold"].as_u64() > Some(0));
    // Nothing happened to the real one.
    let client = app.database.client().await;
    let sold = "SELECT count(*) FROM reservations";
    assert_eq!(
        client.query_one(sold, &[]).await.unwrap().get::<_, i64>(0),
        0
    );
}
