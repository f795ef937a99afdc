//! Runs scripts in Prometheus' test language against the executor: our own in `testdata`, which
//! pass in Prometheus 3.14 as they stand, and Prometheus' own from the corpora. Those in
//! `testdata/plain` pass in an engine without features, those in `testdata/types` in one with
//! `type-and-unit-labels`.
//!
//! `testdata/known-failures` holds evals of ours that do not pass yet; one that does must move out.
//! `tests/promqltest/tolerated.txt` lists those of Prometheus' that may fail.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "the helpers of tests are tests too"
)]

mod classic;
mod counts;
mod histogram;
mod script;
mod start_times;
mod update;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use conformance::{Corpus, Tolerated};
use promql::Settings;
use script::{Outcome, run_script};

fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata")
}

fn scripts(folder: &Path) -> Vec<(String, String)> {
    let mut scripts: Vec<(String, String)> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "test"))
        .map(|path| {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read_to_string(&path).unwrap())
        })
        .collect();
    scripts.sort();
    scripts
}

/// As Prometheus' own scripts are run.
fn settings() -> Settings {
    Settings { delays_name_removal: true, uses_start_times: true, ..Settings::default() }
}

#[test]
fn our_scripts_pass() {
    let count = scripts_pass(&testdata(), &settings());
    assert!(count >= 800, "{count} evals");
}

#[test]
fn our_scripts_without_features_pass() {
    let count = scripts_pass(&testdata().join("plain"), &Settings::default());
    assert!(count >= 25, "{count} evals");
}

#[test]
fn our_scripts_with_types_as_labels_pass() {
    let settings = Settings { has_type_labels: true, ..Settings::default() };
    let count = scripts_pass(&testdata().join("types"), &settings);
    assert!(count >= 15, "{count} evals");
}

/// Runs the scripts of a folder; returns the number of evals.
fn scripts_pass(folder: &Path, settings: &Settings) -> usize {
    let (mut failures, mut count) = (Vec::new(), 0);
    for (name, text) in scripts(folder) {
        let mut answers = BTreeMap::new();
        for (line, outcome) in run_script(&text, settings) {
            count += 1;
            if !matches!(outcome, Outcome::Passed) {
                failures.push(format!("{name}.test:{line}: {outcome}"));
            }
            if let Outcome::Wrong(_, shown) | Outcome::Annotations(_, shown) = outcome {
                answers.insert(line, shown);
            }
        }
        if conformance::is_update() && !answers.is_empty() {
            let file = folder.join(format!("{name}.test"));
            std::fs::write(file, update::updated(&text, &answers)).unwrap();
        }
    }
    assert!(failures.is_empty() || conformance::is_update(), "{}", failures.join("\n"));
    count
}

#[test]
fn what_is_known_to_fail_still_fails() {
    let folder = testdata().join("known-failures");
    if !folder.is_dir() {
        return;
    }
    for (name, text) in scripts(&folder) {
        for (line, outcome) in run_script(&text, &settings()) {
            let is_failure = !matches!(outcome, Outcome::Passed);
            assert!(is_failure, "{name}.test:{line} passes: move it out of known-failures");
        }
    }
}

#[test]
fn prometheus_scripts_pass() {
    let Some(folder) = conformance::corpus_folder("prometheus/promqltest") else { return };
    let list = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/promqltest/tolerated.txt");
    let mut corpus = Corpus::new("promqltest", Tolerated::read(&list));
    for (name, text) in scripts(&folder) {
        let lines: Vec<&str> = text.lines().collect();
        for (line, outcome) in run_script(&text, &settings()) {
            let fault = match outcome {
                Outcome::Passed => None,
                fault => Some(format!("{name}.test:{line}: {fault}")),
            };
            corpus.note(&format!("{name} {}", lines[line - 1].trim()), fault);
        }
    }
    corpus.finish();
}
