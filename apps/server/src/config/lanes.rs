//! How much work may wait.

use adapters_postgres::LaneSettings;
use clap::Args;

use super::values::whole;

/// How much work may wait.
#[derive(Debug, Args)]
#[command(next_help_heading = "Under load")]
#[allow(clippy::struct_field_names, reason = "they are the names of the flags")]
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

    /// How many such transactions run at a time, for holds and for charges
    #[arg(
        long,
        env = "BOXOFFICE_LANE_WORKERS",
        value_name = "NUMBER",
        default_value = "2",
        value_parser = whole(1_usize..=16)
    )]
    lane_workers: usize,
}

impl Lanes {
    /// The bounds.
    pub fn settings(&self) -> LaneSettings {
        LaneSettings {
            depth: self.lane_depth,
            batch: self.lane_batch,
            workers: self.lane_workers,
        }
    }
}
