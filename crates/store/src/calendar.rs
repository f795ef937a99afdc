//! Formats and parses UTC days in paths: `2026-11-20`.

use chrono::{DateTime, NaiveDate};
use signals::Timestamp;

/// `YYYY-MM-DD` of a day counted from 1970-01-01.
pub(crate) fn day_name(day: i32) -> String {
    NaiveDate::from_epoch_days(day).unwrap_or_default().to_string()
}

/// Parses a name written by [`day_name`].
pub(crate) fn parse_day(name: &str) -> Option<i32> {
    let day = name.parse::<NaiveDate>().ok()?.to_epoch_days();
    (day_name(day) == name).then_some(day)
}

/// `YYYYMMDDTHHMMSSZ`.
pub(crate) fn compact_time(time: Timestamp) -> String {
    DateTime::from_timestamp_nanos(time).format("%Y%m%dT%H%M%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use signals::time::SECOND;

    use super::*;

    #[test]
    fn every_day_that_a_timestamp_can_have_has_a_name_and_comes_back() {
        assert_eq!(day_name(0), "1970-01-01");
        assert_eq!(day_name(20_777), "2026-11-20");
        let (first, last) = (signals::time::day_of(i64::MIN), signals::time::day_of(i64::MAX));
        assert_eq!((day_name(first), day_name(last)), ("1677-09-21".into(), "2262-04-11".into()));
        for day in first..=last {
            assert_eq!(parse_day(&day_name(day)), Some(day));
        }
        for name in ["", "2026", "2026-02-30", "2026-2-3", "2026-13-01", "x-y-z", "2026-01-01-01"] {
            assert_eq!(parse_day(name), None, "{name}");
        }
        assert_eq!(compact_time(1_500 * SECOND), "19700101T002500Z");
    }
}
