//! Every won is where it was said to be.

use system_tests::{App, bank::Bank};

#[tokio::test(flavor = "multi_thread")]
async fn rule_18_balances_are_what_was_told_after_charges_and_payments_at_the_same_time() {
    const OPERATIONS: usize = 1_200;
    let app = App::with(2, &[("SEATS_PER_USER", "50000")]).await;
    let urls = [app.url(0).to_owned(), app.url(1).to_owned()];
    let bank = Bank::open(&app.http, &urls, 8, OPERATIONS).await;
    let turnover = bank.trade().await;
    assert!(turnover.done >= OPERATIONS, "{turnover:?}");
    let database = app.database.client().await;
    assert_eq!(bank.drifts(&database).await, [""; 0]);
    app.assert_audit_clean().await;

    // The comparison sees a single won.
    let stray = "UPDATE balances SET balance = balance + 1 \
                 WHERE user_id = (SELECT min(user_id::text)::uuid FROM ledger_entries)";
    assert_eq!(database.execute(stray, &[]).await.unwrap(), 1);
    assert_eq!(bank.drifts(&database).await.len(), 1);
}
