//! The shop and the operator's board in a real Chromium, with real servers behind it: `make test-web`.

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
mod journey;
mod languages;
mod pictures;
mod races;
mod steps;
mod waiting;
