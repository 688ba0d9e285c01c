//! `boxoffice audit`: are the promises kept?

mod watch;

use std::{
    fmt::Write as _,
    io::{Write as _, stdout},
    process::ExitCode,
};

use adapters_postgres::{Database, PgAuditor};
use anyhow::{Error, Result};
use domain::{
    audit::{Auditor, Finding},
    storage::StorageError,
};

use crate::{
    cli::Audit,
    database::{self, Opened, unreachable},
    progress::Progress,
};

/// Runs the command; exit code 1 when a promise is broken.
pub async fn run(options: &Audit) -> Result<ExitCode> {
    let opened = Opened::existing(&options.location).await?;
    let kept = database::with(opened, async |database| {
        if options.watch {
            watch::watch(&database, options).await
        } else {
            once(database).await
        }
    });
    Ok(if kept.await? {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Checks all promises once, and tells whether they are kept.
async fn once(database: Database) -> Result<bool> {
    let line = Progress::of("checking every promise");
    let findings = PgAuditor::new(database).audit().await.map_err(explained)?;
    drop(line);
    stdout().write_all(report(&findings).as_bytes())?;
    Ok(findings.iter().all(holds))
}

fn explained(error: StorageError) -> Error {
    match error {
        StorageError::Failed(_) => Error::new(error).context(
            "the audit could not be made (if the tables are missing or old, run `boxoffice \
             migrate` first)",
        ),
        error => unreachable(error),
    }
}

fn holds(finding: &Finding) -> bool {
    finding.violations.is_empty()
}

/// One line a check, what contradicts it below, and the sum of it all.
fn report(findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        // Writing to a String cannot fail.
        let word = if holds(finding) { "ok" } else { "BROKEN" };
        let _ = writeln!(text, "{word:<6}  {}  {}", finding.promise, finding.claim);
        for violation in &finding.violations {
            let _ = writeln!(text, "           {violation}");
        }
    }
    let broken = findings.iter().filter(|finding| !holds(finding)).count();
    let _ = match (broken, findings.len()) {
        (0, all) => writeln!(text, "\nall {all} checks hold"),
        (broken, all) => writeln!(text, "\n{broken} of {all} checks BROKEN"),
    };
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(promise: u8, claim: &'static str, violations: &[&str]) -> Finding {
        let violations = violations.iter().map(|text| (*text).to_owned()).collect();
        Finding {
            promise,
            claim,
            violations,
        }
    }

    #[test]
    fn a_report_has_a_line_for_each_check_that_holds() {
        let findings = [
            finding(1, "no seat is in two live reservations", &[]),
            finding(3, "no balance is negative", &[]),
        ];
        let expected = "\
ok      1  no seat is in two live reservations
ok      3  no balance is negative

all 2 checks hold
";
        assert_eq!(report(&findings), expected);
    }

    #[test]
    fn a_broken_promise_is_shown_with_what_breaks_it() {
        let findings = [
            finding(
                1,
                "no seat is in two live reservations",
                &["seat 7", "seat 9"],
            ),
            finding(3, "no balance is negative", &[]),
        ];
        let expected = "\
BROKEN  1  no seat is in two live reservations
           seat 7
           seat 9
ok      3  no balance is negative

1 of 2 checks BROKEN
";
        assert_eq!(report(&findings), expected);
    }
}
