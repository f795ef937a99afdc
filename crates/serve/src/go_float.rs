//! Numbers formatted like Go's `encoding/json` and `strconv`; clients compare them as text.

/// `strconv.FormatFloat(value, 'f', -1, 64)`: shortest digits, no exponent.
pub(crate) fn plain(value: f64) -> String {
    if value == f64::INFINITY {
        "+Inf".to_owned()
    } else if value == f64::NEG_INFINITY {
        "-Inf".to_owned()
    } else {
        // Rust writes "NaN" and the shortest digits without an exponent, as Go does.
        value.to_string()
    }
}

/// Like [`plain`], but with an exponent of at least two digits for very small and large numbers.
pub(crate) fn with_exponent(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && !(1e-6..1e21).contains(&size) { scientific(value) } else { plain(value) }
}

/// `strconv.FormatFloat(value, 'e', -1, 64)`: always with an exponent of at least two digits.
pub(crate) fn scientific(value: f64) -> String {
    if !value.is_finite() {
        return plain(value);
    }
    let text = format!("{value:e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, exponent) = match exponent.strip_prefix('-') {
        Some(exponent) => ('-', exponent),
        None => ('+', exponent),
    };
    format!("{digits}e{sign}{exponent:0>2}")
}

/// Milliseconds as a JSON number of seconds: `1`, `1.500`, `-0.001`.
pub(crate) fn seconds(milliseconds: i64) -> String {
    let (sign, size) = (if milliseconds < 0 { "-" } else { "" }, milliseconds.unsigned_abs());
    let (whole, fraction) = (size / 1000, size % 1000);
    if fraction == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction:03}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_look_as_go_writes_them() {
        let cases = [
            (0.0, "0", "0"),
            (-0.0, "-0", "-0"),
            (1.0, "1", "1"),
            (0.1, "0.1", "0.1"),
            (1e6, "1000000", "1000000"),
            (1e21, "1000000000000000000000", "1e+21"),
            (1.5e300, &format!("15{}", "0".repeat(299)), "1.5e+300"),
            (1e-7, "0.0000001", "1e-07"),
            (-2.5e-9, "-0.0000000025", "-2.5e-09"),
            (f64::NAN, "NaN", "NaN"),
            (f64::INFINITY, "+Inf", "+Inf"),
            (f64::NEG_INFINITY, "-Inf", "-Inf"),
        ];
        for (value, without, with) in cases {
            assert_eq!((plain(value).as_str(), with_exponent(value).as_str()), (without, with));
        }
    }

    #[test]
    fn times_are_seconds_with_three_digits_or_none() {
        let cases = [
            (0, "0"),
            (1, "0.001"),
            (1_435_781_430_781, "1435781430.781"),
            (1_500, "1.500"),
            (-1, "-0.001"),
        ];
        for (milliseconds, text) in cases {
            assert_eq!(seconds(milliseconds), text);
        }
        assert_eq!(seconds(i64::MIN), "-9223372036854775.808");
    }
}
