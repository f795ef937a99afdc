//! Replacement texts with references to groups of a pattern, by the rules of Go's
//! `Regexp.Expand`.
//!
//! They differ from those of Rust: a name may consist of any letters and digits, a number may have
//! no leading zero, and `$` before anything else stands for itself.

use regex::{Captures, Regex};

/// A replacement text, parsed for one pattern.
#[derive(Debug, Clone)]
pub struct Replacement {
    text: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq)]
enum Part {
    Text(String),
    /// The group with this index. References to groups that do not exist have no part.
    Group(usize),
}

impl Replacement {
    /// Parses a text; references to groups that the pattern lacks are empty.
    #[must_use]
    pub fn new(text: &str, pattern: &Regex) -> Self {
        Self { text: text.to_owned(), parts: parts(text, pattern) }
    }

    /// The text as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the result depends on the match, or the text contains `$$`.
    #[must_use]
    pub fn has_references(&self) -> bool {
        self.text.contains('$')
    }

    /// The text with the groups of a match in place of the references.
    #[must_use]
    pub fn expand(&self, captures: &Captures<'_>) -> String {
        self.pieces(captures).collect()
    }

    /// The pieces of the expanded text.
    pub fn pieces<'r>(&'r self, captures: &'r Captures<'_>) -> impl Iterator<Item = &'r str> {
        self.parts.iter().map(|part| match part {
            Part::Text(text) => text,
            Part::Group(index) => captures.get(*index).map_or("", |group| group.as_str()),
        })
    }
}

fn parts(template: &str, pattern: &Regex) -> Vec<Part> {
    let (mut parts, mut text, mut rest) = (Vec::new(), String::new(), template);
    while let Some((before, after)) = rest.split_once('$') {
        text.push_str(before);
        rest = after;
        if let Some(after) = rest.strip_prefix('$') {
            text.push('$');
            rest = after;
        } else if let Some((name, after)) = reference(rest) {
            rest = after;
            if let Some(index) = group(name, pattern) {
                parts.push(Part::Text(std::mem::take(&mut text)));
                parts.push(Part::Group(index));
            }
        } else {
            text.push('$');
        }
    }
    text.push_str(rest);
    parts.push(Part::Text(text));
    parts.retain(|part| !matches!(part, Part::Text(text) if text.is_empty()));
    parts
}

/// The name after a `$`, and the text after the reference.
fn reference(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix('{');
    let start = inner.unwrap_or(text);
    let is_name = |c: char| c == '_' || c.is_alphabetic() || c.is_numeric();
    let length = start.find(|c| !is_name(c)).unwrap_or(start.len());
    let (name, after) = start.split_at(length);
    if name.is_empty() {
        return None;
    }
    match inner {
        Some(_) => Some((name, after.strip_prefix('}')?)),
        None => Some((name, after)),
    }
}

fn group(name: &str, pattern: &Regex) -> Option<usize> {
    let is_number = name.bytes().all(|byte| byte.is_ascii_digit());
    let is_number = is_number && (name == "0" || !name.starts_with('0'));
    match name.parse::<usize>() {
        Ok(index) if is_number => (index < pattern.captures_len()).then_some(index),
        _ => pattern.capture_names().position(|group| group == Some(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_expand_as_in_go() {
        let pattern = Regex::new("^(?P<first>a+)(b*)(c)?$").unwrap();
        let captures = pattern.captures("aab").unwrap();
        for (template, expected) in [
            ("$1-$2", "aa-b"),
            ("${1}x", "aax"),
            // The name is `1x`, which does not exist.
            ("$1x", ""),
            ("$1_2", ""),
            ("$first.${first}", "aa.aa"),
            ("$0", "aab"),
            ("$3", ""),
            ("$4", ""),
            ("$01", ""),
            ("$$1", "$1"),
            ("$", "$"),
            ("$ 1", "$ 1"),
            ("${1", "${1"),
            ("${}", "${}"),
            ("${1-2}", "${1-2}"),
            ("ä$1", "äaa"),
            ("$1ä", ""),
            ("plain", "plain"),
        ] {
            assert_eq!(
                Replacement::new(template, &pattern).expand(&captures),
                expected,
                "{template}"
            );
        }
    }
}
