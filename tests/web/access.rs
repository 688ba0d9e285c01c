//! For everyone: without barriers that axe-core finds, light and dark, and without a mouse.

use system_tests::App;

use crate::{
    browser::{Browser, DESK, PHONE, Screen},
    waiting::{admit, closed},
};

/// Looks for barriers in the view that is shown.
async fn look(browser: &Browser, view: &str, found: &mut Vec<String>) {
    let barriers = browser.barriers().await;
    found.extend(barriers.iter().map(|one| format!("{view}: {one}")));
}

async fn no_view_has_a_barrier(screen: Screen, scheme: &str) {
    let app = closed().await;
    let browser = Browser::open(app.url(0), screen).await;
    browser.colours(scheme).await;
    let found = &mut Vec::new();
    browser.there_is("#name").await;
    look(&browser, "welcome", found).await;
    browser.sign_up("Mina").await;
    browser.charge(50_000).await;
    look(&browser, "balance", found).await;
    browser.go("#/queue").await;
    browser.there_is("#join").await;
    look(&browser, "no place", found).await;
    browser.join().await;
    browser.says("#position", "1").await;
    look(&browser, "waiting", found).await;
    admit(&app, 100, false).await;
    browser.there_is(".poster .art").await;
    look(&browser, "concerts", found).await;
    browser.press("a.poster").await;
    browser.there_is(".calendar").await;
    look(&browser, "dates", found).await;
    browser.press(".calendar .on a").await;
    browser.choose(4).await;
    look(&browser, "seats", found).await;
    browser.hold().await;
    look(&browser, "hold", found).await;
    browser.press("#pay").await;
    browser.there_is("#receipt").await;
    look(&browser, "receipt", found).await;
    browser.go("#/tickets").await;
    browser.press(".reservation .cancel").await;
    browser.there_is("dialog[open]").await;
    look(&browser, "tickets", found).await;
    assert_eq!(*found, [""; 0]);
    browser.was_quiet(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_view_has_a_barrier_on_a_light_desk() {
    no_view_has_a_barrier(DESK, "light").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_view_has_a_barrier_on_a_dark_phone() {
    no_view_has_a_barrier(PHONE, "dark").await;
}

const RIGHT: &str = "\u{e014}";
const DOWN: &str = "\u{e015}";
const ENTER: &str = "\u{e007}";

#[tokio::test(flavor = "multi_thread")]
async fn seats_are_chosen_and_held_without_a_mouse() {
    let app = App::start(1).await;
    let show = app.schedule(50).await;
    let browser = Browser::open(app.url(0), DESK).await;
    browser.enter("Mina", 0).await;
    browser.seats_of(&show).await;
    // One stop for the whole grid: the arrows do the rest.
    let stops = "document.querySelectorAll('[role=grid] [tabindex=\"0\"]').length";
    assert_eq!(browser.run(&format!("return {stops}")).await, 1);
    browser
        .run("document.querySelector('[role=grid] [tabindex=\"0\"]').focus()")
        .await;
    for key in [RIGHT, RIGHT, DOWN, ENTER] {
        browser.keys(key).await;
    }
    browser.is(13, "chosen").await;
    let label = "return document.activeElement.getAttribute('aria-label')";
    assert_eq!(
        browser.run(label).await,
        "Seat 13, grade R, 10,000 won, chosen by you"
    );
    assert_eq!(browser.text("#row option:checked").await, "Row 2");
    browser.run("document.querySelector('#hold').focus()").await;
    browser.keys(ENTER).await;
    browser.there_is("#pay").await;
    // Whoever reads by ear goes on at the heading.
    let heading = "document.activeElement === document.querySelector('h1')";
    browser.until(heading).await;
    browser.was_quiet(&[]).await;
}
