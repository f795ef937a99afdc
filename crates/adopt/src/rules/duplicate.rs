//! Rules that make the same series or alerts, as `promtool check rules` finds them. They are valid,
//! and nearly always a mistake.

use std::collections::BTreeMap;
use std::fmt;

use super::{Rule, RuleFile};

/// Rules with the same name and labels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duplicate {
    /// The name of the series or of the alert.
    pub name: String,
    /// The labels, in order of names.
    pub labels: Vec<(String, String)>,
    /// The lines of the rules, from 1.
    pub lines: Vec<u32>,
}

/// As `promtool` shows it.
impl fmt::Display for Duplicate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Metric: {}\nLabel(s):", self.name)?;
        self.labels.iter().try_for_each(|(name, value)| writeln!(f, "\t{name}: {value}"))
    }
}

/// The labels of a rule in order of names.
type Labels<'a> = Vec<(&'a str, &'a str)>;

/// The duplicates among all groups of a file, in order of names and labels.
#[must_use]
pub fn duplicates(file: &RuleFile) -> Vec<Duplicate> {
    let mut lines: BTreeMap<(&str, Labels<'_>), Vec<u32>> = BTreeMap::new();
    for rule in file.groups.iter().flat_map(|group| &group.rules) {
        lines.entry((rule.name(), labels(rule))).or_default().push(rule.line);
    }
    let several = lines.into_iter().filter(|(_, lines)| lines.len() > 1);
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    several
        .map(|((name, labels), lines)| Duplicate {
            name: name.to_owned(),
            labels: labels.into_iter().map(owned).collect(),
            lines,
        })
        .collect()
}

/// The labels of a rule, without those that it removes.
fn labels(rule: &Rule) -> Labels<'_> {
    let written = rule.labels.iter().filter(|(_, value)| !value.is_empty());
    written.map(|(name, value)| (name.as_str(), value.as_str())).collect()
}
