//! Kills and stops under load, a few of each; `make chaos` does many.

use system_tests::chaos::{self, Blow, Plan};

async fn run(plan: Plan) -> chaos::Tally {
    chaos::run(&plan, |line| eprintln!("{line}")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_6_what_was_acknowledged_survives_kills_and_stops_under_load() {
    let blows = [
        (Blow::ServerKill, 2),
        (Blow::PostgresKill, 2),
        (Blow::BackendKill, 1),
        (Blow::ServerStop, 2),
    ];
    let tally = run(Plan::of(&blows, 24)).await;
    assert!(
        tally.is_clean(),
        "{:#?}\n{tally}",
        (&tally.lost, &tally.violations)
    );
    assert_eq!(tally.blows(), 7);
    // Otherwise nothing was under way when the blows came.
    assert!(
        tally.ok > 100 && tally.failed > 0 && tally.unknowns() > 0,
        "{tally}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgresql_that_forgets_what_it_acknowledged_is_caught() {
    let tally = run(Plan::control(1, 12)).await;
    assert!(!tally.lost.is_empty(), "{tally}");
}
