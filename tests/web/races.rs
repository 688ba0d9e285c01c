//! Two browsers.

use system_tests::App;

use crate::browser::{Browser, DESK, PHONE};

#[tokio::test(flavor = "multi_thread")]
async fn two_want_one_seat_and_the_loser_is_told_at_once_on_the_map() {
    let app = App::start(2).await;
    let show = app.schedule(50).await;
    let (mina, jun) = tokio::join!(
        Browser::open(app.url(0), DESK),
        Browser::open(app.url(1), PHONE)
    );
    tokio::join!(mina.enter("Mina", 50_000), jun.enter("Jun", 50_000));
    tokio::join!(mina.seats_of(&show), jun.seats_of(&show));
    tokio::join!(mina.choose(5), jun.choose(5));
    mina.hold().await;
    // He did nothing: the seat is another's on his map, and no longer among his.
    jun.is(5, "held").await;
    jun.says(".notices", "Seat 5 was just taken").await;
    jun.until("!document.querySelector('#hold')").await;
    mina.press("#pay").await;
    mina.there_is("#receipt").await;
    jun.is(5, "sold").await;
    mina.was_quiet(&[]).await;
    jun.was_quiet(&[]).await;
    app.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_too_late_is_told_which_seat_is_gone() {
    let app = App::start(1).await;
    let show = app.schedule(50).await;
    let browser = Browser::open(app.url(0), DESK).await;
    browser.enter("Mina", 0).await;
    browser.seats_of(&show).await;
    browser.choose(5).await;
    browser.choose(6).await;
    // Between two looks at the map, someone else is faster.
    browser
        .run("window.asked = window.fetch; window.fetch = (path, how) => String(path).includes('since=') ? new Promise(() => {}) : window.asked(path, how)")
        .await;
    let other = app.shopper(0, 0).await;
    assert_eq!(other.hold(&show, &[5], None).await.status, 201);
    browser.press("#hold").await;
    browser.there_is("[data-code='seat_unavailable']").await;
    browser.is(5, "held").await;
    browser.is(6, "chosen").await;
    browser.was_quiet(&[409]).await;
}
