//! Boxoffice's REST API (SPEC §4 and §5) on actix-web.
//!
//! The adapter between HTTP and the inbound ports of `domain`: it parses, authenticates, calls one
//! method of a port and shows what that answered. There is no rule here and no SQL.
//!
//! - [`serve`] is the way in: a listener or two and an [`Api`] (the ports and the settings) become a server;
//! - `routes` is the table of paths, one module a feature has its bodies, views and handlers;
//! - `auth` has an extractor for each kind of proof that SPEC §4 names (U, Q, A, K), on `token`;
//! - `problem` is the one error type: its code table has each problem's status and texts, and the
//!   features map their errors to it without a catch-all arm;
//! - `edge` is the one middleware: request ids, problems in the client's language, the log;
//! - `openapi` describes every route, from the handlers themselves; `docs` shows that on a page;
//! - `shop` has the pages for fans, `site` is what serves such files;
//! - `coding` compresses answers, `kept` keeps those that never change;
//! - `meters` counts requests and problems for `GET /metrics`, `trail` remembers for the log who asks;
//! - `limits` counts requests of users and addresses, and refuses those beyond a rate;
//! - `connection` lets a connection with a stream go on without the buffers that requests need.
//!
//! A handler's future may be dropped at any point (the client went away, the time ran out): the
//! ports promise that a write does not depend on its caller.

mod admin;
mod auth;
mod balance;
mod board;
mod body;
mod coding;
mod concerts;
mod connection;
mod docs;
mod edge;
mod etag;
mod event_feed;
#[cfg(any(test, feature = "fuzz"))]
pub mod fuzz;
mod health;
mod idempotency;
mod kept;
mod language;
mod limits;
mod meters;
mod moment;
mod openapi;
mod page;
mod params;
mod path;
mod payments;
mod problem;
mod problem_pages;
mod queue;
mod reservations;
mod routes;
mod scrape;
mod seat_map;
mod server;
mod shop;
mod site;
mod token;
mod trace;
mod trail;
mod users;
mod venue;
mod webhooks;

#[cfg(test)]
mod testing;

pub use limits::{Rate, RateLimits};
pub use meters::describe_metrics;
pub use scrape::Exposition;
pub use server::{Api, HttpSettings, Listeners, SignUp, serve};
pub use venue::{UnknownZone, VenueZone};
