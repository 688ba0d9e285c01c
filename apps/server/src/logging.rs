//! The log: to stderr, readable on a terminal and JSON elsewhere.

use std::{
    collections::BTreeSet,
    env,
    io::{self, IsTerminal},
};

use anyhow::{Result, anyhow};
use clap::{Command, CommandFactory};
use tracing_subscriber::{EnvFilter, fmt};

use crate::cli::Cli;

/// What `info` stands for: the web server tells more of its inner life than an operator wants to
/// know, and calls each request that it cannot read an error, however many somebody sends.
const INFO: &str = "actix_server=warn,actix_http=off,info";

/// Starts logging what `filter` lets through.
pub fn start(filter: &str) -> Result<()> {
    let filter = if filter == "info" { INFO } else { filter };
    let log = fmt()
        .with_env_filter(EnvFilter::try_new(filter)?)
        .with_writer(io::stderr);
    let started = if io::stderr().is_terminal() {
        log.with_ansi(env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()))
            .try_init()
    } else {
        log.json()
            .flatten_event(true)
            .with_span_list(false)
            .try_init()
    };
    started.map_err(|error| anyhow!("the log cannot be started: {error}"))
}

/// Warns of variables that look like ours but mean nothing, such as a misspelt one.
pub fn warn_of_unknown_variables() {
    for name in unknown_variables() {
        tracing::warn!("{name} is set, but there is no such option: see `boxoffice serve --help`");
    }
}

/// Variables that look like ours but mean nothing.
pub fn unknown_variables() -> Vec<String> {
    unknown(env::vars_os().filter_map(|(name, _)| name.into_string().ok()))
}

fn unknown(set: impl Iterator<Item = String>) -> Vec<String> {
    let mut known = BTreeSet::new();
    collect(&Cli::command(), &mut known);
    set.filter(|name| name.starts_with("BOXOFFICE_") && !known.contains(name))
        .collect()
}

fn collect(command: &Command, known: &mut BTreeSet<String>) {
    let names = command
        .get_arguments()
        .filter_map(|argument| argument.get_env()?.to_str());
    known.extend(names.map(str::to_owned));
    command
        .get_subcommands()
        .for_each(|command| collect(command, known));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_variable_is_noticed_and_others_are_left_alone() {
        let set = [
            "BOXOFFICE_LISTEN",
            "BOXOFFICE_LOG",
            "BOXOFFICE_CAPACTIY",
            "PATH",
        ];
        assert_eq!(
            unknown(set.map(str::to_owned).into_iter()),
            ["BOXOFFICE_CAPACTIY"]
        );
    }
}
