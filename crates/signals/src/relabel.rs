//! Relabelling: rules that change or drop a label set, as in Prometheus.
//!
//! Rules are applied to targets and to new series, never to single samples.

mod names;
mod validate;

use std::fmt;

use md5::{Digest as _, Md5};
use regex::Regex;

pub use names::NameScheme;

use crate::metric::LabelsBuilder;
use crate::regexp::{self, Replacement};

/// The default of `separator`.
const SEPARATOR: &str = ";";
/// The default of `regex`.
const PATTERN: &str = "(.*)";
/// The default of `replacement`.
const REPLACEMENT: &str = "$1";

/// What a rule does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Action {
    /// Sets a label to a replacement text if the pattern matches the source.
    #[default]
    Replace,
    /// Drops the label set unless the pattern matches the source.
    Keep,
    /// Drops the label set if the pattern matches the source.
    Drop,
    /// Drops the label set unless the source equals the target label.
    KeepEqual,
    /// Drops the label set if the source equals the target label.
    DropEqual,
    /// Sets a label to the remainder of a hash of the source.
    HashMod,
    /// Copies labels whose names match to names made of the replacement text.
    LabelMap,
    /// Removes labels whose names match.
    LabelDrop,
    /// Removes labels whose names do not match.
    LabelKeep,
    /// Sets a label to the source in lower case.
    Lowercase,
    /// Sets a label to the source in upper case.
    Uppercase,
}

impl Action {
    const ALL: [Self; 11] = [
        Self::Replace,
        Self::Keep,
        Self::Drop,
        Self::KeepEqual,
        Self::DropEqual,
        Self::HashMod,
        Self::LabelMap,
        Self::LabelDrop,
        Self::LabelKeep,
        Self::Lowercase,
        Self::Uppercase,
    ];

    /// The name in configuration files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Replace => "replace",
            Self::Keep => "keep",
            Self::Drop => "drop",
            Self::KeepEqual => "keepequal",
            Self::DropEqual => "dropequal",
            Self::HashMod => "hashmod",
            Self::LabelMap => "labelmap",
            Self::LabelDrop => "labeldrop",
            Self::LabelKeep => "labelkeep",
            Self::Lowercase => "lowercase",
            Self::Uppercase => "uppercase",
        }
    }

    /// Finds an action by name, in any case.
    ///
    /// # Errors
    /// Prometheus' message if there is none.
    pub fn named(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|action| name.eq_ignore_ascii_case(action.name()));
        found.ok_or_else(|| format!("unknown relabel action {name:?}"))
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A rule as written: `None` where a key is absent. [`Rule::new`] checks it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Definition {
    /// Labels whose values are joined to the source.
    pub source_labels: Option<Vec<String>>,
    /// The text between the values, `;` by default.
    pub separator: Option<String>,
    /// The pattern, `(.*)` by default.
    pub regex: Option<String>,
    /// The divisor of [`Action::HashMod`].
    pub modulus: u64,
    /// The label that is set.
    pub target_label: String,
    /// The replacement text, `$1` by default.
    pub replacement: Option<String>,
    /// What the rule does.
    pub action: Action,
}

/// A checked rule, ready to be applied.
#[derive(Debug, Clone)]
pub struct Rule {
    source_labels: Vec<String>,
    separator: String,
    regex: Regex,
    modulus: u64,
    target_label: Replacement,
    replacement: Replacement,
    action: Action,
    names: NameScheme,
    definition: Definition,
}

impl PartialEq for Rule {
    fn eq(&self, other: &Self) -> bool {
        (&self.definition, self.names) == (&other.definition, other.names)
    }
}

impl Rule {
    /// Compiles and checks a rule. Patterns match the whole text, and `.` matches newlines.
    ///
    /// # Errors
    /// Prometheus' message if the rule is invalid.
    pub fn new(definition: Definition, names: NameScheme) -> Result<Self, String> {
        let pattern = definition.regex.as_deref().unwrap_or(PATTERN);
        let regex = regexp::whole(pattern)?;
        validate::check(&definition, names)?;
        let replacement = definition.replacement.as_deref().unwrap_or(REPLACEMENT);
        Ok(Self {
            source_labels: definition.source_labels.clone().unwrap_or_default(),
            separator: definition.separator.clone().unwrap_or_else(|| SEPARATOR.to_owned()),
            modulus: definition.modulus,
            target_label: Replacement::new(&definition.target_label, &regex),
            replacement: Replacement::new(replacement, &regex),
            action: definition.action,
            regex,
            names,
            definition,
        })
    }

    /// The rule as written.
    #[must_use]
    pub fn definition(&self) -> &Definition {
        &self.definition
    }

    /// Applies the rule; returns whether the label set is kept.
    #[must_use]
    pub fn apply(&self, labels: &mut LabelsBuilder) -> bool {
        let target = self.target_label.as_str();
        match self.action {
            Action::Keep => return self.regex.is_match(&self.source(labels)),
            Action::Drop => return !self.regex.is_match(&self.source(labels)),
            Action::KeepEqual => return labels.get(target) == self.source(labels),
            Action::DropEqual => return labels.get(target) != self.source(labels),
            Action::Replace => self.replace(labels),
            Action::Lowercase => labels.set(target, lowercase(&self.source(labels))),
            Action::Uppercase => labels.set(target, uppercase(&self.source(labels))),
            Action::HashMod => {
                let remainder = hash(&self.source(labels)) % self.modulus.max(1);
                labels.set(target, remainder.to_string());
            }
            Action::LabelMap => self.map_names(labels),
            Action::LabelDrop => self.remove_names(labels, true),
            Action::LabelKeep => self.remove_names(labels, false),
        }
        true
    }

    fn source(&self, labels: &LabelsBuilder) -> String {
        let mut source = String::new();
        for (i, name) in self.source_labels.iter().enumerate() {
            if i > 0 {
                source.push_str(&self.separator);
            }
            source.push_str(labels.get(name));
        }
        source
    }

    fn replace(&self, labels: &mut LabelsBuilder) {
        let source = self.source(labels);
        let Some(captures) = self.regex.captures(&source) else {
            return;
        };
        if !self.target_label.has_references() {
            labels.set(self.target_label.as_str(), self.replacement.expand(&captures));
            return;
        }
        let target = self.target_label.expand(&captures);
        if self.names.is_label_name(&target) {
            labels.set(&target, self.replacement.expand(&captures));
        }
    }

    fn map_names(&self, labels: &mut LabelsBuilder) {
        let mapped = |(name, value): (&str, &str)| {
            let target = self.replacement.expand(&self.regex.captures(name)?);
            Some((target, value.to_owned()))
        };
        let copies: Vec<(String, String)> = labels.iter().filter_map(mapped).collect();
        for (name, value) in copies.into_iter().filter(|(name, _)| !name.is_empty()) {
            labels.set(&name, value);
        }
    }

    fn remove_names(&self, labels: &mut LabelsBuilder, matching: bool) {
        let is_removed = |name: &&str| self.regex.is_match(name) == matching;
        let names = labels.iter().map(|(name, _)| name).filter(is_removed);
        for name in names.map(str::to_owned).collect::<Vec<_>>() {
            labels.remove(&name);
        }
    }
}

/// Applies rules in order; returns whether the label set is kept. After a rule that drops it, no
/// further one is applied.
#[must_use]
pub fn apply(rules: &[Rule], labels: &mut LabelsBuilder) -> bool {
    rules.iter().all(|rule| rule.apply(labels))
}

/// The last eight bytes of the MD5 hash, big-endian.
fn hash(text: &str) -> u64 {
    u128::from_be_bytes(Md5::digest(text.as_bytes()).into()) as u64
}

/// Changes each character by itself, as Go does; those that would become several stay.
fn uppercase(text: &str) -> String {
    text.chars().map(|c| single(c.to_uppercase()).unwrap_or(c)).collect()
}

fn lowercase(text: &str) -> String {
    text.chars().map(|c| c.to_lowercase().next().unwrap_or(c)).collect()
}

fn single(mut characters: impl Iterator<Item = char>) -> Option<char> {
    let first = characters.next()?;
    characters.next().is_none().then_some(first)
}

#[cfg(test)]
mod tests;
