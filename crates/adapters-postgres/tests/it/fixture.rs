//! A server process's adapters over a database of the test's own, under a clock that the test moves.

use std::sync::Arc;

use adapters_postgres::{Adapters, Database, DatabaseConfig, LaneSettings, Options, PgAuditor};
use domain::{
    audit::Auditor,
    balance::{ChargeRequest, ChargeRules},
    catalogue::{Concert, NewSchedule, Schedule, ShortText, Snapshot},
    clock::FixedClock,
    id::{ConcertId, EntryId, PaymentId, ReservationId, ScheduleId, SeatId, TokenId, UserId},
    idempotency::IdempotencyKey,
    money::Money,
    operators::Operator,
    payment::{PayError, PayRequest, Receipt},
    queue::{JoinRequest, Pass, QueuePolicy, QueueTimes},
    reservations::{
        CancelError, CancelRequest, HoldError, HoldRequest, HoldRules, RefundRules, Reservation,
    },
    seats::{Seat, SeatNumber, SeatNumbers, SeatStatus},
    users::{User, UserName},
};
use futures_util::future::join_all;
use test_database::TestDatabase;
use time::{Duration, OffsetDateTime, macros::datetime};
use uuid::Uuid;

pub const NOON: OffsetDateTime = datetime!(2026-01-01 12:00 UTC);
/// Who changes things, where it does not matter.
pub const OPERATOR: Operator = Operator::command("a test");
pub const SEAT_PRICE: i64 = 10_000;

pub fn options() -> Options {
    Options {
        queue_times: QueueTimes {
            active_ttl: Duration::minutes(5),
            waiting_ttl: Duration::hours(2),
            no_show_after: Duration::ZERO,
            admission_interval: Duration::SECOND,
        },
        queue_policy: QueuePolicy {
            capacity: 1_000,
            admission_batch: 100,
            paused: false,
        },
        hold_rules: HoldRules {
            ttl: Duration::minutes(5),
            seats_per_user: 4,
        },
        charge_rules: ChargeRules {
            max_charge: Money::won(10_000_000),
            max_balance: Money::won(1_000_000_000),
        },
        refund_rules: RefundRules {
            until: Some(Duration::ZERO),
        },
        lanes: LaneSettings::default(),
    }
}

/// The same with small transactions: many of them where there are many requests.
pub fn small_batches() -> Options {
    let mut options = options();
    options.lanes.batch = 5;
    options
}

/// Any number of "processes" over one database, and one clock.
pub struct Fixture {
    pub test_database: TestDatabase,
    pub clock: Arc<FixedClock>,
    pub options: Options,
}

impl Fixture {
    pub async fn new() -> Self {
        Self::with(options()).await
    }

    pub async fn with(options: Options) -> Self {
        let test_database = TestDatabase::migrated().await;
        Self {
            test_database,
            clock: Arc::new(FixedClock::at(NOON)),
            options,
        }
    }

    /// A pool with limits that a busy machine does not reach: no test waits for them.
    pub fn database(&self) -> Database {
        let patient = std::time::Duration::from_secs(20);
        Database::new(&DatabaseConfig {
            connect_timeout: patient,
            statement_timeout: patient,
            lock_timeout: patient,
            ..DatabaseConfig::new(self.test_database.url())
        })
        .unwrap()
    }

    /// Starts one process's adapters.
    pub async fn process(&self) -> Adapters {
        Adapters::with_clock(&self.database(), &self.options, self.clock.clone())
            .await
            .unwrap()
    }

    /// Two server processes over the one database.
    pub async fn processes(&self) -> [Adapters; 2] {
        [self.process().await, self.process().await]
    }

    /// Fails the test with what the audit finds.
    pub async fn assert_audit_clean(&self) {
        let findings = PgAuditor::new(self.database()).audit().await.unwrap();
        for finding in findings {
            assert!(
                finding.violations.is_empty(),
                "{}: {:?}",
                finding.claim,
                finding.violations
            );
        }
    }
}

/// A new id: random is good enough here.
pub fn id() -> Uuid {
    use std::sync::atomic::{AtomicU64, Ordering};
    static COUNT: AtomicU64 = AtomicU64::new(1);
    Uuid::from_u64_pair(
        0x0190_0000_0000_7000,
        0x8000_0000_0000_0000 | COUNT.fetch_add(1, Ordering::Relaxed),
    )
}

pub async fn sign_up(process: &Adapters) -> UserId {
    let id = UserId::new(id());
    let name = UserName::new("Fan").unwrap();
    process
        .users
        .add(User {
            id,
            name,
            created_at: process.clock.now(),
        })
        .await
        .unwrap();
    id
}

/// A user with an active queue token.
pub async fn shopper(process: &Adapters) -> Pass {
    let user_id = sign_up(process).await;
    join(process, user_id).await
}

pub async fn join(process: &Adapters, user_id: UserId) -> Pass {
    let request = JoinRequest {
        token_id: TokenId::new(id()),
        user_id,
    };
    process
        .tokens
        .join(request)
        .await
        .unwrap()
        .unwrap()
        .token
        .pass
}

/// `count` users with active queue tokens.
pub async fn shoppers(process: &Adapters, count: usize) -> Vec<Pass> {
    join_all((0..count).map(|_| shopper(process))).await
}

pub async fn charge(process: &Adapters, user_id: UserId, won: i64) {
    process
        .ledger
        .charge(charge_request(user_id, won, None))
        .await
        .unwrap();
}

pub fn charge_request(user_id: UserId, won: i64, key: Option<IdempotencyKey>) -> ChargeRequest {
    ChargeRequest {
        entry_id: EntryId::new(id()),
        user_id,
        amount: Money::won(won),
        key,
    }
}

pub async fn concert(process: &Adapters, title: &str) -> Concert {
    let text = |text| ShortText::new(text).unwrap();
    let concert = Concert {
        id: ConcertId::new(id()),
        title: text(title),
        venue: text("Venue"),
    };
    let added = process
        .catalogue
        .add_concert(OPERATOR, concert.clone())
        .await;
    added.unwrap();
    concert
}

/// A schedule tomorrow with seats 1 to `seats`.
pub async fn schedule(process: &Adapters, seats: i64) -> ScheduleId {
    let concert = concert(process, "Title").await;
    let tomorrow = process.clock.now() + Duration::DAY;
    let new = new_schedule(concert.id, seats, tomorrow);
    add_schedule(process, new).await
}

pub async fn add_schedule(process: &Adapters, new: NewSchedule) -> ScheduleId {
    let id = new.schedule.id;
    assert!(process.catalogue.add_schedule(OPERATOR, new).await.unwrap());
    id
}

pub fn new_schedule(concert_id: ConcertId, seats: i64, starts_at: OffsetDateTime) -> NewSchedule {
    let total_seats = u32::try_from(seats).unwrap();
    let schedule = Schedule {
        id: ScheduleId::new(id()),
        concert_id,
        starts_at,
        sales_open_at: None,
        total_seats,
        remaining_seats: total_seats,
        sold_seats: 0,
    };
    let seat = |number| Seat {
        id: SeatId::new(id()),
        number: SeatNumber::new(number).unwrap(),
        grade: "R".into(),
        price: Money::won(SEAT_PRICE),
        status: SeatStatus::Available,
    };
    NewSchedule {
        schedule,
        seats: (1..=seats).map(seat).collect(),
    }
}

/// The seats of `schedule`, as a process shows them.
pub async fn seat_map(process: &Adapters, schedule: ScheduleId) -> Snapshot {
    let found = process.seat_maps.map(schedule, None).await;
    found.unwrap().unwrap()
}

/// Holds seats, as the owner of `pass`.
pub async fn hold(
    process: &Adapters,
    pass: Pass,
    schedule_id: ScheduleId,
    seats: impl AsRef<[i64]>,
) -> Result<Reservation, HoldError> {
    let request = hold_request(pass, schedule_id, seats.as_ref());
    let held = process.seats.hold(request);
    held.await.map(|outcome| outcome.value)
}

/// Pays a reservation, as the owner of `pass`.
pub async fn pay(
    process: &Adapters,
    pass: Pass,
    reservation: ReservationId,
) -> Result<Receipt, PayError> {
    let paid = process.cashier.pay(pay_request(pass, reservation));
    paid.await.map(|outcome| outcome.value)
}

/// Gives a reservation of `owner` up.
pub async fn cancel(
    process: &Adapters,
    owner: UserId,
    reservation: ReservationId,
) -> Result<Reservation, CancelError> {
    let cancelled = process.seats.cancel(cancel_request(reservation, owner));
    cancelled.await
}

pub fn cancel_request(reservation_id: ReservationId, user_id: UserId) -> CancelRequest {
    CancelRequest {
        reservation_id,
        user_id,
        entry_id: EntryId::new(id()),
    }
}

/// Ends at most so many reservations of a date that was called off.
pub async fn proceed(process: &Adapters, most: usize) -> u64 {
    let ids = (0..most).map(|_| EntryId::new(id())).collect();
    process.cancellations.proceed(ids).await.unwrap()
}

pub async fn balance(process: &Adapters, user: UserId) -> i64 {
    let account = process.ledger.find(user).await.unwrap().unwrap();
    account.balance.get()
}

pub fn hold_request(pass: Pass, schedule_id: ScheduleId, seats: &[i64]) -> HoldRequest {
    HoldRequest {
        reservation_id: ReservationId::new(id()),
        pass,
        schedule_id,
        wish: SeatNumbers::new(seats).unwrap().into(),
        key: None,
    }
}

pub fn pay_request(pass: Pass, reservation_id: ReservationId) -> PayRequest {
    PayRequest {
        payment_id: PaymentId::new(id()),
        entry_id: EntryId::new(id()),
        pass,
        reservation_id,
        seats: None,
        key: None,
    }
}

pub fn key(name: &str, fingerprint: u8) -> IdempotencyKey {
    IdempotencyKey {
        key: name.into(),
        fingerprint: [fingerprint; 32],
    }
}

/// The numbers of seats as plain numbers.
pub fn plain(numbers: impl IntoIterator<Item = SeatNumber>) -> Vec<u32> {
    numbers.into_iter().map(SeatNumber::get).collect()
}
