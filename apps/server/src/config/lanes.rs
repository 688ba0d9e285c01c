//! How much work may wait.

use adapters_postgres::LaneSettings;
use clap::Args;

use super::values::whole;

/// How much work may wait.
#[derive(Debug, Args)]
#[command(next_help_heading = "Under load")]
pub struct Lanes {
    /// How many requests of one kind (join, hold, pay, charge) may wait for the database; those
    /// beyond are answered "busy" at once
    #[arg(
        long,
        env = "BOXOFFICE_LANE_DEPTH",
        value_name = "NUMBER",
        default_value = "4096",
        value_parser = whole(1_usize..=1_000_000)
    )]
    lane_depth: usize,

    /// How many of them share one transaction at most
    #[arg(
        long,
        env = "BOXOFFICE_LANE_BATCH",
        value_name = "NUMBER",
        default_value = "512",
        value_parser = whole(1_usize..=10_000)
    )]
    lane_batch: usize,
}

impl Lanes {
    /// The bounds.
    pub fn settings(&self) -> LaneSettings {
        LaneSettings {
            depth: self.lane_depth,
            batch: self.lane_batch,
        }
    }
}
