//! Giving paid reservations back, and dates that are called off, over real server processes.

use futures_util::future::{join, join_all};
use reqwest::Method;
use serde_json::{Value, json};
use system_tests::{Answer, App, Fan, eventually};
use tokio_postgres::Client;

async fn give_up(fan: &Fan, reservation: &str) -> Answer {
    let path = format!("/v1/reservations/{reservation}");
    Answer::of(fan.as_user(Method::DELETE, &path)).await
}

/// A fan with 30,000 won, of which 10,000 are paid for a seat of `show`, and the reservation.
async fn buyer(app: &App, show: &str, seat: u32) -> (Fan, String) {
    let fan = app.shopper(0, 30_000).await;
    let held = fan.hold(show, &[seat], None).await;
    let paid = fan.pay(held.text("id"), None).await;
    assert_eq!(paid.status, 201, "{held:?} {paid:?}");
    (fan, held.text("id").to_owned())
}

async fn call_off(app: &App, show: &str, body: Value) -> Answer {
    let path = format!("/v1/admin/schedules/{show}/cancellation");
    app.operator(Method::POST, &path, &body).await
}

/// How far the refunds of `show` have come, as the process `number` tells.
async fn progress(app: &App, number: usize, show: &str) -> Answer {
    let url = app.url(number);
    let path = format!("{url}/v1/admin/schedules/{show}/cancellation");
    Answer::of(app.http.get(path).bearer_auth(system_tests::OPERATOR_KEY)).await
}

async fn count(client: &Client, query: &str) -> i64 {
    client.query_one(query, &[]).await.unwrap().get(0)
}

/// Everyone of a sold-out `show` of so many seats: each has paid 10,000 won, and has nothing left.
async fn sell_out(client: &Client, show: &str, seats: u32) {
    let sale = format!(
        "CREATE TABLE crowd AS SELECT number, gen_random_uuid() AS fan, \
           gen_random_uuid() AS reservation, gen_random_uuid() AS payment, \
           timestamptz '2026-01-01 12:00+00' AS at FROM generate_series(1, {seats}) AS number; \
         INSERT INTO users (id, name, created_at) SELECT fan, 'Fan', at FROM crowd; \
         INSERT INTO balances (user_id, balance, entries) SELECT fan, 0, 2 FROM crowd; \
         INSERT INTO ledger_entries \
           (id, user_id, number, kind, payment_id, amount, balance_after, created_at) \
           SELECT gen_random_uuid(), fan, 1, 'charge', NULL, 10000, 10000, at FROM crowd \
           UNION ALL SELECT gen_random_uuid(), fan, 2, 'payment', payment, -10000, 0, at FROM crowd; \
         INSERT INTO reservations (id, user_id, schedule_id, status, seat_numbers, amount, \
           created_at, held_until, payment_id) \
           SELECT reservation, fan, '{show}', 'paid', ARRAY[number], 10000, at, at, payment \
           FROM crowd; \
         INSERT INTO payments (id, reservation_id, user_id, amount, balance_after, paid_at) \
           SELECT payment, reservation, fan, 10000, 0, at FROM crowd; \
         UPDATE seats SET status = 'sold', reservation_id = reservation FROM crowd \
           WHERE schedule_id = '{show}' AND seats.number = crowd.number; \
         UPDATE schedules SET remaining_seats = 0, sold_seats = {seats}, version = version + 1 \
           WHERE id = '{show}'"
    );
    client.batch_execute(&sale).await.unwrap();
}

const POOR: &str =
    "SELECT count(*) FROM balances JOIN crowd ON user_id = fan WHERE balance <> 10000";

#[tokio::test(flavor = "multi_thread")]
async fn of_200_clients_of_two_processes_who_cancel_a_paid_reservation_one_is_paid_back() {
    let app = App::start(2).await;
    let show = app.schedule(50).await;
    let (fan, reservation) = buyer(&app, &show, 1).await;
    let path = format!("/v1/reservations/{reservation}");
    let shown = Answer::of(fan.as_user(Method::GET, &path)).await;
    assert!(shown.body["refund_until"].is_string(), "{shown:?}");
    let clients: Vec<_> = (0..200).map(|n| fan.at(app.url(n))).collect();
    let answers = join_all(clients.iter().map(|client| give_up(client, &reservation))).await;
    for answer in &answers {
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.text("status"), "cancelled");
        assert_eq!(answer.text("refunded_at"), answers[0].text("refunded_at"));
        assert_eq!(answer.body.get("refund_until"), None);
    }
    assert_eq!(fan.balance().await, 30_000);
    let entries = format!("/v1/users/{}/balance/entries?limit=1", fan.id);
    let entries = Answer::of(fan.as_user(Method::GET, &entries)).await;
    assert_eq!(entries.body["items"][0]["kind"], "refund");
    assert_eq!(entries.body["items"][0]["amount"], 10_000);
    let payments = Answer::of(fan.as_user(Method::GET, "/v1/payments")).await;
    assert!(payments.body["items"][0]["refunded_at"].is_string());
    let another = app.shopper(1, 0).await;
    assert_eq!(another.hold(&show, &[1], None).await.status, 201);
    app.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn too_late_or_turned_off_a_paid_reservation_is_not_refunded() {
    // The show is in two days.
    for (until, told) in [("3d", true), ("never", false)] {
        let app = App::with(1, &[("REFUND_UNTIL", until)]).await;
        let show = app.schedule(5).await;
        let (fan, reservation) = buyer(&app, &show, 1).await;
        let refused = give_up(&fan, &reservation).await;
        assert_eq!(
            (refused.status, refused.code()),
            (409, "refund_not_allowed")
        );
        assert_eq!(refused.body.get("refund_until").is_some(), told);
        assert_eq!(fan.balance().await, 20_000);
        app.assert_audit_clean().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_date_that_is_called_off_sells_nothing_more_and_refunds_everyone_also_when_refunds_are_off()
 {
    let app = App::with(2, &[("REFUND_UNTIL", "never")]).await;
    let show = app.schedule(10).await;
    let (buyer, reservation) = buyer(&app, &show, 1).await;
    let holder = app.shopper(1, 30_000).await;
    let held = holder.hold(&show, &[2], None).await;
    let off = call_off(&app, &show, json!({"reason": "the singer is ill"})).await;
    assert_eq!(off.status, 202, "{off:?}");
    assert_eq!(off.text("reason"), "the singer is ill");

    let refused = holder.hold(&show, &[3], None).await;
    assert_eq!(
        (refused.status, refused.code()),
        (409, "schedule_cancelled")
    );
    assert_eq!(refused.text("reason"), "the singer is ill");
    let refused = holder.pay(held.text("id"), None).await;
    let gone = ["schedule_cancelled", "reservation_cancelled"];
    assert!(gone.contains(&refused.code()), "{refused:?}");
    for number in 0..2 {
        let path = format!("/v1/schedules/{show}/seats");
        let elsewhere = holder.at(app.url(number));
        eventually("no seat is shown", async || {
            elsewhere.get(&path).await.code() == "no_seats"
        })
        .await;
    }
    eventually("it is done", async || {
        progress(&app, 1, &show).await.text("status") == "done"
    })
    .await;
    let done = progress(&app, 0, &show).await;
    assert_eq!((done.number("refunded"), done.number("remaining")), (1, 0));
    assert_eq!(done.number("amount_refunded"), 10_000);
    assert!(done.body["finished_at"].is_string());
    assert_eq!(buyer.balance().await, 30_000);
    let again = give_up(&buyer, &reservation).await;
    assert_eq!(again.text("status"), "cancelled");
    assert_eq!(buyer.balance().await, 30_000);
    app.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_killed_in_the_midst_of_refunds_leaves_them_to_the_next() {
    let mut app = App::start(1).await;
    let show = app.schedule(2_000).await;
    let (client, obstacle) = (app.database.client().await, app.database.client().await);
    sell_out(&client, &show, 2_000).await;
    // Half-way somebody's balance is locked: the batch waits for it, and the server dies meanwhile.
    let lock = "BEGIN; SELECT balance FROM balances JOIN crowd ON user_id = fan \
         WHERE number = 1000 FOR NO KEY UPDATE OF balances";
    obstacle.batch_execute(lock).await.unwrap();
    let off = call_off(&app, &show, json!({})).await;
    assert_eq!(
        (off.text("status"), off.number("remaining")),
        ("running", 2_000)
    );
    eventually("a batch waits", async || {
        let waiting = "SELECT count(*) FROM pg_stat_activity \
             WHERE datname = current_database() AND wait_event_type = 'Lock'";
        count(&client, waiting).await == 1
    })
    .await;
    let half = progress(&app, 0, &show).await;
    app.servers.remove(0).kill().await;
    obstacle.batch_execute("ROLLBACK").await.unwrap();
    let refunds = count(&client, "SELECT count(*) FROM refunds").await;
    assert!((1..2_000).contains(&refunds), "{refunds}");
    assert_eq!(half.number("refunded"), refunds, "what was told is there");
    assert_eq!(count(&client, POOR).await, 2_000 - refunds);
    app.assert_audit_clean().await;

    // The next one dies wherever it happens to be.
    app.add(&[]).await;
    eventually("the next goes on", async || {
        count(&client, "SELECT count(*) FROM refunds").await > refunds
    })
    .await;
    app.servers.remove(0).kill().await;
    app.assert_audit_clean().await;

    app.add(&[]).await;
    app.add(&[]).await;
    for done in [1_900, 2_000] {
        eventually("most have their money, then all", async || {
            progress(&app, 0, &show).await.number("refunded") >= done
        })
        .await;
    }
    eventually("it is done", async || {
        progress(&app, 1, &show).await.text("status") == "done"
    })
    .await;
    let done = progress(&app, 0, &show).await;
    assert_eq!(done.number("amount_refunded"), 20_000_000);
    assert_eq!(count(&client, POOR).await, 0);
    assert_eq!(count(&client, "SELECT count(*) FROM refunds").await, 2_000);
    app.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn others_buy_and_change_their_minds_while_a_full_house_is_refunded() {
    let app = App::start(2).await;
    let (off, on) = (app.schedule(1_000).await, app.schedule(100).await);
    let client = app.database.client().await;
    sell_out(&client, &off, 1_000).await;
    let fans = join_all((0..60).map(|n| app.shopper(n, 30_000))).await;
    let shop = async |seat: u32, fan: &Fan| {
        let held = fan.hold(&on, &[seat], None).await;
        let paid = fan.pay(held.text("id"), None).await;
        assert_eq!((held.status, paid.status), (201, 201), "{held:?} {paid:?}");
        if seat.is_multiple_of(3) {
            let refunded = give_up(fan, held.text("id")).await;
            assert_eq!(refunded.status, 200, "{refunded:?}");
        }
    };
    let shopping = join_all((1..).zip(&fans).map(|(seat, fan)| shop(seat, fan)));
    let refunds = async {
        assert_eq!(call_off(&app, &off, json!({})).await.status, 202);
        for done in [300, 600, 1_000] {
            eventually("the refunds go on", async || {
                progress(&app, 1, &off).await.number("refunded") >= done
            })
            .await;
        }
    };
    join(shopping, refunds).await;
    eventually("it is done", async || {
        progress(&app, 0, &off).await.text("status") == "done"
    })
    .await;
    assert_eq!(count(&client, POOR).await, 0);
    assert_eq!(count(&client, "SELECT count(*) FROM refunds").await, 1_020);
    app.assert_audit_clean().await;
}
