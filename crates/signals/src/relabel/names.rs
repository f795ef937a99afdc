//! Which texts are names of labels and metrics.

use std::fmt;

/// The names that are valid: Prometheus' `metric_name_validation_scheme`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum NameScheme {
    /// Any UTF-8 text that is not empty.
    #[default]
    Utf8,
    /// ASCII letters, digits and underscores, not starting with a digit; metrics also colons.
    Legacy,
}

impl NameScheme {
    /// Whether this is the name of a label.
    #[must_use]
    pub fn is_label_name(self, name: &str) -> bool {
        match self {
            Self::Utf8 => !name.is_empty(),
            Self::Legacy => is_legacy(name, |byte| byte == b'_' || byte.is_ascii_alphabetic()),
        }
    }

    /// Whether this is the name of a metric.
    #[must_use]
    pub fn is_metric_name(self, name: &str) -> bool {
        let is_first = |byte: u8| matches!(byte, b'_' | b':') || byte.is_ascii_alphabetic();
        match self {
            Self::Utf8 => !name.is_empty(),
            Self::Legacy => is_legacy(name, is_first),
        }
    }
}

fn is_legacy(name: &str, is_first: impl Fn(u8) -> bool) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(&is_first) && bytes.all(|byte| is_first(byte) || byte.is_ascii_digit())
}

impl fmt::Display for NameScheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Utf8 => "utf8",
            Self::Legacy => "legacy",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_legacy_name_has_no_dots_and_starts_with_no_digit() {
        for (name, is_label, is_metric) in [
            ("a_1", true, true),
            ("a:b", false, true),
            ("1a", false, false),
            ("a.b", false, false),
            ("", false, false),
            ("ä", false, false),
        ] {
            assert_eq!(NameScheme::Legacy.is_label_name(name), is_label, "{name}");
            assert_eq!(NameScheme::Legacy.is_metric_name(name), is_metric, "{name}");
        }
        assert!(NameScheme::Utf8.is_label_name("ä b") && !NameScheme::Utf8.is_label_name(""));
    }
}
