//! Label matchers of Alertmanager: `foo="bar"`, as in routes, inhibition rules, silences and
//! filters of its API.
//!
//! Alertmanager has two parsers. The UTF-8 parser accepts any label name, in quotes where needed;
//! the classic parser has other rules for quotes and escapes. [`Matchers::parse`] uses the first,
//! and the second where the first refuses the text or reads it differently.

mod classic;
mod utf8;
mod utf8_lexer;

use std::fmt;
use std::ops::Deref;

use lang::promql::quote;
use regex::Regex;
use signals::matcher::anchored;
use signals::{Labels, MatchOp};

/// Maximum length of a text that is parsed, in bytes.
pub const TEXT_BYTES_MAX: usize = 128 * 1024;

/// A condition on one label. An absent label has the empty value.
#[derive(Debug, Clone)]
pub struct Matcher {
    name: String,
    op: MatchOp,
    value: String,
    regex: Option<Regex>,
}

impl Matcher {
    /// Builds a matcher. A pattern matches the whole value, and its `.` matches no line break.
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
            MatchOp::Regex | MatchOp::NotRegex => Some(compiled(&value)?),
        };
        Ok(Self { name, op, value, regex })
    }

    /// Parses exactly one matcher, without braces.
    ///
    /// # Errors
    /// Alertmanager's message.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.starts_with('{') || text.ends_with('}') {
            return Err(format!("unexpected open or close brace: {text}"));
        }
        check_length(text)?;
        let only = |mut matchers: Vec<Self>| match (matchers.pop(), matchers.len()) {
            (Some(matcher), 0) => Ok(matcher),
            (None, _) => Err("no matchers".to_owned()),
            (_, others) => Err(format!("expected 1 matcher, found {}", others + 1)),
        };
        match (utf8::parse(text).and_then(only), classic::matcher(text)) {
            (Ok(read), Ok(classic)) if read != classic => Ok(classic),
            (Ok(read), _) => Ok(read),
            (Err(_), classic) => classic,
        }
    }

    /// The label's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The comparison.
    pub fn op(&self) -> MatchOp {
        self.op
    }

    /// The value or pattern as written.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// Whether a label with this value (empty when absent) satisfies the condition.
    pub fn matches(&self, value: &str) -> bool {
        match (self.op, &self.regex) {
            (MatchOp::NotEqual, _) => value != self.value,
            (MatchOp::Regex, Some(regex)) => regex.is_match(value),
            (MatchOp::NotRegex, Some(regex)) => !regex.is_match(value),
            _ => value == self.value,
        }
    }

    /// Where the matcher is among others: by name, value and comparison.
    fn order(&self) -> (&str, &str, u8) {
        let op = match self.op {
            MatchOp::Equal => 0,
            MatchOp::NotEqual => 1,
            MatchOp::Regex => 2,
            MatchOp::NotRegex => 3,
        };
        (&self.name, &self.value, op)
    }
}

/// Compiles a pattern that matches the whole text; `.` matches no line break unless it says so.
fn compiled(pattern: &str) -> Result<Regex, String> {
    anchored(&format!("(?-s:{pattern})")).map_err(|error| {
        // The lines before the last one show the pattern.
        let reason = error.lines().last().unwrap_or_default();
        let reason = reason.strip_prefix("error: ").unwrap_or(reason);
        format!("error parsing regexp: {reason}: `{pattern}`")
    })
}

fn check_length(text: &str) -> Result<(), String> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(format!("matchers are longer than {TEXT_BYTES_MAX} bytes"));
    }
    Ok(())
}

impl PartialEq for Matcher {
    fn eq(&self, other: &Self) -> bool {
        self.order() == other.order()
    }
}

/// As Alertmanager writes a matcher, which its parsers read: `foo="bar"`, `"foo bar"="baz"`.
impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.name.contains(utf8_lexer::is_reserved) {
            return write!(f, "{}{}{}", quote(&self.name), self.op, quote(&self.value));
        }
        let value = self.value.replace('\\', "\\\\").replace('\n', "\\n").replace('"', "\\\"");
        write!(f, "{}{}\"{value}\"", self.name, self.op)
    }
}

/// Matchers that must all match.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Matchers(Vec<Matcher>);

impl Matchers {
    /// Matchers in the order of Alertmanager's keys: by name, value and comparison.
    #[must_use]
    pub fn sorted(mut matchers: Vec<Matcher>) -> Self {
        matchers.sort_by(|a, b| a.order().cmp(&b.order()));
        Self(matchers)
    }

    /// Parses matchers separated by commas, with or without braces: `{foo="bar",baz=~"q.*"}`.
    ///
    /// # Errors
    /// Alertmanager's message if both parsers refuse the text.
    pub fn parse(text: &str) -> Result<Parsed, String> {
        check_length(text)?;
        match (utf8::parse(text), classic::matchers(text)) {
            (Ok(read), Ok(classic)) if read != classic => {
                let warning = Some(Warning::Disagreement { text: text.to_owned() });
                Ok(Parsed { matchers: Self(classic), warning })
            }
            (Ok(read), _) => Ok(Parsed { matchers: Self(read), warning: None }),
            (Err(error), Ok(classic)) => {
                let matchers = Self(classic);
                let suggestion = matchers.listed();
                let warning = Warning::Incompatible { text: text.to_owned(), error, suggestion };
                Ok(Parsed { matchers, warning: Some(warning) })
            }
            (Err(_), Err(error)) => Err(error),
        }
    }

    /// As [`Self::parse`], with the UTF-8 parser only.
    ///
    /// # Errors
    /// The message of that parser.
    pub fn parse_utf8(text: &str) -> Result<Self, String> {
        check_length(text)?;
        utf8::parse(text).map(Self)
    }

    /// As [`Self::parse`], with the classic parser only.
    ///
    /// # Errors
    /// The message of that parser.
    pub fn parse_classic(text: &str) -> Result<Self, String> {
        check_length(text)?;
        classic::matchers(text).map(Self)
    }

    /// Whether the labels satisfy all conditions.
    pub fn matches(&self, labels: &Labels) -> bool {
        self.0.iter().all(|matcher| matcher.matches(labels.get(&matcher.name).unwrap_or_default()))
    }

    fn listed(&self) -> String {
        let shown: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        shown.join(",")
    }
}

impl Deref for Matchers {
    type Target = [Matcher];

    fn deref(&self) -> &[Matcher] {
        &self.0
    }
}

/// In braces: `{baz=~"q.*",foo="bar"}`.
impl fmt::Display for Matchers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{}}}", self.listed())
    }
}

/// Parsed matchers.
#[derive(Debug, Clone, PartialEq)]
pub struct Parsed {
    /// The matchers, in the order of the text.
    pub matchers: Matchers,
    /// Why the text should be written differently.
    pub warning: Option<Warning>,
}

/// The classic parser has read a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Warning {
    /// The UTF-8 parser refuses the text.
    Incompatible {
        /// The text.
        text: String,
        /// What the UTF-8 parser says.
        error: String,
        /// A text that both parsers accept.
        suggestion: String,
    },
    /// The parsers read the text differently.
    Disagreement {
        /// The text.
        text: String,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Incompatible { text, error, suggestion } => write!(
                f,
                "matchers {text:?} are read by the classic parser, because the UTF-8 parser \
                 refuses them ({error}): write {suggestion}"
            ),
            Self::Disagreement { text } => write!(
                f,
                "matchers {text:?} are read by the classic parser, because the UTF-8 parser reads \
                 them differently"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_absent_label_has_the_empty_value() {
        let matchers = Matchers::parse("{a=\"\",b!=c,d=~\"x|\"}").unwrap().matchers;
        assert!(matchers.matches(&Labels::empty()));
        assert!(!matchers.matches(&Labels::from_pairs([("b", "c")])));
        assert!(matchers.matches(&Labels::from_pairs([("d", "x")])));
    }

    #[test]
    fn a_name_with_reserved_characters_is_quoted() {
        let matchers = Matchers::parse("\"foo bar\"=\"b\\\"z\",a=b").unwrap().matchers;
        assert_eq!(matchers.to_string(), "{\"foo bar\"=\"b\\\"z\",a=\"b\"}");
        assert_eq!(Matchers::parse(&matchers.to_string()).unwrap().matchers, matchers);
        assert_eq!(
            Matchers::sorted(matchers.to_vec()).to_string(),
            "{a=\"b\",\"foo bar\"=\"b\\\"z\"}"
        );
    }

    #[test]
    fn what_only_the_classic_parser_accepts_has_a_suggestion() {
        let parsed = Matchers::parse("foo=~a|b,bar=[1-3]!").unwrap();
        let warning = parsed.warning.unwrap().to_string();
        assert!(warning.ends_with("write foo=~\"a|b\",bar=\"[1-3]!\""), "{warning}");
        assert_eq!(parsed.matchers.len(), 2);
    }

    #[test]
    fn a_single_matcher_has_no_braces() {
        assert_eq!(Matcher::parse("a!=b").unwrap().to_string(), "a!=\"b\"");
        assert_eq!(Matcher::parse("{a=b}").unwrap_err(), "unexpected open or close brace: {a=b}");
        assert!(Matcher::parse("").is_err());
    }

    #[test]
    fn long_texts_and_large_patterns_are_refused() {
        assert!(Matchers::parse(&"a=b,".repeat(TEXT_BYTES_MAX)).is_err());
        assert!(Matchers::parse("a=~\"(a{1000}){1000}\"").is_err());
    }
}
