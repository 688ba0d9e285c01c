//! Thousands of tokens that were tampered with, none of which proves anything (rule 8).

use super::*;
use std::collections::BTreeSet;

const OTHER: &str = "another secret of thirty-two bytes";

fn good() -> [String; 2] {
    [access(), tokens().queue(&pass()).unwrap()]
}

/// `token` with each of its bits flipped, but for those that would leave ASCII, and then with each
/// byte replaced by each of those that mean something in a token.
fn altered(token: &str) -> impl Iterator<Item = String> {
    let with = |at: usize, byte: u8| {
        let mut bytes = token.as_bytes().to_vec();
        bytes[at] = byte;
        String::from_utf8(bytes).unwrap()
    };
    let bytes = token.bytes().enumerate();
    let flipped = bytes
        .clone()
        .flat_map(|(at, byte)| (0..7).map(move |bit| (at, byte ^ (1 << bit))));
    let replaced = bytes.flat_map(|(at, byte)| {
        let others = b"AQgwZz09-_.= ".iter().filter(move |other| **other != byte);
        others.map(move |other| (at, *other))
    });
    flipped
        .chain(replaced)
        .map(move |(at, byte)| with(at, byte))
}

/// `token` cut off at either end, with a byte left out, or one twice, and with something after it.
fn resized(token: &str) -> impl Iterator<Item = String> {
    let cut = (0..token.len()).flat_map(|at| {
        let (before, after) = token.split_at(at);
        let (left_out, doubled) = (&after[1..], &token[..=at]);
        [
            before.to_owned(),
            left_out.to_owned(),
            format!("{before}{left_out}"),
            format!("{doubled}{after}"),
        ]
    });
    let more = ["A", ".", ".A", "=", " "].map(|more| format!("{token}{more}"));
    cut.chain(more).chain(["A".repeat(100_000)])
}

/// Header, claims and signature of good tokens in any order that is no good token.
fn recombined(good: &[String]) -> impl Iterator<Item = String> {
    let parts: Vec<&str> = good.iter().flat_map(|token| token.split('.')).collect();
    let count = parts.len();
    let all = (0..count.pow(3)).map(move |n| {
        let part = |place: usize| parts[n / place % count];
        [part(1), part(count), part(count * count)].join(".")
    });
    all.filter(|token| !good.contains(token))
}

/// Tokens with a header of the attacker's making, over the claims of a good one: the signature is
/// that of the good one, none, or even right.
fn with_other_headers() -> impl Iterator<Item = String> {
    let ours = header_of(SECRET);
    let kid = ours.kid.clone().unwrap();
    let mut headers = vec![
        json!({"alg": "HS256"}),
        json!({"typ": "JWT", "alg": "HS256"}),
        json!({"typ": "JWT", "alg": "HS256", "kid": kid}),
        json!({"typ": TYPE, "alg": "HS256"}),
        json!({"typ": TYPE, "alg": "HS256", "kid": header_of(OTHER).kid}),
        json!({"typ": TYPE, "alg": "HS256", "kid": "../../../dev/null"}),
        json!({"typ": TYPE, "alg": "HS256", "kid": kid, "jku": "https://example.com/keys"}),
        json!({"alg": "HS256", "typ": TYPE, "kid": kid}),
    ];
    let others = [
        "none", "None", "NONE", "", "HS384", "HS512", "RS256", "ES256", "EdDSA",
    ];
    headers.extend(others.map(|alg| json!({"typ": TYPE, "alg": alg, "kid": kid})));
    headers.into_iter().flat_map(|header| {
        let token = access();
        let (claims, signature) = token.split_once('.').unwrap().1.split_once('.').unwrap();
        // Not in the order that ours has, either.
        let header = BASE64_URL_SAFE_NO_PAD.encode(header.to_string());
        let message = format!("{header}.{claims}");
        let key = EncodingKey::from_secret(SECRET.as_bytes());
        let right = crypto::sign(message.as_bytes(), &key, ALGORITHM).unwrap();
        ["", signature, &right].map(|signature| format!("{message}.{signature}"))
    })
}

/// Tokens with good claims and a good header, signed by whoever does not have the secret; and
/// tokens signed with it that say something else.
fn resigned() -> impl Iterator<Item = String> {
    let (ours, theirs) = (header_of(SECRET), header_of(OTHER));
    let now = NOON.unix_timestamp();
    let claims = [
        json!({}),
        json!({"exp": now + 1_000_000}),
        json!({"aud": "queue"}),
        json!({"aud": "admin"}),
        json!({"aud": ["access", "queue"]}),
        json!({"iss": "elsewhere"}),
        json!({"exp": now}),
        json!({"nbf": now + 1}),
    ];
    let wrong = |claims: &serde_json::Value| signed(&ours, SECRET, claims);
    let wrong: Vec<_> = claims[2..].iter().map(wrong).collect();
    let foreign = claims.into_iter().flat_map(move |claims| {
        [OTHER, "", &SECRET[1..], &SECRET.to_uppercase()].map(|secret| {
            [
                signed(&ours, secret, &claims),
                signed(&theirs, secret, &claims),
            ]
        })
    });
    foreign.flatten().chain(wrong)
}

#[test]
fn rule_8_of_ten_thousand_tokens_that_were_tampered_with_none_opens_anything() {
    let good = good();
    for token in &good {
        assert!(tokens().read(token, NOON).is_ok(), "the control");
    }
    let mutants: BTreeSet<_> = good
        .iter()
        .flat_map(|token| altered(token).chain(resized(token)))
        .chain(recombined(&good))
        .chain(with_other_headers())
        .chain(resigned())
        .collect();
    assert!(mutants.len() >= 10_000, "{}", mutants.len());
    let tokens = tokens();
    for mutant in &mutants {
        assert_eq!(tokens.read(mutant, NOON), Err(Refusal::Invalid), "{mutant}");
    }
}
