//! Times in JSON: written with milliseconds, read in the forms that Go's `strfmt.DateTime` reads.

use std::fmt;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use signals::Timestamp;
use signals::time::to_rfc3339;

/// A time. Times before 1678, such as Go's zero time, are [`ApiTime::ZERO`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ApiTime(
    /// Nanoseconds since 1970.
    pub Timestamp,
);

impl ApiTime {
    /// No time.
    pub const ZERO: Self = Self(i64::MIN);

    /// Reads a time. One without a zone is UTC; the empty text is the start of 1970.
    ///
    /// # Errors
    /// A message if the text is no time.
    pub fn parse(text: &str) -> Result<Self, String> {
        const ZONED: &str = "%Y-%m-%dT%H:%M:%S%.f%z";
        const LOCAL: [&str; 4] =
            ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%MZ", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S"];
        if text.is_empty() {
            return Ok(Self(0));
        }
        let zoned = DateTime::parse_from_rfc3339(text)
            .or_else(|_| DateTime::parse_from_str(text, ZONED))
            .map(|time| time.with_timezone(&Utc));
        let local = |format: &&str| NaiveDateTime::parse_from_str(text, format).ok();
        let day = || NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
        let time = zoned
            .ok()
            .or_else(|| LOCAL.iter().find_map(local).map(|time| time.and_utc()))
            .or_else(|| day().map(|day| day.and_time(NaiveTime::MIN).and_utc()))
            .ok_or_else(|| format!("{} is not a time", template::quote(text)))?;
        let bound = if time.timestamp() < 0 { i64::MIN } else { i64::MAX };
        Ok(Self(time.timestamp_nanos_opt().unwrap_or(bound)))
    }
}

impl Serialize for ApiTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&to_rfc3339(self.0))
    }
}

impl<'de> Deserialize<'de> for ApiTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = ApiTime;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a time of RFC 3339")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<ApiTime, E> {
                ApiTime::parse(text).map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_all_forms_of_go() {
        for (text, written) in [
            ("2026-08-22T16:04:18.123456789Z", "2026-08-22T16:04:18.123Z"),
            ("2026-08-22T16:04:18.999999Z", "2026-08-22T16:04:18.999Z"),
            ("2026-08-22T16:04:18+02:00", "2026-08-22T14:04:18.000Z"),
            ("2026-08-22T16:04:18.5+0200", "2026-08-22T14:04:18.500Z"),
            ("2026-08-22T16:04:18", "2026-08-22T16:04:18.000Z"),
            ("2026-08-22T16:04Z", "2026-08-22T16:04:00.000Z"),
            ("2026-08-22T16:04", "2026-08-22T16:04:00.000Z"),
            ("2026-08-22 16:04:18", "2026-08-22T16:04:18.000Z"),
            ("2026-08-22", "2026-08-22T00:00:00.000Z"),
            ("", "1970-01-01T00:00:00.000Z"),
        ] {
            let time = ApiTime::parse(text).unwrap();
            assert_eq!(serde_json::to_string(&time).unwrap(), format!("{written:?}"), "{text}");
        }
    }

    #[test]
    fn times_out_of_range_are_the_nearest() {
        assert_eq!(ApiTime::parse("0001-01-01T00:00:00Z"), Ok(ApiTime::ZERO));
        assert_eq!(ApiTime::parse("9999-12-31T23:59:59Z"), Ok(ApiTime(i64::MAX)));
        for text in ["yesterday", "2026-13-01", "2026-08-22T25:00:00Z", "1"] {
            assert!(ApiTime::parse(text).is_err(), "{text}");
        }
    }
}
