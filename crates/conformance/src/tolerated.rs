//! Failures that are known, by name and with a reason. The list can only shrink: a case that is on
//! it and passes fails the test, and so does a name that no case has.
//!
//! A line at the margin is a reason, indented lines below it are the cases that it holds for; `#`
//! begins a comment.

use std::collections::BTreeMap;
use std::path::Path;

/// The names of cases that may fail.
#[derive(Debug, Default)]
pub struct Tolerated {
    reasons: BTreeMap<String, String>,
    failed: Vec<String>,
}

impl Tolerated {
    /// Reads a list; where there is no file, nothing is tolerated.
    ///
    /// # Panics
    /// When a case comes before any reason, or twice.
    #[must_use]
    pub fn read(file: &Path) -> Self {
        std::fs::read_to_string(file).map(|text| Self::parse(&text)).unwrap_or_default()
    }

    pub(crate) fn parse(text: &str) -> Self {
        let mut reasons = BTreeMap::new();
        let mut reason = "";
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            if !line.starts_with(' ') {
                reason = line;
                continue;
            }
            let name = line.trim();
            assert!(!reason.is_empty(), "{name} is tolerated without a reason");
            let twice = reasons.insert(name.to_owned(), reason.to_owned());
            assert!(twice.is_none(), "{name} is tolerated twice");
        }
        Self { reasons, failed: Vec::new() }
    }

    /// Only those whose names begin so.
    #[must_use]
    pub fn of(mut self, prefix: &str) -> Self {
        self.reasons.retain(|name, _| name.starts_with(prefix));
        self
    }

    /// Notes that a case has failed; tells whether that is tolerated.
    pub fn failed(&mut self, name: &str) -> bool {
        let is_tolerated = self.reasons.contains_key(name);
        if is_tolerated {
            self.failed.push(name.to_owned());
        }
        is_tolerated
    }

    /// How many tolerated cases have failed so far.
    pub fn count(&self) -> usize {
        self.failed.len()
    }

    /// The names that did not fail, and so must leave the list.
    #[must_use]
    pub fn idle(&self) -> Vec<&str> {
        let failed = |name: &&String| self.failed.contains(name);
        self.reasons.keys().filter(|name| !failed(name)).map(String::as_str).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_holds_for_the_cases_below_it() {
        let text = "# Comment\n\nNot built yet\n  a 1\n  a 2\n\nTheirs is wrong\n  b 1\n";
        let mut list = Tolerated::parse(text);
        assert!(list.failed("a 2") && list.failed("b 1") && !list.failed("c"));
        assert_eq!((list.count(), list.idle()), (2, vec!["a 1"]));
        assert_eq!(Tolerated::parse(text).of("b").idle(), ["b 1"]);
    }
}
