//! The targets on stable: the committed corpus, and random changes of it.
//!
//! `PROPTEST_CASES` sets how many changes a target gets.

use std::{fs, path::Path};

use proptest::{collection::vec, prelude::*, sample::select};

use super::*;

/// The committed inputs of a target.
fn corpus(target: &str) -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    let files = fs::read_dir(root.join(target)).unwrap();
    let inputs: Vec<_> = files
        .map(|file| fs::read(file.unwrap().path()).unwrap())
        .collect();
    assert!(inputs.len() > 2, "{target} has hardly any corpus");
    inputs
}

/// One of the corpus with a few bytes taken out, put in, or replaced by another part of the corpus.
fn changed(target: &str) -> impl Strategy<Value = Vec<u8>> {
    let inputs = corpus(target);
    let part = (
        select(inputs.clone()),
        any::<prop::sample::Index>(),
        0..24_usize,
    )
        .prop_map(|(other, at, length)| {
            let from = at.index(other.len() + 1);
            other[from..other.len().min(from + length)].to_vec()
        });
    let piece = prop_oneof![vec(any::<u8>(), 0..4), part];
    let change = (any::<prop::sample::Index>(), 0..12_usize, piece);
    (select(inputs), vec(change, 0..6)).prop_map(|(mut input, changes)| {
        for (at, out, piece) in changes {
            let from = at.index(input.len() + 1);
            let to = input.len().min(from + out);
            input.splice(from..to, piece);
        }
        input
    })
}

#[test]
fn the_corpus_of_every_target_is_replayed() {
    for input in corpus("token") {
        token(&input);
    }
    for input in corpus("claims") {
        claims(&input);
    }
    for input in corpus("body") {
        body(&input);
    }
}

/// Else nothing would ever look at the claims.
#[test]
fn claims_as_the_server_makes_them_are_read() {
    let corpus = corpus("claims");
    let read = corpus
        .iter()
        .filter(|claims| TOKENS.read(&signed(claims), NOW).is_ok());
    assert!(read.count() >= 1, "the corpus has no genuine claims");
}

#[test]
#[should_panic(expected = "proves something")]
fn control_a_token_with_the_right_secret_is_noticed() {
    let user = UserId::new(Uuid::nil());
    let genuine = TOKENS.access(user, NOW).unwrap();
    token(genuine.token.as_bytes());
}

proptest! {
    #[test]
    fn no_change_of_a_token_proves_anything(input in changed("token")) {
        token(&input);
    }

    #[test]
    fn whatever_was_signed_is_read_or_refused(input in changed("claims")) {
        claims(&input);
    }

    #[test]
    fn whatever_is_sent_as_a_body_is_read_or_the_clients_fault(input in changed("body")) {
        body(&input);
    }
}
