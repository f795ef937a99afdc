//! UTC days in paths: `2026-11-20`, and the way back.

use signals::Timestamp;
use signals::time::SECOND;

/// Year, month and day of a day counted from 1970-01-01, in the proleptic Gregorian calendar.
fn civil(day: i32) -> (i64, u32, u32) {
    // Days since 0000-03-01, in eras of 400 years: years then end with February, leap day last.
    let days = i64::from(day) + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month as u32, day as u32)
}

/// `YYYY-MM-DD`.
pub(crate) fn day_name(day: i32) -> String {
    let (year, month, day) = civil(day);
    format!("{year:04}-{month:02}-{day:02}")
}

/// The day of a name that [`day_name`] gives.
pub(crate) fn parse_day(name: &str) -> Option<i32> {
    let mut fields = name.split('-');
    let (year, month, day) = (fields.next()?, fields.next()?, fields.next()?);
    let year: i64 = year.parse().ok().filter(|year| (1000..=9999).contains(year))?;
    let (month, day): (i64, i64) = (month.parse().ok()?, day.parse().ok()?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    let days = i32::try_from(era * 146_097 + day_of_era - 719_468).ok()?;
    (day_name(days) == name).then_some(days)
}

/// `YYYYMMDDTHHMMSSZ`.
pub(crate) fn compact_time(time: Timestamp) -> String {
    let seconds = time.div_euclid(SECOND);
    let (year, month, day) = civil(signals::time::day_of(time));
    let second = seconds.rem_euclid(86_400);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z")
}

#[cfg(test)]
mod tests {
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
