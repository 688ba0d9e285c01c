//! The audit inside a server, for operators who want an alert rather than a command to run.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use adapters_postgres::Trouble;
use domain::{
    audit::{Auditor, Finding},
    clock::Clock,
};
use metrics::{describe_gauge, gauge};
use tokio_util::sync::CancellationToken;

use crate::schedulers::stopped_within;

/// Says what the metrics mean.
pub fn describe() {
    describe_gauge!(
        "boxoffice_audit_broken_checks",
        "Checks of a promise that found it broken in the last audit of this process"
    );
    describe_gauge!(
        "boxoffice_audit_timestamp_seconds",
        "When the last audit of this process ended, in seconds since 1970"
    );
    describe_gauge!(
        "boxoffice_audit_duration_seconds",
        "Time that the last audit of this process took"
    );
}

/// Checks the promises every so often, until told to stop.
pub async fn audit_every(
    interval: Duration,
    auditor: Arc<dyn Auditor>,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
) {
    let mut trouble = Trouble::with("the audit");
    while !stopped_within(interval, &stop).await {
        let begun = Instant::now();
        // It only reads: nothing is half done when it is given up.
        let audit = stop.run_until_cancelled(auditor.audit());
        let Some(findings) = audit.await else {
            return;
        };
        trouble.note(&findings);
        if let Ok(findings) = findings {
            tell(&findings);
            let now = clock.now() - time::OffsetDateTime::UNIX_EPOCH;
            gauge!("boxoffice_audit_timestamp_seconds").set(now.as_seconds_f64());
            gauge!("boxoffice_audit_duration_seconds").set(begun.elapsed());
        }
    }
}

fn tell(findings: &[Finding]) {
    for (promise, broken) in broken_by_promise(findings) {
        gauge!("boxoffice_audit_broken_checks", "promise" => promise.to_string()).set(broken);
    }
    for finding in findings.iter().filter(|found| !found.violations.is_empty()) {
        let (promise, claim) = (finding.promise, finding.claim);
        let violations = finding.violations.join("; ");
        tracing::error!(promise, claim, violations, "a promise is broken");
    }
}

/// How many checks of each promise found it broken.
fn broken_by_promise(findings: &[Finding]) -> BTreeMap<u8, u32> {
    let mut broken = BTreeMap::new();
    for finding in findings {
        *broken.entry(finding.promise).or_default() += u32::from(!finding.violations.is_empty());
    }
    broken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_promise_has_the_number_of_its_checks_that_are_broken() {
        let finding = |promise, violations: &[&str]| Finding {
            promise,
            claim: "all is well",
            violations: violations.iter().copied().map(str::to_owned).collect(),
        };
        let findings = [
            finding(1, &[]),
            finding(1, &["seat 7", "seat 8"]),
            finding(1, &["seat 9"]),
            finding(2, &[]),
        ];
        let broken = broken_by_promise(&findings);
        assert_eq!(broken, BTreeMap::from([(1, 2), (2, 0)]));
    }
}
