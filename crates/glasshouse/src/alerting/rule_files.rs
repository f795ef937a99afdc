//! The files of rules among the adopted files.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use adopt::prometheus::Global;
use adopt::rules::{self, Language, Options, RuleFile};
use adopt::{Files, SystemFiles, Unsupported};
use rules::load;

use super::built_in;
use super::texts::Texts;
use crate::config::{self, ConfigError};

/// What applies to a group that sets neither.
#[derive(Debug, Clone, Copy)]
struct Defaults {
    interval: Duration,
    query_offset: Duration,
}

impl Default for Defaults {
    fn default() -> Self {
        Self { interval: Duration::from_secs(60), query_offset: Duration::ZERO }
    }
}

/// Files of rules, and how their groups are evaluated.
#[derive(Debug, Clone, Default)]
pub(crate) struct RuleFiles {
    files: Vec<(RuleFile, Language, Defaults)>,
    /// The real paths of the files: a file is read once, however it is found.
    known: BTreeSet<PathBuf>,
    /// Found without a `prometheus.yml` that names them.
    found: Vec<PathBuf>,
    last: Defaults,
}

impl RuleFiles {
    /// No files; groups without an interval have this one.
    pub(super) fn with_interval(interval: Duration) -> Self {
        Self { last: Defaults { interval, ..Defaults::default() }, ..Self::default() }
    }

    /// Adds a file that was found in an adopted folder. It is read by [`Self::finish`], unless a
    /// `prometheus.yml` has named it.
    pub(crate) fn find(&mut self, file: &Path) {
        self.found.push(file.to_owned());
    }

    /// Reads the files that the patterns of a `prometheus.yml` match.
    ///
    /// # Errors
    /// The first mistake, with file and position.
    pub(crate) fn add(&mut self, patterns: &[PathBuf], global: &Global) -> Result<(), ConfigError> {
        self.last = Defaults {
            interval: global.evaluation_interval,
            query_offset: global.rule_query_offset,
        };
        let fail = |message: String| ConfigError::new("adopt", message);
        for file in rules::matching(patterns, &SystemFiles).map_err(fail)? {
            self.read(&file, self.last)?;
        }
        Ok(())
    }

    /// Adds a file that is not on disk.
    ///
    /// # Errors
    /// The first mistake, with file and position.
    pub(super) fn add_text(&mut self, file: &Path, text: &str) -> Result<(), ConfigError> {
        let (file, language) = read(file, &Texts::one(file, text))?;
        self.files.push((file, language, self.last));
        Ok(())
    }

    /// Adds the rules that come with the program. By default there are none beside other files.
    ///
    /// # Errors
    /// That the configuration names a group or an alert that does not exist.
    pub(crate) fn add_built_in(&mut self, config: &config::Rules) -> Result<(), ConfigError> {
        let is_default = self.files.is_empty() && self.found.is_empty();
        let files = built_in::load(config, is_default)?;
        self.files.extend(files.into_iter().map(|file| (file, Language::PromQl, self.last)));
        Ok(())
    }

    /// Reads the files that were only found.
    ///
    /// # Errors
    /// As [`Self::add`].
    pub(crate) fn finish(&mut self) -> Result<(), ConfigError> {
        for file in std::mem::take(&mut self.found) {
            self.read(&file, self.last)?;
        }
        Ok(())
    }

    /// The paths of the files.
    pub(crate) fn paths(&self) -> Vec<PathBuf> {
        self.files.iter().map(|(file, ..)| file.file.clone()).collect()
    }

    /// What the files have that is not supported.
    pub(crate) fn unsupported(&self) -> impl Iterator<Item = &Unsupported> {
        self.files.iter().flat_map(|(file, ..)| &file.unsupported)
    }

    /// The groups of all files. The times of their alerts must be restored unless they
    /// `are_restored`.
    pub(crate) fn groups(&self, are_restored: bool) -> Vec<::rules::Group> {
        let mut groups = Vec::new();
        for (file, language, defaults) in &self.files {
            groups.extend(file.groups.iter().map(|group| {
                let identity =
                    ::rules::Identity { file: file.file.clone(), name: group.name.clone() };
                let times = [defaults.interval, defaults.query_offset];
                ::rules::Group::new(identity, group, *language, times, are_restored)
            }));
        }
        groups
    }

    fn read(&mut self, file: &Path, defaults: Defaults) -> Result<(), ConfigError> {
        let real = std::fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
        if self.known.insert(real) {
            let (file, language) = read(file, &SystemFiles)?;
            self.files.push((file, language, defaults));
        }
        Ok(())
    }
}

/// Reads a file in the language of its expressions. What both languages accept is PromQL, except
/// below a folder of Loki.
pub(super) fn read(file: &Path, files: &dyn Files) -> Result<(RuleFile, Language), ConfigError> {
    let is_of_loki = file
        .components()
        .any(|part| part.as_os_str().to_string_lossy().to_ascii_lowercase().contains("loki"));
    let [first, second] = if is_of_loki {
        [Language::LogQl, Language::PromQl]
    } else {
        [Language::PromQl, Language::LogQl]
    };
    match read_as(file, files, first) {
        Ok(read) => Ok((read, first)),
        Err(error) => read_as(file, files, second).map(|read| (read, second)).map_err(|_| error),
    }
}

/// Reads a file in a language.
pub(super) fn read_as(
    file: &Path,
    files: &dyn Files,
    language: Language,
) -> Result<RuleFile, ConfigError> {
    let check_template =
        |text: &str| template::prometheus::check_alert("", text).map_err(|error| error.to_string());
    let options = Options { check_template: &check_template, ..Options::new(language) };
    load(file, files, &options).map_err(|errors| {
        let more = errors.len().saturating_sub(1);
        let first = errors.first().map(ToString::to_string).unwrap_or_default();
        let more = if more > 0 { format!(" (and {more} more mistakes)") } else { String::new() };
        ConfigError::new("adopt", format!("{first}{more}"))
    })
}
