//! Korean and English.

use system_tests::App;

use crate::browser::{Browser, DESK};

#[tokio::test(flavor = "multi_thread")]
async fn the_shop_speaks_the_browsers_language_and_changes_it_without_reloading() {
    let app = App::start(1).await;
    app.schedule(50).await;
    let browser = Browser::speaking("ko-KR", app.url(0), DESK).await;
    browser.says("h1", "좋은 자리").await;
    browser.says("#sign-up", "들어가기").await;
    assert_eq!(
        browser.run("return document.documentElement.lang").await,
        "ko"
    );
    browser.sign_up("민아").await;
    browser.write("#amount", "0").await;
    browser.press("#charge").await;
    // What the server says, and what to do.
    browser
        .says("[data-code='invalid_amount']", "유효하지 않은 금액입니다")
        .await;
    browser.says(".problem", "원 단위로 입력하세요").await;

    browser.run("window.same = true").await;
    browser.press("#language").await;
    browser.says("h1", "Your balance").await;
    assert_eq!(browser.run("return window.same").await, true);
    assert_eq!(
        browser.run("return document.documentElement.lang").await,
        "en"
    );
    browser.write("#amount", "0").await;
    browser.press("#charge").await;
    browser
        .says("[data-code='invalid_amount']", "The amount is not valid")
        .await;
    // It stays chosen.
    browser.reload().await;
    browser.says("h1", "Your balance").await;
    browser.was_quiet(&[422]).await;
}
