//! Matchers against the cases of Alertmanager's own tests.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by a panic")]

mod matchers;

use std::path::Path;

use conformance::{Corpus, Tolerated};
use serde_json::Value;

fn facts(path: &str) -> Option<Value> {
    let file = serde_json::from_str(&conformance::corpus_text(path)?);
    assert!(file.is_ok(), "{path} is not JSON");
    file.ok()
}

fn counted(name: &str) -> Corpus {
    let list = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/alertmanager-tolerated.txt");
    Corpus::new(name, Tolerated::read(&list))
}

fn text<'a>(case: &'a Value, key: &str) -> &'a str {
    case[key].as_str().unwrap_or_default()
}

/// The cases of a test in a file of facts.
fn table<'a>(file: &'a Value, test: &str, table: &str) -> &'a [Value] {
    let mut tables = file["tables"].as_array().unwrap().iter();
    let found = tables.find(|case| text(case, "test") == test && text(case, "table") == table);
    found.unwrap_or_else(|| panic!("no table {table} of {test}"))["cases"].as_array().unwrap()
}
