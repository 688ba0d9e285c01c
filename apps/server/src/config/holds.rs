//! Holds of seats.

use std::time::Duration;

use clap::Args;
use domain::{reservations::HoldRules, seats::SeatNumber};

use super::values::{duration, signed, whole};

/// Holds of seats.
#[derive(Debug, Args)]
#[command(next_help_heading = "Seats")]
pub struct Holds {
    /// How long seats are held for a fan to pay for them
    #[arg(
        long,
        env = "BOXOFFICE_HOLD_TTL",
        value_name = "DURATION",
        default_value = "5m",
        value_parser = duration("10ms", "7d")
    )]
    hold_ttl: Duration,

    /// How often holds that are over are tidied up. Their seats are free at once in any case
    #[arg(
        long,
        env = "BOXOFFICE_SWEEP_INTERVAL",
        value_name = "DURATION",
        default_value = "10s",
        value_parser = duration("10ms", "1h")
    )]
    pub sweep_interval: Duration,

    /// The most seats that one fan may hold or own of one date
    #[arg(
        long,
        env = "BOXOFFICE_SEATS_PER_USER",
        value_name = "NUMBER",
        default_value = "4",
        value_parser = whole(1..=SeatNumber::MAX.get())
    )]
    seats_per_user: u32,
}

impl Holds {
    /// The limits of holds.
    pub fn rules(&self) -> HoldRules {
        HoldRules {
            ttl: signed(self.hold_ttl),
            seats_per_user: self.seats_per_user,
        }
    }
}
