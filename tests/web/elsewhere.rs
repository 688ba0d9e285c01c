//! Fans on the move: another tab in front, a proxy that keeps streams back, no network, two fingers.

use serde_json::json;
use system_tests::App;

use crate::{
    browser::{Browser, PHONE},
    waiting::{admit, closed, more_wait},
};

/// Someone who waits, with nobody ahead.
async fn waiting(app: &App) -> Browser {
    let browser = Browser::open(app.url(0), PHONE).await;
    browser.sign_up("Mina").await;
    browser.join().await;
    browser.says("#position", "1").await;
    browser
}

/// Notifications are noted, as a browser without a desk shows none.
const NOTE: &str = "window.told = [];
    window.Notification = class {
        static permission = 'default';
        static requestPermission = async () => (Notification.permission = 'granted');
        constructor(title) { told.push(title); }
    };";
const AWAY: &str = "Object.defineProperty(document, 'visibilityState', {get: () => 'hidden'});";

#[tokio::test(flavor = "multi_thread")]
async fn who_looks_at_another_tab_is_notified_if_that_was_allowed() {
    let app = closed().await;
    let (allowing, other) = tokio::join!(waiting(&app), Browser::open(app.url(0), PHONE));
    other.sign_up("Jun").await;
    other.join().await;
    other.says("#position", "2").await;
    for browser in [&allowing, &other] {
        browser.run(NOTE).await;
    }
    allowing.press("#notify").await;
    allowing
        .until("Notification.permission === 'granted'")
        .await;
    for browser in [&allowing, &other] {
        browser.run(AWAY).await;
    }
    admit(&app, 100, false).await;
    let title = "document.title.includes('It’s your turn!')";
    allowing.until(title).await;
    allowing.until("told.length === 1").await;
    assert_eq!(allowing.run("return told[0]").await, "It’s your turn!");
    other.until(title).await;
    assert_eq!(other.run("return told.length").await, 0, "not allowed");
    allowing.was_quiet(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_streams_are_kept_back_the_place_is_asked_for() {
    let app = closed().await;
    let browser = Browser::open(app.url(0), PHONE).await;
    browser.devtools("Network.enable", &json!({})).await;
    let streams = json!({"urls": ["*/v1/queue/tokens/me/events"]});
    browser.devtools("Network.setBlockedURLs", &streams).await;
    browser.sign_up("Mina").await;
    browser.join().await;
    browser.says("#position", "1").await;
    more_wait(&app, 1).await;
    browser.says("#behind", "1").await;
    admit(&app, 100, false).await;
    browser.there_is(".poster .art").await;
    browser.was_quiet(&[0]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_that_loses_its_network_keeps_the_place() {
    let app = closed().await;
    let browser = waiting(&app).await;
    let network = async |offline: bool| {
        let none = json!({"offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1});
        browser
            .devtools("Network.emulateNetworkConditions", &none)
            .await;
    };
    browser.devtools("Network.enable", &json!({})).await;
    network(true).await;
    browser.says("#lost", "The connection is lost").await;
    more_wait(&app, 1).await;
    network(false).await;
    browser.says("#behind", "1").await;
    browser
        .until("!document.querySelector('#lost').textContent")
        .await;
    browser.says("#position", "1").await;
    browser.was_quiet(&[0]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_fingers_bring_the_hall_nearer() {
    let app = App::start(1).await;
    let show = app.schedule(50).await;
    let browser = Browser::open(app.url(0), PHONE).await;
    browser.enter("Mina", 0).await;
    browser.seats_of(&show).await;
    let middle = "const box = document.querySelector('canvas.hall').getBoundingClientRect();
        return [box.left + box.width / 2, box.top + box.height / 2]";
    let apart = "const at = document.querySelector('.hall-page').whereIs;
        return at(10).x - at(1).x";
    browser
        .run("document.querySelector('canvas.hall').scrollIntoView({block: 'center'})")
        .await;
    let before = browser.run(apart).await.as_f64().unwrap();
    let at = browser.run(middle).await;
    let (x, y) = (at[0].as_f64().unwrap(), at[1].as_f64().unwrap());
    for (kind, spread) in [
        ("touchStart", 40.0),
        ("touchMove", 46.0),
        ("touchMove", 52.0),
    ] {
        let fingers = json!([
            {"x": x - spread, "y": y, "id": 0},
            {"x": x + spread, "y": y, "id": 1},
        ]);
        let touch = json!({"type": kind, "touchPoints": fingers});
        browser.devtools("Input.dispatchTouchEvent", &touch).await;
    }
    let lifted = json!({"type": "touchEnd", "touchPoints": []});
    browser.devtools("Input.dispatchTouchEvent", &lifted).await;
    let after = browser.run(apart).await.as_f64().unwrap();
    assert!((1.25..1.35).contains(&(after / before)), "{before} {after}");
    // Fingers that move the hall choose nothing.
    browser.until("!document.querySelector('#hold')").await;
    browser.was_quiet(&[]).await;
}
