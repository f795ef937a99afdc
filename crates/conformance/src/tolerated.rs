//! Known failures, by name and with a reason. The list can only shrink: a listed case that passes
//! fails the test, and so does a name without a case.
//!
//! Unindented lines are reasons, indented lines below them the affected cases; `#` starts a
//! comment.

use std::collections::BTreeMap;
use std::path::Path;

/// The names of cases that may fail.
#[derive(Debug, Default)]
pub struct Tolerated {
    reasons: BTreeMap<String, String>,
    failed: Vec<String>,
}

impl Tolerated {
    /// Reads a list; a missing file is an empty list.
    ///
    /// # Panics
    /// If a case has no reason or is listed twice.
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

    /// Keeps only names with this prefix.
    #[must_use]
    pub fn of(mut self, prefix: &str) -> Self {
        self.reasons.retain(|name, _| name.starts_with(prefix));
        self
    }

    /// Records the failure of a case; returns whether it is tolerated.
    pub fn failed(&mut self, name: &str) -> bool {
        let is_tolerated = self.reasons.contains_key(name);
        if is_tolerated {
            self.failed.push(name.to_owned());
        }
        is_tolerated
    }

    /// Number of tolerated failures so far.
    pub fn count(&self) -> usize {
        self.failed.len()
    }

    /// Listed names that did not fail, and must be removed from the list.
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
