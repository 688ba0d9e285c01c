//! The judge catches each kind of contradiction.

use super::*;
use crate::chaos::{entry::Doubt, stored::Made};

fn entry(deed: Deed, outcome: Outcome) -> Entry {
    let (key, user, token) = ("k".into(), "mina".into(), "t".into());
    Entry {
        key,
        user,
        token,
        deed,
        outcome,
    }
}

fn charge(outcome: Outcome) -> Entry {
    entry(Deed::Charge { amount: 5 }, outcome)
}

fn ok() -> Outcome {
    Outcome::Ok("made".into())
}

fn failed() -> Outcome {
    Outcome::Failed("no".into())
}

const UNKNOWN: Outcome = Outcome::Unknown(Doubt::Unanswered);

fn holding(what: Option<(&str, Deed)>) -> Stored {
    let what = what.map(|(user, deed)| (user.to_owned(), deed));
    let id = "made".to_owned();
    Stored {
        made: [("k".to_owned(), Made { id, what })].into(),
        ..Stored::default()
    }
}

fn counts(entry: Entry, stored: &Stored) -> (usize, usize) {
    let verdict = judge(&[entry], stored);
    (verdict.lost.len(), verdict.wrong.len())
}

const NOTHING: (usize, usize) = (0, 0);
const LOST: (usize, usize) = (1, 0);
const WRONG: (usize, usize) = (0, 1);

#[test]
fn what_is_as_it_was_told_is_no_contradiction() {
    let there = holding(Some(("mina", Deed::Charge { amount: 5 })));
    let absent = Stored::default();
    assert_eq!(counts(charge(ok()), &there), NOTHING);
    assert_eq!(counts(charge(failed()), &absent), NOTHING);
    assert_eq!(counts(charge(UNKNOWN), &there), NOTHING);
    assert_eq!(counts(charge(UNKNOWN), &absent), NOTHING);
}

#[test]
fn what_was_acknowledged_and_is_not_there_is_lost() {
    assert_eq!(counts(charge(ok()), &Stored::default()), LOST);
    let key_only = holding(None);
    assert_eq!(counts(charge(ok()), &key_only), LOST);
    let other_amount = holding(Some(("mina", Deed::Charge { amount: 6 })));
    assert_eq!(counts(charge(ok()), &other_amount), LOST);
    let other_user = holding(Some(("yuna", Deed::Charge { amount: 5 })));
    assert_eq!(counts(charge(ok()), &other_user), LOST);
    let there = holding(Some(("mina", Deed::Charge { amount: 5 })));
    assert_eq!(counts(charge(Outcome::Ok("else".into())), &there), LOST);
}

#[test]
fn what_was_refused_and_is_there_is_wrong() {
    let there = holding(Some(("mina", Deed::Charge { amount: 5 })));
    assert_eq!(counts(charge(failed()), &there), WRONG);
}

#[test]
fn what_is_unknown_and_half_there_is_wrong() {
    assert_eq!(counts(charge(UNKNOWN), &holding(None)), WRONG);
}

#[test]
fn what_nobody_asked_for_is_wrong() {
    let mut there = holding(Some(("mina", Deed::Charge { amount: 5 })));
    there.orphans.push("charge x".into());
    assert_eq!(counts(charge(ok()), &there), WRONG);
}

#[test]
fn a_payment_and_a_cancellation_show_in_the_reservation() {
    let reservation = || "r".to_owned();
    let pay = || Deed::Pay {
        reservation: reservation(),
    };
    let with_status = |status: &str| {
        let mut stored = holding(Some(("mina", pay())));
        stored.statuses.insert(reservation(), status.to_owned());
        stored
    };
    let paid = entry(pay(), ok());
    assert_eq!(counts(paid.clone(), &with_status("paid")), NOTHING);
    assert_eq!(counts(paid, &with_status("pending_payment")), LOST);

    let cancel = Deed::Cancel {
        reservation: reservation(),
    };
    let cancelled = entry(cancel.clone(), Outcome::Ok(reservation()));
    assert_eq!(
        counts(cancelled.clone(), &with_status("cancelled")),
        NOTHING
    );
    assert_eq!(counts(cancelled, &with_status("pending_payment")), LOST);
    let refused = entry(cancel, failed());
    assert_eq!(counts(refused, &with_status("cancelled")), WRONG);
}

#[test]
fn a_retry_has_one_effect_and_one_resource() {
    let done = Trace::Done("made".into());
    let other = Outcome::Ok("else".into());
    assert_eq!(reconcile(&done, &ok(), &ok()), Ok(ok()));
    assert_eq!(reconcile(&Trace::None, &ok(), &ok()), Ok(ok()));
    assert_eq!(reconcile(&Trace::None, &failed(), &failed()), Ok(failed()));
    assert_eq!(reconcile(&Trace::None, &failed(), &ok()), Ok(ok()));

    assert!(reconcile(&done, &other, &other).is_err(), "done again");
    assert!(reconcile(&Trace::None, &ok(), &other).is_err());
    assert!(reconcile(&Trace::None, &ok(), &failed()).is_err());
    assert!(reconcile(&done, &failed(), &failed()).is_err());
    assert!(reconcile(&done, &ok(), &UNKNOWN).is_err(), "no answer");
}
