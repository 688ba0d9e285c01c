//! What the whole-system tests stand on: real `boxoffice` processes over a database of the test's
//! own, and fans who talk to them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "this is test code: whatever goes wrong here fails the test"
)]

mod app;
mod events;
mod fan;
mod proxy;
mod server;

pub use app::{App, OPERATOR_KEY};
pub use events::{Event, Events};
pub use fan::{Answer, Fan, problem_code};
pub use proxy::{Fault, Proxy};
pub use server::{Server, binary};

use std::{
    future::Future,
    time::{Duration, Instant},
};

/// Asks again and again until `condition` holds, and fails the test after ten seconds.
pub async fn eventually<F: Future<Output = bool>>(what: &str, condition: impl Fn() -> F) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !condition().await {
        assert!(Instant::now() < deadline, "still not: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
