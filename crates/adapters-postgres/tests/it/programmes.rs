//! Whole programmes, in and out.

use std::{sync::Arc, time::Instant};

use adapters_postgres::{Database, DatabaseConfig, PgProgrammes, inspect, schema_state};
use domain::{
    catalogue::{
        Clash, Difference, Imported, Programmes, SeatBlock, SeatPlan, ShortText, Show, ShowDate,
    },
    clock::FixedClock,
    id::CountingIds,
    money::Money,
    seats::SeatNumber,
};
use futures_util::future::join;
use test_database::TestDatabase;
use time::Duration;

use crate::{
    fixture::{NOON, OPERATOR},
    support::number,
};

fn programmes(of: &TestDatabase) -> PgProgrammes {
    let database = Database::new(&DatabaseConfig::new(of.url())).unwrap();
    let clock = Arc::new(FixedClock::at(NOON));
    PgProgrammes::new(database, clock, Arc::new(CountingIds::default()))
}

fn text(text: &str) -> ShortText {
    ShortText::new(text).unwrap()
}

fn show(key: &str, runs: &[(&str, i64, i64)]) -> Show {
    let number = |n| SeatNumber::new(n).unwrap();
    let block = |&(grade, from, to): &(&str, i64, i64)| SeatBlock {
        grade: text(grade),
        price: Money::won(1_000 * i64::try_from(grade.len()).unwrap()),
        from: number(from),
        to: number(to),
    };
    let plan = SeatPlan::new(runs.iter().map(block).collect()).unwrap();
    let date = |days| ShowDate {
        starts_at: NOON + Duration::days(days),
        sales_open_at: (days == 1).then_some(NOON),
        plan: plan.clone(),
    };
    Show {
        key: ShortText::new(key).ok(),
        title: text("겨울밤"),
        venue: text("Hall"),
        dates: vec![date(1), date(2)],
    }
}

const RUNS: [(&str, i64, i64); 4] = [("R", 1, 10), ("VIP", 11, 12), ("R", 13, 20), ("R", 25, 30)];

#[tokio::test(flavor = "multi_thread")]
async fn what_was_imported_is_exported_and_into_an_empty_database_it_is_the_same() {
    let [here, there] = [
        TestDatabase::migrated().await,
        TestDatabase::migrated().await,
    ];
    let wished = vec![show("a", &RUNS), show("", &[("S", 1, 3)])];
    let imported = programmes(&here)
        .import(OPERATOR, wished.clone(), false)
        .await
        .unwrap();
    let counts = Imported {
        concerts: 2,
        dates: 4,
        seats: 58,
        found: 0,
    };
    assert_eq!(imported, Ok(counts));
    let exported = programmes(&here).export().await.unwrap();
    let shows: Vec<_> = exported.iter().map(|known| known.show.clone()).collect();
    assert_eq!(shows, wished);
    // As a file has them: what has no key goes by its id.
    let named = exported.iter().map(|known| Show {
        key: Some(text(&known.name())),
        ..known.show.clone()
    });
    let named: Vec<_> = named.collect();
    let imported = programmes(&there)
        .import(OPERATOR, named.clone(), false)
        .await
        .unwrap();
    assert_eq!(imported, Ok(counts));
    let again = programmes(&there).export().await.unwrap();
    let again: Vec<_> = again.into_iter().map(|known| known.show).collect();
    assert_eq!(again, named);
    // And where they came from, they are there already.
    let found = programmes(&here)
        .import(OPERATOR, named, false)
        .await
        .unwrap();
    let none = Imported {
        found: 4,
        ..Imported::default()
    };
    assert_eq!(found, Ok(none));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_and_a_clash_add_nothing() {
    let database = TestDatabase::migrated().await;
    let programmes = programmes(&database);
    let client = database.client().await;
    let rows = "SELECT (SELECT count(*) FROM concerts) + (SELECT count(*) FROM seats)";
    let checked = programmes
        .import(OPERATOR, vec![show("a", &RUNS)], true)
        .await;
    assert_eq!(checked.unwrap().map(|counts| counts.seats), Ok(52));
    assert_eq!(number(&client, rows).await, 0);

    let stored = programmes
        .import(OPERATOR, vec![show("a", &RUNS)], false)
        .await;
    assert!(stored.unwrap().is_ok());
    let wished = vec![show("new", &RUNS), show("a", &[("R", 1, 10)])];
    let clash = |date| Clash {
        show: 1,
        difference: Difference::Date(date),
    };
    let refused = programmes.import(OPERATOR, wished, false).await.unwrap();
    assert_eq!(refused, Err(vec![clash(0), clash(1)]));
    assert_eq!(number(&client, rows).await, 1 + 52);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_who_import_the_same_list_at_once_add_it_once() {
    let database = TestDatabase::migrated().await;
    let [one, other] = [programmes(&database), programmes(&database)];
    let list = || vec![show("a", &RUNS), show("b", &RUNS)];
    let (one, other) = join(
        one.import(OPERATOR, list(), false),
        other.import(OPERATOR, list(), false),
    )
    .await;
    let mut added = [one, other].map(|import| import.unwrap().unwrap().concerts);
    added.sort_unstable();
    assert_eq!(added, [0, 2]);
    let client = database.client().await;
    assert_eq!(number(&client, "SELECT count(*) FROM concerts").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hall_of_fifty_thousand_goes_in_and_out_within_seconds() {
    let database = TestDatabase::migrated().await;
    let programmes = programmes(&database);
    let wished = vec![show("a", &[("R", 1, 20_000), ("S", 20_001, 50_000)])];
    let begun = Instant::now();
    let imported = programmes
        .import(OPERATOR, wished.clone(), false)
        .await
        .unwrap();
    assert_eq!(imported.map(|counts| counts.seats), Ok(100_000));
    let exported = programmes.export().await.unwrap();
    assert_eq!(exported[0].show, wished[0]);
    let took = begun.elapsed();
    assert!(took < std::time::Duration::from_mins(1), "{took:?}");
    eprintln!("100,000 seats in and out: {took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_tells_what_it_is_like_and_which_migrations_it_has() {
    let [empty, migrated] = [TestDatabase::empty().await, TestDatabase::migrated().await];
    let [empty, other] =
        [&empty, &migrated].map(|of| Database::new(&DatabaseConfig::new(of.url())).unwrap());
    let found = inspect(&empty).await.unwrap();
    assert!(found.major >= 15 && found.version.starts_with(&found.major.to_string()));
    assert_eq!(found.encoding, "UTF8");
    assert!(found.is_local && !found.is_standby);
    // The tests' cluster has room for 400, three of them for superusers.
    assert_eq!(found.connections, 397);
    assert!(found.data_directory.is_some());

    let state = schema_state(&empty).await.unwrap();
    assert_eq!(state.pending[0], "2026-11-21-000001_users_and_balances");
    assert_eq!(state.newer, [""; 0]);
    let client = migrated.client().await;
    let newer = "INSERT INTO __diesel_schema_migrations (version) VALUES ('20990101000001')";
    client.batch_execute(newer).await.unwrap();
    let state = schema_state(&other).await.unwrap();
    assert_eq!(state.pending, [""; 0]);
    assert_eq!(state.newer, ["20990101000001"]);
}
