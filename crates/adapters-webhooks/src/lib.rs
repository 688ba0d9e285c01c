//! Brings events to webhook endpoints: the port `Courier` over HTTP, as the
//! [Standard Webhooks](https://www.standardwebhooks.com) specification says.
//!
//! - `address`: where nobody may be sent to;
//! - `signature`: what makes a request one that the receiver can believe;
//! - `courier`: the requests and what their answers mean.

mod address;
mod courier;
mod signature;

pub use courier::{CourierSettings, HttpCourier};
