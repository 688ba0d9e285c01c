//! Boxoffice's rules: entities, decisions, ports and use cases, free of I/O.
//!
//! The modules follow the journey of a fan: sign up, wait, look at concerts, hold seats, charge the
//! balance, pay. Each feature has four parts, always named alike:
//!
//! - **entities and decisions**: plain values and pure functions; time comes in as `now`;
//! - **an outbound port**, named by its role ([`queue::TokenQueue`], [`reservations::SeatStore`]): one
//!   method is one atomic business operation, and no connection or transaction crosses it;
//! - **an inbound port**, the trait that handlers hold ([`queue::Queue`], [`payment::Payments`]);
//! - **a service**, which implements the inbound port over the outbound ones.
//!
//! An adapter locks rows, loads them as values of this crate, asks a decision (for example
//! [`reservations::allocate`]) and stores the answer. So every rule can be tested without a database, and
//! there is one place to read it.

pub mod clock;
pub mod health;
pub mod id;
pub mod idempotency;
pub mod money;
pub mod page;
pub mod storage;

pub mod users;

pub mod queue;

pub mod catalogue;

pub mod seats;

pub mod reservations;

pub mod balance;

pub mod payment;

pub mod cancellation;

pub mod operators;

pub mod house;

pub mod events;

pub mod audit;
