//! Files of recording and alerting rules, read as Prometheus 3 reads them. Loki's ruler has the same
//! form, with expressions in LogQL.
//!
//! [`load`] reads one file and reports everything that is wrong with it, as `promtool check rules`
//! does, and [`duplicates`] what is doubtful. [`matching`] finds the files of `rule_files`.

mod check;
mod duplicate;
mod expression;
mod name;
pub mod unit_test;

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use signals::relabel::NameScheme;

pub use duplicate::{Duplicate, duplicates};
pub use expression::Expression;

use crate::error::{Error, Fault, Unsupported};
use crate::files::Files;
use crate::glob::matching_files;
use crate::yaml::Document;

/// Errors of a file that are reported.
const ERRORS_MAX: usize = 100;

/// The language of the expressions of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// Prometheus.
    PromQl,
    /// Loki's ruler.
    LogQl,
}

/// What the caller decides about a file.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// The language of the expressions.
    pub language: Language,
    /// Which names of labels and metrics are valid.
    pub names: NameScheme,
    /// Whether keys that Prometheus does not know are left out, as `promtool` does with
    /// `--ignore-unknown-fields`.
    pub ignores_unknown_keys: bool,
    /// Compiles the template of a label or annotation of an alert; an error is the reason.
    pub check_template: &'a dyn Fn(&str) -> Result<(), String>,
}

impl Options<'_> {
    /// Any UTF-8 name is valid, and templates are not checked.
    #[must_use]
    pub fn new(language: Language) -> Self {
        Self {
            language,
            names: NameScheme::Utf8,
            ignores_unknown_keys: false,
            check_template: &|_| Ok(()),
        }
    }
}

/// A file of rules.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleFile {
    /// The file.
    pub file: PathBuf,
    /// The groups, in order.
    pub groups: Vec<RuleGroup>,
    /// What the system accepts and leaves out: documents after the first.
    pub unsupported: Vec<Unsupported>,
}

/// Rules that are evaluated one after the other.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleGroup {
    /// The name, unique in the file.
    pub name: String,
    /// How often the rules are evaluated; `None` is the global interval.
    pub interval: Option<Duration>,
    /// How far in the past the rules are evaluated; `None` is the global offset.
    pub query_offset: Option<Duration>,
    /// Most series or alerts of a rule; `None` is no limit.
    pub limit: Option<u64>,
    /// The rules, in order.
    pub rules: Vec<Rule>,
    /// The line in the file, from 1.
    pub line: u32,
}

/// A rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// What the rule makes.
    pub kind: RuleKind,
    /// What is evaluated.
    pub expr: Expression,
    /// Labels of the rule, and those of the group in place of absent ones. An empty value removes a
    /// label. Values of an alert are templates.
    pub labels: BTreeMap<String, String>,
    /// The line in the file, from 1.
    pub line: u32,
}

impl Rule {
    /// The name of the series or of the alert.
    pub fn name(&self) -> &str {
        match &self.kind {
            RuleKind::Recording { record } => record,
            RuleKind::Alerting { alert, .. } => alert,
        }
    }
}

/// What a rule makes.
#[derive(Debug, Clone, PartialEq)]
pub enum RuleKind {
    /// Series.
    Recording {
        /// Their metric name.
        record: String,
    },
    /// Alerts.
    Alerting {
        /// Their label `alertname`.
        alert: String,
        /// How long an alert is pending before it fires: `for`.
        hold: Duration,
        /// How long an alert keeps firing after the condition has ended.
        keep_firing_for: Duration,
        /// Texts about the alert, templates.
        annotations: BTreeMap<String, String>,
    },
}

/// Reads a file.
///
/// # Errors
/// All errors, at most a hundred, if the file cannot be read or its system would refuse it.
pub fn load(file: &Path, files: &dyn Files, options: &Options<'_>) -> Result<RuleFile, Vec<Error>> {
    let unreadable = |source| vec![Error::Unreadable { file: file.to_owned(), source }];
    let document = Document::parse(file, files.read(file).map_err(unreadable)?);
    let document = document.map_err(|error| vec![error])?;
    let mut faults = Faults::default();
    let groups = check::groups(&document, options, &mut faults);
    if !faults.0.is_empty() {
        return Err(faults.0.into_iter().map(|fault| fault.of(file)).collect());
    }
    let further = document.next_line.map(|line| Unsupported {
        file: file.to_owned(),
        line,
        key: "a second document in a file of rules".to_owned(),
        job: None,
    });
    Ok(RuleFile { file: file.to_owned(), groups, unsupported: further.into_iter().collect() })
}

/// The files that match any of the patterns, in order of patterns and names, each once. The
/// patterns of [`crate::prometheus::Config::rule_files`] are relative to their `prometheus.yml`
/// already.
///
/// # Errors
/// A message if a pattern is malformed.
pub fn matching(patterns: &[PathBuf], files: &dyn Files) -> Result<Vec<PathBuf>, String> {
    let mut found = Vec::new();
    for pattern in patterns {
        let matching = matching_files(pattern, files).map_err(|reason| {
            format!("error retrieving rule files for {:?}: {reason}", pattern.display())
        })?;
        found.extend(matching);
    }
    let mut known = HashSet::new();
    found.retain(|file| known.insert(file.clone()));
    Ok(found)
}

/// What is wrong with a file.
#[derive(Default)]
struct Faults(Vec<Fault>);

impl Faults {
    fn add(&mut self, fault: Fault) {
        if self.0.len() < ERRORS_MAX {
            self.0.push(fault);
        }
    }
}

#[cfg(test)]
mod tests;
