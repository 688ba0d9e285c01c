//! The whole application on mocks of the inbound ports, and the requests and values tests use.

use std::sync::Arc;

use actix_web::{
    http::{Method, header::HeaderMap},
    test::{TestRequest, call_service, init_service, read_body},
};
use domain::{
    balance::MockBalances,
    cancellation::MockCancellations,
    catalogue::MockCatalogue,
    clock::FixedClock,
    events::MockEvents,
    health::{MockReadiness, Readiness},
    house::MockHouse,
    id::{CountingIds, PaymentId, ReservationId, ScheduleId, SeatId, TokenId, UserId},
    money::Money,
    operators::MockOperators,
    payment::{MockPayments, Receipt},
    queue::{MockQueue, MockQueueControl, Pass, QueueStatus, QueueView, Ticket, WaitingView},
    reservations::{MockReservations, RefundRules, Reservation, ReservationStatus, ReservedSeat},
    seats::SeatNumber,
    users::MockUsers,
};
use secrecy::SecretString;
use serde_json::Value;
use time::{Duration, OffsetDateTime, macros::datetime};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    limits::RateLimits,
    scrape::Exposition,
    server::{Api, Door, HttpSettings, Parts, SignUp, app},
    token::Tokens,
    venue::VenueZone,
};

pub(crate) const NOON: OffsetDateTime = datetime!(2026-01-01 12:00 UTC);
pub(crate) const USER: UserId = UserId::new(Uuid::from_u128(0xa));
pub(crate) const OPERATOR_KEY: &str = "the-operators-key";
pub(crate) const SECRET: &str = "a secret of at least thirty-two bytes";

/// The id `00000000-0000-0000-0000-…n` as a string.
pub(crate) fn id(n: u128) -> String {
    Uuid::from_u128(n).to_string()
}

pub(crate) fn tokens() -> Tokens {
    tokens_of(&[SECRET])
}

/// Tokens of these secrets, the newest first.
pub(crate) fn tokens_of(secrets: &[&str]) -> Tokens {
    let secrets: Vec<_> = secrets.iter().copied().map(SecretString::from).collect();
    Tokens::new(&secrets, Duration::hours(12), Duration::minutes(5)).unwrap()
}

pub(crate) fn pass() -> Pass {
    Pass {
        token_id: TokenId::new(Uuid::from_u128(0xb)),
        user_id: USER,
        ticket: Ticket::new(7),
        entered_at: NOON - Duration::MINUTE,
        waiting_until: NOON + Duration::HOUR,
    }
}

pub(crate) fn waiting() -> QueueView {
    let place = WaitingView {
        ahead: 4,
        total: 9,
        estimated_wait: Some(Duration::milliseconds(1_500)),
        poll_after: Duration::milliseconds(1_234),
    };
    QueueView {
        pass: pass(),
        status: QueueStatus::Waiting(place),
    }
}

pub(crate) fn active() -> QueueView {
    QueueView {
        pass: pass(),
        status: QueueStatus::Active {
            since: NOON,
            until: NOON + Duration::minutes(5),
        },
    }
}

pub(crate) fn seat_number(n: i64) -> SeatNumber {
    SeatNumber::new(n).unwrap()
}

/// The reservation 1 of the seat 7 of the schedule 3, for ₩50,000.
pub(crate) fn reservation(status: ReservationStatus) -> Reservation {
    let seat = ReservedSeat {
        id: SeatId::new(Uuid::from_u128(7)),
        number: seat_number(7),
        grade: "R".into(),
        price: Money::won(50_000),
    };
    Reservation {
        id: ReservationId::new(Uuid::from_u128(1)),
        user_id: USER,
        schedule_id: ScheduleId::new(Uuid::from_u128(3)),
        starts_at: NOON + Duration::DAY,
        seats: vec![seat],
        amount: Money::won(50_000),
        created_at: NOON,
        held_until: NOON + Duration::minutes(5),
        status,
    }
}

/// How [`reservation`] is shown.
pub(crate) fn reservation_json(status: &str) -> Value {
    let mut shown = serde_json::json!({
        "id": id(1),
        "status": status,
        "schedule_id": id(3),
        "seats": [{"id": id(7), "number": 7, "grade": "R", "price": 50_000}],
        "amount": 50_000,
        "held_until": "2026-01-01T12:05:00Z",
        "created_at": "2026-01-01T12:00:00Z",
    });
    if status == "paid" {
        shown["refund_until"] = "2026-01-02T11:00:00Z".into();
    }
    shown
}

/// The payment 2 of [`reservation`].
pub(crate) fn receipt() -> Receipt {
    let payment_id = PaymentId::new(Uuid::from_u128(2));
    Receipt {
        id: payment_id,
        amount: Money::won(50_000),
        balance_after: Money::won(1_000),
        paid_at: NOON,
        reservation: reservation(ReservationStatus::Paid { payment_id }),
    }
}

pub(crate) fn get(path: &str) -> TestRequest {
    TestRequest::with_uri(path)
}

pub(crate) fn delete(path: &str) -> TestRequest {
    TestRequest::with_uri(path).method(Method::DELETE)
}

pub(crate) fn post(path: &str, body: impl serde::Serialize) -> TestRequest {
    TestRequest::with_uri(path)
        .method(Method::POST)
        .set_json(body)
}

pub(crate) fn patch(path: &str, body: impl serde::Serialize) -> TestRequest {
    post(path, body).method(Method::PATCH)
}

/// Proofs of identity for a request.
pub(crate) trait As {
    fn bearer(self, token: &str) -> Self;
    fn by_user(self) -> Self;
    fn in_queue(self) -> Self;
    fn by_operator(self) -> Self;
    fn in_korean(self) -> Self;
}

impl As for TestRequest {
    fn bearer(self, token: &str) -> Self {
        self.insert_header(("authorization", format!("Bearer {token}")))
    }

    fn by_user(self) -> Self {
        self.bearer(&tokens().access(USER, NOON).unwrap().token)
    }

    fn in_queue(self) -> Self {
        self.bearer(&tokens().queue(&pass()).unwrap())
    }

    fn by_operator(self) -> Self {
        self.bearer(OPERATOR_KEY)
    }

    fn in_korean(self) -> Self {
        self.insert_header(("accept-language", "ko-KR,ko;q=0.9,en;q=0.8"))
    }
}

/// What a client got.
#[derive(Debug)]
pub(crate) struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        Some(self.headers.get(name)?.to_str().unwrap())
    }

    /// The status and the code of a problem, which is checked to be one in form.
    pub(crate) fn problem(&self) -> (u16, &str) {
        let is = self.header("content-type");
        assert_eq!(is, Some("application/problem+json"), "{self:?}");
        let code = self.body["code"].as_str().unwrap();
        assert_eq!(self.body["status"], self.status);
        assert_eq!(self.body["type"], format!("/problems/{code}"));
        assert_eq!(
            self.body["request_id"],
            self.header("x-request-id").unwrap()
        );
        assert!(self.header("vary").unwrap().starts_with("Accept-Language"));
        (self.status, code)
    }
}

/// What is measured in tests: nothing.
struct Measured;

impl Exposition for Measured {
    fn render(&self) -> String {
        "# nothing\n".to_owned()
    }
}

/// The ports and settings of an application to be tested.
pub(crate) struct Fixture {
    pub users: MockUsers,
    pub queue: MockQueue,
    pub queue_control: MockQueueControl,
    pub catalogue: MockCatalogue,
    pub reservations: MockReservations,
    pub balances: MockBalances,
    pub payments: MockPayments,
    pub cancellations: MockCancellations,
    pub house: MockHouse,
    pub operators: MockOperators,
    pub events: MockEvents,
    pub readiness: Arc<dyn Readiness>,
    pub clock: Arc<FixedClock>,
    pub stop: CancellationToken,
    pub settings: HttpSettings,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        Self {
            users: MockUsers::new(),
            queue: MockQueue::new(),
            queue_control: MockQueueControl::new(),
            catalogue: MockCatalogue::new(),
            reservations: MockReservations::new(),
            balances: MockBalances::new(),
            payments: MockPayments::new(),
            cancellations: MockCancellations::new(),
            house: MockHouse::new(),
            operators: MockOperators::new(),
            events: MockEvents::new(),
            readiness: Arc::new(MockReadiness::new()),
            clock: Arc::new(FixedClock::at(NOON)),
            stop: CancellationToken::new(),
            settings: settings(),
        }
    }

    /// With the owner of [`pass`] admitted.
    pub(crate) fn admitting() -> Self {
        let mut fixture = Self::new();
        fixture
            .queue
            .expect_admitted()
            .withf(|shown| *shown == pass())
            .returning(|_| Ok(()));
        fixture
    }

    /// With the token of [`pass`] waiting or active.
    pub(crate) fn with_live_pass(mut self) -> Self {
        self.queue
            .expect_look()
            .withf(|shown| *shown == pass())
            .returning(|_| Ok(active()));
        self
    }

    pub(crate) fn api(mut self) -> Api {
        // After what the test expects itself.
        self.queue.expect_saw().return_const(());
        Api {
            users: Arc::new(self.users),
            queue: Arc::new(self.queue),
            queue_control: Arc::new(self.queue_control),
            catalogue: Arc::new(self.catalogue),
            reservations: Arc::new(self.reservations),
            balances: Arc::new(self.balances),
            payments: Arc::new(self.payments),
            cancellations: Arc::new(self.cancellations),
            house: Arc::new(self.house),
            operators: Arc::new(self.operators),
            events: Arc::new(self.events),
            readiness: self.readiness,
            clock: self.clock,
            ids: Arc::new(CountingIds::default()),
            exposition: Arc::new(Measured),
            stop: self.stop,
            settings: self.settings,
        }
    }

    pub(crate) async fn ask(self, request: TestRequest) -> Answer {
        let mut answers = self.ask_all([request]).await;
        answers.remove(0)
    }

    pub(crate) async fn ask_all(
        self,
        requests: impl IntoIterator<Item = TestRequest>,
    ) -> Vec<Answer> {
        Box::pin(self.ask_at(Door::Only, requests)).await
    }

    pub(crate) async fn ask_at(
        self,
        door: Door,
        requests: impl IntoIterator<Item = TestRequest>,
    ) -> Vec<Answer> {
        let service = init_service(app(Parts::new(self.api()).unwrap(), door)).await;
        let mut answers = Vec::new();
        for request in requests {
            let response = call_service(&service, request.to_request()).await;
            let (status, headers) = (response.status().as_u16(), response.headers().clone());
            let body = read_body(response).await;
            let body = match serde_json::from_slice(&body) {
                Ok(json) => json,
                Err(_) if body.is_empty() => Value::Null,
                Err(_) => String::from_utf8_lossy(&body).into(),
            };
            answers.push(Answer {
                status,
                headers,
                body,
            });
        }
        answers
    }
}

pub(crate) fn settings() -> HttpSettings {
    HttpSettings {
        operator_key: SecretString::from(OPERATOR_KEY),
        token_secrets: vec![SecretString::from(SECRET)],
        access_ttl: Duration::hours(12),
        active_ttl: Duration::minutes(5),
        refund_rules: RefundRules {
            until: Some(Duration::HOUR),
        },
        venue_zone: VenueZone::new("Asia/Seoul").unwrap(),
        max_charge: 10_000_000,
        webhook_http: false,
        sign_up: SignUp::Open,
        rate_limits: RateLimits::default(),
        cors_origins: Vec::new(),
        request_timeout: std::time::Duration::from_secs(3),
        shutdown_timeout: std::time::Duration::from_secs(1),
    }
}
