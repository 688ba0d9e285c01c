//! `boxoffice concerts`: programmes as files, in and out.

mod cell;
mod csv;
mod export;
mod import;
mod json;
mod list;

use std::{fmt, path::Path};

use clap::ValueEnum;

pub use self::{export::export, import::import};

/// How a list of concerts is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A table, one line for each block of seats
    Csv,
    /// The same, nested
    Json,
}

impl Format {
    /// By the ending of a file's name.
    pub fn of(path: &Path) -> Option<Self> {
        let ending = path.extension()?.to_str()?;
        Self::from_str(ending, true).ok()
    }
}

/// What is read or written in place of a file.
const STANDARD: &str = "-";

/// A number of things, as people say it.
fn counted(number: usize, thing: &str) -> impl fmt::Display + use<'_> {
    let ending = if number == 1 { "" } else { "s" };
    fmt::from_fn(move |f| write!(f, "{number} {thing}{ending}"))
}
