//! Label matchers, as in Prometheus and Loki.

use std::fmt;

use regex::Regex;

/// How a label's value is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MatchOp {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `=~`, anchored at both ends
    Regex,
    /// `!~`, anchored at both ends
    NotRegex,
}

/// A condition on one label. An absent label has the empty value.
#[derive(Debug, Clone)]
pub struct Matcher {
    /// The label's name.
    pub name: String,
    /// The comparison.
    pub op: MatchOp,
    /// The value or pattern as written.
    pub value: String,
    regex: Option<Regex>,
}

/// Bound on the memory of a compiled short pattern.
const REGEX_BYTES_MAX: usize = 1 << 20;
/// Memory allowed per byte of a longer pattern. Dashboards write hundreds of names separated by
/// `|`.
const REGEX_BYTES_PER_BYTE: usize = 64;
/// Maximum pattern length: that of the longest query.
const PATTERN_BYTES_MAX: usize = 128 * 1024;

impl Matcher {
    /// Builds a matcher; patterns are anchored and `.` matches newlines, as in Prometheus.
    ///
    /// # Errors
    /// A message if the pattern does not compile or is too large.
    pub fn new(
        name: impl Into<String>,
        op: MatchOp,
        value: impl Into<String>,
    ) -> Result<Self, String> {
        let (name, value) = (name.into(), value.into());
        let regex = match op {
            MatchOp::Equal | MatchOp::NotEqual => None,
            MatchOp::Regex | MatchOp::NotRegex => Some(anchored(&value)?),
        };
        Ok(Self { name, op, value, regex })
    }

    /// Whether a label with this value (empty when absent) satisfies the condition.
    #[must_use]
    pub fn matches(&self, value: &str) -> bool {
        match (self.op, &self.regex) {
            (MatchOp::NotEqual, _) => value != self.value,
            (MatchOp::Regex, Some(regex)) => regex.is_match(value),
            (MatchOp::NotRegex, Some(regex)) => !regex.is_match(value),
            _ => value == self.value,
        }
    }

    /// Whether series without the label satisfy the condition.
    #[must_use]
    pub fn matches_absent(&self) -> bool {
        self.matches("")
    }
}

/// Compiles a pattern that must match the whole text.
///
/// # Errors
/// A message if the pattern does not compile or is too large.
pub fn anchored(pattern: &str) -> Result<Regex, String> {
    if pattern.len() > PATTERN_BYTES_MAX {
        return Err(format!("regular expression is longer than {PATTERN_BYTES_MAX} bytes"));
    }
    regex::RegexBuilder::new(&format!("^(?s:{pattern})$"))
        .size_limit(REGEX_BYTES_MAX.max(pattern.len().saturating_mul(REGEX_BYTES_PER_BYTE)))
        .build()
        .map_err(|error| error.to_string())
}

impl fmt::Display for MatchOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Regex => "=~",
            Self::NotRegex => "!~",
        })
    }
}

impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}{:?}", self.name, self.op, self.value)
    }
}

impl PartialEq for Matcher {
    fn eq(&self, other: &Self) -> bool {
        (&self.name, self.op, &self.value) == (&other.name, other.op, &other.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_anchored() {
        let matcher = Matcher::new("job", MatchOp::Regex, "a|b").unwrap();
        assert!(matcher.matches("a") && matcher.matches("b") && !matcher.matches("ab"));
    }

    #[test]
    fn a_long_list_of_names_is_a_pattern() {
        let names: Vec<String> = (0..4_000).map(|i| format!("checkout-{i:05}")).collect();
        let matcher = Matcher::new("pod", MatchOp::Regex, names.join("|")).unwrap();
        assert!(matcher.matches("checkout-03999") && !matcher.matches("checkout-04000"));
    }

    #[test]
    fn a_huge_pattern_is_an_error() {
        assert!(Matcher::new("job", MatchOp::Regex, "(a{1000}){1000}").is_err());
    }
}
