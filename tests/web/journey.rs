//! The whole way, in one browser.

use system_tests::App;

use crate::browser::{Browser, DESK, PHONE};

#[tokio::test(flavor = "multi_thread")]
async fn a_fan_goes_the_whole_way() {
    let app = App::with(1, &[]).await;
    let show = app.schedule(50).await;
    let browser = Browser::open(app.url(0), DESK).await;
    browser.sign_up("Mina").await;
    browser.charge(50_000).await;
    browser.says("#sum", "₩50,000").await;
    browser.join().await;
    browser.press("a.poster").await;
    browser.says("h1", "한여름 밤의 콘서트").await;
    browser.press(".calendar .on a").await;
    browser.there_is("canvas.hall").await;

    // One seat on the map itself, one in the rows.
    browser
        .until("document.querySelector('canvas.hall').width > 100")
        .await;
    let at = browser
        .run("return document.querySelector('.hall-page').whereIs(15)")
        .await;
    browser
        .touch(at["x"].as_f64().unwrap(), at["y"].as_f64().unwrap())
        .await;
    browser.is(15, "chosen").await;
    browser.choose(16).await;
    browser.says(".total", "₩20,000").await;
    browser.hold().await;
    browser.says("#rest", ":").await;
    browser.press("#pay").await;
    browser.says("#receipt", "₩20,000").await;
    browser.says("#receipt", "한여름 밤의 콘서트").await;

    // The place is spent; the reservation is there, and can be given back.
    browser.go("#/concerts").await;
    browser.there_is("#join").await;
    browser.go("#/tickets").await;
    browser.says(".badge", "Paid").await;
    browser.press(".reservation .cancel").await;
    browser.press("dialog .primary").await;
    browser.says(".badge", "Refunded").await;
    browser.go("#/balance").await;
    browser.says("#sum", "₩50,000").await;
    let map = app
        .shopper(0, 0)
        .await
        .get(&format!("/v1/schedules/{show}/seats"))
        .await;
    assert_eq!(map.number("remaining_seats"), 50);
    browser.was_quiet(&[]).await;
    app.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_runs_out_on_the_screen() {
    let app = App::with(1, &[("HOLD_TTL", "4s")]).await;
    let show = app.schedule(50).await;
    let browser = Browser::open(app.url(0), PHONE).await;
    browser.enter("Mina", 0).await;
    browser.seats_of(&show).await;
    browser.choose(7).await;
    browser.hold().await;
    // There is nothing to pay with, and the time goes down meanwhile.
    browser.says(".short", "₩10,000").await;
    browser.says("#rest", "0:02").await;
    browser.says("#over", "The hold has run out").await;
    browser.press(".actions .primary").await;
    browser.is(7, "available").await;
    browser.was_quiet(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_lacks_money_charges_without_losing_the_seats() {
    let app = App::with(1, &[]).await;
    let show = app.schedule(50).await;
    let browser = Browser::open(app.url(0), PHONE).await;
    browser.enter("Mina", 0).await;
    browser.seats_of(&show).await;
    browser.press("#best").await;
    browser.says(".short", "₩20,000").await;
    browser.press("#pay").await;
    browser.there_is("[data-code='insufficient_balance']").await;
    browser.press("#charge-short").await;
    browser.until("!document.querySelector('.short')").await;
    browser.press("#pay").await;
    browser.there_is("#receipt").await;
    browser.was_quiet(&[402]).await;
    app.assert_audit_clean().await;
}
