//! Compares what clients were told with what the database holds.

use super::{
    entry::{Entry, Outcome},
    stored::Stored,
};
use crate::deed::Deed;

/// What is wrong.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Acknowledged, and not there as it was acknowledged.
    pub lost: Vec<String>,
    /// Refused, and there all the same; or there as nobody asked for it; or there twice.
    pub wrong: Vec<String>,
}

/// What became of a request, by what is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trace {
    /// It was not done.
    None,
    /// It was done as it was asked, and made this.
    Done(String),
    /// It was done, but not as it was asked.
    Odd(String),
}

/// Finds every contradiction between `entries` and `stored`.
pub fn judge(entries: &[Entry], stored: &Stored) -> Verdict {
    let mut verdict = Verdict::default();
    for entry in entries {
        match (&entry.outcome, trace(entry, stored)) {
            (Outcome::Ok(told), Trace::Done(id)) if *told == id => {}
            (Outcome::Ok(_), trace) => verdict.lost.push(format!("{trace:?} of {entry:?}")),
            (_, Trace::None) | (Outcome::Unknown(_), Trace::Done(_)) => {}
            (_, trace) => verdict.wrong.push(format!("{trace:?} of {entry:?}")),
        }
    }
    let unasked = stored.orphans.iter();
    let unasked = unasked.map(|orphan| format!("made by no request: {orphan}"));
    verdict.wrong.extend(unasked);
    verdict
}

/// What became of `entry`.
pub fn trace(entry: &Entry, stored: &Stored) -> Trace {
    let status = |reservation| stored.statuses.get(reservation).map(String::as_str);
    if let Deed::Cancel { reservation } = &entry.deed {
        return match status(reservation) {
            Some("cancelled") => Trace::Done(reservation.clone()),
            _ => Trace::None,
        };
    }
    let Some(made) = stored.made.get(&entry.key) else {
        return Trace::None;
    };
    if made.what.as_ref() != Some(&(entry.user.clone(), entry.deed.clone())) {
        return Trace::Odd(format!("{made:?}"));
    }
    match &entry.deed {
        Deed::Pay { reservation } if status(reservation) != Some("paid") => {
            Trace::Odd(format!("paid, but its status is {:?}", status(reservation)))
        }
        _ => Trace::Done(made.id.clone()),
    }
}

/// What a client learns of an unknown outcome: `before` is what was stored, `first` and `second`
/// are the answers to the same request, sent twice more. An error tells what contradicts what.
pub fn reconcile(before: &Trace, first: &Outcome, second: &Outcome) -> Result<Outcome, String> {
    match (before, first, second) {
        (Trace::None, Outcome::Ok(one), Outcome::Ok(other)) if one == other => Ok(first.clone()),
        (Trace::Done(made), Outcome::Ok(one), Outcome::Ok(other))
            if made == one && one == other =>
        {
            Ok(first.clone())
        }
        // What had kept it from being done may be over by then.
        (Trace::None, Outcome::Failed(_), Outcome::Ok(_) | Outcome::Failed(_)) => {
            Ok(second.clone())
        }
        _ => Err(format!(
            "before {before:?}, then {first:?}, then {second:?}"
        )),
    }
}

#[cfg(test)]
mod tests;
