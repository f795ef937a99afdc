//! Times and durations in the formats of the APIs.

use chrono::DateTime;
use signals::Timestamp;
use signals::time::{MILLISECOND, SECOND};

/// The minimum and maximum times that Prometheus' own clients send.
const EARLIEST: &str = "-292273086-05-16T16:47:06Z";
const LATEST: &str = "292277025-08-18T07:12:54.999999999Z";

/// Prometheus: seconds as a float, or RFC 3339; returns milliseconds.
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

/// Prometheus: seconds as a float, or `1h30m`; returns milliseconds.
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
        // Units appear in descending order, each at most once.
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

/// Go: a signed sequence of numbers with units, `1.5h`, `-300ms`; returns nanoseconds.
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

/// Loki: seconds as a float if there is a decimal point, integer seconds up to ten digits,
/// nanoseconds beyond that, or RFC 3339; returns nanoseconds.
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

/// `2026-01-02T03:04:05.678Z`, with any offset; returns nanoseconds.
pub(crate) fn rfc3339(text: &str) -> Option<Timestamp> {
    let time = DateTime::parse_from_rfc3339(text).ok()?;
    // Go does not accept leap seconds.
    let is_leap_second = time.timestamp_subsec_nanos() >= 1_000_000_000;
    time.timestamp_nanos_opt().filter(|_| !is_leap_second)
}

#[cfg(test)]
mod tests {
    use signals::time::to_rfc3339;

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
