//! The outbound ports on a real PostgreSQL.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests, too, fail by panicking"
)]

mod audit;
mod balance;
mod catalogue;
mod fixture;
mod holds;
mod journey;
mod keys;
mod lane;
mod line;
mod measured;
mod migrations;
mod model;
mod outage;
mod payments;
mod queue;
mod reservations;
mod seat_maps;
mod support;
mod users;
mod wishes;
