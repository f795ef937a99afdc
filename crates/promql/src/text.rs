//! Numbers in messages, as Go's `%g` writes them.

use lang::promql::format_float;

/// The shortest form: with an exponent below -4 or from 6 on.
pub(crate) fn general(value: f64) -> String {
    if !value.is_finite() {
        return format_float(value);
    }
    written(&format!("{value:e}"), 6)
}

/// As [`general`], rounded to two significant digits.
pub(crate) fn two_digits(value: f64) -> String {
    if !value.is_finite() {
        return format_float(value);
    }
    written(&format!("{value:.1e}"), 2)
}

/// Converts Rust's notation (`1.50e-7`); exponents from `exponent_max` on are written.
fn written(scientific: &str, exponent_max: i32) -> String {
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if (-4..exponent_max).contains(&exponent) {
        let value: Option<f64> = scientific.parse().ok();
        return value.map_or_else(|| scientific.to_owned(), |value| value.to_string());
    }
    let mantissa = if mantissa.contains('.') {
        mantissa.trim_end_matches('0').trim_end_matches('.')
    } else {
        mantissa
    };
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponents_are_written_where_go_writes_them() {
        for (value, text) in [
            (0.0, "0"),
            (-0.5, "-0.5"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (123_400.0, "123400"),
            (2_349_209.324, "2.349209324e+06"),
            (1e20, "1e+20"),
            (f64::INFINITY, "+Inf"),
        ] {
            assert_eq!(general(value), text);
        }
        for (value, text) in
            [(3.0, "3"), (0.001_234, "0.0012"), (123.0, "1.2e+02"), (99.6, "1e+02")]
        {
            assert_eq!(two_digits(value), text);
        }
    }
}
