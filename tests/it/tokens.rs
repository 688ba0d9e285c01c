//! Tokens over several server processes: new secrets, and tokens that are spent elsewhere.

use futures_util::future::join_all;
use reqwest::Method;
use system_tests::{Answer, App, Fan, TOKEN_SECRET};

const NEW_SECRET: &str = "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210";

/// The header of a token, which names its secret.
fn header(token: &str) -> &str {
    token.split('.').next().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_changed_process_by_process_and_nobody_loses_a_token() {
    let mut app = App::start(2).await;
    let mut old = app.fan(0).await;
    assert_eq!(old.join().await.status, 201);
    let me = async |fan: &Fan, server: &str| {
        let fan = fan.at(server);
        let who = Answer::of(fan.as_user(Method::GET, "/v1/users/me")).await;
        let place = fan.get("/v1/queue/tokens/me").await;
        (who.status, place.status)
    };

    // First each process learns the new secret, while the old one still signs; then it signs.
    for (process, secrets) in [
        (0, [TOKEN_SECRET, NEW_SECRET].join(",")),
        (1, [TOKEN_SECRET, NEW_SECRET].join(",")),
        (0, [NEW_SECRET, TOKEN_SECRET].join("\n")),
    ] {
        app.replace(process, &[("TOKEN_SECRET", &secrets)]).await;
        assert_eq!(me(&old, app.url(0)).await, (200, 200), "{process}");
        assert_eq!(me(&old, app.url(1)).await, (200, 200), "{process}");
    }
    let mut new = app.fan(0).await;
    new.join().await;
    assert_ne!(header(&new.access_token), header(&old.access_token));
    assert_ne!(header(&new.queue_token), header(&old.queue_token));
    assert_eq!(me(&new, app.url(0)).await, (200, 200));
    assert_eq!(
        me(&new, app.url(1)).await,
        (200, 200),
        "which still signs with the old one"
    );
    let still_old = app.fan(1).await;
    assert_eq!(header(&still_old.access_token), header(&old.access_token));

    // The same place in the queue, told with a token of the new secret.
    let again = Answer::of(old.at(app.url(0)).as_user(Method::POST, "/v1/queue/check")).await;
    assert_eq!(again.status, 200);
    assert_eq!(header(again.text("token")), header(&new.queue_token));

    // When the old secret is removed, what it signed is worth nothing.
    app.replace(1, &[("TOKEN_SECRET", NEW_SECRET)]).await;
    assert_eq!(me(&new, app.url(1)).await, (200, 200));
    assert_eq!(me(&old, app.url(1)).await, (401, 401));
    assert_eq!(me(&old, app.url(0)).await, (200, 200), "which has both");
    let refused = old.at(app.url(1)).get("/v1/queue/tokens/me").await;
    assert_eq!(refused.code(), "token_invalid");
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_8_a_token_spent_at_one_process_neither_holds_nor_pays_at_another() {
    let app = App::start(2).await;
    let show = app.schedule(1_000).await;
    let shop = async |n: u32| {
        let fan = app.shopper(0, 50_000).await;
        let elsewhere = fan.at(app.url(1));
        // So that the other process knows the token, and knows it as active.
        assert_eq!(elsewhere.get("/v1/concerts").await.status, 200);
        let seats = [1, 2, 3].map(|seat| 3 * n + seat);
        let bought = fan.hold(&show, &seats[..1], None).await;
        let other = fan.hold(&show, &seats[1..2], None).await;
        let [bought, other] = [bought, other].map(|held| held.text("id").to_owned());
        (fan, elsewhere, bought, other, seats[2])
    };
    let mut behind = 0;
    // One after the other: nobody is new to the other process meanwhile, for whom it would hurry.
    for (fan, elsewhere, bought, other, seat) in join_all((0..30).map(shop)).await {
        assert_eq!(fan.pay(&bought, None).await.status, 201);
        let wanted = [seat];
        // At once: the other process may not have followed yet, the database has.
        let (hold, pay, look) = tokio::join!(
            elsewhere.hold(&show, &wanted, None),
            elsewhere.pay(&other, None),
            elsewhere.get("/v1/concerts"),
        );
        assert_eq!((hold.status, hold.code()), (401, "queue_token_expired"));
        assert_eq!((pay.status, pay.code()), (401, "queue_token_expired"));
        behind += u32::from(look.status == 200);
    }
    assert!(
        behind > 0,
        "the line in memory was never behind, so nothing was shown"
    );
    app.assert_audit_clean().await;
}
