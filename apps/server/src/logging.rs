//! The log: to stderr, readable on a terminal and JSON elsewhere.

use std::{
    collections::BTreeSet,
    env,
    io::{self, IsTerminal},
};

use anyhow::{Result, anyhow};
use clap::{Command, CommandFactory};
use tracing::Subscriber;
use tracing_subscriber::{
    EnvFilter, Layer, fmt,
    layer::SubscriberExt,
    registry::{LookupSpan, Registry},
    util::SubscriberInitExt,
};

use crate::{cli::Cli, traces::Traces};

/// What `info` stands for: the web server tells more of its inner life than an operator wants to
/// know, and calls each request that it cannot read an error, however many somebody sends.
const INFO: &str = "actix_server=warn,actix_http=off,info";

/// Starts logging what `filter` lets through, and sending `traces` if there are to be any.
pub fn start(filter: &str, traces: Option<&Traces>) -> Result<()> {
    let filter = EnvFilter::try_new(if filter == "info" { INFO } else { filter })?;
    let registry = Registry::default();
    let started = match traces {
        // A filter for all, as there is nothing that it must let through for others.
        None => registry.with(log()).with(filter).try_init(),
        Some(traces) => {
            let log = log().with_filter(filter);
            registry.with(log).with(traces.layer()).try_init()
        }
    };
    started.map_err(|error| anyhow!("the log cannot be started: {error}"))
}

/// Writes what is logged.
fn log<S>() -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let log = fmt::layer().with_writer(io::stderr);
    if io::stderr().is_terminal() {
        let plain = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        return log.with_ansi(!plain).boxed();
    }
    log.json().flatten_event(true).with_span_list(false).boxed()
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
