//! The operator's board, with a small sale going on.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use system_tests::{Answer, App, Fan, OPERATOR_KEY, Operator};

use crate::{
    browser::{Browser, DESK, PHONE, Screen},
    pictures::{arena, fits},
    waiting::{admit, closed, more_wait},
};

/// The board, before the key is typed.
async fn gate(url: &str, language: &str, screen: Screen) -> Browser {
    let browser = Browser::speaking(language, url, screen).await;
    browser.visit("/operator").await;
    browser
}

impl Browser {
    async fn enter_key(&self, key: &str) {
        self.write("#key", key).await;
        self.press("#enter").await;
    }

    /// Waits until an element says this and nothing else.
    async fn reads(&self, css: &str, text: &str) {
        let (css, text) = (json!(css), json!(text));
        let said = format!("document.querySelector({css})?.textContent");
        self.until(&format!("{said} === {text}")).await;
    }

    /// Puts another tab before the page, or takes it away.
    async fn hide(&self, is_hidden: bool) {
        let state = if is_hidden { "hidden" } else { "visible" };
        self.run(&format!(
            "Object.defineProperty(document, 'visibilityState', {{value: '{state}', configurable: true}});
             document.dispatchEvent(new Event('visibilitychange'))"
        ))
        .await;
    }

    /// Waits until a number on the board is this.
    async fn counts(&self, id: &str, value: impl Into<Value>) {
        let value = value.into();
        let shown = format!("document.querySelector('#{id}')?.dataset.value");
        self.until(&format!("{shown} === '{value}'")).await;
    }
}

/// The board of a server.
async fn board(app: &App, screen: Screen) -> Browser {
    let browser = gate(app.url(0), "en-US", screen).await;
    browser.enter_key(OPERATOR_KEY).await;
    browser.there_is(".figures").await;
    browser
}

async fn queue(app: &App) -> Value {
    let answer = app.operator(Method::GET, "/v1/admin/queue", &Value::Null);
    answer.await.body
}

/// A title that means something where the server writes down what it measures.
const ODD: &str = r#"A "\B\n" {title="C"} 5"#;

/// A concert with a date, which sells nothing.
async fn concert_called(app: &App, title: &str) {
    let concert = json!({"title": title, "venue": "Hall"});
    let concert = app.operator(Method::POST, "/v1/admin/concerts", &concert);
    let dates = format!("/v1/admin/concerts/{}/schedules", concert.await.text("id"));
    let date = json!({"starts_at": "2999-01-01T00:00:00Z"});
    let date = app.operator(Method::POST, &dates, &date).await;
    assert_eq!(date.status, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_numbers_are_those_of_the_api_and_seats_change_without_reloading() {
    let app = App::with(1, &[("AUDIT_EVERY", "1s")]).await;
    let show = app.schedule(50).await;
    concert_called(&app, ODD).await;
    let buyer = app.shopper(0, 50_000).await;
    let bought = buyer.hold(&show, &[1, 2], None).await;
    assert_eq!(buyer.pay(bought.text("id"), None).await.status, 201);
    let holder = app.shopper(0, 50_000).await;
    let held = holder.hold(&show, &[3], None).await;
    admit(&app, 100, true).await;
    more_wait(&app, 2).await;

    let browser = board(&app, DESK).await;
    browser.is(3, "held").await;
    browser.run("window.same = true").await;
    let told = queue(&app).await;
    for (id, member) in [
        ("waiting", "waiting"),
        ("active", "active"),
        ("admitted", "admitted_last_minute"),
    ] {
        browser.counts(id, told[member].clone()).await;
    }
    assert_eq!((&told["waiting"], &told["active"]), (&json!(2), &json!(1)));
    let path = format!("/v1/admin/schedules/{show}");
    let date = app.operator(Method::GET, &path, &Value::Null).await.body;
    browser
        .counts("holding", date["seats"]["held"].clone())
        .await;
    browser.counts("sold", date["seats"]["sold"].clone()).await;
    browser.counts("revenue", date["revenue"].clone()).await;
    assert_eq!(
        (&date["seats"]["sold"], &date["revenue"]),
        (&json!(2), &json!(20_000))
    );
    browser.says("#date-revenue", "₩20,000").await;
    browser.reads("#chart-queue [data-line=waiting]", "2").await;
    browser.reads("#chart-sold td", "2").await;
    browser.reads("#chart-sold tr:last-child th", ODD).await;
    browser.says("#audit", "All promises hold, checked").await;

    // What was held is paid, another seat is held, and the house keeps one.
    assert_eq!(holder.pay(held.text("id"), None).await.status, 201);
    browser.is(3, "sold").await;
    admit(&app, 100, false).await;
    browser.counts("waiting", 0).await;
    let other = app.shopper(0, 0).await;
    assert_eq!(other.hold(&show, &[7], None).await.status, 201);
    browser.is(7, "held").await;
    let kept = json!({"seat_numbers": [10], "note": "Press"});
    let blocks = format!("{path}/blocks");
    assert_eq!(app.operator(Method::POST, &blocks, &kept).await.status, 201);
    browser.is(10, "mine").await;
    for (status, seats) in [
        ("available", "45"),
        ("held", "1"),
        ("sold", "3"),
        ("blocked", "1"),
    ] {
        browser.reads(&format!("#count-{status}"), seats).await;
    }
    browser
        .says(".log tbody tr", "Kept seats for the house")
        .await;
    browser.says(".log tbody tr", "root").await;
    assert_eq!(browser.run("return window.same").await, true);
    let lie = format!("UPDATE schedules SET remaining_seats = 9 WHERE id = '{show}'");
    app.database
        .client()
        .await
        .batch_execute(&lie)
        .await
        .unwrap();
    browser.says("#audit", "Broken: promise 2, checked").await;
    browser.was_quiet(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_turned_on_the_page_is_in_force() {
    let app = App::start(1).await;
    app.schedule(50).await;
    let browser = board(&app, DESK).await;
    browser.says("#audit", "start with --audit-every").await;
    browser.says("#admission", "being let in").await;
    browser.press("#pause").await;
    browser.press("dialog .actions button:last-child").await;
    browser.until("!document.querySelector('dialog')").await;
    assert_eq!(queue(&app).await["policy"]["paused"], false);

    browser.press("#pause").await;
    browser.press("dialog .primary").await;
    browser.says("#admission", "paused").await;
    assert_eq!(queue(&app).await["policy"]["paused"], true);
    // There is room, and nobody comes in.
    more_wait(&app, 3).await;
    browser.counts("waiting", 3).await;

    browser.write("#capacity", "2").await;
    browser.press("#capacity-set").await;
    browser.reads("#capacity-now", "In force: 2").await;
    browser.write("#admission_batch", "1").await;
    browser.press("#admission_batch-set").await;
    browser.reads("#admission_batch-now", "In force: 1").await;
    browser.press("#pause").await;
    browser.says("#admission", "being let in").await;
    browser.counts("active", 2).await;
    browser.counts("waiting", 1).await;
    let policy = json!({"capacity": 2, "admission_batch": 1, "paused": false});
    assert_eq!(queue(&app).await["policy"], policy);
    browser.says(".log tbody tr", "Changed the queue").await;

    // What the server refuses is said, and changes nothing.
    browser
        .run("document.querySelector('#capacity').removeAttribute('max')")
        .await;
    browser.write("#capacity", "2000000").await;
    browser.press("#capacity-set").await;
    browser
        .there_is(".problem [data-code=invalid_request]")
        .await;
    browser.reads("#capacity-now", "In force: 2").await;
    assert_eq!(queue(&app).await["policy"], policy);
    browser.was_quiet(&[422]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn at_the_operators_door_a_good_key_opens_the_board_and_is_forgotten() {
    let app = App::with(1, &[("ADMIN_LISTEN", "127.0.0.1:0")]).await;
    let door = app.servers[0].operator_url.as_deref().unwrap();
    let desk = Operator {
        http: &app.http,
        server: door,
    };
    let browser = gate(door, "ko-KR", PHONE).await;
    browser.says("h1", "운영자 현황판").await;
    for wrong in ["wrong", "열쇠"] {
        browser.enter_key(wrong).await;
        let refused = "이 키로는 열 수 없습니다. 다시 입력하세요.";
        browser.says("#refused", refused).await;
        assert_eq!(browser.run("return sessionStorage.length").await, 0);
    }
    let named = json!({"name": "Box office"});
    let named = desk.ask(Method::POST, "/v1/admin/keys", &named).await;
    browser.enter_key(named.text("key")).await;
    browser.counts("waiting", 0).await;
    browser.says("#audit", "점검하지 않음").await;
    browser.reads("#seats", "아직 날짜가 없습니다.").await;
    // A reload keeps it, and nothing but this tab has it.
    browser.reload().await;
    browser.counts("waiting", 0).await;
    let elsewhere = format!(
        "JSON.stringify(localStorage).includes({0}) || document.cookie.includes({0})",
        json!(named.text("key"))
    );
    let is_elsewhere = browser.run(&format!("return {elsewhere}")).await;
    assert_eq!(is_elsewhere, false);

    // What the charts have seen outlives a change of the language.
    browser.says("#chart-queue caption", "기준").await;
    browser.press("#language").await;
    browser.says("#chart-queue caption", "At ").await;
    let spoken = browser.run("return document.documentElement.lang").await;
    assert_eq!(spoken, "en");

    let path = format!("/v1/admin/keys/{}", named.text("id"));
    let revoked = desk.ask(Method::DELETE, &path, &Value::Null).await;
    assert_eq!(revoked.status, 204);
    browser
        .says("#refused", "does not open the board any more")
        .await;
    browser.enter_key(OPERATOR_KEY).await;
    browser.press("#forget").await;
    browser.there_is("#key").await;
    assert_eq!(browser.run("return sessionStorage.length").await, 0);
    browser.was_quiet(&[403]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_restarts_and_the_board_recovers_and_says_so() {
    let mut app = closed().await;
    let browser = board(&app, DESK).await;
    browser.there_is("canvas.hall").await;
    browser.counts("waiting", 0).await;
    let server = app.servers.remove(0);
    assert!(server.stop().await.success());
    browser.says("#state", "Not up to date").await;
    browser.there_is("#live.stale").await;
    app.add(&[]).await;
    browser.reads("#state", "Live").await;
    browser.says(".notices", "The server is back").await;
    browser
        .says(".notices", "The server was restarted at")
        .await;
    browser
        .until("!document.querySelector('#live.stale')")
        .await;
    more_wait(&app, 1).await;
    browser.counts("waiting", 1).await;

    // Whoever does not look does not ask.
    browser.hide(true).await;
    more_wait(&app, 1).await;
    let asked = "performance.getEntriesByType('resource').length";
    browser.run("window.hidden = performance.now()").await;
    browser
        .until("performance.now() > window.hidden + 700")
        .await;
    let before = browser.run(&format!("return {asked}")).await;
    browser
        .until("performance.now() > window.hidden + 2500")
        .await;
    assert_eq!(browser.run(&format!("return {asked}")).await, before);
    browser.hide(false).await;
    browser.counts("waiting", 2).await;
    browser.was_quiet(&[0]).await;
}

const TALL: Screen = Screen {
    width: DESK.width,
    height: 1_880,
};

/// How many come to the sale. A picture for the README wants more to be seen in the charts.
fn crowd() -> u32 {
    match std::env::var("BOXOFFICE_IMAGES") {
        Ok(_) => 240,
        Err(_) => 12,
    }
}

/// One of many: waits for the turn, holds four seats, and pays, unless the third one.
async fn comes(fan: Fan, show: &str, at: u32) {
    let mut events = fan.listen(None).await;
    while events.next().await.unwrap().data["status"] != "active" {}
    let first = 2_001 + at * 4;
    let seats = [first, first + 1, first + 2, first + 3];
    let held = fan.hold(show, &seats, None).await;
    assert_eq!(held.status, 201, "{held:?}");
    if at.is_multiple_of(3) {
        let leave = fan.in_queue(Method::DELETE, "/v1/queue/tokens/me");
        assert_eq!(Answer::of(leave).await.status, 204);
    } else {
        assert_eq!(fan.pay(held.text("id"), None).await.status, 201);
    }
}

/// A crowd that waits, with money.
async fn gather(app: &App) -> Vec<Fan> {
    let policy = json!({"paused": true, "capacity": 60, "admission_batch": 4});
    let paused = app.operator(Method::PATCH, "/v1/admin/queue", &policy);
    assert_eq!(paused.await.status, 200);
    let fans = (0..crowd()).map(|_| async {
        let mut fan = app.fan(0).await;
        assert_eq!(fan.charge(800_000, None).await.status, 201);
        assert_eq!(fan.join().await.body["status"], "waiting");
        fan
    });
    join_all(fans).await
}

const CHOOSE_ARENA: &str = "const concerts = document.querySelector('#concert');
    concerts.value = [...concerts.options].find(({text}) => text.startsWith('STARLIT')).value;
    concerts.dispatchEvent(new Event('change'));";

/// Looks for barriers, and takes a picture.
async fn portray(browser: &Browser, name: &str, screen: Screen) {
    browser.says("#audit", "All promises hold").await;
    browser.until("!document.querySelector('.notice')").await;
    fits(browser, screen).await;
    browser
        .run("document.activeElement?.blur(); scrollTo(0, 0)")
        .await;
    browser.picture(name, screen).await;
    assert_eq!(browser.barriers().await, [""; 0], "{name}");
    browser.was_quiet(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_board_is_pictured_and_has_no_barriers() {
    let app = App::seeded_with(&[("AUDIT_EVERY", "5s")]).await;
    let screens = [
        ("operator", TALL, "light"),
        ("operator-phone", PHONE, "dark"),
    ];
    let browsers = screens.map(async |(_, screen, scheme)| {
        let browser = gate(app.url(0), "en-US", screen).await;
        browser.colours(scheme).await;
        browser.there_is("#key").await;
        if scheme == "dark" {
            assert_eq!(browser.barriers().await, [""; 0]);
        }
        browser.enter_key(OPERATOR_KEY).await;
        browser.there_is("canvas.hall").await;
        browser
    });
    let browsers = join_all(browsers).await;
    let show = arena(&app).await;
    let fans = gather(&app).await;
    for browser in &browsers {
        browser.counts("waiting", crowd()).await;
        browser.run(CHOOSE_ARENA).await;
        browser.reads("#count-held", "80").await;
        let rows = "document.querySelector('[role=grid]').getAttribute('aria-rowcount')";
        browser.until(&format!("{rows} === '400'")).await;
    }
    admit(&app, 60, false).await;
    let sale = fans.into_iter().zip(0..);
    let sale = join_all(sale.map(|(fan, at)| comes(fan, &show, at)));
    let look = async {
        let waiting = "Number(document.querySelector('#waiting').dataset.value)";
        for quarters in [3, 2, 1] {
            let few = crowd() * quarters / 4;
            browsers[0].until(&format!("{waiting} <= {few}")).await;
        }
        let portraits = browsers.iter().zip(screens);
        join_all(portraits.map(|(browser, (name, screen, _))| portray(browser, name, screen)))
            .await;
    };
    tokio::join!(sale, look);
}
