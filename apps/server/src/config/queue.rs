//! The waiting queue.

use std::time::Duration;

use clap::Args;
use domain::queue::{QueuePolicy, QueueTimes};

use super::values::{duration, signed, whole};

/// The waiting queue.
#[derive(Debug, Args)]
#[command(next_help_heading = "Waiting queue")]
pub struct Queue {
    /// How many may shop at once. Counts for a new database; afterwards the operator changes it
    /// while the server runs (PATCH /v1/admin/queue)
    #[arg(
        long,
        env = "BOXOFFICE_CAPACITY",
        value_name = "NUMBER",
        default_value = "1000",
        value_parser = whole(0..=QueuePolicy::MOST_CAPACITY)
    )]
    capacity: u32,

    /// The most that are let in at a time. Counts for a new database, as the capacity does
    #[arg(
        long,
        env = "BOXOFFICE_ADMISSION_BATCH",
        value_name = "NUMBER",
        default_value = "100",
        value_parser = whole(1..=QueuePolicy::MOST_BATCH)
    )]
    admission_batch: u32,

    /// How often free places are given to those who wait
    #[arg(
        long,
        env = "BOXOFFICE_ADMISSION_INTERVAL",
        value_name = "DURATION",
        default_value = "1s",
        value_parser = duration("10ms", "1h")
    )]
    pub admission_interval: Duration,

    /// How long a fan may shop once let in
    #[arg(
        long,
        env = "BOXOFFICE_ACTIVE_TTL",
        value_name = "DURATION",
        default_value = "5m",
        value_parser = duration("10ms", "7d")
    )]
    pub active_ttl: Duration,

    /// How long a fan may wait at most
    #[arg(
        long,
        env = "BOXOFFICE_WAITING_TTL",
        value_name = "DURATION",
        default_value = "2h",
        value_parser = duration("10ms", "30d")
    )]
    waiting_ttl: Duration,

    /// After how much silence a fan who was let in loses the place to the next; 0s turns it off
    #[arg(
        long,
        env = "BOXOFFICE_NO_SHOW_AFTER",
        value_name = "DURATION",
        default_value = "60s",
        value_parser = duration("0s", "7d")
    )]
    no_show_after: Duration,
}

impl Queue {
    /// The durations.
    pub fn times(&self) -> QueueTimes {
        QueueTimes {
            active_ttl: signed(self.active_ttl),
            waiting_ttl: signed(self.waiting_ttl),
            no_show_after: signed(self.no_show_after),
            admission_interval: signed(self.admission_interval),
        }
    }

    /// The policy that a new database starts with.
    pub fn policy(&self) -> QueuePolicy {
        QueuePolicy {
            capacity: self.capacity,
            admission_batch: self.admission_batch,
            paused: false,
        }
    }
}
