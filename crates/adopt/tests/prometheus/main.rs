//! `prometheus.yml` against the files and messages of Prometheus' own tests, and against files of
//! real deployments.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by a panic")]

mod clients;
mod jobs;

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use adopt::prometheus::{Config, load};
use adopt::{Files, SystemFiles};
use conformance::{Corpus, Tolerated};
use serde_json::Value;

const FILES: &str = "prometheus/config";

/// Files without `.bad.` that Prometheus refuses.
const ALSO_BAD: [&str; 3] = [
    "config_with_deprecated_am_api_config.yml",
    "otlp_allow_utf8.incompatible.yml",
    "otlp_no_translation.incompatible.yml",
];

/// Files that are no configurations of the server.
const OTHER_PROGRAMS: [&str; 3] =
    ["promtool-http-config-file.yml", "rbac-setup.yml", "web-config.yml"];

/// A file of the corpora as JSON.
fn facts(path: &str) -> Option<Value> {
    let file = serde_json::from_str(&conformance::corpus_text(path)?);
    assert!(file.is_ok(), "{path} is not JSON");
    file.ok()
}

fn counted(name: &str) -> Corpus {
    let list = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/prometheus-tolerated.txt");
    Corpus::new(name, Tolerated::read(&list))
}

fn text<'a>(case: &'a Value, key: &str) -> &'a str {
    case[key].as_str().unwrap_or_default()
}

/// The cases of a test in a file of facts.
fn table<'a>(file: &'a Value, test: &str) -> &'a [Value] {
    let found = file["tables"].as_array().unwrap().iter().find(|table| text(table, "test") == test);
    found.unwrap_or_else(|| panic!("no table of {test}"))["cases"].as_array().unwrap()
}

fn read(file: &Path) -> Result<Config, String> {
    load(file, &SystemFiles).map_err(|error| error.to_string())
}

/// The YAML files of a folder, in order of names.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let is_yaml = |path: &PathBuf| path.extension().is_some_and(|e| e == "yml" || e == "yaml");
    let mut files: Vec<PathBuf> = entries.filter(is_yaml).collect();
    files.sort();
    files
}

fn name(file: &Path) -> &str {
    file.file_name().and_then(|name| name.to_str()).unwrap_or_default()
}

fn is_bad(file: &Path) -> bool {
    let name = name(file);
    name.contains(".bad.") || ALSO_BAD.contains(&name)
}

#[test]
fn files_that_prometheus_refuses_are_refused() {
    let Some(folder) = conformance::corpus_folder(FILES) else { return };
    let mut corpus = counted("refused files");
    for file in files(&folder).into_iter().filter(|file| is_bad(file)) {
        let why = read(&file).is_ok().then(|| format!("{} is read", name(&file)));
        corpus.note(name(&file), why);
    }
    corpus.finish();
}

#[test]
fn files_that_prometheus_reads_are_read() {
    let mut corpus = counted("read files");
    for folder in [FILES, "prometheus/config-examples"] {
        let Some(folder) = conformance::corpus_folder(folder) else { return };
        let is_config = |file: &PathBuf| !is_bad(file) && !OTHER_PROGRAMS.contains(&name(file));
        for file in files(&folder).into_iter().filter(is_config) {
            let shown = |config: &Config| format!("{config:?}").len();
            corpus.note(name(&file), read(&file).map(|config| shown(&config)).err());
        }
    }
    corpus.finish();
}

/// A file as it is shown.
struct Shown {
    file: PathBuf,
    text: String,
}

impl Files for Shown {
    fn read(&self, file: &Path) -> io::Result<Vec<u8>> {
        if file == self.file { Ok(self.text.clone().into()) } else { SystemFiles.read(file) }
    }

    fn names(&self, folder: &Path) -> io::Result<Vec<OsString>> {
        SystemFiles.names(folder)
    }

    fn exists(&self, path: &Path) -> bool {
        SystemFiles.exists(path)
    }

    fn variable(&self, name: &str) -> Option<String> {
        SystemFiles.variable(name)
    }
}

#[test]
fn a_file_as_it_is_shown_is_read_like_the_file() {
    let Some(folder) = conformance::corpus_folder(FILES) else { return };
    let mut corpus = counted("shown files");
    for file in files(&folder).into_iter().filter(|file| !is_bad(file)) {
        let mut config = read(&file).unwrap();
        let shown = Shown { file: file.clone(), text: std::mem::take(&mut config.redacted) };
        let is_hidden = !shown.text.contains("mysecret") && !shown.text.contains("testAppSecret");
        let why = match load(&file, &shown) {
            Ok(mut again) => {
                again.redacted.clear();
                let is_equal = format!("{config:?}") == format!("{again:?}");
                (!is_equal || !is_hidden).then(|| format!("{}:\n{}", name(&file), shown.text))
            }
            Err(error) => Some(error.to_string()),
        };
        corpus.note(name(&file), why);
    }
    corpus.finish();
}

#[test]
fn reasons_are_those_of_prometheus() {
    let path = "prometheus/curated/config_errors.json";
    let (Some(facts), Some(folder)) = (facts(path), conformance::corpus_folder(FILES)) else {
        return;
    };
    let mut corpus = counted("reasons");
    for case in facts["cases"].as_array().unwrap() {
        let file = text(case, "filename");
        let expected = text(case, "errMsg");
        // The name of the file is a part of the position here.
        let place = format!("parsing YAML file testdata/{file}: ");
        let expected = expected.strip_prefix(&place).unwrap_or(expected);
        let why = match read(&folder.join(file)) {
            Ok(_) => Some(format!("{file} is read")),
            Err(found) if found.contains(expected) => None,
            Err(found) => Some(format!("{found}, not {expected}")),
        };
        corpus.note(file, why);
    }
    corpus.finish();
}

#[test]
fn files_of_real_deployments_are_read_in_full() {
    let Some(folder) = conformance::corpus_folder("../stacks") else { return };
    for (file, jobs) in [
        ("ai-platform/configs/prometheus/prometheus.yml", 1),
        ("alex/deployments/observability/prometheus.yml", 1),
        ("alex-server/deployments/observability/prometheus.yml", 1),
        ("botticelli/prometheus.yml", 1),
        ("refly/deploy/docker/trace/prometheus-config.yaml", 1),
    ] {
        let config = read(&folder.join(file)).unwrap();
        assert!(config.scrape_configs.len() >= jobs, "{file}");
        assert!(config.unsupported.is_empty(), "{file}: {:?}", config.unsupported);
        assert!(config.scrape_configs.iter().all(|job| !job.discovery.is_empty()), "{file}");
    }
}
