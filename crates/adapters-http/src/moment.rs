//! Times as the API shows them.

use serde::{Serialize, Serializer};
use time::{OffsetDateTime, UtcOffset};
use utoipa::ToSchema;

/// A time in an answer: RFC 3339 in UTC, for example `2026-01-01T12:00:00Z`.
#[derive(Clone, Copy, Debug, ToSchema)]
pub(crate) struct Moment(pub OffsetDateTime);

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // The ports speak UTC already; a time so far off that it has no UTC stays as it is.
        let utc = self.0.checked_to_offset(UtcOffset::UTC).unwrap_or(self.0);
        time::serde::rfc3339::serialize(&utc, serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn times_are_shown_in_utc_whatever_their_offset() {
        let seoul = Moment(datetime!(2026-01-01 21:00:00.25 +9));
        assert_eq!(
            serde_json::to_value(seoul).unwrap(),
            "2026-01-01T12:00:00.25Z"
        );
    }
}
