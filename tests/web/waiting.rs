//! The waiting room, whatever happens meanwhile.

use std::net::TcpListener;

use reqwest::Method;
use serde_json::json;
use system_tests::App;

use crate::browser::{Browser, DESK, PHONE};

/// A server that can be started again at the same address, and lets nobody in.
pub async fn closed() -> App {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap().to_string();
    drop(free);
    let app = App::with(1, &[("LISTEN", &address), ("CAPACITY", "1")]).await;
    app.schedule(50).await;
    app.shopper(0, 0).await;
    admit(&app, 1, true).await;
    app
}

/// Changes how many are let in.
pub async fn admit(app: &App, capacity: u32, paused: bool) {
    let policy = json!({"capacity": capacity, "paused": paused});
    let changed = app
        .operator(Method::PATCH, "/v1/admin/queue", &policy)
        .await;
    assert_eq!(changed.status, 200);
}

/// So many more wait.
pub async fn more_wait(app: &App, fans: usize) {
    for _ in 0..fans {
        let joined = app.fan(0).await.join().await;
        assert_eq!(joined.body["status"], "waiting");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reloading_keeps_the_place_and_the_turn_comes_by_itself() {
    let app = closed().await;
    more_wait(&app, 3).await;
    let browser = Browser::open(app.url(0), PHONE).await;
    browser.sign_up("Mina").await;
    browser.join().await;
    browser.says("#position", "4").await;
    more_wait(&app, 2).await;
    browser.says("#behind", "2").await;
    let token = "JSON.parse(localStorage.boxoffice).place.token";
    let before = browser.run(&format!("return {token}")).await;
    browser.reload().await;
    browser.says("#position", "4").await;
    assert_eq!(browser.run(&format!("return {token}")).await, before);
    admit(&app, 100, false).await;
    browser.there_is(".poster .art").await;
    browser.says(".notices", "It’s your turn!").await;
    browser.was_quiet(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_restarts_and_the_waiting_room_and_the_map_recover() {
    let mut app = closed().await;
    let show = app.schedule(50).await;
    admit(&app, 2, false).await;
    let shopper = Browser::open(app.url(0), DESK).await;
    shopper.enter("Jun", 0).await;
    shopper.seats_of(&show).await;
    admit(&app, 2, true).await;
    let waiter = Browser::open(app.url(0), PHONE).await;
    waiter.sign_up("Mina").await;
    waiter.join().await;
    waiter.says("#position", "1").await;

    let server = app.servers.remove(0);
    assert!(server.stop().await.success());
    waiter.says("#lost", "The connection is lost").await;
    shopper.there_is("#live.stale").await;
    app.add(&[]).await;
    waiter
        .until("!document.querySelector('#lost').textContent")
        .await;
    waiter.says("#position", "1").await;
    shopper
        .until("!document.querySelector('#live.stale')")
        .await;

    // And they are not only shown what was: something changes.
    more_wait(&app, 1).await;
    waiter.says("#behind", "1").await;
    shopper.choose(9).await;
    shopper.hold().await;
    waiter.was_quiet(&[0]).await;
    shopper.was_quiet(&[0]).await;
    app.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_the_line_can_come_back_at_its_end() {
    let app = closed().await;
    let browser = Browser::open(app.url(0), PHONE).await;
    browser.sign_up("Mina").await;
    browser.join().await;
    browser.says("#position", "1").await;
    more_wait(&app, 1).await;
    browser.press("#leave").await;
    browser.press("dialog .primary").await;
    browser.press("#join").await;
    browser.says("#position", "2").await;
    browser.was_quiet(&[]).await;
}
