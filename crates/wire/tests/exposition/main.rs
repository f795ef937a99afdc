//! Exposition formats against our cases in `testdata/exposition`, against the cases of Prometheus
//! and OpenMetrics, and against pages of real targets.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by a panic")]

mod cases;
mod converted_cases;
mod corpora;
mod protobuf_cases;
mod prototext;
mod shown;

use std::path::{Path, PathBuf};

use conformance::{Corpus, Tolerated};
use serde_json::Value;

fn testdata(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/exposition").join(folder)
}

/// A file of the corpora as JSON.
fn corpus(path: &str) -> Option<Value> {
    let file = serde_json::from_str(&conformance::corpus_text(path)?);
    assert!(file.is_ok(), "{path} is not JSON");
    file.ok()
}

fn counted(name: &str) -> Corpus {
    let list = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/exposition-tolerated.txt");
    Corpus::new(name, Tolerated::read(&list))
}

fn text<'a>(case: &'a Value, key: &str) -> &'a str {
    case[key].as_str().unwrap_or_default()
}

/// The cases of a test in a file of facts taken from Prometheus' tests.
fn table<'a>(file: &'a Value, test: &str, name: &str) -> &'a [Value] {
    let tables = file["tables"].as_array().unwrap();
    let table =
        tables.iter().find(|table| text(table, "test") == test && text(table, "table") == name);
    table.unwrap_or_else(|| panic!("no table {name} of {test}"))["cases"].as_array().unwrap()
}
