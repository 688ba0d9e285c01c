//! Which state of a seat map: the same everywhere for the same state.

use std::{fmt, str::FromStr};

use time::OffsetDateTime;

/// Names one state of a seat map. Two server processes that have never spoken name the same state
/// alike, because both parts follow from what is stored and from the time.
///
/// A seat map changes in two ways: by a write, which raises its schedule's version, and by a hold
/// that ends, which nobody writes down (SPEC rule 16). So a version has a part for each, and is shown
/// as `412`, or as `412.1763712000123456` with the second part in microseconds since 1970. What is
/// shown is for machines to hand back, not to read.
///
/// Of one schedule, a later state has a greater version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MapVersion {
    /// The version of the schedule: how often its seats have been written.
    pub writes: u64,
    /// When the last of those holds ended that are over and still stored; `None` without such.
    pub lapse: Option<OffsetDateTime>,
}

/// The text is no version of any seat map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no version of a seat map")]
pub struct InvalidVersion;

impl fmt::Display for MapVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.writes.fmt(f)?;
        match self.lapse {
            Some(at) => write!(f, ".{}", at.unix_timestamp_nanos() / 1_000),
            None => Ok(()),
        }
    }
}

impl FromStr for MapVersion {
    type Err = InvalidVersion;

    /// Reads exactly what is shown: a version has one spelling.
    fn from_str(text: &str) -> Result<Self, InvalidVersion> {
        let (writes, lapse) = match text.split_once('.') {
            None => (text, None),
            Some((writes, micros)) => (writes, Some(number(micros)?)),
        };
        let at = |micros| OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1_000);
        Ok(Self {
            writes: number(writes)?,
            lapse: lapse.map(at).transpose().map_err(|_| InvalidVersion)?,
        })
    }
}

/// A number in digits alone, without a zero before others, that PostgreSQL could have stored.
fn number(digits: &str) -> Result<u64, InvalidVersion> {
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    if !plain || (digits.len() > 1 && digits.starts_with('0')) {
        return Err(InvalidVersion);
    }
    let number: i64 = digits.parse().map_err(|_| InvalidVersion)?;
    Ok(number.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn a_version_is_read_as_it_is_shown() {
        let at = datetime!(2025-11-21 08:00:00.123456 UTC);
        for (writes, lapse, text) in [
            (0, None, "0"),
            (412, None, "412"),
            (412, Some(at), "412.1763712000123456"),
        ] {
            let version = MapVersion { writes, lapse };
            assert_eq!(version.to_string(), text);
            assert_eq!(text.parse(), Ok(version));
        }
    }

    #[test]
    fn what_is_never_shown_is_not_read() {
        for text in [
            "",
            ".",
            "1.",
            ".1",
            "+1",
            "-1",
            "01",
            "1.02",
            "1.2.3",
            " 1",
            "1 ",
            "1.-2",
            "1,2",
            "٣",
            "9223372036854775808",
            "1.9223372036854775807",
            "latest",
        ] {
            assert_eq!(text.parse::<MapVersion>(), Err(InvalidVersion), "{text:?}");
        }
    }

    #[test]
    fn of_two_states_the_later_one_has_the_greater_version() {
        let versions = ["3", "3.5", "3.6", "4", "4.1"].map(str::parse::<MapVersion>);
        assert!(
            versions
                .windows(2)
                .all(|pair| pair[0].unwrap() < pair[1].unwrap())
        );
    }
}
