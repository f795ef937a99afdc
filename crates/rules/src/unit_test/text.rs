//! Texts as Go and promtool write them.

use std::fmt::Write as _;
use std::time::Duration;

use adopt::Error;
use promql::format_duration;

use crate::rule::milliseconds;

/// A duration as Prometheus writes it: `1h30m`.
pub(super) fn duration(duration: Duration) -> String {
    format_duration(milliseconds(duration))
}

/// A duration as Go writes it: `1h30m0s`.
pub(super) fn go_duration(milliseconds: i64) -> String {
    if milliseconds == 0 {
        return "0s".to_owned();
    }
    let sign = if milliseconds < 0 { "-" } else { "" };
    let all = milliseconds.unsigned_abs();
    if all < 1000 {
        return format!("{sign}{all}ms");
    }
    let (hours, minutes) = (all / 3_600_000, all / 60_000 % 60);
    let mut text = sign.to_owned();
    if hours > 0 {
        let _ = write!(text, "{hours}h");
    }
    if hours > 0 || minutes > 0 {
        let _ = write!(text, "{minutes}m");
    }
    let fraction = format!("{:03}", all % 1000);
    let fraction = fraction.trim_end_matches('0');
    let point = if fraction.is_empty() { "" } else { "." };
    let _ = write!(text, "{}{point}{fraction}s", all / 1000 % 60);
    text
}

/// A number with an exponent: `1.5E+00`.
pub(super) fn scientific(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let text = format!("{value:E}");
    let (mantissa, exponent) = text.split_once('E').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}E{sign}{:02}", exponent.unsigned_abs())
}

/// Indents all lines but the first.
pub(super) fn indented(text: &str, indent: &str) -> String {
    text.split('\n').collect::<Vec<_>>().join(&format!("\n{indent}"))
}

/// A mistake in a file of rules.
pub(super) fn load_error(error: &Error) -> String {
    match error {
        Error::Unreadable { .. } => error.to_string(),
        Error::Invalid { file, line, column, reason } => {
            format!("{}: {line}:{column}: {reason}", file.display())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_numbers_are_written_as_in_go() {
        for (ms, text) in [
            (0, "0s"),
            (15, "15ms"),
            (1500, "1.5s"),
            (60_000, "1m0s"),
            (3_600_000, "1h0m0s"),
            (90_061_001, "25h1m1.001s"),
            (-60_000, "-1m0s"),
        ] {
            assert_eq!(go_duration(ms), text);
        }
        for (value, text) in [
            (0.0, "0E+00"),
            (-0.0, "-0E+00"),
            (1.0, "1E+00"),
            (-12.5, "-1.25E+01"),
            (1e-7, "1E-07"),
            (1.5e300, "1.5E+300"),
            (f64::INFINITY, "+Inf"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(scientific(value), text);
        }
    }
}
