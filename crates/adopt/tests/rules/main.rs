//! Files of rules against those of Prometheus' own tests, and against rules of real deployments.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by a panic")]

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use adopt::rules::{Language, Options, RuleFile, duplicates, load, matching};
use adopt::{Error, Files, Kind, SystemFiles};
use conformance::{Corpus, Tolerated};
use serde_json::Value;
use signals::relabel::NameScheme;

fn counted(name: &str) -> Corpus {
    Corpus::new(name, Tolerated::default())
}

fn text<'a>(case: &'a Value, key: &str) -> &'a str {
    case[key].as_str().unwrap_or_default()
}

fn read(file: &Path, names: NameScheme) -> Result<RuleFile, String> {
    let options = Options { names, ..Options::new(Language::PromQl) };
    load(file, &SystemFiles, &options).map_err(|errors| {
        let shown: Vec<String> = errors.iter().map(ToString::to_string).collect();
        shown.join("\n")
    })
}

fn name(file: &Path) -> &str {
    file.file_name().and_then(|name| name.to_str()).unwrap_or_default()
}

/// Files of rules in a folder and in those within it, recognised by their content.
fn rule_files(folder: &str) -> Option<Vec<PathBuf>> {
    let folder = conformance::corpus_folder(folder)?;
    let files = adopt::yaml_files(&folder, &SystemFiles).unwrap();
    let is_rules = |file: &PathBuf| {
        let sections = adopt::sections(file, SystemFiles.read(file).unwrap());
        Kind::of(&sections) == Some(Kind::Rules)
    };
    Some(files.into_iter().filter(is_rules).collect())
}

#[test]
fn files_are_refused_with_the_messages_of_prometheus() {
    let Some(facts) = conformance::corpus_text("prometheus/curated/rulefmt.json") else { return };
    let facts: Value = serde_json::from_str(&facts).unwrap();
    let Some(folder) = conformance::corpus_folder("prometheus/rulefmt") else { return };
    let mut corpus = counted("refused rules");
    for case in facts["tables"][0]["cases"].as_array().unwrap() {
        let (file, message) = (text(case, "filename"), text(case, "errMsg"));
        let is_legacy = text(&case["nameValidationScheme"], "_ref") == "model.LegacyValidation";
        let names = if is_legacy { NameScheme::Legacy } else { NameScheme::Utf8 };
        let why = match read(&folder.join(file), names) {
            Ok(_) => Some(format!("{file} is read")),
            Err(reason) => (!reason.contains(message)).then_some(reason),
        };
        corpus.note(file, why);
    }
    corpus.finish();
}

/// Files without `.bad.` that Prometheus refuses, unless it is told to ignore unknown keys.
const ALSO_BAD: [&str; 3] = ["bad-rules-syntax.yml", "invalid_rules.yaml", "rules_extrafields.yml"];

#[test]
fn files_that_prometheus_reads_are_read() {
    let mut corpus = counted("read rules");
    for folder in ["rulefmt", "rules-fixtures", "cmd-prometheus", "promtool"] {
        for file in rule_files(&format!("prometheus/{folder}")).into_iter().flatten() {
            let read = read(&file, NameScheme::Utf8);
            if ALSO_BAD.contains(&name(&file)) {
                corpus.note(name(&file), read.is_ok().then(|| "is read".to_owned()));
            } else if !name(&file).contains(".bad.") {
                corpus.note(name(&file), read.err());
            }
        }
    }
    corpus.finish();
}

#[test]
fn rules_that_are_written_twice_are_found() {
    let Some(folder) = conformance::corpus_folder("prometheus/promtool") else { return };
    let file = read(&folder.join("rules_duplicates.yml"), NameScheme::Utf8).unwrap();
    let names: Vec<String> = duplicates(&file).into_iter().map(|one| one.name).collect();
    assert_eq!(names, ["job:test:count_over_time1m"]);
}

#[test]
fn rules_of_the_world_are_read() {
    let mut corpus = counted("rules of the world");
    for file in rule_files("rules-realworld").into_iter().flatten() {
        corpus.note(&file.display().to_string(), read(&file, NameScheme::Utf8).err());
    }
    corpus.finish();
}

#[test]
fn rules_of_real_deployments_are_read_in_full() {
    let Some(folder) = conformance::corpus_folder("../stacks") else { return };
    for (file, count) in [
        ("ai-platform/configs/prometheus/prometheus.yml", 7),
        ("alex-server/deployments/observability/prometheus.yml", 1),
    ] {
        let config = adopt::prometheus::load(&folder.join(file), &SystemFiles).unwrap();
        // In containers the folder of rules lies beside the file.
        let beside = |pattern: &PathBuf| {
            let rules = folder.join(file).parent().unwrap().join("rules");
            rules.join(pattern.file_name().unwrap())
        };
        let patterns: Vec<PathBuf> = config.rule_files.iter().map(beside).collect();
        let found = matching(&patterns, &SystemFiles).unwrap();
        assert!(found.len() >= count, "{file}: {patterns:?}");
        for file in found {
            let rules = read(&file, NameScheme::Utf8).unwrap();
            assert!(!rules.groups.is_empty() && rules.unsupported.is_empty(), "{rules:?}");
        }
    }
}

/// A file in memory.
struct Memory(String);

impl Files for Memory {
    fn read(&self, _: &Path) -> io::Result<Vec<u8>> {
        Ok(self.0.clone().into())
    }

    fn names(&self, folder: &Path) -> io::Result<Vec<OsString>> {
        SystemFiles.names(folder)
    }

    fn exists(&self, path: &Path) -> bool {
        SystemFiles.exists(path)
    }

    fn variable(&self, _: &str) -> Option<String> {
        None
    }
}

/// A file that ends anywhere is read or refused, and nothing worse.
#[test]
fn a_file_that_ends_anywhere_is_read_or_refused() {
    let rules = "groups:\n- name: g\n  labels: {a: b}\n  rules:\n  - alert: A\n    expr: |\n      \
                 sum(a) >\n        1\n    for: 5m\n    annotations: {s: '{{ . }}'}\n";
    let config = "route:\n  receiver: a\n  routes: [{matchers: ['a=~\"b|c\"'], group_by: \
                  [...]}]\nreceivers:\n- name: a\n  slack_configs: [{api_url: 'http://a/', \
                  fields: [{title: t, value: v}]}]\ntime_intervals: [{name: t, time_intervals: \
                  [{months: ['may:june']}]}]\n";
    for text in [rules, config] {
        for end in 0..text.len() {
            let files = Memory(text[..end].to_owned());
            let read: Result<_, Vec<Error>> =
                load(Path::new("r.yml"), &files, &Options::new(Language::LogQl));
            let other = adopt::alertmanager::load(Path::new("a.yml"), &files);
            assert!(read.is_err() || other.is_err());
        }
    }
}
