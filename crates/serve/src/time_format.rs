//! Times and durations in the notations of the five APIs.

use signals::Timestamp;
use signals::time::{DAY, MILLISECOND, SECOND};

/// What Prometheus' own clients send for "as early as can be" and "as late as can be".
const EARLIEST: &str = "-292273086-05-16T16:47:06Z";
const LATEST: &str = "292277025-08-18T07:12:54.999999999Z";

/// Prometheus: seconds as a float, or RFC 3339; milliseconds out.
pub(crate) fn prometheus_time(text: &str) -> Option<i64> {
    match text {
        EARLIEST => return Some(i64::MIN / MILLISECOND),
        LATEST => return Some(i64::MAX / MILLISECOND),
        _ => {}
    }
    if let Ok(seconds) = text.parse::<f64>() {
        let milliseconds = (seconds * 1000.0).round();
        return is_whole(milliseconds).then_some(milliseconds as i64);
    }
    rfc3339(text).map(|time| time.div_euclid(MILLISECOND))
}

/// Prometheus: seconds as a float, or `1h30m`; milliseconds out.
pub(crate) fn prometheus_duration(text: &str) -> Option<i64> {
    const UNITS: [(&str, i64); 7] = [
        ("y", 365 * 86_400_000),
        ("w", 7 * 86_400_000),
        ("d", 86_400_000),
        ("h", 3_600_000),
        ("m", 60_000),
        ("s", 1_000),
        ("ms", 1),
    ];
    if let Ok(seconds) = text.parse::<f64>() {
        let milliseconds = seconds * 1000.0;
        return is_whole(milliseconds).then_some(milliseconds as i64);
    }
    let mut rest = text;
    let mut total = 0_i64;
    let mut next_unit = 0;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, tail) = rest.split_at_checked(digits)?;
        let letters = tail.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (unit, tail) = tail.split_at_checked(letters)?;
        // Units come in descending order, each once.
        let position = UNITS.iter().position(|(name, _)| *name == unit)?;
        if position < next_unit {
            return None;
        }
        next_unit = position + 1;
        let (_, factor) = UNITS.get(position)?;
        total = total.checked_add(number.parse::<i64>().ok()?.checked_mul(*factor)?)?;
        rest = tail;
    }
    (!text.is_empty()).then_some(total)
}

/// Go: a signed sequence of numbers with units, `1.5h`, `-300ms`; nanoseconds out.
pub(crate) fn go_duration(text: &str) -> Option<i64> {
    const UNITS: [(&str, f64); 8] = [
        ("ns", 1.0),
        ("us", 1e3),
        ("µs", 1e3),
        ("μs", 1e3),
        ("ms", 1e6),
        ("s", 1e9),
        ("m", 6e10),
        ("h", 3.6e12),
    ];
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(0);
    }
    let is_empty = rest.is_empty();
    let mut total = 0.0;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
        let (number, tail) = rest.split_at_checked(digits)?;
        let letters =
            tail.bytes().take_while(|byte| !byte.is_ascii_digit() && *byte != b'.').count();
        let (unit, tail) = tail.split_at_checked(letters)?;
        let (_, factor) = UNITS.iter().find(|(name, _)| *name == unit)?;
        total += number.parse::<f64>().ok()? * factor;
        rest = tail;
    }
    (!is_empty && is_whole(total)).then_some((sign * total) as i64)
}

/// Loki: seconds as a float when there is a point, whole seconds up to ten digits, nanoseconds
/// past that, or RFC 3339; nanoseconds out.
pub(crate) fn loki_time(text: &str) -> Option<Timestamp> {
    if text.contains('.')
        && let Ok(seconds) = text.parse::<f64>()
    {
        return nanoseconds_of_seconds(seconds);
    }
    match text.parse::<i64>() {
        Ok(number) if text.trim_start_matches('-').len() <= 10 => number.checked_mul(SECOND),
        Ok(number) => Some(number),
        Err(_) => match text.parse::<f64>() {
            Ok(seconds) => nanoseconds_of_seconds(seconds),
            Err(_) => rfc3339(text),
        },
    }
}

fn nanoseconds_of_seconds(seconds: f64) -> Option<i64> {
    let (whole, fraction) = (seconds.trunc(), seconds.fract());
    is_whole(whole * 1e9).then(|| (whole as i64) * SECOND + (fraction * 1e9).round() as i64)
}

/// Whether a float fits into `i64`.
fn is_whole(value: f64) -> bool {
    value.is_finite() && value.abs() < 9.2e18
}

/// `2026-01-02T03:04:05.678Z`, with any offset; nanoseconds out.
pub(crate) fn rfc3339(text: &str) -> Option<Timestamp> {
    let number = |from: usize, to: usize| -> Option<i64> {
        let digits = text.get(from..to)?;
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
    };
    let separator = |at: usize, allowed: &[u8]| {
        text.as_bytes().get(at).is_some_and(|byte| allowed.contains(byte))
    };
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let is_shaped = separator(4, b"-")
        && separator(7, b"-")
        && separator(10, b"Tt ")
        && separator(13, b":")
        && separator(16, b":");
    let is_in_range = (1..=12).contains(&month)
        && (1..=days_of_month(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60;
    if !is_shaped || !is_in_range {
        return None;
    }
    let mut rest = text.get(19..)?;
    let mut nanoseconds = 0;
    if let Some(fraction) = rest.strip_prefix('.') {
        let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 {
            return None;
        }
        let kept = fraction.get(..digits.min(9))?;
        nanoseconds = kept.parse::<i64>().ok()? * 10_i64.pow(9 - u32::try_from(kept.len()).ok()?);
        rest = fraction.get(digits..)?;
    }
    let offset_seconds = match rest.as_bytes() {
        b"Z" | b"z" => 0,
        [sign @ (b'+' | b'-'), _, _, b':', _, _] => {
            let hours: i64 = rest.get(1..3)?.parse().ok()?;
            let minutes: i64 = rest.get(4..6)?.parse().ok()?;
            let size = hours * 3600 + minutes * 60;
            if *sign == b'-' { -size } else { size }
        }
        _ => return None,
    };
    let seconds = hour * 3600 + minute * 60 + second - offset_seconds;
    days_from_civil(year, month, day)
        .checked_mul(DAY)?
        .checked_add(seconds.checked_mul(SECOND)?)?
        .checked_add(nanoseconds)
}

fn days_of_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 of a date of the Gregorian calendar; years start in March, so that the
/// leap day comes last.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// An instant as RFC 3339 in UTC with milliseconds.
pub fn to_rfc3339(timestamp: Timestamp) -> String {
    let days = timestamp.div_euclid(DAY);
    let rest = timestamp.rem_euclid(DAY);
    let (year, month, day) = civil_from_days(days);
    let (seconds, milliseconds) = (rest / SECOND, rest % SECOND / MILLISECOND);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milliseconds:03}Z")
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prometheus_times() {
        let cases = [
            ("1435781430.781", Some(1_435_781_430_781)),
            ("0", Some(0)),
            ("-1.5", Some(-1500)),
            ("2015-07-01T20:10:51.781Z", Some(1_435_781_451_781)),
            ("2015-07-01T22:10:51.781+02:00", Some(1_435_781_451_781)),
            (EARLIEST, Some(i64::MIN / MILLISECOND)),
            (LATEST, Some(i64::MAX / MILLISECOND)),
            ("NaN", None),
            ("1e300", None),
            ("yesterday", None),
            ("", None),
            ("2015-02-29T00:00:00Z", None),
            ("2015-07-01T20:10:51", None),
            ("2015-07-01ä20:10:51Z", None),
        ];
        for (text, expected) in cases {
            assert_eq!(prometheus_time(text), expected, "{text}");
        }
    }

    #[test]
    fn prometheus_durations() {
        let cases = [
            ("15", Some(15_000)),
            ("0.5", Some(500)),
            ("1h30m", Some(5_400_000)),
            ("1d", Some(86_400_000)),
            ("5ms", Some(5)),
            ("30m1h", None),
            ("1h1h", None),
            ("1x", None),
            ("h", None),
            ("", None),
            ("NaN", None),
            ("99999999999y", None),
        ];
        for (text, expected) in cases {
            assert_eq!(prometheus_duration(text), expected, "{text}");
        }
    }

    #[test]
    fn go_durations() {
        let cases = [
            ("1.5s", Some(1_500_000_000)),
            ("-300ms", Some(-300_000_000)),
            ("1h2m3s", Some(3_723_000_000_000)),
            ("10µs", Some(10_000)),
            ("0", Some(0)),
            ("5", None),
            ("", None),
            ("1d", None),
            ("..s", None),
            ("1e9h", None),
        ];
        for (text, expected) in cases {
            assert_eq!(go_duration(text), expected, "{text}");
        }
    }

    #[test]
    fn loki_times() {
        let cases = [
            ("1700000000", Some(1_700_000_000 * SECOND)),
            ("1700000000.25", Some(1_700_000_000 * SECOND + 250_000_000)),
            ("1700000000000000001", Some(1_700_000_000_000_000_001)),
            ("2023-11-14T22:13:20.000000001Z", Some(1_700_000_000 * SECOND + 1)),
            ("soon", None),
            ("1e40", None),
        ];
        for (text, expected) in cases {
            assert_eq!(loki_time(text), expected, "{text}");
        }
    }

    #[test]
    fn instants_are_written_as_they_are_read() {
        for text in [
            "1970-01-01T00:00:00.000Z",
            "2024-02-29T23:59:59.999Z",
            "1969-12-31T23:59:59.001Z",
            "2262-04-11T23:47:16.854Z",
        ] {
            assert_eq!(to_rfc3339(rfc3339(text).unwrap()), text);
        }
    }
}
