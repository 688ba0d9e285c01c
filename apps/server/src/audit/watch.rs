//! `boxoffice audit --watch`: the audit again and again, a line each time.

use std::{
    io::{Write, stdout},
    time::{Duration, Instant},
};

use adapters_postgres::{Database, PgAuditor, PgClock};
use anyhow::{Context, Result};
use domain::{
    audit::{Auditor, Finding},
    clock::Clock,
    storage::StorageError,
};
use time::{OffsetDateTime, format_description::BorrowedFormatItem, macros::format_description};
use tokio_util::sync::CancellationToken;

use super::{explained, holds};
use crate::{cli::Audit, database::unreachable, signals};

const TIME: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");

/// Checks until told to stop or until something is broken, and tells whether all promises were kept.
/// A database that is away for a while keeps no promise and breaks none: it is said, and tried again.
pub async fn watch(database: &Database, options: &Audit) -> Result<bool> {
    let stop = signals::stop_token().context("cannot wait for signals")?;
    let clock = PgClock::ask(database).await.map_err(unreachable)?;
    let auditor = PgAuditor::new(database.clone());
    rounds(&auditor, &clock, options, &stop, |line| {
        writeln!(stdout(), "{line}").is_ok()
    })
    .await
}

/// `tell` says whether somebody still listens.
async fn rounds(
    auditor: &dyn Auditor,
    clock: &dyn Clock,
    options: &Audit,
    stop: &CancellationToken,
    mut tell: impl FnMut(String) -> bool,
) -> Result<bool> {
    let mut kept = true;
    while !stop.is_cancelled() {
        let begun = Instant::now();
        let found = tokio::select! {
            found = auditor.audit() => found,
            () = stop.cancelled() => break,
        };
        let line = match found {
            Ok(findings) => {
                let broken = findings.iter().any(|finding| !holds(finding));
                kept &= !broken;
                line(clock.now(), &findings, begun.elapsed())?
            }
            Err(error @ StorageError::Unavailable(_)) => {
                format!("{}  AWAY    {error}", clock.now().format(TIME)?)
            }
            Err(error) => return Err(explained(error)),
        };
        if !tell(line) || (!kept && !options.keep_going) {
            break;
        }
        tokio::select! {
            () = tokio::time::sleep(options.every) => {}
            () = stop.cancelled() => {}
        }
    }
    Ok(kept)
}

/// What one round found, in one line.
fn line(now: OffsetDateTime, findings: &[Finding], took: Duration) -> Result<String> {
    let time = now.format(TIME)?;
    let (all, seconds) = (findings.len(), took.as_secs_f64());
    let broken: Vec<_> = findings.iter().filter(|finding| !holds(finding)).collect();
    if broken.is_empty() {
        return Ok(format!(
            "{time}  ok      all {all} checks hold  ({seconds:.1} s)"
        ));
    }
    let broken: Vec<_> = broken
        .iter()
        .map(|finding| format!("{}, but {}", finding.claim, finding.violations.join(", ")))
        .collect();
    Ok(format!(
        "{time}  BROKEN  {} of {all} checks  ({seconds:.1} s): {}",
        broken.len(),
        broken.join("; ")
    ))
}

#[cfg(test)]
mod tests {
    use domain::{audit::MockAuditor, clock::FixedClock};
    use mockall::Sequence;
    use time::macros::datetime;

    use super::*;
    use crate::config::Location;

    fn finding(violations: &[&str]) -> Finding {
        Finding {
            promise: 1,
            claim: "no seat is sold twice",
            violations: violations.iter().map(|text| (*text).to_owned()).collect(),
        }
    }

    /// The lines and the verdict of an audit that finds this, one after the other.
    async fn watched(
        keep_going: bool,
        rounds_: Vec<Result<Vec<Finding>, StorageError>>,
    ) -> (Vec<String>, Result<bool>) {
        let (mut auditor, mut sequence) = (MockAuditor::new(), Sequence::new());
        let last = rounds_.len();
        for found in rounds_ {
            let round = auditor
                .expect_audit()
                .times(..=1)
                .in_sequence(&mut sequence);
            round.return_once(|| found);
        }
        let clock = FixedClock::at(datetime!(2026-05-01 12:00 UTC));
        let (stop, mut lines) = (CancellationToken::new(), Vec::new());
        let options = Audit {
            watch: true,
            every: Duration::ZERO,
            keep_going,
            location: Location::default(),
        };
        let kept = rounds(&auditor, &clock, &options, &stop, |line| {
            lines.push(line);
            if lines.len() == last {
                stop.cancel();
            }
            true
        });
        let kept = kept.await;
        (lines, kept)
    }

    #[tokio::test]
    async fn a_round_is_a_line_and_the_first_violation_is_the_last_one() {
        let rounds = vec![
            Ok(vec![finding(&[]), finding(&[])]),
            Ok(vec![finding(&["seat 7"]), finding(&[])]),
            Ok(vec![]),
        ];
        let (lines, kept) = watched(false, rounds).await;
        assert!(!kept.unwrap());
        assert_eq!(lines.len(), 2);
        assert!(lines[0].starts_with("2026-05-01T12:00:00Z  ok      all 2 checks hold"));
        assert!(lines[1].contains("BROKEN  1 of 2 checks"), "{lines:?}");
        assert!(
            lines[1].ends_with("no seat is sold twice, but seat 7"),
            "{lines:?}"
        );
    }

    #[tokio::test]
    async fn who_keeps_going_is_told_at_the_end_and_an_absent_database_breaks_nothing() {
        let away = || Err(StorageError::unavailable("gone"));
        let (lines, kept) = watched(true, vec![Ok(vec![finding(&["x"])]), Ok(vec![])]).await;
        assert!(!kept.unwrap());
        assert_eq!(lines.len(), 2);
        let (lines, kept) = watched(false, vec![away(), Ok(vec![finding(&[])])]).await;
        assert!(kept.unwrap());
        assert!(lines[0].contains("AWAY"), "{lines:?}");
        let (_, kept) = watched(true, vec![Err(StorageError::failed("no table"))]).await;
        assert!(kept.unwrap_err().to_string().contains("boxoffice migrate"));
    }
}
