//! Budgets: whatever breaks between a server and its database, each request is answered in time,
//! the server recovers by itself, positions are told throughout, and nothing is done twice.

use std::time::Duration;

use system_tests::Fault;

use super::{
    scene::{Scene, Seen},
    traffic::BUDGET,
};

/// From this long after the healing on, everything succeeds.
const RECOVERY: Duration = Duration::from_secs(2);
/// The longest that a position may take: it is in memory.
const POSITION: Duration = Duration::from_secs(1);

/// A line of the table in docs/faults.md.
fn print(fault: Fault, lasts: Duration, seen: &Seen) {
    let longest = seen.positions.iter().map(|sent| sent.took).max().unwrap();
    eprintln!(
        "| {fault:?} | {lasts:?} | {} | {} | {} ms ({}) | {} ms | {} ms |",
        seen.requests.len(),
        seen.failed(),
        seen.slowest().took.as_millis(),
        seen.slowest().kind,
        seen.recovery().as_millis(),
        longest.as_millis(),
    );
}

/// Fails the test unless `fault` is endured within the budgets.
async fn endures(fault: Fault, lasts: Duration) -> (Scene, Seen) {
    let scene = Scene::set(lasts, &[]).await;
    let seen = scene.endure(fault, lasts).await;
    print(fault, lasts, &seen);
    assert_eq!(seen.strange().len(), 0, "{:?}", seen.strange());
    assert!(seen.slowest().took <= BUDGET, "{:?}", seen.slowest());
    assert!(
        seen.recovery() <= RECOVERY,
        "recovered after {:?}: {:?}",
        seen.recovery(),
        seen.late_failures()
    );
    for position in &seen.positions {
        assert!(
            position.status == 200 && position.took <= POSITION,
            "{position:?}"
        );
    }
    scene.assert_exactly_once().await;
    (scene, seen)
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_26_a_database_that_refuses_is_endured() {
    let (_, seen) = endures(Fault::Refuse, Duration::from_secs(3)).await;
    assert_ne!(seen.failed(), 0, "the fault met somebody");
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_26_a_database_that_falls_silent_is_endured() {
    let (_, seen) = endures(Fault::BlackHole, Duration::from_secs(4)).await;
    assert_ne!(seen.failed(), 0, "the fault met somebody");
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_26_a_moment_of_silence_is_endured() {
    let (_, seen) = endures(Fault::BlackHole, Duration::from_millis(500)).await;
    assert_ne!(seen.failed(), 0, "the fault met somebody");
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_26_connections_that_are_reset_are_endured() {
    let (_, seen) = endures(Fault::Reset, Duration::from_secs(3)).await;
    assert_ne!(seen.failed(), 0, "the fault met somebody");
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_26_a_slow_network_is_endured() {
    let late = Fault::Delay(Duration::from_millis(10));
    let (_, seen) = endures(late, Duration::from_secs(3)).await;
    let few = seen.requests.len() / 10;
    assert!(seen.failed() <= few, "it is slow, not away");
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_26_a_network_too_slow_to_be_of_use_is_endured() {
    let (_, seen) = endures(Fault::Delay(Duration::from_secs(1)), Duration::from_secs(4)).await;
    assert_ne!(seen.failed(), 0, "the fault met somebody");
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_25_a_commit_whose_answer_is_lost_is_done_once() {
    let (scene, seen) = endures(Fault::CutCommit, Duration::from_secs(3)).await;
    assert_ne!(scene.cuts(), 0, "commits were cut off");
    assert_ne!(seen.failed(), 0, "the fault met somebody");
}

/// The control: the same test finds a server that waits for its database without a limit.
#[tokio::test(flavor = "multi_thread")]
async fn without_limits_silence_is_not_endured() {
    let limits = [
        ("REQUEST_TIMEOUT", "60s"),
        ("STATEMENT_TIMEOUT", "50s"),
        ("LOCK_TIMEOUT", "40s"),
    ];
    let lasts = Duration::from_secs(4);
    let scene = Scene::set(lasts, &limits).await;
    let seen = scene.endure(Fault::BlackHole, lasts).await;
    print(Fault::BlackHole, lasts, &seen);
    assert!(seen.slowest().took > BUDGET, "{:?}", seen.slowest());
    assert!(seen.recovery() > RECOVERY, "{:?}", seen.recovery());
}
