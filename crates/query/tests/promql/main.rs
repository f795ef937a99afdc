//! Runs scripts in Prometheus' test language against the executor: our own in `testdata/promql`,
//! and Prometheus' own from the corpora, which lie outside the repository and may be absent.
//!
//! `testdata/promql/expected.txt` holds how many evals of each of Prometheus' files pass. The
//! numbers may only go up. An answer that is wrong is a failure; one that is "not supported yet"
//! is not.

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
mod stored;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use script::{Outcome, run_script};

fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/promql")
}

fn corpus() -> Option<PathBuf> {
    let root = std::env::var_os("GLASSHOUSE_CORPORA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora"),
        PathBuf::from,
    );
    let folder = root.join("prometheus/promqltest");
    if folder.is_dir() {
        return Some(folder);
    }
    println!("SKIPPED: {} is not here", folder.display());
    None
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
    let mut failures = Vec::new();
    for (name, text) in scripts(&testdata()) {
        for (line, outcome) in run_script(&text) {
            if !matches!(outcome, Outcome::Passed) {
                failures.push(format!("{name}.test:{line}: {outcome}"));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Passed, wrong, unsupported, notes that differ.
type Counts = [usize; 4];

fn expected() -> BTreeMap<String, usize> {
    std::fs::read_to_string(testdata().join("expected.txt"))
        .unwrap()
        .lines()
        .filter(|line| !line.starts_with('#') && !line.trim().is_empty())
        .map(|line| {
            let (name, count) = line.split_once(' ').unwrap();
            (name.to_owned(), count.trim().parse().unwrap())
        })
        .collect()
}

#[test]
fn prometheus_scripts_pass_as_far_as_they_did() {
    let Some(folder) = corpus() else { return };
    let only = std::env::var("PROMQL_FILE").ok();
    let (mut failures, mut report) = (Vec::new(), Vec::new());
    let expected = expected();
    let mut total: Counts = [0; 4];
    for (name, text) in scripts(&folder) {
        if only.as_ref().is_some_and(|only| *only != name) {
            continue;
        }
        let mut counts: Counts = [0; 4];
        let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
        for (line, outcome) in run_script(&text) {
            let at = match &outcome {
                Outcome::Passed => 0,
                Outcome::Wrong(_) => 1,
                Outcome::Unsupported(_) => 2,
                Outcome::Annotations(_) => 3,
            };
            counts[at] += 1;
            match &outcome {
                Outcome::Wrong(_) => failures.push(format!("{name}.test:{line}: {outcome}")),
                Outcome::Unsupported(what) => *reasons.entry(what.clone()).or_default() += 1,
                Outcome::Annotations(_) => println!("{name}.test:{line}: {outcome}"),
                Outcome::Passed => {}
            }
        }
        let [passed, wrong, unsupported, notes] = counts;
        report.push(format!(
            "{name} {passed} passed, {wrong} wrong, {unsupported} unsupported, {notes} notes differ"
        ));
        if only.is_some() {
            report.push(format!("{reasons:#?}"));
        }
        total.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        let least = expected.get(&name).copied().unwrap_or_default();
        if only.is_none() && passed != least {
            failures.push(format!("{name}: {passed} pass, expected.txt has {least}"));
        }
    }
    println!("{}\n{total:?} passed, wrong, unsupported, notes differ", report.join("\n"));
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
