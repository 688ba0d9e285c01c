//! The pictures of the README, and a hall of 20,000 seats.

use futures_util::future::join_all;
use serde_json::Value;
use system_tests::App;

use crate::{
    browser::{Browser, DESK, PHONE, Screen},
    waiting::{admit, closed, more_wait},
};

#[tokio::test(flavor = "multi_thread")]
async fn the_waiting_room_is_pictured() {
    let app = closed().await;
    more_wait(&app, 20).await;
    let screens = [
        ("waiting-desk", DESK, "light"),
        ("waiting-phone", PHONE, "dark"),
    ];
    let mut browsers = Vec::new();
    for (at, (_, screen, scheme)) in screens.iter().enumerate() {
        let browser = Browser::open(app.url(0), *screen).await;
        browser.colours(scheme).await;
        browser.sign_up("Mina").await;
        browser.join().await;
        browser.says("#position", &(21 + at).to_string()).await;
        browsers.push(browser);
    }
    more_wait(&app, 11).await;
    // Some are let in, so that something is known of the pace.
    admit(&app, 9, false).await;
    for (browser, (name, screen, _)) in browsers.iter().zip(screens) {
        browser.says("#wait", "about").await;
        browser.until("!document.querySelector('.notice')").await;
        browser.picture(name, screen).await;
        fits(browser, screen).await;
        browser.was_quiet(&[]).await;
    }
}

/// Nothing is wider than the screen.
pub async fn fits(browser: &Browser, screen: Screen) {
    let width = browser
        .run("return document.documentElement.scrollWidth")
        .await;
    assert!(width.as_u64().unwrap() <= screen.width.into(), "{width}");
}

/// The first date in the arena, with some seats held and others sold.
pub async fn arena(app: &App) -> String {
    let scout = app.shopper(0, 0).await;
    let concerts = scout.get("/v1/concerts?limit=100").await;
    let all = concerts.body["items"].as_array().unwrap();
    let is_arena = |one: &&Value| one["title"].as_str().unwrap().starts_with("STARLIT");
    let concert = all.iter().find(is_arena).unwrap()["id"].as_str().unwrap();
    let dates = scout
        .get(&format!("/v1/concerts/{concert}/schedules"))
        .await;
    let show = dates.body["items"][0]["id"].as_str().unwrap().to_owned();
    let buyers = (0..60_u32).map(|at| {
        let show = show.clone();
        async move {
            let buyer = app.shopper(0, 800_000).await;
            let first = at * 97 % 1_950 + 1;
            let held = buyer
                .hold(&show, &[first, first + 1, first + 2, first + 3], None)
                .await;
            if held.status == 201 && at % 3 > 0 {
                assert_eq!(buyer.pay(held.text("id"), None).await.status, 201);
            }
        }
    });
    join_all(buyers).await;
    show
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hall_of_20_000_seats_is_shown_and_pictured() {
    let app = App::seeded().await;
    let show = arena(&app).await;
    for (name, screen, scheme) in [
        ("seats-desk", DESK, "light"),
        ("seats-phone", PHONE, "dark"),
    ] {
        let browser = Browser::open(app.url(0), screen).await;
        browser.colours(scheme).await;
        browser.enter("Mina", 0).await;
        browser.go("#/concerts").await;
        browser.press("a.poster").await;
        browser.there_is(".calendar").await;
        browser.seats_of(&show).await;
        browser.says(".legend", "VIP").await;
        // 400 rows, of which one is there for the keyboard.
        browser
            .until("document.querySelector('[role=grid]').getAttribute('aria-rowcount') === '400'")
            .await;
        browser
            .until("document.querySelectorAll('[data-seat]').length === 50")
            .await;
        fits(&browser, screen).await;
        browser.until("!document.querySelector('.notice')").await;
        browser
            .run("document.activeElement?.blur(); scrollTo(0, 0)")
            .await;
        browser.picture(name, screen).await;
        browser.press("#best").await;
        browser.there_is("#pay").await;
        browser.was_quiet(&[]).await;
    }
    app.assert_audit_clean().await;
}
