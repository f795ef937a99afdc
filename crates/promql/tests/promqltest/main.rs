//! Runs scripts in Prometheus' test language against the executor: our own in `testdata`, which
//! pass in Prometheus 3.14 as they stand, and Prometheus' own from the corpora.
//!
//! `testdata/known-failures` holds evals of ours that do not pass yet; one that does must move out.
//! `tests/promqltest/tolerated.txt` lists those of Prometheus' that may fail.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "the helpers of tests are tests too"
)]

mod histogram;
mod memory;
mod notation;
mod script;
mod update;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use conformance::{Corpus, Tolerated};
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

#[test]
fn our_scripts_pass() {
    let (mut failures, mut count) = (Vec::new(), 0);
    for (name, text) in scripts(&testdata()) {
        let mut answers = BTreeMap::new();
        for (line, outcome) in run_script(&text) {
            count += 1;
            if !matches!(outcome, Outcome::Passed) {
                failures.push(format!("{name}.test:{line}: {outcome}"));
            }
            if let Outcome::Wrong(_, shown) | Outcome::Annotations(_, shown) = outcome {
                answers.insert(line, shown);
            }
        }
        if conformance::is_update() && !answers.is_empty() {
            let file = testdata().join(format!("{name}.test"));
            std::fs::write(file, update::updated(&text, &answers)).unwrap();
        }
    }
    assert!(failures.is_empty() || conformance::is_update(), "{}", failures.join("\n"));
    assert!(count >= 800, "{count} evals");
}

#[test]
fn what_is_known_to_fail_still_fails() {
    let folder = testdata().join("known-failures");
    if !folder.is_dir() {
        return;
    }
    for (name, text) in scripts(&folder) {
        for (line, outcome) in run_script(&text) {
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
        for (line, outcome) in run_script(&text) {
            let fault = match outcome {
                Outcome::Passed => None,
                fault => Some(format!("{name}.test:{line}: {fault}")),
            };
            corpus.note(&format!("{name} {}", lines[line - 1].trim()), fault);
        }
    }
    corpus.finish();
}
