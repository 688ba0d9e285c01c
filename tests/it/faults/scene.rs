//! A server behind a proxy, with fans who go on whatever happens, and what they saw.

use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use reqwest::{Method, RequestBuilder};
use serde_json::json;
use system_tests::{App, Fan, Fault, Proxy};
use test_database::TestDatabase;
use tokio::sync::{Mutex, MutexGuard};

use super::traffic::{Sent, Traffic, send, sign_up};

/// Between two rounds of requests of every kind.
const PACE: Duration = Duration::from_millis(150);
/// How long all is well, before and at last.
const BEFORE: Duration = Duration::from_millis(600);
const AFTER: Duration = Duration::from_millis(4_500);
const PRICE: i64 = 10_000;
const CHARGE: i64 = 1_000;

/// A server behind a proxy, and its fans.
pub struct Scene {
    app: App,
    proxy: Proxy,
    show: String,
    /// Holds a seat a round.
    holder: Fan,
    /// Charges once a round.
    charger: Fan,
    /// Each pays one reservation and cancels another.
    payers: Vec<(Fan, [String; 2])>,
    /// Waits in the queue all the time.
    waiting: Fan,
    _alone: MutexGuard<'static, ()>,
}

/// Times are measured one scene at a time.
static ALONE: Mutex<()> = Mutex::const_new(());

/// What was seen.
pub struct Seen {
    /// Requests of every kind but positions.
    pub requests: Vec<Sent>,
    /// Positions.
    pub positions: Vec<Sent>,
    /// When all was well again.
    pub healed: Instant,
}

impl Scene {
    /// Sets the scene for so long a fault, with these settings of the server.
    pub async fn set(fault: Duration, settings: &[(&str, &str)]) -> Self {
        let alone = ALONE.lock().await;
        let database = TestDatabase::migrated().await;
        let proxy = Proxy::before(database.url()).await;
        let settings = [&[("SEATS_PER_USER", "1000")], settings].concat();
        let url = proxy.url().to_owned();
        let app = App::over(database, &url, 1, &settings).await;
        let show = app.schedule(400).await;
        let rounds = (BEFORE + fault + AFTER).as_millis() / PACE.as_millis() + 1;
        let rounds = u32::try_from(rounds).unwrap();
        let payers = stream::iter(1..=rounds)
            .map(async |seat| {
                let fan = app.shopper(0, PRICE).await;
                let held = async |seat| fan.hold(&show, &[seat], None).await.text("id").to_owned();
                let reservations = [held(seat).await, held(2 * rounds + seat).await];
                (fan, reservations)
            })
            .buffered(8)
            .collect()
            .await;
        let holder = app.shopper(0, 0).await;
        let charger = app.fan(0).await;
        let pause = json!({"paused": true});
        let paused = app.operator(Method::PATCH, "/v1/admin/queue", &pause).await;
        assert_eq!(paused.status, 200);
        let mut waiting = app.fan(0).await;
        waiting.join().await;
        Self {
            app,
            proxy,
            show,
            holder,
            charger,
            payers,
            waiting,
            _alone: alone,
        }
    }

    /// Lets `fault` happen for so long, while requests go on.
    pub async fn endure(&self, fault: Fault, lasts: Duration) -> Seen {
        let drama = async {
            tokio::time::sleep(BEFORE).await;
            self.proxy.set(fault).await;
            tokio::time::sleep(lasts).await;
            let healed = Instant::now();
            self.proxy.set(Fault::None).await;
            tokio::time::sleep(AFTER).await;
            healed
        };
        tokio::pin!(drama);
        let (mut traffic, mut watching) = (Traffic::default(), Traffic::default());
        let mut ticks = tokio::time::interval(PACE);
        let mut round = 0;
        let healed = loop {
            tokio::select! {
                healed = &mut drama => break healed,
                _ = ticks.tick() => {
                    if round < self.payers.len() {
                        self.requests(round, |kind, request| traffic.send(kind, request));
                    }
                    watching.send("position", self.waiting.in_queue(Method::GET, "/v1/queue/tokens/me"));
                    round += 1;
                }
            }
        };
        Seen {
            requests: traffic.all().await,
            positions: watching.all().await,
            healed,
        }
    }

    /// One request of every kind.
    fn requests(&self, round: usize, mut send: impl FnMut(&'static str, RequestBuilder)) {
        for (kind, request) in self.writes(round) {
            send(kind, request);
        }
        let seats = format!("/v1/schedules/{}/seats?status=available", self.show);
        let balance = format!("/v1/users/{}/balance", self.charger.id);
        send("seats", self.holder.in_queue(Method::GET, &seats));
        send("balance", self.charger.as_user(Method::GET, &balance));
        send(
            "reservations",
            self.holder.as_user(Method::GET, "/v1/reservations"),
        );
        send(
            "join",
            self.charger.as_user(Method::POST, "/v1/queue/check"),
        );
        send("sign up", sign_up(&self.app.http, self.app.url(0)));
    }

    /// What may be sent again with its key.
    fn writes(&self, round: usize) -> [(&'static str, RequestBuilder); 4] {
        let key =
            |request: RequestBuilder| request.header("Idempotency-Key", format!("round {round}"));
        let seat = self.payers.len() + round + 1;
        let hold = json!({"schedule_id": self.show, "seat_numbers": [seat]});
        let (payer, [to_pay, to_cancel]) = &self.payers[round];
        let cancelled = format!("/v1/reservations/{to_cancel}");
        let charges = format!("/v1/users/{}/balance/charges", self.charger.id);
        [
            ("cancel", payer.as_user(Method::DELETE, &cancelled)),
            (
                "hold",
                key(self
                    .holder
                    .in_queue(Method::POST, "/v1/reservations")
                    .json(&hold)),
            ),
            (
                "pay",
                key(payer
                    .in_queue(Method::POST, "/v1/payments")
                    .json(&json!({"reservation_id": to_pay}))),
            ),
            (
                "charge",
                key(self
                    .charger
                    .as_user(Method::POST, &charges)
                    .json(&json!({"amount": CHARGE}))),
            ),
        ]
    }

    /// Sends everything again with its key and fails the test unless each was done exactly once.
    pub async fn assert_exactly_once(&self) {
        for round in 0..self.payers.len() {
            for (kind, request) in self.writes(round) {
                let again = send(kind, request).await;
                assert!(again.succeeded(), "{round}: {again:?}");
            }
        }
        let rounds = i64::try_from(self.payers.len()).unwrap();
        let database = self.app.database.client().await;
        let number =
            async |query: &str| -> i64 { database.query_one(query, &[]).await.unwrap().get(0) };
        assert_eq!(self.charger.balance().await, rounds * CHARGE);
        assert_eq!(number("SELECT count(*) FROM payments").await, rounds);
        let paid = "SELECT count(*) FROM reservations WHERE status = 'paid'";
        assert_eq!(number(paid).await, rounds);
        let held = "SELECT count(*) FROM reservations WHERE status = 'pending_payment'";
        assert_eq!(number(held).await, rounds);
        let cancelled = "SELECT count(*) FROM reservations WHERE status = 'cancelled'";
        assert_eq!(number(cancelled).await, rounds);
        self.app.assert_audit_clean().await;
    }

    /// How many connections the proxy has cut at their `COMMIT`.
    pub fn cuts(&self) -> usize {
        self.proxy.cuts()
    }
}

impl Seen {
    /// The one whose answer took longest, or was waited for longest.
    pub fn slowest(&self) -> &Sent {
        self.requests.iter().max_by_key(|sent| sent.took).unwrap()
    }

    /// How many failed.
    pub fn failed(&self) -> usize {
        self.requests
            .iter()
            .filter(|sent| !sent.succeeded())
            .count()
    }

    /// How long after the healing the last request was sent that failed.
    pub fn recovery(&self) -> Duration {
        let late = self.late_failures();
        late.last()
            .map_or(Duration::ZERO, |sent| sent.at - self.healed)
    }

    /// What failed although it was sent after the healing, in the order of sending.
    pub fn late_failures(&self) -> Vec<&Sent> {
        let failed = |sent: &&Sent| !sent.succeeded() && sent.at >= self.healed;
        let mut late: Vec<_> = self.requests.iter().filter(failed).collect();
        late.sort_unstable_by_key(|sent| sent.at);
        late
    }

    /// Statuses that are neither a success nor `service_unavailable`.
    pub fn strange(&self) -> Vec<&Sent> {
        let strange = |sent: &&Sent| !sent.succeeded() && sent.status != 503;
        self.requests.iter().filter(strange).collect()
    }
}
