//! The audit names what is broken, and nothing else.

use std::collections::BTreeSet;

use adapters_postgres::{Adapters, Database, DatabaseConfig, PgAuditor};
use domain::{
    audit::{Auditor, Finding},
    id::ScheduleId,
    reservations::Reservation,
};
use futures_util::future::{join, join_all};
use time::Duration;
use tokio_postgres::{Client, NoTls};

use crate::{
    fixture::{
        Fixture, OPERATOR, cancel, cancel_request, charge, charge_request, hold, hold_request,
        join as joined, key, options, pay, pay_request, proceed, schedule, shopper, shoppers,
        sign_up,
    },
    support::{number, outside, until_deserted},
};

mod plants;

use plants::{PLANTS, Plant};

async fn audit(fixture: &Fixture) -> Vec<Finding> {
    let auditor = PgAuditor::new(fixture.database());
    auditor.audit().await.unwrap()
}

/// The claims that the audit finds broken.
async fn broken(fixture: &Fixture) -> Vec<&'static str> {
    claims_broken(audit(fixture).await)
}

fn claims_broken(findings: Vec<Finding>) -> Vec<&'static str> {
    let findings = findings.into_iter();
    let broken = findings.filter(|finding| !finding.violations.is_empty());
    broken.map(|finding| finding.claim).collect()
}

/// Someone buys a seat, and has 20,000 won left; the reservation.
async fn buy(process: &Adapters, show: ScheduleId) -> Reservation {
    let pass = shopper(process).await;
    charge(process, pass.user_id, 30_000).await;
    let held = hold(process, pass, show, [2]).await.unwrap();
    pay(process, pass, held.id).await.unwrap().reservation
}

/// Two dates and one that was called off; reservations that are paid, pending, cancelled, refunded and
/// expired; tokens that wait, shop and have ended; keys of every kind.
async fn small_journey(fixture: &Fixture, process: &Adapters) {
    let (show, other) = (schedule(process, 10).await, schedule(process, 5).await);
    let over = shopper(process).await;
    hold(process, over, show, [9, 10]).await.unwrap();
    fixture.clock.advance(Duration::minutes(5));
    process.seats.sweep().await.unwrap();
    process.tokens.tick().await.unwrap();

    let bought = buy(process, other).await;
    let refunded = cancel(process, bought.user_id, bought.id).await;
    refunded.unwrap();
    let off = schedule(process, 3).await;
    buy(process, off).await;
    assert!(
        process
            .cancellations
            .begin(OPERATOR, off, None)
            .await
            .unwrap()
    );
    assert_eq!(
        [proceed(process, 9).await, proceed(process, 9).await],
        [1, 0]
    );

    let (payer, holder) = (shopper(process).await, shopper(process).await);
    let mut request = charge_request(payer.user_id, 60_000, Some(key("charge", 1)));
    request.key = Some(key("charge", 1));
    process.ledger.charge(request).await.unwrap();
    let mut request = hold_request(payer, show, &[1, 2]);
    request.key = Some(key("hold", 1));
    let held = process.seats.hold(request).await.unwrap().value;
    let mut request = pay_request(payer, held.id);
    request.key = Some(key("pay", 1));
    process.cashier.pay(request).await.unwrap();
    charge(process, payer.user_id, 5_000).await;

    hold(process, holder, show, [3, 4]).await.unwrap();
    let given_up = hold(process, holder, other, [5]).await.unwrap();
    let cancelled = process
        .seats
        .cancel(cancel_request(given_up.id, holder.user_id))
        .await;
    cancelled.unwrap();
    for _ in 0..4 {
        joined(process, sign_up(process).await).await;
    }
    let leaver = shopper(process).await;
    assert!(process.tokens.leave(leaver.token_id).await.unwrap());
    fixture.clock.advance(Duration::SECOND);
    process.tokens.tick().await.unwrap();
}

async fn journey() -> (Fixture, Adapters) {
    let mut options = options();
    options.queue_policy.capacity = 3;
    let fixture = Fixture::with(options).await;
    let process = fixture.process().await;
    small_journey(&fixture, &process).await;
    (fixture, process)
}

/// Plants a violation in a copy of the database `name`, and tells which claims are broken then.
async fn broken_in_copy(fixture: &Fixture, plant: &Plant) -> Vec<&'static str> {
    let (name, outside) = outside(&fixture.test_database).await;
    let copy = format!("DROP DATABASE IF EXISTS {name}_copy WITH (FORCE)");
    outside.batch_execute(&copy).await.unwrap();
    let copy = format!("CREATE DATABASE {name}_copy TEMPLATE {name} STRATEGY file_copy");
    outside.batch_execute(&copy).await.unwrap();
    let url = format!("{}_copy", fixture.test_database.url());
    let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
    tokio::spawn(connection);
    let planted = client.batch_execute(plant.sql).await;
    planted.unwrap_or_else(|error| panic!("{}: {error:?}", plant.sql));
    let database = Database::new(&DatabaseConfig::new(url)).unwrap();
    claims_broken(PgAuditor::new(database).audit().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_check_names_its_violation_and_no_other_check_does() {
    let (fixture, process) = journey().await;
    assert_eq!(broken(&fixture).await, [""; 0], "before");
    process.stop().await;
    let (name, outside) = outside(&fixture.test_database).await;
    until_deserted(&name, &outside).await;
    for plant in PLANTS {
        let expected: BTreeSet<_> = plant.also.iter().copied().chain([plant.claim]).collect();
        let broken: BTreeSet<_> = broken_in_copy(&fixture, plant).await.into_iter().collect();
        assert_eq!(broken, expected, "{}", plant.sql);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_check_has_a_violation_planted_for_it() {
    let fixture = Fixture::new().await;
    let _process = fixture.process().await;
    let claims: BTreeSet<_> = audit(&fixture).await.iter().map(|f| f.claim).collect();
    let planted: BTreeSet<_> = PLANTS.iter().map(|plant| plant.claim).collect();
    assert_eq!(claims, planted);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_database_keeps_all_promises() {
    let fixture = Fixture::new().await;
    assert_eq!(
        broken(&fixture).await,
        [""; 0],
        "no process has started yet"
    );
    let _process = fixture.process().await;
    let findings = audit(&fixture).await;
    assert!(findings.iter().all(|finding| finding.violations.is_empty()));
    let promises: BTreeSet<_> = findings.iter().map(|finding| finding.promise).collect();
    assert_eq!(promises, (1..=6).collect());
    assert!(findings.is_sorted_by_key(|finding| finding.promise));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_database_keeps_all_promises_at_every_moment() {
    let mut options = options();
    options.queue_policy.capacity = 60;
    let fixture = Fixture::with(options).await;
    let processes = fixture.processes().await;
    let show = schedule(&processes[0], 100).await;
    let fan = async |n: usize| {
        let process = &processes[n % 2];
        let pass = shopper(process).await;
        charge(process, pass.user_id, 50_000).await;
        let seat = i64::try_from(n % 100 + 1).unwrap();
        match hold(process, pass, show, [seat]).await {
            Ok(held) if n.is_multiple_of(3) => {
                let cancelled = process
                    .seats
                    .cancel(cancel_request(held.id, pass.user_id))
                    .await;
                cancelled.map(|_| ()).unwrap();
            }
            Ok(held) => {
                pay(process, pass, held.id).await.unwrap();
                if n.is_multiple_of(5) {
                    cancel(process, pass.user_id, held.id).await.unwrap();
                }
            }
            Err(_) => assert!(process.tokens.leave(pass.token_id).await.unwrap()),
        }
        processes[(n + 1) % 2].tokens.tick().await.unwrap();
    };
    let audits = async {
        for _ in 0..10 {
            assert_eq!(broken(&fixture).await, [""; 0]);
        }
    };
    join(join_all((0..300).map(fan)), audits).await;
    assert_eq!(broken(&fixture).await, [""; 0]);
    let paid = "SELECT count(*) FROM payments";
    assert_ne!(fixture.number(paid).await, 0, "it was busy");
}

/// Every row of every table with the transaction that wrote it.
async fn contents(client: &Client) -> Vec<String> {
    let tables = "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' ORDER BY 1";
    let mut contents = Vec::new();
    for table in client.query(tables, &[]).await.unwrap() {
        let table: String = table.get(0);
        let rows = format!("SELECT concat_ws(' ', xmin, xmax, ctid, t) FROM {table} t ORDER BY 1");
        let rows = client.query(&rows, &[]).await.unwrap();
        contents.extend(rows.iter().map(|row| row.get(0)));
    }
    contents
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_writes_nothing_and_locks_no_row() {
    let (fixture, process) = journey().await;
    process.stop().await;
    let client = fixture.test_database.client().await;
    let before = contents(&client).await;
    audit(&fixture).await;
    assert_eq!(contents(&client).await, before);
    assert!(before.len() > 40, "{}", before.len());
}

/// A seller who looks before selling but locks nothing: looks, and gives back how to sell.
async fn naive_look(client: &Client) -> bool {
    let free = "SELECT count(*) FROM seats WHERE number = 1 AND status = 'available'";
    number(client, free).await == 1
}

async fn naive_sale(client: &Client, n: usize) -> Result<(), tokio_postgres::Error> {
    let sale = format!(
        "BEGIN; \
         INSERT INTO reservations (id, user_id, schedule_id, status, seat_numbers, amount, \
           created_at, held_until) SELECT gen_random_uuid(), u.id, s.id, 'pending_payment', '{{1}}', \
           10000, '2026-01-01 12:00+00', '2026-01-01 12:05+00' \
           FROM (SELECT id FROM users ORDER BY id OFFSET {n} LIMIT 1) AS u, schedules s; \
         UPDATE seats SET status = 'held', held_until = r.held_until, reservation_id = r.id \
           FROM reservations r JOIN (SELECT id FROM users ORDER BY id OFFSET {n} LIMIT 1) AS u \
           ON r.user_id = u.id WHERE number = 1; \
         UPDATE schedules SET remaining_seats = remaining_seats - 1; \
         COMMIT"
    );
    client.batch_execute(&sale).await
}

/// What becomes of two naive sellers of one seat: the answers, and what the audit finds.
async fn naive_sellers(drop_guards: bool) -> ([bool; 2], Vec<&'static str>) {
    let fixture = Fixture::new().await;
    let process = fixture.process().await;
    schedule(&process, 9).await;
    shoppers(&process, 2).await;
    let database = &fixture.test_database;
    let (one, two) = (database.client().await, database.client().await);
    if drop_guards {
        let drop = "DROP TRIGGER seats_one_live_claim ON seats";
        one.batch_execute(drop).await.unwrap();
    }
    assert!(naive_look(&one).await && naive_look(&two).await);
    let sold = [naive_sale(&one, 0).await, naive_sale(&two, 1).await];
    (sold.map(|sold| sold.is_ok()), broken(&fixture).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn control_two_sellers_without_locks_sell_one_seat_twice_and_the_audit_tells() {
    let (sold, broken) = naive_sellers(true).await;
    assert_eq!(sold, [true, true]);
    assert!(
        broken.contains(&"no seat is in two live reservations"),
        "{broken:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn control_the_schema_is_the_last_guard_against_selling_a_seat_twice() {
    let (sold, broken) = naive_sellers(false).await;
    assert_eq!(sold, [true, false]);
    assert_eq!(broken, [""; 0]);
}
