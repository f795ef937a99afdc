//! Durations: parsing, formatting and arithmetic.

use std::fmt::Write;

use super::ast::{DurationExpr, DurationOp, Number, Span};
use super::error::ParseError;

/// Units in descending order, in milliseconds. A year has 365 days.
const UNITS: [(&str, i64); 7] = [
    ("y", 365 * 24 * 3_600_000),
    ("w", 7 * 24 * 3_600_000),
    ("d", 24 * 3_600_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// Longest duration, in seconds: fits 64-bit nanoseconds.
pub(crate) const SECONDS_MAX: f64 = 9_223_372_036.0;

/// Milliseconds of a duration such as `1h30m` or `0`.
///
/// # Errors
/// The error, worded as in Prometheus.
pub fn parse_duration(text: &str) -> Result<i64, String> {
    if text == "0" {
        return Ok(0);
    }
    if text.is_empty() {
        return Err("empty duration string".into());
    }
    let invalid = || format!("not a valid duration string: {}", super::string_literal::quote(text));
    let mut rest = text;
    let mut next_unit = 0;
    let mut total: i64 = 0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(invalid)?;
        let count = &rest[..digits];
        let tail = &rest[digits..];
        let letters = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let unit = &tail[..letters];
        if count.is_empty() {
            return Err(invalid());
        }
        let at = UNITS.iter().position(|(name, _)| *name == unit).ok_or_else(|| {
            format!(
                "unknown unit {} in duration {}",
                super::string_literal::quote(unit),
                super::string_literal::quote(text)
            )
        })?;
        if at < next_unit {
            return Err(invalid());
        }
        next_unit = at + 1;
        let out_of_range = || "duration out of range".to_owned();
        let count: i64 = count.parse().map_err(|_| out_of_range())?;
        let part = count.checked_mul(UNITS[at].1).ok_or_else(out_of_range)?;
        total = total.checked_add(part).ok_or_else(out_of_range)?;
        if total as f64 / 1000.0 > SECONDS_MAX {
            return Err(out_of_range());
        }
        rest = &tail[letters..];
    }
    Ok(total)
}

/// Formats a duration as Prometheus does: the fewest units that are exact; weeks and years only if
/// there is no remainder.
#[must_use]
pub fn format_duration(milliseconds: i64) -> String {
    if milliseconds == 0 {
        return "0s".into();
    }
    let mut out = String::new();
    if milliseconds < 0 {
        out.push('-');
    }
    let mut rest = milliseconds.unsigned_abs();
    for (name, unit) in UNITS {
        let unit = unit.unsigned_abs();
        let is_exact_only = matches!(name, "y" | "w");
        if is_exact_only && !rest.is_multiple_of(unit) {
            continue;
        }
        if rest >= unit {
            let _ = write!(out, "{}{name}", rest / unit);
            rest %= unit;
        }
    }
    out
}

impl DurationExpr {
    /// Its position.
    #[must_use]
    pub fn span(&self) -> Span {
        match self {
            Self::Number(Number { span, .. })
            | Self::Step(span)
            | Self::Range(span)
            | Self::Paren(_, span)
            | Self::Binary { op: DurationOp::MinOf | DurationOp::MaxOf, span, .. } => *span,
            Self::Unary { expr, span, .. } => span.to(expr.span()),
            Self::Binary { left, right, .. } => left.span().to(right.span()),
        }
    }

    /// Milliseconds of the duration, given the step and range of the query in seconds.
    ///
    /// # Errors
    /// Division by zero or a result out of range, with the position in `text`.
    pub fn milliseconds(&self, step_s: f64, range_s: f64, text: &str) -> Result<i64, ParseError> {
        let seconds = self.seconds(&|| step_s, &|| range_s, text)?;
        if seconds.is_nan() || seconds.abs() > SECONDS_MAX {
            return Err(ParseError::new(text, self.span(), "duration out of range"));
        }
        Ok((seconds * 1000.0).round() as i64)
    }

    /// The value, if it is a plain number with an optional sign.
    pub(crate) fn literal(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(number.value),
            _ => None,
        }
    }

    fn seconds(
        &self,
        step: &dyn Fn() -> f64,
        range: &dyn Fn() -> f64,
        text: &str,
    ) -> Result<f64, ParseError> {
        Ok(match self {
            Self::Number(number) => number.value,
            Self::Step(_) => step(),
            Self::Range(_) => range(),
            Self::Paren(expr, _) => expr.seconds(step, range, text)?,
            Self::Unary { is_negative, expr, .. } => {
                let value = expr.seconds(step, range, text)?;
                if *is_negative { -value } else { value }
            }
            Self::Binary { op, left, right, span } => {
                let (a, b) = (left.seconds(step, range, text)?, right.seconds(step, range, text)?);
                match op {
                    DurationOp::Add => a + b,
                    DurationOp::Sub => a - b,
                    DurationOp::Mul => a * b,
                    DurationOp::Div if b == 0.0 => {
                        return Err(ParseError::new(text, *span, "division by zero"));
                    }
                    DurationOp::Div => a / b,
                    DurationOp::Mod if b == 0.0 => {
                        return Err(ParseError::new(text, *span, "modulo by zero"));
                    }
                    DurationOp::Mod => a % b,
                    DurationOp::Pow => a.powf(b),
                    DurationOp::MinOf => a.min(b),
                    DurationOp::MaxOf => a.max(b),
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_and_written() {
        let cases = [
            ("5m", 300_000, "5m"),
            ("1h30m", 5_400_000, "1h30m"),
            ("90m", 5_400_000, "1h30m"),
            ("2w", 1_209_600_000, "2w"),
            ("8d", 691_200_000, "8d"),
            ("1y", 31_536_000_000, "1y"),
            ("4s180ms", 4_180, "4s180ms"),
            ("0", 0, "0s"),
        ];
        for (text, milliseconds, printed) in cases {
            assert_eq!(parse_duration(text), Ok(milliseconds), "{text}");
            assert_eq!(format_duration(milliseconds), printed, "{text}");
        }
        assert_eq!(format_duration(-420_000), "-7m");
    }

    #[test]
    fn bad_durations_say_why() {
        for (text, message) in [
            ("5m1h", "not a valid duration string: \"5m1h\""),
            ("5y1hs", "unknown unit \"hs\" in duration \"5y1hs\""),
            ("999999999999999999999y", "duration out of range"),
            ("300y", "duration out of range"),
            ("", "empty duration string"),
        ] {
            assert_eq!(parse_duration(text), Err(message.to_owned()));
        }
    }
}
