//! Scalars, resolved as YAML 1.1 with the exceptions of Go's library.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Scalar;

impl Scalar {
    pub(super) fn is_null(&self) -> bool {
        let is_null = matches!(self.text.as_str(), "" | "~" | "null" | "Null" | "NULL");
        match self.tag.as_deref() {
            Some(tag) => tag == "null",
            None => self.is_plain && is_null,
        }
    }

    /// The tag that the text resolves to.
    pub(super) fn kind(&self) -> &'static str {
        if self.is_null() {
            "!!null"
        } else if self.flag().is_some() {
            "!!bool"
        } else if self.integer_text().is_some() {
            "!!int"
        } else if self.float().is_some() {
            "!!float"
        } else {
            "!!str"
        }
    }

    fn is_resolved(&self, tags: &[&str]) -> bool {
        match self.tag.as_deref() {
            Some(tag) => tags.contains(&tag),
            None => self.is_plain,
        }
    }

    pub(super) fn bytes(&self) -> Result<Vec<u8>, String> {
        if self.tag.as_deref() != Some("binary") {
            return Ok(self.text.clone().into_bytes());
        }
        let digits: String = self.text.chars().filter(|c| !c.is_whitespace()).collect();
        STANDARD
            .decode(digits)
            .map_err(|_| "!!binary value contains invalid base64 data".to_owned())
    }

    pub(super) fn flag(&self) -> Option<bool> {
        if !self.is_resolved(&["bool"]) {
            return None;
        }
        match self.text.as_str() {
            "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
                Some(true)
            }
            "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off"
            | "OFF" => Some(false),
            _ => None,
        }
    }

    pub(super) fn integer_text(&self) -> Option<i128> {
        if !self.is_resolved(&["int", "float"]) {
            return None;
        }
        let plain = self.text.replace('_', "");
        let (sign, digits) = match plain.strip_prefix('-') {
            Some(digits) => (-1, digits),
            None => (1, plain.strip_prefix('+').unwrap_or(&plain)),
        };
        if !digits.starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        let lower = digits.to_ascii_lowercase();
        let (radix, digits) = match lower.as_bytes() {
            [b'0', b'x', ..] => (16, &lower[2..]),
            [b'0', b'b', ..] => (2, &lower[2..]),
            [b'0', b'o', ..] => (8, &lower[2..]),
            [b'0', _, ..] => (8, &lower[1..]),
            _ => (10, lower.as_str()),
        };
        i128::from_str_radix(digits, radix).ok().map(|number| sign * number)
    }

    /// A whole number, also one that is written as a float.
    pub(super) fn integer(&self) -> Option<i128> {
        let whole = || self.float().filter(|number| number.is_finite() && number.abs() < 1e19);
        self.integer_text().or_else(|| whole().map(|number| number as i128))
    }

    pub(super) fn float(&self) -> Option<f64> {
        if let Some(integer) = self.integer_text() {
            return Some(integer as f64);
        }
        if !self.is_resolved(&["int", "float"]) {
            return None;
        }
        match self.text.as_str() {
            ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Some(f64::INFINITY),
            "-.inf" | "-.Inf" | "-.INF" => Some(f64::NEG_INFINITY),
            ".nan" | ".NaN" | ".NAN" => Some(f64::NAN),
            text if text.starts_with(|c: char| "+-.0123456789".contains(c)) => {
                text.replace('_', "").parse().ok()
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> Scalar {
        Scalar { text: text.to_owned(), is_plain: true, tag: None }
    }

    #[test]
    fn scalars_resolve_as_in_prometheus() {
        for (text, kind) in [
            ("~", "!!null"),
            ("", "!!null"),
            ("on", "!!bool"),
            ("0x1f", "!!int"),
            ("010", "!!int"),
            ("1e3", "!!float"),
            ("1.5", "!!float"),
            (".inf", "!!float"),
            ("1m", "!!str"),
            ("a", "!!str"),
        ] {
            assert_eq!(plain(text).kind(), kind, "{text}");
        }
        assert_eq!(plain("010").integer(), Some(8));
        assert_eq!(plain("1e3").integer(), Some(1000));
        assert_eq!(plain("1_000").integer(), Some(1000));
        assert_eq!(plain("-5").integer(), Some(-5));
    }

    #[test]
    fn quoted_scalars_are_text() {
        let quoted = Scalar { is_plain: false, ..plain("true") };
        assert_eq!((quoted.flag(), quoted.kind()), (None, "!!str"));
        assert!(!Scalar { is_plain: false, ..plain("") }.is_null());
    }

    #[test]
    fn binary_is_decoded() {
        let binary = |text: &str| Scalar { tag: Some("binary".to_owned()), ..plain(text) };
        assert_eq!(binary("/w==").bytes(), Ok(vec![0xff]));
        assert!(binary("*").bytes().is_err());
    }
}
