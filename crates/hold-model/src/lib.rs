//! Holding, paying, cancelling and expiring on two server processes that can crash at any moment: a model
//! small enough to look at every state it can ever be in.
//!
//! The decisions are the product's own, from `domain`. What is modelled is what lies around them: the
//! lock of the schedule, what a transaction reads and when it commits, when a client is answered, how
//! time passes meanwhile, and crashes. `README.md` says what is covered and what is not.

mod database;
mod decide;
mod properties;
mod world;

pub use properties::{
    CRASH_HID_A_COMMIT, HOLD_KEPT, MONEY, ONE_OWNER, PAID_FOR_GOOD, REFUNDED, RESOLD,
};
pub use world::{Action, Client, Sale, Server, World};

#[cfg(test)]
mod tests;
