//! The outbound ports on a real PostgreSQL.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests, too, fail by panicking"
)]

mod audit;
mod balance;
mod cancellations;
mod catalogue;
mod events;
mod fixture;
mod holds;
mod house;
mod journey;
mod keys;
mod lane;
mod letters;
mod line;
mod measured;
mod migrations;
mod model;
mod operators;
mod outage;
mod payments;
mod plans;
mod programmes;
mod queue;
mod refunds;
mod reservations;
mod seat_maps;
mod support;
mod users;
mod wishes;
