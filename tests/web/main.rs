//! The shop, the operator's board and the report of a rehearsal in a real Chromium, with real servers behind
//! them: `make test-web`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "this is test code"
)]

mod access;
mod board;
mod browser;
mod driver;
mod elsewhere;
mod journey;
mod languages;
mod pictures;
mod races;
mod report;
mod steps;
mod waiting;
