//! What the whole-system tests stand on: real `boxoffice` processes over a database of the test's
//! own, and fans who talk to them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "this is test code: whatever goes wrong here fails the test"
)]

pub mod bank;
pub mod chaos;

mod app;
mod deed;
mod events;
mod fan;
mod operator;
mod proxy;
mod receiver;
mod server;

pub use app::App;
pub use deed::Deed;
pub use events::{Event, Events};
pub use fan::{Answer, Fan, problem_code};
pub use operator::{OPERATOR_KEY, Operator};
pub use proxy::{Fault, Proxy};
pub use receiver::{Delivery, Receiver, Reply, subject};
pub use server::{Server, TOKEN_SECRET, binary, rush};

use std::time::{Duration, Instant};

/// Asks again and again until `condition` holds, and fails the test after ten seconds.
pub async fn eventually(what: &str, condition: impl AsyncFn() -> bool) {
    within(Duration::from_secs(10), what, condition).await;
}

/// The same with another limit.
pub(crate) async fn within(limit: Duration, what: &str, condition: impl AsyncFn() -> bool) {
    let deadline = Instant::now() + limit;
    while !condition().await {
        assert!(Instant::now() < deadline, "still not: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
