//! Events: what others are told of, by pulling them or by webhooks.
//!
//! An event is written in the transaction of what it tells of. Later it gets a *position*: gapless, and in
//! such an order that whoever has read up to a position never misses one below it. Webhook endpoints are
//! sent what they asked for from the position at which they were registered, at least once, and in
//! order as far as a reservation is concerned: each event has a *subject*, and while one event of a subject
//! is refused, those after it wait behind it as *letters*, while the events of others go on.

mod delivery;
mod endpoint;
mod event;
mod ports;
mod postman;
mod service;

pub use delivery::{Answer, Claim, Letter, Parked, RetryRules, Settlement, Train, most_at_once};
pub use endpoint::{Endpoint, EndpointReport, EndpointState, Secret, redelivered, removed};
pub use event::{EventKind, Happening, Told};
pub use ports::{BadUrl, Courier, EventLog, Mailroom};
pub use postman::Postman;
pub use service::{EventService, Events, RedeliverError, RegisterError, WebhookError};

#[cfg(any(test, feature = "mock"))]
pub use {
    ports::{MockCourier, MockEventLog, MockMailroom},
    service::MockEvents,
};
