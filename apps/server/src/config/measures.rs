//! What is measured on top of what costs nothing.

use std::time::Duration;

use clap::Args;

use super::values::duration;

/// What is measured on top of what costs nothing.
#[derive(Debug, Args)]
#[command(next_help_heading = "Measuring")]
pub struct Measures {
    /// How often this process checks all promises, as `boxoffice audit` does, and shows the result at
    /// /metrics; 0s is never. It reads every row, so let one process do it, and not on the opening night
    #[arg(
        long,
        env = "BOXOFFICE_AUDIT_EVERY",
        value_name = "DURATION",
        default_value = "0s",
        value_parser = duration("0s", "7d")
    )]
    audit_every: Duration,
}

impl Measures {
    /// The time between two audits, if there are to be any.
    pub fn audit_every(&self) -> Option<Duration> {
        (!self.audit_every.is_zero()).then_some(self.audit_every)
    }
}
