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
mod migrations;
mod model;
mod outage;
mod payments;
mod programmes;
mod queue;
mod reservations;
mod seat_maps;
mod support;
mod users;
mod wishes;
