//! `boxoffice audit --watch`.

use std::process::Stdio;

use system_tests::{App, binary};
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
};

async fn watch(app: &App) -> (Child, Lines<BufReader<ChildStdout>>) {
    let mut child = Command::new(binary().await)
        .args(["audit", "--watch", "--every", "100ms"])
        .env("BOXOFFICE_DATABASE_URL", app.database.url())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    (child, lines)
}

#[tokio::test(flavor = "multi_thread")]
async fn who_watches_is_told_each_round_and_leaves_at_the_first_violation() {
    let app = App::start(1).await;
    let show = app.schedule(10).await;
    let (mut child, mut lines) = watch(&app).await;
    for _ in 0..3 {
        let line = lines.next_line().await.unwrap().unwrap();
        assert!(line.contains("  ok      all "), "{line}");
    }
    let client = app.database.client().await;
    let lie = format!("UPDATE schedules SET remaining_seats = 9 WHERE id = '{show}'");
    client.batch_execute(&lie).await.unwrap();
    let mut last = String::new();
    while let Some(line) = lines.next_line().await.unwrap() {
        last = line;
    }
    assert!(last.contains("BROKEN") && last.contains(&show), "{last}");
    assert_eq!(child.wait().await.unwrap().code(), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_stops_watching_while_all_is_well_is_told_so() {
    let app = App::start(1).await;
    let (mut child, mut lines) = watch(&app).await;
    lines.next_line().await.unwrap().unwrap();
    let pid = child.id().unwrap().to_string();
    let told = Command::new("kill").args(["-INT", &pid]).status().await;
    assert!(told.unwrap().success());
    assert_eq!(child.wait().await.unwrap().code(), Some(0));
}
