//! The venue's calendar: which instants make a day there.

use std::ops::Range;

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use time::OffsetDateTime;

/// The time zone that the dates of concerts are read in, for example `Asia/Seoul`.
#[derive(Clone, Debug)]
pub struct VenueZone(TimeZone);

/// No time zone has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no time zone `{0}` in the IANA database; a name is like `Asia/Seoul`")]
pub struct UnknownZone(String);

impl VenueZone {
    /// The zone with this name in the IANA time zone database.
    pub fn new(name: &str) -> Result<Self, UnknownZone> {
        let zone = TimeZone::get(name).map_err(|_| UnknownZone(name.to_owned()))?;
        Ok(Self(zone))
    }

    /// The day `date` (`YYYY-MM-DD`) at the venue, from its first instant to the next day's: 23 or
    /// 25 hours where the clocks change. `None` when there is no such date.
    pub(crate) fn day(&self, date: &str) -> Option<Range<OffsetDateTime>> {
        let date = read(date)?;
        Some(self.start(date)?..self.start(date.tomorrow().ok()?)?)
    }

    fn start(&self, date: Date) -> Option<OffsetDateTime> {
        let start: Timestamp = date.to_zoned(self.0.clone()).ok()?.timestamp();
        OffsetDateTime::from_unix_timestamp_nanos(start.as_nanosecond()).ok()
    }
}

/// Exactly `YYYY-MM-DD`: jiff itself reads more forms than the API promises.
fn read(date: &str) -> Option<Date> {
    let shape = |(at, byte): (usize, u8)| match at {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    };
    let fits = date.len() == 10 && date.bytes().enumerate().all(shape);
    fits.then(|| date.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::{Duration, macros::datetime};

    fn zone(name: &str) -> VenueZone {
        VenueZone::new(name).unwrap()
    }

    #[test]
    fn rule_11_a_day_in_seoul_starts_at_three_in_the_afternoon_utc() {
        let day = zone("Asia/Seoul").day("2026-01-01").unwrap();
        assert_eq!(
            day,
            datetime!(2025-12-31 15:00 UTC)..datetime!(2026-01-01 15:00 UTC)
        );
    }

    #[test]
    fn a_day_is_as_long_as_the_clocks_of_the_venue_make_it() {
        let hours = |name, date| {
            let day = zone(name).day(date).unwrap();
            (day.end - day.start).whole_hours()
        };
        assert_eq!(hours("Europe/Berlin", "2026-03-29"), 23);
        assert_eq!(hours("Europe/Berlin", "2026-10-25"), 25);
        assert_eq!(hours("Europe/Berlin", "2026-06-01"), 24);
    }

    #[test]
    fn a_day_without_a_midnight_starts_when_it_does() {
        // In São Paulo the clocks went from 00:00 to 01:00 on 2018-11-04.
        let day = zone("America/Sao_Paulo").day("2018-11-04").unwrap();
        assert_eq!(day.start, datetime!(2018-11-04 03:00 UTC));
        assert_eq!(day.end - day.start, Duration::hours(23));
    }

    #[test]
    fn a_day_that_a_venue_skipped_is_empty() {
        // Samoa changed sides of the date line at the end of 2011-12-29.
        let day = zone("Pacific/Apia").day("2011-12-30").unwrap();
        assert_eq!(day.start, day.end);
    }

    #[test]
    fn what_is_no_date_has_no_day() {
        let bad = [
            "",
            "2026-1-1",
            "20260101",
            "2026-02-30",
            "2026-13-01",
            "2026-01-01T00:00",
            "2026-01-01 ",
            "+026-01-01",
            "９９９９-01-01",
            "9999-12-31",
        ];
        for date in bad {
            assert_eq!(zone("Asia/Seoul").day(date), None, "{date}");
        }
    }

    #[test]
    fn an_unknown_zone_is_told_in_a_sentence() {
        let error = VenueZone::new("Asia/Soul").unwrap_err().to_string();
        assert!(error.contains("`Asia/Soul`"), "{error}");
    }
}
