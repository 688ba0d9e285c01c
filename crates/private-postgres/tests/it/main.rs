//! Private clusters on the PostgreSQL that is installed here.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "helpers of tests, too, fail by panicking"
)]

mod client;
mod failures;
mod holder;
mod life;
mod support;
