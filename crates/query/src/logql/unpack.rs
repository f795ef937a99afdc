//! `| unpack`: extracts labels and line that an agent's `pack` stage put into one JSON object.

use std::borrow::Cow;

use super::json::{self, Value};
use super::labels::{LineLabels, Source, sanitized};

/// The field that holds the line.
const ENTRY: &str = "_entry";

/// Adds the texts of the object as labels and returns the packed line, if there is one; labels are
/// only added in that case.
pub(super) fn run(line: &str, labels: &mut LineLabels<'_>) -> Option<String> {
    if line.is_empty() {
        return None;
    }
    let mut entry = None;
    let mut found = Vec::new();
    let result = json::fields(line, |key, value| {
        if let Value::Text(text) = value {
            if key == ENTRY {
                entry = Some(text.into_owned());
            } else {
                found.push((sanitized(&key).into_owned(), text.into_owned()));
            }
        }
        true
    });
    if let Err(reason) = result {
        labels.set_error("JSONParserErr", reason);
        return None;
    }
    if entry.is_some() {
        for (name, value) in found {
            labels.add(Cow::Owned(name), Cow::Owned(value), Source::Parsed);
        }
    }
    entry
}
