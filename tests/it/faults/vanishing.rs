//! Clients that vanish: what was begun is finished, and nothing stays open or locked.

use reqwest::Method;
use serde_json::{Value, json};
use system_tests::{App, Fan, eventually};
use tokio::{io::AsyncWriteExt, net::TcpStream};
use tokio_postgres::Client;

/// A request that can be sent and forgotten, or sent and waited for.
struct Wish {
    method: Method,
    path: String,
    token: String,
    body: Value,
    key: &'static str,
}

impl Wish {
    /// Sends it and resets the connection when `moment` has come.
    async fn send_and_vanish(&self, app: &App, moment: impl Future<Output = ()>) {
        let address = app.url(0).strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(address).await.unwrap();
        let body = self.body.to_string();
        let request = format!(
            "{} {} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\n\
             Idempotency-Key: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.method,
            self.path,
            self.token,
            self.key,
            body.len(),
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        moment.await;
        stream.set_zero_linger().unwrap();
    }

    /// Sends it and waits; the status and the body's id.
    async fn send(&self, app: &App) -> (u16, Value) {
        let request = app
            .http
            .request(self.method.clone(), format!("{}{}", app.url(0), self.path));
        let request = request
            .bearer_auth(&self.token)
            .header("Idempotency-Key", self.key);
        let answer = system_tests::Answer::of(request.json(&self.body)).await;
        (answer.status, answer.body)
    }
}

/// Whoever waits for a lock among the server's sessions.
const BLOCKED: &str = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' \
     AND datname = current_database() AND application_name = 'boxoffice'";
/// Transactions that are open and do nothing, and locks of rows that are held.
const LEFT_OPEN: &str = "SELECT (SELECT count(*) FROM pg_stat_activity \
     WHERE datname = current_database() AND application_name = 'boxoffice' \
     AND state LIKE 'idle in transaction%') + (SELECT count(*) FROM pg_locks \
     JOIN pg_stat_activity USING (pid) WHERE datname = current_database() \
     AND application_name = 'boxoffice' AND (locktype IN ('transactionid', 'tuple') \
     OR mode = 'RowShareLock'))";

async fn number(client: &Client, query: &str) -> i64 {
    client.query_one(query, &[]).await.unwrap().get(0)
}

/// A shopper with money who holds seat 1 and means to hold, pay, charge and cancel.
async fn wishes(app: &App) -> (Fan, [(Wish, &'static str, &'static str); 4]) {
    let show = app.schedule(10).await;
    let fan = app.shopper(0, 50_000).await;
    let to_pay = fan.hold(&show, &[1], None).await.text("id").to_owned();
    let to_cancel = fan.hold(&show, &[2], None).await.text("id").to_owned();
    let wish = |method, path: &str, token: &str, body, key| Wish {
        method,
        path: path.to_owned(),
        token: token.to_owned(),
        body,
        key,
    };
    let charges = format!("/v1/users/{}/balance/charges", fan.id);
    let hold = json!({"schedule_id": show, "seat_numbers": [3]});
    let pay = json!({"reservation_id": to_pay});
    let wishes = [
        (
            wish(
                Method::POST,
                "/v1/reservations",
                &fan.queue_token,
                hold,
                "h",
            ),
            "SELECT id FROM schedules FOR UPDATE",
            "SELECT count(*) FROM seats WHERE number = 3 AND status = 'held'",
        ),
        (
            wish(
                Method::POST,
                &charges,
                &fan.access_token,
                json!({"amount": 7}),
                "c",
            ),
            "SELECT user_id FROM balances FOR UPDATE",
            "SELECT count(*) FROM ledger_entries WHERE amount = 7",
        ),
        (
            wish(
                Method::DELETE,
                &format!("/v1/reservations/{to_cancel}"),
                &fan.access_token,
                Value::Null,
                "x",
            ),
            "SELECT id FROM schedules FOR UPDATE",
            "SELECT count(*) FROM reservations WHERE status = 'cancelled'",
        ),
        // Last, as it spends the queue token.
        (
            wish(Method::POST, "/v1/payments", &fan.queue_token, pay, "p"),
            "SELECT id FROM schedules FOR UPDATE",
            "SELECT count(*) FROM payments",
        ),
    ];
    (fan, wishes)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_vanished_client_began_is_finished_and_leaves_nothing_open() {
    let app = App::start(1).await;
    let (fan, wishes) = wishes(&app).await;
    let database = &app.database.client().await;
    let obstacle = app.database.client().await;
    for (wish, lock, done) in wishes {
        obstacle
            .batch_execute(&format!("BEGIN; {lock}"))
            .await
            .unwrap();
        let begun = eventually("its transaction is under way", || async {
            number(database, BLOCKED).await > 0
        });
        wish.send_and_vanish(&app, begun).await;
        assert_eq!(number(database, done).await, 0, "{}", wish.path);
        obstacle.batch_execute("ROLLBACK").await.unwrap();
        eventually("what was begun is done", || async {
            number(database, done).await == 1
        })
        .await;
        eventually("nothing is left open", || async {
            number(database, LEFT_OPEN).await == 0
        })
        .await;
        let (first, second) = (wish.send(&app).await, wish.send(&app).await);
        assert!([200, 201].contains(&first.0), "{} {first:?}", wish.path);
        assert_eq!(first, second, "{}", wish.path);
        assert_eq!(number(database, done).await, 1, "{}", wish.path);
    }
    assert_eq!(fan.balance().await, 50_000 + 7 - 10_000);
    app.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_vanishes_at_any_moment_can_come_back_with_its_key() {
    let app = App::start(1).await;
    for round in 0..12_u32 {
        let (fan, wishes) = wishes(&app).await;
        for (wish, _, _) in &wishes {
            let moment = tokio::time::sleep(std::time::Duration::from_millis(u64::from(round)));
            wish.send_and_vanish(&app, moment).await;
            let (status, body) = wish.send(&app).await;
            assert!(
                [200, 201].contains(&status),
                "{} {status} {body}",
                wish.path
            );
        }
        assert_eq!(fan.balance().await, 50_000 + 7 - 10_000, "after {round} ms");
    }
    let database = &app.database.client().await;
    eventually("nothing is left open", || async {
        number(database, LEFT_OPEN).await == 0
    })
    .await;
    app.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_takes_too_long_is_answered_and_leaves_nothing_open() {
    // The limits follow from the request timeout, whatever it is.
    for limit in ["600ms", "3s"] {
        let app = App::with(1, &[("REQUEST_TIMEOUT", limit)]).await;
        let (_, wishes) = wishes(&app).await;
        let database = &app.database.client().await;
        let obstacle = app.database.client().await;
        for (wish, lock, done) in wishes {
            obstacle
                .batch_execute(&format!("BEGIN; {lock}"))
                .await
                .unwrap();
            let (status, body) = wish.send(&app).await;
            assert_eq!(status, 503, "{} {body}", wish.path);
            eventually("nobody waits any more", || async {
                number(database, BLOCKED).await + number(database, LEFT_OPEN).await == 0
            })
            .await;
            obstacle.batch_execute("ROLLBACK").await.unwrap();
            assert_eq!(number(database, done).await, 0, "{}", wish.path);
            let (status, body) = wish.send(&app).await;
            assert!(
                [200, 201].contains(&status),
                "{} {status} {body}",
                wish.path
            );
        }
        app.assert_audit_clean().await;
    }
}

/// The control: a transaction that is left open is seen.
#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_left_open_would_be_seen() {
    let app = App::start(1).await;
    app.schedule(1).await;
    let (database, forgotten) = (app.database.client().await, app.database.client().await);
    eventually("nothing is left open", || async {
        number(&database, LEFT_OPEN).await == 0
    })
    .await;
    let lock = "SET application_name = 'boxoffice'; BEGIN; SELECT id FROM schedules FOR UPDATE";
    forgotten.batch_execute(lock).await.unwrap();
    assert!(number(&database, LEFT_OPEN).await >= 2);
}
