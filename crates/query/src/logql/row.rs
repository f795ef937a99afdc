//! Converts stored log records to lines with labels: selects streams and fills in what Loki calls
//! structured metadata.

use std::borrow::Cow;
use std::collections::HashMap;

use arrow::array::RecordBatch;
use signals::attributes::ValueType;
use signals::log::LogRows;
use signals::{Labels, Matcher};

use super::labels::{LineLabels, Source, sanitized};
use super::pipeline::Wanted;
use super::{json, level};
use crate::QueryError;

/// A name and a value.
type Pair = (String, String);

/// Texts that are parsed once per query rather than once per row.
#[derive(Default)]
pub(super) struct Known {
    /// Labels of each selected stream; `None` for streams that are not selected.
    streams: HashMap<String, Option<Vec<Pair>>>,
    /// Metadata from the JSON of resources and scopes.
    objects: HashMap<String, Vec<Pair>>,
}

/// Limit on the distinct texts that are cached; beyond it they are parsed again.
const KNOWN_MAX: usize = 100_000;

impl Known {
    /// Parses the streams, resources and scopes of a batch that are new.
    pub(super) fn learn(&mut self, rows: &LogRows<'_>, matchers: &[Matcher]) {
        if self.streams.len() > KNOWN_MAX || self.objects.len() > KNOWN_MAX {
            *self = Self::default();
        }
        let mut latest = ["", "", ""];
        for row in 0..rows.len() {
            let texts =
                [rows.stream(row), rows.resource_attributes(row), rows.scope_attributes(row)];
            // Rows of one stream are adjacent.
            if texts == latest {
                continue;
            }
            latest = texts;
            let [stream, resource, scope] = texts;
            if !self.streams.contains_key(stream) {
                let labels = stream_labels(stream);
                let is_selected = matchers.iter().all(|matcher| {
                    let value = labels
                        .iter()
                        .find(|(name, _)| *name == matcher.name)
                        .map_or("", |(_, value)| value);
                    matcher.matches(value)
                });
                self.streams.insert(stream.to_owned(), is_selected.then_some(labels));
            }
            for object in [resource, scope] {
                if !object.is_empty() && !self.objects.contains_key(object) {
                    self.objects.insert(object.to_owned(), object_labels(object));
                }
            }
        }
    }

    /// The labels of a selected stream.
    pub(super) fn stream(&self, stream: &str) -> Option<&[Pair]> {
        self.streams.get(stream)?.as_deref()
    }

    fn object(&self, object: &str) -> &[Pair] {
        self.objects.get(object).map_or(&[], Vec::as_slice)
    }
}

/// The labels of a stored selector.
pub(crate) fn stream_labels(stream: &str) -> Vec<Pair> {
    match lang::logql::parse_selector(stream) {
        Ok(matchers) => matchers.into_iter().map(|matcher| (matcher.name, matcher.value)).collect(),
        Err(error) => {
            tracing::warn!(%error, stream, "a stored stream cannot be read");
            Vec::new()
        }
    }
}

/// The labels of a stored selector, as a set.
pub(super) fn stream_label_set(stream: &str) -> Labels {
    Labels::from_pairs(stream_labels(stream))
}

/// The labels from a JSON object of attributes.
pub(crate) fn object_labels(object: &str) -> Vec<Pair> {
    let mut pairs = Vec::new();
    let _ = json::fields(object, |key, value| {
        push_nested(&mut pairs, &sanitized(&key), value);
        true
    });
    pairs
}

/// Nested objects are flattened, arrays remain JSON text.
fn push_nested(pairs: &mut Vec<Pair>, name: &str, value: json::Value<'_>) {
    match value {
        json::Value::Object(object) => {
            let _ = json::flatten(object, &mut |key, value| {
                pairs.push((format!("{name}_{key}"), value.into_owned()));
            });
        }
        json::Value::Null => {}
        value => pairs.push((name.to_owned(), value.into_text().into_owned())),
    }
}

/// Additional metadata of a record, besides its attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Extras {
    /// Add `detected_level`.
    pub(super) detected_level: bool,
    /// Add `observed_timestamp`, which makes every line a series of its own.
    pub(super) observed_timestamp: bool,
}

/// Fills `labels` for a row before its pipeline; `false` when its stream is not selected.
pub(super) fn fill<'a>(
    labels: &mut LineLabels<'a>,
    known: &'a Known,
    rows: &LogRows<'a>,
    row: usize,
    wanted: &Wanted,
    extras: Extras,
) -> bool {
    let Some(stream) = known.stream(rows.stream(row)) else { return false };
    labels.clear();
    for (name, value) in stream {
        labels.add_stream(name, value);
    }
    let mut add = |name: Cow<'a, str>, value: Cow<'a, str>| {
        if !value.is_empty() && wanted.has(&name) {
            labels.add(name, value, Source::Metadata);
        }
    };
    for (name, value) in known.object(rows.resource_attributes(row)) {
        add(Cow::Borrowed(name), Cow::Borrowed(value));
    }
    add(Cow::Borrowed("scope_name"), Cow::Borrowed(rows.scope_name(row)));
    add(Cow::Borrowed("scope_version"), Cow::Borrowed(rows.scope_version(row)));
    for (name, value) in known.object(rows.scope_attributes(row)) {
        add(Cow::Borrowed(name), Cow::Borrowed(value));
    }
    for (key, value, kind) in rows.attributes(row) {
        if kind == ValueType::Json && value.starts_with('{') {
            let _ = json::flatten(value, &mut |inner, value| {
                add(Cow::Owned(format!("{}_{inner}", sanitized(key))), value);
            });
        } else {
            add(sanitized(key), Cow::Borrowed(value));
        }
    }
    let number =
        |number: u64| Cow::Owned(if number == 0 { String::new() } else { number.to_string() });
    if extras.observed_timestamp && rows.observed_timestamp(row) != rows.timestamp(row) {
        add(
            Cow::Borrowed("observed_timestamp"),
            Cow::Owned(rows.observed_timestamp(row).to_string()),
        );
    }
    add(Cow::Borrowed("severity_number"), number(u64::from(rows.severity_number(row))));
    add(Cow::Borrowed("severity_text"), Cow::Borrowed(rows.severity_text(row)));
    add(Cow::Borrowed("event_name"), Cow::Borrowed(rows.event_name(row)));
    add(Cow::Borrowed("flags"), number(u64::from(rows.flags(row))));
    add(
        Cow::Borrowed("dropped_attributes_count"),
        number(u64::from(rows.dropped_attributes_count(row))),
    );
    if wanted.has("trace_id")
        && let Some(id) = rows.trace_id(row)
    {
        add(Cow::Borrowed("trace_id"), Cow::Owned(id.to_string()));
    }
    if wanted.has("span_id")
        && let Some(id) = rows.span_id(row)
    {
        add(Cow::Borrowed("span_id"), Cow::Owned(id.to_string()));
    }
    if extras.detected_level
        && wanted.has(level::DETECTED_LEVEL)
        && labels.get(level::DETECTED_LEVEL).is_none()
    {
        let level = detected_level(known, rows, row, stream);
        labels.add(Cow::Borrowed(level::DETECTED_LEVEL), Cow::Owned(level), Source::Metadata);
    }
    true
}

/// The level from labels and metadata, else the severity, else the line. Attributes are read as
/// they were sent, since not all of them may be labels.
fn detected_level(known: &Known, rows: &LogRows<'_>, row: usize, stream: &[Pair]) -> String {
    let pairs = stream.iter().chain(known.object(rows.resource_attributes(row)));
    let mut fields = pairs.map(|(name, value)| (name.as_str(), value.as_str()));
    let sent = rows.attributes(row).map(|(name, value, _)| (name, value));
    let severity_text =
        Some(("severity_text", rows.severity_text(row))).filter(|(_, text)| !text.is_empty());
    let field = fields
        .by_ref()
        .chain(sent)
        .chain(severity_text)
        .find(|(name, _)| level::is_level_field(name));
    if let Some((_, value)) = field {
        return level::of_field(value).into_owned();
    }
    level::of_severity(rows.severity_number(row))
        .unwrap_or_else(|| level::of_line(rows.body(row)))
        .to_owned()
}

/// The rows of a batch.
pub(super) fn rows(batch: &RecordBatch) -> Result<LogRows<'_>, QueryError> {
    LogRows::new(batch).map_err(|error| QueryError::Internal(error.to_string()))
}
