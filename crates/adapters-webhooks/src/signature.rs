//! Signatures of the Standard Webhooks specification: HMAC-SHA256 of `id.timestamp.body`.

use aws_lc_rs::hmac;
use base64::{Engine, prelude::BASE64_STANDARD};
use domain::events::Secret;

/// The header `webhook-signature` of a request.
pub(crate) fn sign(secret: &Secret, id: &str, timestamp: i64, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose());
    let tag = hmac::sign(&key, format!("{id}.{timestamp}.{body}").as_bytes());
    format!("v1,{}", BASE64_STANDARD.encode(tag))
}

#[cfg(test)]
mod tests {
    use super::*;
    use standardwebhooks::Webhook;

    #[test]
    fn a_signature_is_what_another_implementation_of_the_specification_makes_of_it() {
        let (bytes, body) = ([0x5a; 32], r#"{"type":"reservation.held"}"#);
        let other = Webhook::from_bytes(bytes.to_vec()).unwrap();
        let signed = sign(&Secret::new(bytes), "an-id", 1_767_268_800, body);
        let expected = other.sign("an-id", 1_767_268_800, body.as_bytes());
        assert_eq!(signed, expected.unwrap());
    }
}
