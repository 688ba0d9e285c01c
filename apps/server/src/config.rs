//! What can be set, by flag or environment, group by group.
//!
//! Each group is a set of options that turns itself into values of the domain or of an adapter.
//! One value is judged where it is read ([`values`]), several together in a group's `check`;
//! either way nonsense is answered with a sentence that says what to write instead.

mod connections;
mod holds;
mod keys;
mod lanes;
mod limits;
mod listening;
mod location;
mod measures;
mod money;
mod queue;
pub mod values;
mod webhooks;

pub use connections::Connections;
pub use holds::Holds;
pub use keys::{Key, Keys, token_secrets};
pub use lanes::Lanes;
pub use limits::Limits;
pub use listening::Listening;
pub use location::Location;
pub use measures::Measures;
pub use money::Money;
pub use queue::Queue;
pub use webhooks::Webhooks;

/// Options that make no sense, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal(String);

impl Refusal {
    /// Says so with this sentence.
    pub fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Refusal {}
