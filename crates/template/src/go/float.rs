//! Floats as text: `strconv.FormatFloat`.

/// Digits after the point beyond which a float has only zeros.
const FRACTION_DIGITS_MAX: usize = 1100;

/// A float in the format `e`, `E`, `f`, `F`, `g` or `G`; without a precision, with the fewest digits
/// that identify it. An infinity is `+Inf` or `-Inf`.
pub(crate) fn format_float(value: f64, format: char, precision: Option<usize>) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let kept = precision.map(|precision| precision.min(FRACTION_DIGITS_MAX));
    let text = match format.to_ascii_lowercase() {
        'e' => scientific(value, kept),
        'f' => match kept {
            Some(kept) => format!("{value:.kept$}"),
            None => format!("{value}"),
        },
        _ => general(value, kept),
    };
    if format.is_ascii_uppercase() { text.to_ascii_uppercase() } else { text }
}

/// `d.ddde±dd`
fn scientific(value: f64, precision: Option<usize>) -> String {
    let text = match precision {
        Some(precision) => format!("{value:.precision$e}"),
        None => format!("{value:e}"),
    };
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, digits) = match exponent.strip_prefix('-') {
        Some(digits) => ('-', digits),
        None => ('+', exponent),
    };
    format!("{mantissa}e{sign}{digits:0>2}")
}

/// The shorter of both formats: scientific for exponents below -4 or not below the precision.
fn general(value: f64, precision: Option<usize>) -> String {
    let digits = precision.map(|precision| precision.max(1));
    let rounded = match digits {
        Some(digits) => format!("{value:.*e}", digits - 1),
        None => format!("{value:e}"),
    };
    let (mantissa, exponent) = rounded.split_once('e').unwrap_or((&rounded, "0"));
    let exponent: i64 = exponent.parse().unwrap_or_default();
    let mantissa = match mantissa.split_once('.') {
        Some(_) => mantissa.trim_end_matches('0').trim_end_matches('.'),
        None => mantissa,
    };
    let written = mantissa.chars().filter(char::is_ascii_digit).count();
    let threshold = digits.map_or(6, |digits| digits as i64);
    if exponent < -4 || exponent >= threshold {
        return scientific(value, Some(written.saturating_sub(1)));
    }
    let fraction = (written as i64 - 1 - exponent).max(0) as usize;
    format!("{value:.fraction$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_written_as_in_go() {
        for (value, format, precision, text) in [
            (1.5, 'g', None, "1.5"),
            (1e6, 'g', None, "1e+06"),
            (1_353_755_652.0, 'g', None, "1.353755652e+09"),
            (123_456.0, 'g', None, "123456"),
            (1_234_567.0, 'g', None, "1.234567e+06"),
            (100_000.0, 'g', None, "100000"),
            (0.0001, 'g', None, "0.0001"),
            (0.00001, 'g', None, "1e-05"),
            (1.235, 'g', Some(4), "1.235"),
            (1_235_000.0, 'g', Some(4), "1.235e+06"),
            (0.0, 'g', Some(4), "0"),
            (-0.0, 'g', None, "-0"),
            (999.96, 'g', Some(4), "1000"),
            (9999.6, 'g', Some(4), "1e+04"),
            (12.0, 'g', Some(4), "12"),
            (100.0, 'g', Some(3), "100"),
            (1000.0, 'g', Some(3), "1e+03"),
            (3720.01, 'f', Some(2), "3720.01"),
            (2.5, 'f', Some(0), "2"),
            (1e21, 'f', None, "1000000000000000000000"),
            (1.5, 'e', Some(3), "1.500e+00"),
            (1.5, 'E', None, "1.5E+00"),
            (f64::NAN, 'g', None, "NaN"),
            (f64::NEG_INFINITY, 'f', Some(2), "-Inf"),
        ] {
            assert_eq!(format_float(value, format, precision), text, "{value} {format}");
        }
    }
}
