//! Date components in UTC, from seconds since 1970.

use chrono::{DateTime, Datelike, Timelike, Utc};

/// The function with that name; `None` if it is not a date function.
pub(crate) fn date_part(name: &str) -> Option<fn(i64) -> i64> {
    Some(match name {
        "minute" => |seconds| time(seconds).minute().into(),
        "hour" => |seconds| time(seconds).hour().into(),
        "day_of_week" => |seconds| time(seconds).weekday().num_days_from_sunday().into(),
        "day_of_month" => |seconds| time(seconds).day().into(),
        "day_of_year" => |seconds| time(seconds).ordinal().into(),
        "days_in_month" => |seconds| time(seconds).num_days_in_month().into(),
        "month" => |seconds| time(seconds).month().into(),
        "year" => |seconds| time(seconds).year().into(),
        _ => return None,
    })
}

/// An instant, clamped to the range of the calendar.
fn time(seconds: i64) -> DateTime<Utc> {
    let bound = if seconds < 0 { DateTime::<Utc>::MIN_UTC } else { DateTime::<Utc>::MAX_UTC };
    DateTime::from_timestamp(seconds, 0).unwrap_or(bound)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        let cases = [
            (0, (1970, 1, 1), 1, 4),
            (951_782_400, (2000, 2, 29), 60, 2),
            (-1, (1969, 12, 31), 365, 3),
            (1_609_372_800, (2020, 12, 31), 366, 4),
        ];
        for (seconds, date, day_of_year, day_of_week) in cases {
            let part = |name| date_part(name).unwrap()(seconds);
            assert_eq!((part("year"), part("month"), part("day_of_month")), date, "{seconds}");
            assert_eq!(part("day_of_year"), day_of_year, "{seconds}");
            assert_eq!(part("day_of_week"), day_of_week, "{seconds}");
        }
        for seconds in [i64::MIN, i64::MAX] {
            assert!(date_part("days_in_month").unwrap()(seconds) > 0, "{seconds}");
        }
    }
}
