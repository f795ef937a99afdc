//! Durations and sizes as Prometheus writes them.

use std::fmt::Write as _;
use std::time::Duration;

/// Units of a duration, from the largest, in milliseconds.
const UNITS: [(&str, u64); 7] = [
    ("y", 365 * 24 * 60 * 60 * 1000),
    ("w", 7 * 24 * 60 * 60 * 1000),
    ("d", 24 * 60 * 60 * 1000),
    ("h", 60 * 60 * 1000),
    ("m", 60 * 1000),
    ("s", 1000),
    ("ms", 1),
];
/// The longest duration: 2^63 nanoseconds.
const DURATION_MAX_MS: u64 = (i64::MAX / 1_000_000) as u64;

/// Reads a duration such as `1m30s` or `0`: whole numbers with units in descending order, each at
/// most once.
///
/// # Errors
/// Prometheus' message if the text is no duration.
pub fn duration(text: &str) -> Result<Duration, String> {
    let invalid = || format!("not a valid duration string: {text:?}");
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    if text.is_empty() {
        return Err("empty duration string".to_owned());
    }
    let (mut rest, mut units, mut total) = (text, UNITS.iter(), 0_u64);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (number, after) = rest.split_at(digits);
        let length = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let (unit, after) = after.split_at(length);
        let Some((_, factor)) = units.find(|(name, _)| *name == unit) else {
            return Err(invalid());
        };
        if number.is_empty() {
            return Err(invalid());
        }
        let part = number.parse().ok().and_then(|number: u64| number.checked_mul(*factor));
        let sum = part.and_then(|part| part.checked_add(total));
        total = sum.filter(|sum| *sum <= DURATION_MAX_MS).ok_or("duration out of range")?;
        rest = after;
    }
    Ok(Duration::from_millis(total))
}

/// Reads a number of bytes such as `10MB` or `1.5GiB`: all units are powers of 1024.
pub(crate) fn bytes(text: &str) -> Result<i64, String> {
    let invalid = || format!("units: invalid {text}");
    let (sign, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    if unsigned == "0" {
        return Ok(0);
    }
    if unsigned.is_empty() {
        return Err(invalid());
    }
    let (mut rest, mut total) = (unsigned, 0.0);
    while !rest.is_empty() {
        let is_number = |c: char| c == '.' || c.is_ascii_digit();
        let digits = rest.find(|c| !is_number(c)).unwrap_or(rest.len());
        let (number, after) = rest.split_at(digits);
        let length = after.find(is_number).unwrap_or(after.len());
        let (unit, after) = after.split_at(length);
        let number: f64 = number.parse().map_err(|_| invalid())?;
        let factor = byte_unit(unit).ok_or_else(|| format!("units: unknown unit {unit} in {text}"));
        total += number * factor?;
        rest = after;
    }
    if total >= i64::MAX as f64 {
        return Err("units: overflow parsing unit".to_owned());
    }
    Ok((sign * total) as i64)
}

fn byte_unit(unit: &str) -> Option<f64> {
    let prefix = match unit.strip_suffix("iB") {
        Some("") => return None,
        Some(prefix) => prefix,
        None => unit.strip_suffix('B')?,
    };
    let exponent = ["", "K", "M", "G", "T", "P", "E"].iter().position(|name| *name == prefix)?;
    Some(1024_f64.powi(exponent as i32))
}

/// Writes a duration as Prometheus does: `1m30s`; in weeks and years only where nothing remains.
#[must_use]
pub fn duration_text(duration: Duration) -> String {
    let mut rest = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    if rest == 0 {
        return "0s".to_owned();
    }
    let mut text = String::new();
    for (unit, milliseconds) in UNITS {
        let is_inexact = ["y", "w"].contains(&unit) && rest % milliseconds != 0;
        if rest < milliseconds || is_inexact {
            continue;
        }
        let _ = write!(text, "{}{unit}", rest / milliseconds);
        rest %= milliseconds;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_descending_units() {
        for (text, ms) in [("1m30s", 90_000), ("0", 0), ("0s", 0), ("1d", 86_400_000), ("15ms", 15)]
        {
            assert_eq!(duration(text), Ok(Duration::from_millis(ms)), "{text}");
        }
        for text in ["", "15", "1s1m", "1m1m", "-1h", "1.5h", "1 m", "m", "300y"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_are_powers_of_1024_with_either_name() {
        for (text, size) in [
            ("10MB", 10 << 20),
            ("10MiB", 10 << 20),
            ("1.5KB", 1536),
            ("0", 0),
            ("512B", 512),
            ("-1B", -1),
            ("1GB512MB", (1 << 30) + (512 << 20)),
        ] {
            assert_eq!(bytes(text), Ok(size), "{text}");
        }
        assert_eq!(bytes("100"), Err("units: unknown unit  in 100".to_owned()));
        assert!(bytes("").is_err() && bytes("1XB").is_err() && bytes("iB").is_err());
    }
}
