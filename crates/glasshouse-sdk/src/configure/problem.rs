//! Configuration problems: one sentence each, never an error that stops a service.

use std::fmt;

/// Maximum length of an invalid value in a message, in characters.
const SHOWN_MAX: usize = 80;

/// A problem with its location and the allowed values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    place: String,
    message: String,
}

impl Problem {
    /// `place` is a file with a key path, a variable, or a builder method.
    pub(crate) fn new(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self { place: place.into(), message: message.into() }
    }

    /// An invalid value; the source with the next lower precedence applies.
    pub(crate) fn value(place: impl Into<String>, value: &str, allowed: &str) -> Self {
        Self::kind(place, &shown(value), allowed)
    }

    /// Like [`value`](Self::value), for values that are not shown: `the value`, `a list`.
    pub(crate) fn kind(place: impl Into<String>, kind: &str, allowed: &str) -> Self {
        Self::new(place, format!("{kind} is not allowed here and is ignored; allowed: {allowed}"))
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

/// A value for messages: quoted, escaped, truncated, and never one that may contain a password.
fn shown(value: &str) -> String {
    // Credentials may be in the user part or the query of a URL.
    if value.contains(['@', '?']) {
        return "the value".to_owned();
    }
    let mut text: String = value.chars().take(SHOWN_MAX).collect();
    if text.len() < value.len() {
        text.push('…');
    }
    format!("{text:?}")
}

/// The candidate closest to a misspelt word, if it is close enough.
pub(crate) fn nearest<'a>(
    word: &str,
    candidates: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    let limit = (word.chars().count() / 3).max(2);
    candidates
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Edit distance of two words; long words count as different.
fn distance(left: &str, right: &str) -> usize {
    const LENGTH_MAX: usize = 64;
    if left.len() > LENGTH_MAX || right.len() > LENGTH_MAX {
        return usize::MAX;
    }
    let mut row: Vec<usize> = (0..=right.chars().count()).collect();
    for (i, a) in left.chars().enumerate() {
        let mut diagonal = i;
        let mut before = i + 1;
        if let Some(first) = row.first_mut() {
            *first = before;
        }
        for (cell, b) in row.iter_mut().skip(1).zip(right.chars()) {
            let replaced = diagonal + usize::from(a != b);
            diagonal = *cell;
            before = replaced.min(before + 1).min(*cell + 1);
            *cell = before;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_the_one_that_was_meant() {
        let words = || ["exporter", "sample_rate", "enabled"].into_iter();
        assert_eq!(nearest("exportr", words()), Some("exporter"));
        assert_eq!(nearest("samplerate", words()), Some("sample_rate"));
        assert_eq!(nearest("completely_different", words()), None);
        assert_eq!(nearest(&"x".repeat(5000), words()), None);
    }

    #[test]
    fn wrong_values_are_shown_short_and_without_credentials() {
        let problem = |value: &str| Problem::value("x", value, "y").to_string();
        assert!(problem("a\n\u{1b}b").contains(r#""a\n\u{1b}b""#));
        assert!(problem(&"a".repeat(5000)).len() < 200);
        assert!(!problem("http://user:hunter2@host").contains("hunter2"));
        assert!(!problem("http://host?key=hunter2").contains("hunter2"));
    }
}
