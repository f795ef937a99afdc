//! Matchers prepared for many series: decided by look-up of literals where possible, else by
//! testing each value. Also the order of label sets that head, parts and answers share.

use std::cmp::Ordering;

use signals::metric::NAME_LABEL;
use signals::{Labels, MatchOp, Matcher};

/// Maximum number of literals into which a pattern is expanded.
const LITERALS_MAX: usize = 1024;

/// A matcher and its precomputed properties.
#[derive(Debug)]
pub(super) struct Condition<'a> {
    pub(super) matcher: &'a Matcher,
    /// The only values that satisfy it, if they are a finite set without the empty value.
    pub(super) literals: Option<Vec<String>>,
    /// Whether series without the label satisfy it.
    pub(super) matches_absent: bool,
}

impl<'a> Condition<'a> {
    pub(super) fn all(matchers: &'a [Matcher]) -> Vec<Self> {
        matchers.iter().map(Self::new).collect()
    }

    fn new(matcher: &'a Matcher) -> Self {
        let literals = match matcher.op {
            MatchOp::Equal => Some(vec![matcher.value.clone()]),
            MatchOp::Regex => literal_set(&matcher.value),
            MatchOp::NotEqual | MatchOp::NotRegex => None,
        };
        let matches_absent = matcher.matches_absent();
        Self { matcher, literals: literals.filter(|_| !matches_absent), matches_absent }
    }

    /// Whether every series satisfies it.
    pub(super) fn is_trivial(&self) -> bool {
        self.matcher.op == MatchOp::Regex && self.matcher.value == ".*"
    }

    /// Whether canonical label bytes satisfy it.
    pub(super) fn is_satisfied_by(&self, labels: &[u8]) -> bool {
        value_of(labels, &self.matcher.name)
            .map_or(self.matches_absent, |value| self.matcher.matches(value))
    }
}

/// The value of a label in canonical label bytes.
pub(super) fn value_of<'a>(labels: &'a [u8], name: &str) -> Option<&'a str> {
    let (_, _, value) = pairs(labels).find(|(_, other, _)| *other == name.as_bytes())?;
    std::str::from_utf8(value).ok()
}

/// The alternatives of a pattern of literals only, such as `a|b\.c` or `(a|b)`.
fn literal_set(pattern: &str) -> Option<Vec<String>> {
    let inner = pattern.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
    let inner = inner.map_or(pattern, |inner| inner.strip_prefix("?:").unwrap_or(inner));
    let mut literals = vec![String::new()];
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        match character {
            '|' if literals.len() < LITERALS_MAX => literals.push(String::new()),
            '|' | '.' | '+' | '*' | '?' | '(' | ')' | '[' | ']' | '{' | '}' | '^' | '$' => {
                return None;
            }
            '\\' => {
                // `\<` and `\>` are word boundaries.
                let is_literal = |c: &char| c.is_ascii_punctuation() && !['<', '>'].contains(c);
                literals.last_mut()?.push(characters.next().filter(is_literal)?);
            }
            other => literals.last_mut()?.push(other),
        }
    }
    literals.sort_unstable();
    literals.dedup();
    Some(literals)
}

/// Orders label sets by name and value, pair by pair, as text.
pub(super) fn compare(a: &Labels, b: &Labels) -> Ordering {
    compare_bytes(a.as_bytes(), b.as_bytes())
}

/// The order of rows in a part: by metric name, then as [`compare`].
pub(super) fn compare_rows(a: &[u8], b: &[u8]) -> Ordering {
    let metric = |labels| value_of(labels, NAME_LABEL).unwrap_or_default();
    metric(a).cmp(metric(b)).then_with(|| compare_bytes(a, b))
}

fn compare_bytes(mut a: &[u8], mut b: &[u8]) -> Ordering {
    loop {
        match (split_text(a), split_text(b)) {
            (Some((text, a_rest)), Some((other, b_rest))) => match text.cmp(other) {
                Ordering::Equal => (a, b) = (a_rest, b_rest),
                different => return different,
            },
            (a, b) => return a.is_some().cmp(&b.is_some()),
        }
    }
}

/// The first name or value of canonical label bytes, and the rest.
fn split_text(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(u32::from_le_bytes(*length) as usize)
}

/// The pairs of canonical label bytes: the whole pair, its name and its value.
pub(super) fn pairs(labels: &[u8]) -> impl Iterator<Item = (&[u8], &[u8], &[u8])> {
    let mut rest = labels;
    std::iter::from_fn(move || {
        let whole = rest;
        let (name, tail) = split_text(whole)?;
        let (value, tail) = split_text(tail)?;
        rest = tail;
        Some((whole.get(..whole.len() - tail.len())?, name, value))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_of_literals_become_sets() {
        let cases: [(&str, Option<&[&str]>); 10] = [
            ("a|b", Some(&["a", "b"])),
            ("(b|a|a)", Some(&["a", "b"])),
            ("(?:x)", Some(&["x"])),
            (r"1\.2|3", Some(&["1.2", "3"])),
            (r"\d", None),
            (r"\<a", None),
            ("a.b", None),
            ("(a)(b)", None),
            ("(?i)a", None),
            ("", Some(&[""])),
        ];
        for (pattern, expected) in cases {
            let expected =
                expected.map(|set| set.iter().map(ToString::to_string).collect::<Vec<_>>());
            assert_eq!(literal_set(pattern), expected, "{pattern}");
        }
    }

    #[test]
    fn a_set_with_the_empty_value_is_not_looked_up() {
        let matcher = Matcher::new("a", MatchOp::Regex, "x|").unwrap();
        assert!(Condition::new(&matcher).literals.is_none());
    }

    #[test]
    fn labels_are_ordered_as_text() {
        let long = Labels::from_pairs([("a", "bbb")]);
        let short = Labels::from_pairs([("a", "c")]);
        let more = Labels::from_pairs([("a", "c"), ("b", "1")]);
        assert_eq!(compare(&long, &short), Ordering::Less);
        assert_eq!(compare(&short, &more), Ordering::Less);
        assert_eq!(compare(&more, &more), Ordering::Equal);
    }
}
