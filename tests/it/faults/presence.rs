//! Who is there during an outage is not ended for a silence that was the database's.

use std::time::{Duration, Instant};

use system_tests::{App, Fault, Proxy, eventually};
use test_database::TestDatabase;

#[tokio::test(flavor = "multi_thread")]
async fn rule_5_who_goes_on_asking_through_an_outage_is_no_no_show() {
    let database = TestDatabase::migrated().await;
    let proxy = Proxy::before(database.url()).await;
    let url = proxy.url().to_owned();
    // Presence is written twice a second: whoever lets people in is faster after the outage.
    let settings = [("NO_SHOW_AFTER", "6s"), ("ADMISSION_INTERVAL", "50ms")];
    let app = App::over(database, &url, 1, &settings).await;
    let (there, gone) = (app.shopper(0, 0).await, app.shopper(0, 0).await);
    let status = async |fan: &system_tests::Fan| {
        let place = fan.get("/v1/queue/tokens/me").await;
        (
            place.status,
            place.body["status"].as_str().map(str::to_owned),
        )
    };
    let goes_on = async |lasts: Duration| {
        let end = Instant::now() + lasts;
        while Instant::now() < end {
            assert_eq!(status(&there).await, (200, Some("active".to_owned())));
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    goes_on(Duration::from_millis(500)).await;
    proxy.set(Fault::Refuse).await;
    goes_on(Duration::from_secs(7)).await;
    proxy.set(Fault::None).await;
    goes_on(Duration::from_secs(4)).await;
    // The control: who was silent is one, outage or not.
    let ended = "SELECT count(*) FROM queue_tokens WHERE end_reason = 'no_show'";
    let database = &app.database.client().await;
    eventually("the silent one is ended", || async {
        let ended: i64 = database.query_one(ended, &[]).await.unwrap().get(0);
        ended == 1
    })
    .await;
    assert_eq!(gone.get("/v1/queue/tokens/me").await.status, 401);
    assert_eq!(status(&there).await.0, 200);
    app.assert_audit_clean().await;
}
