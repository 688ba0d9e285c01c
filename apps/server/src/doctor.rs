//! `boxoffice doctor`: what a server would meet, and what to do about it.

mod database;
mod finding;
mod machine;
mod port;

use std::{
    env,
    io::{IsTerminal, Write, stdout},
    process::ExitCode,
};

use anyhow::Result;

use self::finding::{Finding, Look, report};
use crate::{cli::Serve, logging, progress::Progress};

/// Runs the command; exit code 1 when something would keep a server from working as it promises.
pub async fn run(options: &Serve) -> Result<ExitCode> {
    let line = Progress::of("looking around");
    let sections = [
        ("Configuration", configuration(options)),
        ("Machine", machine::look(options)),
        ("Database", database::look(options).await),
        ("Server", port::look(&options.listening).await),
    ];
    drop(line);
    let look = Look {
        colours: stdout().is_terminal()
            && env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
        unicode: speaks_unicode(|name| env::var(name).ok()),
    };
    stdout().write_all(report(&sections, look).as_bytes())?;
    let mut findings = sections.iter().flat_map(|(_, findings)| findings);
    Ok(if findings.any(Finding::is_bad) {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

fn configuration(options: &Serve) -> Vec<Finding> {
    let mut found = vec![match options.check() {
        Ok(()) => Finding::good("options", "fit together"),
        Err(refusal) => Finding::bad(
            "options",
            "contradict each other or are not enough",
            refusal,
        ),
    }];
    let unknown = logging::unknown_variables();
    found.extend(unknown.into_iter().map(|name| {
        let told = format!("{name} is set, but there is no such option");
        Finding::doubtful(
            "environment",
            told,
            "correct its name: see `boxoffice serve --help`",
        )
    }));
    found
}

/// Whether the terminal shows more than ASCII, as far as the environment tells.
fn speaks_unicode(variable: impl Fn(&str) -> Option<String>) -> bool {
    let set = |name| variable(name).filter(|value| !value.is_empty());
    let locale = set("LC_ALL")
        .or_else(|| set("LC_CTYPE"))
        .or_else(|| set("LANG"));
    let locale = locale.unwrap_or_default().to_ascii_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_locale_that_is_set_decides() {
        let with = |set: &'static [(&str, &str)]| {
            speaks_unicode(|name| {
                let found = set.iter().find(|(other, _)| *other == name);
                found.map(|(_, value)| (*value).to_owned())
            })
        };
        assert!(with(&[("LANG", "ko_KR.UTF-8")]));
        assert!(with(&[("LC_ALL", ""), ("LC_CTYPE", "C.utf8")]));
        assert!(!with(&[("LC_ALL", "C"), ("LANG", "ko_KR.UTF-8")]));
        assert!(!with(&[]));
    }
}
