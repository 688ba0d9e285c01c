use super::*;
use crate::testing::{NOON, SECRET, USER, pass, tokens, tokens_of};
use serde_json::json;
use std::slice;

mod mutants;

fn access() -> String {
    tokens().access(USER, NOON).unwrap().token
}

/// The header that tokens of `secret` have.
fn header_of(secret: &str) -> Header {
    header(secret.as_bytes())
}

/// A token with these claims over those of a good access token.
fn signed(header: &Header, secret: &str, claims: &serde_json::Value) -> String {
    let mut all = json!({
        "iss": "boxoffice", "sub": USER.get(), "aud": "access",
        "iat": 0, "nbf": 0, "exp": NOON.unix_timestamp() + 1,
    });
    all.as_object_mut()
        .unwrap()
        .extend(claims.as_object().unwrap().clone());
    encode(header, &all, &EncodingKey::from_secret(secret.as_bytes())).unwrap()
}

#[test]
fn an_access_token_proves_who_its_bearer_is_until_it_ends() {
    let made = tokens().access(USER, NOON).unwrap();
    assert_eq!(made.expires_at, NOON + Duration::hours(12));
    let read = |at| tokens().read(&made.token, at);
    assert_eq!(read(NOON), Ok(Proof::User(USER)));
    assert_eq!(
        read(made.expires_at - Duration::SECOND),
        Ok(Proof::User(USER))
    );
    assert_eq!(read(made.expires_at), Err(Refusal::Invalid));
    assert_eq!(read(NOON - Duration::seconds(2)), Err(Refusal::Invalid));
}

#[test]
fn a_queue_token_carries_its_pass_to_the_microsecond() {
    let fraction = Duration::microseconds(123_457);
    let pass = Pass {
        entered_at: NOON + fraction,
        waiting_until: NOON + Duration::HOUR + fraction,
        ..pass()
    };
    let token = tokens().queue(&pass).unwrap();
    assert_eq!(tokens().read(&token, NOON), Ok(Proof::Queue(pass)));
    assert_eq!(
        tokens().queue(&pass).unwrap(),
        token,
        "always the same token"
    );
}

#[test]
fn rule_8_a_queue_token_opens_nothing_after_the_latest_end_it_can_have() {
    let token = tokens().queue(&pass()).unwrap();
    let end = pass().waiting_until + Duration::minutes(5);
    let read = |at| tokens().read(&token, at);
    assert!(read(end - Duration::MICROSECOND).is_ok());
    assert_eq!(read(end), Err(Refusal::QueueExpired));

    let later = Pass {
        waiting_until: pass().waiting_until + Duration::MICROSECOND,
        ..pass()
    };
    let token = tokens().queue(&later).unwrap();
    assert!(
        tokens().read(&token, end).is_ok(),
        "whole seconds, rounded up"
    );
    let rounded = end + Duration::SECOND;
    assert_eq!(tokens().read(&token, rounded), Err(Refusal::QueueExpired));
}

#[test]
fn rule_8_a_token_of_another_server_is_refused() {
    let ours = header_of(SECRET);
    let read = |claims: &serde_json::Value| tokens().read(&signed(&ours, SECRET, claims), NOON);
    assert_eq!(read(&json!({})), Ok(Proof::User(USER)));
    let foreign = [
        json!({"iss": "elsewhere"}),
        json!({"iss": null}),
        json!({"aud": "admin"}),
        json!({"aud": ["access"]}),
        json!({"aud": null}),
        json!({"sub": "somebody"}),
        json!({"exp": null}),
        json!({"exp": NOON.unix_timestamp()}),
        json!({"nbf": null}),
        json!({"nbf": NOON.unix_timestamp() + 1}),
        json!({"aud": "queue"}),
    ];
    for claims in foreign {
        assert_eq!(read(&claims), Err(Refusal::Invalid), "{claims}");
    }
}

#[test]
fn the_newest_secret_signs_and_all_verify() {
    let other = "another secret of thirty-two bytes";
    let (before, during, after) = (
        tokens_of(&[SECRET]),
        tokens_of(&[other, SECRET]),
        tokens_of(&[other]),
    );
    let old = before.access(USER, NOON).unwrap().token;
    let new = during.access(USER, NOON).unwrap().token;
    let reads = |token: &str| [&before, &during, &after].map(|keys| keys.read(token, NOON).is_ok());
    assert_eq!(
        reads(&old),
        [true, true, false],
        "until its secret is removed"
    );
    assert_eq!(reads(&new), [false, true, true]);
    assert_eq!(new, after.access(USER, NOON).unwrap().token);
    let kid = |token: &str| jsonwebtoken::decode_header(token).unwrap().kid.unwrap();
    assert_ne!(kid(&old), kid(&new));
    assert!(!SECRET.contains(&kid(&old)));
}

#[test]
fn a_secret_that_could_be_guessed_is_refused() {
    let new = |secrets: &[String]| {
        let secrets: Vec<_> = secrets.iter().cloned().map(SecretString::from).collect();
        Tokens::new(&secrets, Duration::HOUR, Duration::HOUR)
    };
    let (short, long) = ("x".repeat(31), "x".repeat(32));
    assert!(new(&[]).is_err());
    assert!(new(slice::from_ref(&short)).is_err());
    assert!(new(slice::from_ref(&long)).is_ok());
    assert!(new(&[long, short]).is_err(), "not even an old one");
}
