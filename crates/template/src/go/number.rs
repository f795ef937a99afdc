//! Numbers in text: the literals of templates and `strconv.ParseFloat`.

use super::quote::{quote, unquote_char};

/// A number literal with the Go types that can hold it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Number {
    /// As written.
    pub(crate) text: String,
    /// The value, if it is integral and fits.
    pub(crate) int: Option<i64>,
    /// The value, if it is integral, not negative and fits.
    pub(crate) uint: Option<u64>,
    /// The value as a float.
    pub(crate) float: f64,
}

impl Number {
    /// Parses a number or character literal. Imaginary numbers are refused.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text.starts_with('\'') {
            let c = unquote_char(text)?;
            let code = u32::from(c);
            return Ok(Self {
                text: text.to_owned(),
                int: Some(code.into()),
                uint: Some(code.into()),
                float: code.into(),
            });
        }
        let syntax = || format!("illegal number syntax: {}", quote(text));
        if let Some((is_negative, magnitude)) = integer(text) {
            let int = match magnitude {
                Some(magnitude) if is_negative => 0_i64.checked_sub_unsigned(magnitude),
                Some(magnitude) => i64::try_from(magnitude).ok(),
                None => None,
            };
            let uint = magnitude.filter(|magnitude| !is_negative || *magnitude == 0);
            let float = int.map(|int| int as f64).or(uint.map(|uint| uint as f64));
            let float = float.ok_or_else(|| format!("integer overflow: {}", quote(text)))?;
            return Ok(Self { text: text.to_owned(), int, uint, float });
        }
        let float = parse_float(text).map_err(|_| syntax())?;
        if !text.contains(['.', 'e', 'E', 'p', 'P']) {
            return Err(format!("integer overflow: {}", quote(text)));
        }
        let is_integral = float.fract() == 0.0;
        let int = (is_integral && float.abs() < 9.2e18).then_some(float as i64);
        let uint = (is_integral && (0.0..1.8e19).contains(&float)).then_some(float as u64);
        Ok(Self { text: text.to_owned(), int, uint, float })
    }

    /// Whether the literal is a float where any type is allowed.
    pub(crate) fn is_float(&self) -> bool {
        let is_hex = self.text.starts_with("0x") || self.text.starts_with("0X");
        !is_hex && !self.text.starts_with('\'') && self.text.contains(['.', 'e', 'E', 'p', 'P'])
    }
}

/// The sign and magnitude of an integer literal; the magnitude is `None` if it overflows. `None` if
/// this is no integer.
fn integer(text: &str) -> Option<(bool, Option<u64>)> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let is_negative = text.starts_with('-');
    let (radix, digits) = match unsigned.get(..2).unwrap_or_default() {
        "0x" | "0X" => (16, unsigned.get(2..)?),
        "0o" | "0O" => (8, unsigned.get(2..)?),
        "0b" | "0B" => (2, unsigned.get(2..)?),
        _ if unsigned.len() > 1 && unsigned.starts_with('0') => (8, unsigned.get(1..)?),
        _ => (10, unsigned),
    };
    let grouped = if radix == 10 { digits } else { digits.strip_prefix('_').unwrap_or(digits) };
    if grouped.split('_').any(str::is_empty) {
        return None;
    }
    let digits = digits.replace('_', "");
    if !digits.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    Some((is_negative, u64::from_str_radix(&digits, radix).ok()))
}

/// Reads a float.
///
/// # Errors
/// The error of `strconv.ParseFloat`.
pub(crate) fn parse_float(text: &str) -> Result<f64, String> {
    let error = |why| format!("strconv.ParseFloat: parsing {}: {why}", quote(text));
    let float: f64 = text.parse().map_err(|_| error("invalid syntax"))?;
    let is_spelt = text.contains(['n', 'N']);
    if float.is_infinite() && !is_spelt {
        return Err(error("value out of range"));
    }
    Ok(float)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_have_the_types_that_hold_them() {
        for (text, int, float) in [
            ("1", Some(1), 1.0),
            ("-0x1F", Some(-31), -31.0),
            ("017", Some(15), 15.0),
            ("0b101", Some(5), 5.0),
            ("0x_1_0", Some(16), 16.0),
            ("1.0", Some(1), 1.0),
            ("1e3", Some(1000), 1000.0),
            ("1.5", None, 1.5),
            ("'a'", Some(97), 97.0),
            ("18446744073709551615", None, 18_446_744_073_709_551_615.0),
        ] {
            let number = Number::parse(text).unwrap();
            assert_eq!((number.int, number.float), (int, float), "{text}");
        }
        for text in ["1__000", "0x", "089", "1i", "99999999999999999999", "'ab'", "."] {
            assert!(Number::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn floats_are_read_as_in_go() {
        assert_eq!(parse_float("+Inf"), Ok(f64::INFINITY));
        assert_eq!(parse_float(".5"), Ok(0.5));
        let error = "strconv.ParseFloat: parsing \"one\": invalid syntax";
        assert_eq!(parse_float("one"), Err(error.to_owned()));
        let error = "strconv.ParseFloat: parsing \"1e999\": value out of range";
        assert_eq!(parse_float("1e999"), Err(error.to_owned()));
    }
}
