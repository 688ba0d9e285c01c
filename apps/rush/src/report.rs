//! How it went, as one HTML file that needs nothing else.

mod figures;
mod page;
mod svg;

use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;

use crate::{evening::Evening, options::Options, plan::Shares, rehearsal::Proposal};

/// All that is told.
#[derive(Serialize)]
pub struct Report {
    fans: u64,
    over_seconds: f64,
    seed: u64,
    shares: Shares,
    settings: Vec<(&'static str, String)>,
    evening: Evening,
    #[serde(skip_serializing_if = "Option::is_none")]
    rehearsal: Option<Proposal>,
}

impl Report {
    /// Of one evening on a server with these settings.
    pub fn of(options: &Options, settings: &[(&'static str, String)], evening: Evening) -> Self {
        Self {
            fans: evening.counts.arrived,
            over_seconds: options.over.as_secs_f64(),
            seed: options.seed,
            shares: options.shares,
            settings: settings.to_vec(),
            evening,
            rehearsal: None,
        }
    }

    /// With what came of several.
    #[must_use]
    pub fn with(mut self, proposal: Proposal) -> Self {
        self.rehearsal = Some(proposal);
        self
    }

    /// What must not be.
    pub fn reasons(&self) -> &[String] {
        &self.evening.reasons
    }

    /// Defects in words.
    pub fn wrong(&self) -> &[String] {
        &self.evening.wrong
    }

    /// Whether all is well, in every trial.
    pub fn is_well(&self) -> bool {
        let trials = self.rehearsal.iter().flat_map(|proposal| &proposal.trials);
        self.evening.is_well() && trials.into_iter().all(|trial| trial.well)
    }

    /// Writes the file.
    pub fn write(&self, file: &Path) -> Result<()> {
        let failed = || format!("the report cannot be written to {}", file.display());
        std::fs::write(file, page::html(self)?).with_context(failed)
    }
}

#[cfg(test)]
mod tests;
