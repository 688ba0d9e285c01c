//! What a client has to know to ask for what is new only.

use std::{fmt::Write, net::SocketAddr};

use anyhow::Result;

use super::Shopper;

/// Whether the server tells the version of a map and its `ETag`; says so when it does not.
pub async fn is_known(server: SocketAddr, path: &str) -> Result<bool> {
    let mut shopper = Shopper::arrive(server).await?;
    let map = shopper.get(path).await?;
    let known = map["version"].is_string();
    if !known {
        crate::say("  the server sends no version: asking for what is new is not measured");
    }
    Ok(known)
}

/// The version in the body of a map; `None` when there is none. The body is searched and not parsed:
/// it may be large, and the generator has other things to do.
pub fn version(body: &[u8]) -> Option<&str> {
    const MEMBER: &[u8] = br#""version":""#;
    let start = body.windows(MEMBER.len()).position(|part| part == MEMBER)? + MEMBER.len();
    let length = body[start..].iter().position(|byte| *byte == b'"')?;
    std::str::from_utf8(&body[start..start + length]).ok()
}

/// `path` with `?since=version`.
pub fn since(path: &str, version: &str) -> String {
    let mut path = format!("{path}?since=");
    for byte in version.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                path.push(char::from(byte));
            }
            // Writing to a String cannot fail.
            _ => drop(write!(path, "%{byte:02X}")),
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_found_in_a_body() {
        let body = br#"{"schedule_id":"a","version":"7-a","seats":[]}"#;
        assert_eq!(version(body), Some("7-a"));
        assert_eq!(version(br#"{"schedule_id":"a","seats":[]}"#), None);
    }

    #[test]
    fn a_version_can_stand_in_a_path() {
        assert_eq!(since("/seats", "7-a.b"), "/seats?since=7-a.b");
        assert_eq!(since("/seats", "7/+ä"), "/seats?since=7%2F%2B%C3%A4");
    }
}
