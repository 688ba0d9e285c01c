//! The whole system: real server processes on a real PostgreSQL.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "this is test code"
)]

mod abuse;
mod access;
mod bad_days;
mod bad_input;
mod bank;
mod chaos;
mod commands;
mod events;
mod faults;
mod house;
mod journey;
mod limits;
mod operators;
mod queue;
mod races;
mod readme;
mod refunds;
mod seat_maps;
mod tokens;
