use super::*;
use crate::testing::{NOON, SECRET, USER, pass, tokens};
use serde_json::json;

fn access() -> String {
    tokens().access(USER, NOON).unwrap().token
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
fn rule_8_a_token_with_any_byte_altered_is_refused() {
    let now = NOON;
    for token in [access(), tokens().queue(&pass()).unwrap()] {
        assert!(tokens().read(&token, now).is_ok());
        for at in 0..token.len() {
            for other in "AQgwZz09-_.= "
                .bytes()
                .filter(|b| *b != token.as_bytes()[at])
            {
                let mut altered = token.clone().into_bytes();
                altered[at] = other;
                let altered = String::from_utf8(altered).unwrap();
                assert_eq!(
                    tokens().read(&altered, now),
                    Err(Refusal::Invalid),
                    "{at}: {altered}"
                );
            }
        }
    }
}

#[test]
fn rule_8_a_token_cut_or_lengthened_is_refused() {
    let token = access();
    for at in 0..token.len() {
        assert_eq!(tokens().read(&token[..at], NOON), Err(Refusal::Invalid));
        assert_eq!(tokens().read(&token[at + 1..], NOON), Err(Refusal::Invalid));
    }
    for more in ["A", ".", ".A", "="] {
        let longer = format!("{token}{more}");
        assert_eq!(
            tokens().read(&longer, NOON),
            Err(Refusal::Invalid),
            "{more}"
        );
    }
    assert_eq!(
        tokens().read(&"A".repeat(100_000), NOON),
        Err(Refusal::Invalid)
    );
}

#[test]
fn rule_8_a_token_of_another_server_is_refused() {
    let hs256 = Header::new(Algorithm::HS256);
    let read = |claims: &serde_json::Value| tokens().read(&signed(&hs256, SECRET, claims), NOON);
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
    let foreign = signed(&hs256, "another secret of thirty-two bytes", &json!({}));
    assert_eq!(tokens().read(&foreign, NOON), Err(Refusal::Invalid));
}

#[test]
fn rule_8_no_other_algorithm_is_accepted_not_even_none() {
    for algorithm in [Algorithm::HS384, Algorithm::HS512] {
        let token = signed(&Header::new(algorithm), SECRET, &json!({}));
        assert_eq!(tokens().read(&token, NOON), Err(Refusal::Invalid));
    }
    // {"typ":"JWT","alg":"none"}
    let payload = access().split('.').nth(1).unwrap().to_owned();
    let none = format!("eyJ0eXAiOiJKV1QiLCJhbGciOiJub25lIn0.{payload}.");
    assert_eq!(tokens().read(&none, NOON), Err(Refusal::Invalid));
}

#[test]
fn a_secret_that_could_be_guessed_is_refused() {
    let new = |secret: &str| Tokens::new(&secret.into(), Duration::HOUR, Duration::HOUR);
    assert!(new(&"x".repeat(31)).is_err());
    assert!(new(&"x".repeat(32)).is_ok());
}
