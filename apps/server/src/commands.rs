//! What each command does.

use std::process::ExitCode;

use anyhow::{Error, Result};

use crate::{
    audit,
    cli::{Cli, Command, Concerts},
    concerts, doctor, logging, migrate, paper, ready, seed, serve,
    traces::Traces,
};

/// Does what was typed.
pub async fn run(cli: Cli) -> Result<ExitCode> {
    let traces = match &cli.command {
        Command::Serve(_) => Traces::from_environment()?,
        _ => None,
    };
    logging::start(&cli.log, traces.as_ref())?;
    // The doctor tells it in its own words.
    if !matches!(cli.command, Command::Doctor(_)) {
        logging::warn_of_unknown_variables();
    }
    let done = match cli.command {
        Command::Serve(options) => serve::run(&options).await,
        Command::Migrate(location) => migrate::run(&location).await,
        Command::Seed(location) => seed::run(&location).await,
        Command::Concerts(Concerts::Import(options)) => concerts::import(&options).await,
        Command::Concerts(Concerts::Export(options)) => concerts::export(&options).await,
        Command::Audit(options) => audit::run(&options).await,
        Command::Doctor(options) => doctor::run(&options).await,
        Command::Ready(listening) => Ok(ready::run(&listening.listen).await),
        Command::Completions { shell } => paper::completions(shell),
        Command::Man { directory } => paper::man(directory.as_deref()),
    };
    if let Some(traces) = traces {
        traces.finish().await;
    }
    done
}

/// What happened and why, once each: some causes repeat those below them.
pub fn sentence(error: &Error) -> String {
    let mut sentence = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if sentence.contains(&cause) {
            continue;
        }
        if !sentence.is_empty() {
            sentence.push_str(": ");
        }
        sentence.push_str(&cause);
    }
    sentence
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::anyhow;

    #[test]
    fn an_error_is_one_sentence_from_what_happened_to_why() {
        let error = anyhow!("no such file")
            .context("cannot read it")
            .context("cannot start");
        assert_eq!(
            sentence(&error),
            "cannot start: cannot read it: no such file"
        );
    }

    #[test]
    fn a_cause_that_was_told_already_is_not_told_again() {
        let error = anyhow!("refused")
            .context("connecting: refused")
            .context("no answer");
        assert_eq!(sentence(&error), "no answer: connecting: refused");
    }
}
