//! Templates against the cases of Prometheus' and Alertmanager's own tests, and against templates
//! of real rules.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by a panic")]

mod alertmanager;
mod prometheus;
mod rules;

use std::collections::BTreeMap;
use std::path::Path;

use conformance::{Corpus, Tolerated};
use serde_json::Value as Json;
use template::{ANY_LIST, ANY_MAP, STRING_LIST, Value};

/// A file of the corpora as JSON.
fn facts(path: &str) -> Option<Json> {
    let file = serde_json::from_str(&conformance::corpus_text(path)?);
    assert!(file.is_ok(), "{path} is not JSON");
    file.ok()
}

fn counted(name: &str) -> Corpus {
    let list = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpora-tolerated.txt");
    Corpus::new(name, Tolerated::read(&list))
}

fn text<'a>(case: &'a Json, key: &str) -> &'a str {
    case[key].as_str().unwrap_or_default()
}

/// The labels of an object, without the names of Go's types.
fn labels(object: &Json) -> BTreeMap<String, String> {
    let entries = object.as_object().into_iter().flatten();
    let entries = entries.filter(|(name, _)| !name.starts_with("_type"));
    entries.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect()
}

/// A value of a case. A list with a fraction is one of floats.
fn value(json: &Json) -> Value {
    match json {
        Json::Null => Value::Nil,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => match number.as_i64() {
            Some(number) => Value::Int(number),
            None => Value::Float(number.as_f64().unwrap()),
        },
        Json::String(text) => text.as_str().into(),
        Json::Array(items) => {
            let kind = if items.iter().all(Json::is_string) { &STRING_LIST } else { &ANY_LIST };
            Value::list(kind, items.iter().map(value).collect()).unwrap()
        }
        Json::Object(entries) => {
            let entries = entries.iter().map(|(key, item)| (key.clone(), value(item)));
            Value::map(&ANY_MAP, entries.collect()).unwrap()
        }
    }
}

/// Why a result is not the expected one.
fn difference<E: std::fmt::Display>(
    found: &Result<String, E>,
    expected: &Result<&str, Option<&str>>,
) -> Option<String> {
    let is_same = match (found, expected) {
        (Ok(found), Ok(expected)) => found == expected,
        (Err(found), Err(Some(expected))) => found.to_string() == *expected,
        (Err(_), Err(None)) => true,
        _ => false,
    };
    let found = found.as_ref().map_err(E::to_string);
    (!is_same).then(|| format!("expected {expected:?}\n    found    {found:?}"))
}
