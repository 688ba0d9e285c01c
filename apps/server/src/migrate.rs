//! `boxoffice migrate`: brings the tables up to date.

use std::{
    io::{Write, stdout},
    process::ExitCode,
};

use adapters_postgres::Database;
use anyhow::{Context, Result};

use crate::{
    config::Location,
    database::{self, Opened, unreachable},
    progress::Progress,
};

/// Runs the command.
pub async fn run(location: &Location) -> Result<ExitCode> {
    let opened = Opened::for_command(location).await?;
    let names = database::with(opened, async |database| {
        let _line = Progress::of("bringing the tables up to date");
        migrate(&database).await
    });
    let names = names.await?;
    let mut out = stdout().lock();
    for name in &names {
        writeln!(out, "migrated {name}")?;
    }
    writeln!(out, "the database is up to date")?;
    Ok(ExitCode::SUCCESS)
}

/// Brings the tables up to date, and names what was done for it.
pub async fn migrate(database: &Database) -> Result<Vec<String>> {
    adapters_postgres::migrate(database)
        .await
        .map_err(unreachable)
        .context("the database could not be brought up to date")
}
