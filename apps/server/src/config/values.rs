//! How single values are read.

use std::{fmt::Display, ops::RangeInclusive, path::PathBuf, str::FromStr, time::Duration};

use clap::builder::{OsStringValueParser, StringValueParser, TypedValueParser};
use secrecy::SecretString;
use tracing::level_filters::LevelFilter;

/// Reads a duration from `least` to `most`, which are written like it.
pub fn duration(
    least: &'static str,
    most: &'static str,
) -> impl Fn(&str) -> Result<Duration, String> + Clone + Send + Sync + 'static {
    move |text| {
        let read = |text| humantime::parse_duration(text);
        let read = (read(least), read(text), read(most));
        match read {
            (Ok(least), Ok(value), Ok(most)) if (least..=most).contains(&value) => Ok(value),
            (_, Ok(_), _) => Err(format!("write a duration from {least} to {most}")),
            _ => Err("write a duration with its unit, such as 300ms, 10s, 5m or 2h".to_owned()),
        }
    }
}

/// Reads a duration like [`duration`], or `never`.
pub fn duration_or_never(
    least: &'static str,
    most: &'static str,
) -> impl Fn(&str) -> Result<OrNever, String> + Clone + Send + Sync + 'static {
    let duration = duration(least, most);
    move |text| match text {
        "never" => Ok(OrNever(None)),
        text => match duration(text) {
            Ok(duration) => Ok(OrNever(Some(duration))),
            Err(advice) => Err(format!("{advice}, or never")),
        },
    }
}

/// A duration, or `None` for never: an option of its own type to clap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrNever(pub Option<Duration>);

/// Reads a whole number within `range`.
pub fn whole<T>(
    range: RangeInclusive<T>,
) -> impl Fn(&str) -> Result<T, String> + Clone + Send + Sync + 'static
where
    T: FromStr + PartialOrd + Display + Clone + Send + Sync + 'static,
{
    move |text| match text.parse() {
        Ok(value) if range.contains(&value) => Ok(value),
        _ => Err(format!(
            "write a whole number from {} to {}",
            range.start(),
            range.end()
        )),
    }
}

/// Reads what a variable says in place of a flag.
pub fn yes_or_no(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Ok(true),
        "false" | "no" | "off" | "0" | "" => Ok(false),
        _ => Err("write true or false".to_owned()),
    }
}

/// Reads an address to listen at. A host's name is looked up later.
pub fn listen_address(text: &str) -> Result<String, String> {
    let (host, port) = text.rsplit_once(':').unwrap_or_default();
    let bare_v6 = host.contains(':') && !host.starts_with('[');
    if host.is_empty() || bare_v6 || port.parse::<u16>().is_err() {
        return Err(
            "write an address and a port, such as 127.0.0.1:8080 (this machine only), \
             0.0.0.0:8080 (everyone) or [::1]:8080"
                .to_owned(),
        );
    }
    Ok(text.to_owned())
}

/// Reads what must never be shown. It is judged later: clap would quote what it refuses.
pub fn secret() -> impl TypedValueParser<Value = SecretString> {
    StringValueParser::new().map(SecretString::from)
}

/// Reads the file that keeps what must never be shown. Without a name there is none.
pub fn secret_file(name: &str) -> Result<SecretString, String> {
    if name.is_empty() {
        return Ok(SecretString::default());
    }
    match std::fs::read_to_string(name) {
        Ok(text) if text.trim().is_empty() => Err("the file is empty".to_owned()),
        Ok(text) => Ok(SecretString::from(text.trim())),
        Err(error) => Err(format!("the file cannot be read: {error}")),
    }
}

/// Reads a path, which may be empty: that counts as missing.
pub fn path() -> impl TypedValueParser<Value = PathBuf> {
    OsStringValueParser::new().map(PathBuf::from)
}

/// Reads what to log.
pub fn log_filter(text: &str) -> Result<String, String> {
    let is_level = |text: &str| !text.is_empty() && text.parse::<LevelFilter>().is_ok();
    let directive = |part: &str| match part.rsplit_once('=') {
        Some((target, level)) => !target.is_empty() && is_level(level),
        None => is_level(part),
    };
    let parsed = tracing_subscriber::EnvFilter::try_new(text);
    if parsed.is_err() || !text.split(',').map(str::trim).all(directive) {
        return Err(
            "write error, warn, info, debug, trace or off, or a list such as \
             warn,adapters_http=debug"
                .to_owned(),
        );
    }
    Ok(text.to_owned())
}

/// A duration as the domain has it.
pub fn signed(duration: Duration) -> time::Duration {
    duration.try_into().unwrap_or(time::Duration::MAX)
}

/// A duration as it would be written.
pub fn shown(duration: Duration) -> impl Display {
    humantime::format_duration(duration)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_a_unit_and_stays_within_its_bounds() {
        let read = duration("10ms", "1h");
        assert_eq!(read("300ms"), Ok(Duration::from_millis(300)));
        assert_eq!(read("5m"), Ok(Duration::from_mins(5)));
        assert_eq!(read("1h"), Ok(Duration::from_hours(1)));
        for nonsense in ["", "5", "five", "5 parsecs", "-5s"] {
            assert!(
                read(nonsense).unwrap_err().contains("such as 300ms"),
                "{nonsense}"
            );
        }
        for beyond in ["0s", "9ms", "61m"] {
            assert_eq!(
                read(beyond).unwrap_err(),
                "write a duration from 10ms to 1h"
            );
        }
    }

    #[test]
    fn never_is_written_in_place_of_a_duration() {
        let read = duration_or_never("0s", "1h");
        assert_eq!(read("never"), Ok(OrNever(None)));
        assert_eq!(read("0s"), Ok(OrNever(Some(Duration::ZERO))));
        assert_eq!(
            read("2h").unwrap_err(),
            "write a duration from 0s to 1h, or never"
        );
        assert!(read("Never").unwrap_err().ends_with("or never"));
    }

    #[test]
    fn a_whole_number_stays_within_its_bounds() {
        let read = whole(1_u32..=9);
        assert_eq!(read("9"), Ok(9));
        for nonsense in ["", "0", "10", "-1", "1.5", "99999999999999999999", "two"] {
            assert_eq!(
                read(nonsense).unwrap_err(),
                "write a whole number from 1 to 9"
            );
        }
    }

    #[test]
    fn an_address_has_a_host_and_a_port() {
        for good in ["127.0.0.1:8080", "[::1]:0", "localhost:80", "0.0.0.0:65535"] {
            assert_eq!(listen_address(good), Ok(good.to_owned()));
        }
        for nonsense in [
            "",
            "8080",
            ":8080",
            "localhost",
            "::1:8080",
            "127.0.0.1:99999",
        ] {
            assert!(listen_address(nonsense).is_err(), "{nonsense}");
        }
    }

    #[test]
    fn a_flag_s_variable_is_a_yes_or_a_no() {
        assert_eq!(
            ["true", "1", "YES"].map(yes_or_no),
            [Ok(true), Ok(true), Ok(true)]
        );
        assert_eq!(
            ["false", "0", ""].map(yes_or_no),
            [Ok(false), Ok(false), Ok(false)]
        );
        assert_eq!(yes_or_no("maybe"), Err("write true or false".to_owned()));
    }

    #[test]
    fn a_log_filter_is_a_level_or_a_list() {
        for good in [
            "info",
            "off",
            "WARN",
            "info,adapters_http=debug",
            "a::b=trace",
        ] {
            assert!(log_filter(good).is_ok(), "{good}");
        }
        for nonsense in ["", "infoo", "info,", "info,a=loud", "=debug"] {
            assert!(log_filter(nonsense).is_err(), "{nonsense}");
        }
    }
}
