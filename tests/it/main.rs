//! The whole system: real server processes on a real PostgreSQL.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "this is test code"
)]

mod abuse;
mod access;
mod backup;
mod bad_days;
mod bad_input;
mod bank;
mod chaos;
mod commands;
mod concerts;
mod deploy;
mod doctor;
mod events;
mod examples;
mod faults;
mod house;
mod journey;
mod limits;
mod logs;
mod metrics;
mod openapi;
mod operators;
mod queue;
mod races;
mod readme;
mod refunds;
#[cfg(feature = "rehearsal")]
mod rush;
mod seat_maps;
mod tokens;
mod traces;
mod upgrade;
mod watch;
mod webhooks;
