//! What reads bytes from strangers, one function a target: the fuzzer in `fuzz/` calls these, and so do
//! the tests, with the committed corpus and random changes of it.
//!
//! A target returns when all is well and panics when a promise is broken.

#![allow(
    clippy::panic,
    reason = "this is how a fuzzer is told what it has found"
)]

use std::sync::LazyLock;

use actix_web::{ResponseError, http::StatusCode};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::id::UserId;
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use serde::{
    Deserialize,
    de::{DeserializeOwned, IgnoredAny},
};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::{
    admin::{NewConcert, PolicyPatch, cancellation::NewCancellation, schedule::NewSchedule},
    balance::NewCharge,
    body::{Anything, parse, whole_number},
    payments::NewPayment,
    problem::Problem,
    reservations::NewReservation,
    token::{Proof, Refusal, Tokens},
    users::NewUser,
};

const SECRET: &str = "a secret that no fuzzer has ever seen";
const NOW: OffsetDateTime = time::macros::datetime!(2026-01-01 12:00 UTC);

static TOKENS: LazyLock<Tokens> = LazyLock::new(|| {
    let tokens = Tokens::new(&[SECRET.into()], Duration::HOUR, Duration::minutes(5));
    tokens.unwrap_or_else(|weak| panic!("{weak}"))
});

/// `input` as a token: nobody who lacks the secret makes one that proves anything (rule 8).
pub fn token(input: &[u8]) {
    let Ok(token) = std::str::from_utf8(input) else {
        return;
    };
    let read = TOKENS.read(token, NOW);
    assert_eq!(read, Err(Refusal::Invalid), "{token:?} proves something");
}

/// `input` as the claims of a token that has the right signature, as an older or newer server might
/// have made it: whatever they are, they are read or refused. A pass that is read is the one that a
/// token made of it carries.
pub fn claims(input: &[u8]) {
    if let Ok(Proof::Queue(pass)) = TOKENS.read(&signed(input), NOW)
        && (NOW.year()..9_999).contains(&pass.waiting_until.year())
        && pass.entered_at <= NOW
    {
        let again = TOKENS.queue(&pass).map(|token| TOKENS.read(&token, NOW));
        assert_eq!(again.ok(), Some(Ok(Proof::Queue(pass))));
    }
}

/// A token with these claims, whatever they are, and the header and signature of a genuine one.
fn signed(claims: &[u8]) -> String {
    let genuine = TOKENS.access(UserId::new(Uuid::nil()), NOW);
    let genuine = genuine.unwrap_or_else(|error| panic!("{error}")).token;
    let header = genuine.split('.').next().unwrap_or_default();
    let message = format!("{header}.{}", BASE64_URL_SAFE_NO_PAD.encode(claims));
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    let signature = crypto::sign(message.as_bytes(), &key, Algorithm::HS256);
    let signature = signature.unwrap_or_else(|error| panic!("{error}"));
    format!("{message}.{signature}")
}

/// `input` as the body of every request that has one.
pub fn body(input: &[u8]) {
    #[derive(Deserialize)]
    struct Amount {
        amount: Anything,
    }
    read::<NewUser>(input);
    read::<NewCharge>(input);
    read::<NewPayment>(input);
    read::<NewConcert>(input);
    read::<PolicyPatch>(input);
    read::<NewCancellation>(input);
    if let Some(wish) = read::<Amount>(input) {
        whole_number(&wish.amount);
    }
    if let Some(new) = read::<NewReservation>(input) {
        check(new.wish());
    }
    if let Some(wish) = read::<NewSchedule>(input) {
        check(wish.check());
    }
}

/// Reads a body: what is refused is the client's fault, and told so; what is no JSON is 400.
fn read<T: DeserializeOwned>(input: &[u8]) -> Option<T> {
    let is_json = serde_json::from_slice::<IgnoredAny>(input).is_ok();
    let read = check(parse(input));
    assert!(is_json || read.is_none(), "read, and yet no JSON");
    read
}

fn check<T>(checked: Result<T, Problem>) -> Option<T> {
    let told = [StatusCode::BAD_REQUEST, StatusCode::UNPROCESSABLE_ENTITY];
    match checked {
        Ok(value) => Some(value),
        Err(problem) if told.contains(&problem.status_code()) => None,
        Err(problem) => panic!("not the client's fault? {:?}", problem.code()),
    }
}

#[cfg(test)]
mod tests;
