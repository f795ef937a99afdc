//! Parts of a date in UTC, from seconds since 1970.

/// The function of that name; `None` when it is none of dates.
pub(crate) fn date_part(name: &str) -> Option<fn(i64) -> i64> {
    Some(match name {
        "minute" => |seconds| seconds.div_euclid(60).rem_euclid(60),
        "hour" => |seconds| seconds.div_euclid(3_600).rem_euclid(24),
        // 1970-01-01 was a Thursday; Sunday is 0.
        "day_of_week" => |seconds| (seconds.div_euclid(86_400) + 4).rem_euclid(7),
        "day_of_month" => |seconds| civil(seconds).2,
        "day_of_year" => |seconds| {
            let days = seconds.div_euclid(86_400);
            days - days_before_year(civil(seconds).0) + 1
        },
        "days_in_month" => |seconds| {
            let (year, month, _) = civil(seconds);
            days_in_month(year, month)
        },
        "month" => |seconds| civil(seconds).1,
        "year" => |seconds| civil(seconds).0,
        _ => return None,
    })
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 => 28 + i64::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 to January 1st of the year.
fn days_before_year(year: i64) -> i64 {
    let before = year - 1;
    365 * (year - 1970) + (before.div_euclid(4) - before.div_euclid(100) + before.div_euclid(400))
        - (1969 / 4 - 1969 / 100 + 1969 / 400)
}

/// Year, month and day of the Gregorian calendar.
///
/// Counts years from March, so that the leap day is the last of a year, in eras of 400 years.
fn civil(seconds: i64) -> (i64, i64, i64) {
    let days = seconds.div_euclid(86_400) + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
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
            assert_eq!(civil(seconds), date, "{seconds}");
            let part = |name| date_part(name).map(|part| part(seconds));
            assert_eq!(part("day_of_year"), Some(day_of_year), "{seconds}");
            assert_eq!(part("day_of_week"), Some(day_of_week), "{seconds}");
        }
    }
}
