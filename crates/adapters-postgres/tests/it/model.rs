//! Random journeys of many users: what the real adapters answer, on a real PostgreSQL, is what a naive
//! model of SPEC §3 says.
//!
//! [`oracle::Model`] knows the rules and nothing else; [`subject::Subject`] is two server processes. In
//! `journeys` one thing happens after the other, and a failing journey is shrunk to its shortest. In
//! `races` several happen at once, and some order of them must explain all answers. Each journey ends
//! with a clean audit. Planted mistakes, in the model and in a process, prove that a disagreement is
//! noticed.
//!
//! `BOXOFFICE_MODEL_CASES` sets how many journeys of each kind there are.

mod journeys;
mod oracle;
mod races;
mod step;
mod subject;

use std::sync::LazyLock;

use adapters_postgres::Options;
use domain::money::Money;
use time::Duration;
use tokio::runtime::Runtime;

use crate::fixture;

/// Journeys are drawn by synchronous code.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

/// How many journeys, unless the environment says otherwise.
fn cases(default: u32) -> u32 {
    let asked = std::env::var("BOXOFFICE_MODEL_CASES").ok();
    asked.map_or(default, |asked| asked.parse().unwrap())
}

/// Little of everything, so that every limit is met.
fn options() -> Options {
    let mut options = fixture::options();
    options.queue_policy.capacity = 2;
    options.queue_policy.admission_batch = 1;
    options.charge_rules.max_balance = Money::won(200_000);
    // Ten minutes after the journey begins.
    options.refund_rules.until = Some(oracle::STARTS_AFTER - Duration::minutes(10));
    options
}
