//! The attribute keys of a part, and which of them are promoted to columns.
//!
//! Keys are counted before a part is written, and the counts are stored as JSON in its footer. A
//! merge adds up the counts of its inputs to choose promoted keys without reading a row, and a
//! query learns which keys a part cannot have.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::Int32Type;
use parquet::file::metadata::ParquetMetaData;
use serde::{Deserialize, Serialize};
use signals::attributes::{AttributeRows, ValueType, json};
use signals::rows::{ColumnError, TextColumn};

/// The footer key of [`AttributeKeys`].
pub const FOOTER_KEY: &str = "glasshouse.attributes";

/// Maximum number of distinct keys that are counted.
const KEYS_MAX: usize = 1024;
/// Longest key that is counted, in bytes.
const KEY_BYTES_MAX: usize = 256;
/// Maximum number of promoted attributes of a part.
const PROMOTED_MAX: usize = 64;
/// An attribute is promoted when at least one row in this many has it.
const PROMOTED_SHARE: u64 = 100;
/// Longest text of a promoted attribute, in bytes.
const PROMOTED_TEXT_BYTES_MAX: usize = 256;

/// The attribute keys of one part.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttributeKeys {
    /// Rows that were counted.
    pub rows: u64,
    /// Whether every key of the rows' own attributes is in `own`.
    pub is_complete: bool,
    /// The rows' own attributes.
    pub own: BTreeMap<String, KeyCounts>,
    /// Keys of resource attributes; absent when there are too many.
    pub resource: Option<BTreeSet<String>>,
    /// Keys of scope attributes; absent when there are too many.
    pub scope: Option<BTreeSet<String>>,
    /// Names of stream labels; absent when there are too many, or for spans.
    pub stream: Option<BTreeSet<String>>,
}

/// What is known of one key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyCounts {
    /// Upper bound of the number of rows that have it.
    pub rows: u64,
    /// The letter of its type; absent when its values have several types, a row has it twice, or a
    /// number cannot be parsed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<char>,
    /// Length of its longest value, in bytes.
    pub bytes_max: usize,
    /// Whether it is a column.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_column: bool,
}

impl KeyCounts {
    fn is_promotable(&self, rows: u64) -> bool {
        let is_typed = matches!(self.kind, Some('s' | 'i' | 'd' | 'b'));
        is_typed
            && self.bytes_max <= PROMOTED_TEXT_BYTES_MAX
            && self.rows.saturating_mul(PROMOTED_SHARE) >= rows
    }
}

impl AttributeKeys {
    /// Counts the keys of batches of rows as they are in memory; none of them is a column yet.
    pub(crate) fn count<'a>(
        batches: impl IntoIterator<Item = &'a RecordBatch>,
    ) -> Result<Self, ColumnError> {
        let mut counter = Counter::default();
        for batch in batches {
            counter.add(batch)?;
        }
        Ok(counter.finish())
    }

    /// The combined keys of several parts; `None` when one of them has no counts.
    pub(crate) fn merged(inputs: &[Option<Self>]) -> Option<Self> {
        let mut merged = Self {
            is_complete: true,
            resource: Some(BTreeSet::new()),
            scope: Some(BTreeSet::new()),
            stream: Some(BTreeSet::new()),
            ..Self::default()
        };
        for input in inputs {
            let input = input.as_ref()?;
            merged.rows += input.rows;
            merged.is_complete &= input.is_complete;
            for (key, counts) in &input.own {
                merge_counts(&mut merged.own, key, counts);
            }
            merge_names(&mut merged.resource, input.resource.as_ref());
            merge_names(&mut merged.scope, input.scope.as_ref());
            merge_names(&mut merged.stream, input.stream.as_ref());
        }
        // A part with incomplete counts may have any other key, with any type.
        for input in inputs.iter().flatten().filter(|input| !input.is_complete) {
            for (key, counts) in &mut merged.own {
                if !input.own.contains_key(key) {
                    counts.kind = None;
                }
            }
        }
        merged.trim();
        merged.promote();
        Some(merged)
    }

    /// Keeps the most frequent keys, up to the limit.
    fn trim(&mut self) {
        if self.own.len() <= KEYS_MAX {
            return;
        }
        self.is_complete = false;
        let mut order: Vec<(u64, String)> =
            self.own.iter().map(|(key, counts)| (counts.rows, key.clone())).collect();
        order.sort_unstable_by(|a, b| b.cmp(a));
        for (_, key) in order.drain(..).skip(KEYS_MAX) {
            self.own.remove(&key);
        }
    }

    /// Chooses the promoted keys, the most frequent first.
    pub(crate) fn promote(&mut self) {
        let rows = self.rows;
        let mut order: Vec<(u64, String)> = self
            .own
            .iter()
            .filter(|(_, counts)| counts.is_promotable(rows))
            .map(|(key, counts)| (counts.rows, key.clone()))
            .collect();
        order.sort_unstable_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        order.truncate(PROMOTED_MAX);
        for counts in self.own.values_mut() {
            counts.is_column = false;
        }
        for (_, key) in order {
            if let Some(counts) = self.own.get_mut(&key) {
                counts.is_column = true;
            }
        }
    }

    /// Keys and types of the promoted attributes, sorted by key.
    pub fn columns(&self) -> impl Iterator<Item = (&str, ValueType)> {
        self.own.iter().filter(|(_, counts)| counts.is_column).filter_map(|(key, counts)| {
            let letter = u8::try_from(counts.kind?).ok()?;
            Some((key.as_str(), ValueType::from_letter(letter)))
        })
    }

    /// Decodes the footer of a part, as [`Self::from_footer`].
    pub(crate) fn of_part(metadata: &ParquetMetaData) -> Option<Self> {
        let footer = metadata.file_metadata().key_value_metadata()?;
        let entry = footer.iter().find(|entry| entry.key == FOOTER_KEY)?;
        Self::from_footer(entry.value.as_deref()?)
    }

    /// Decodes a footer entry; `None` when it cannot be read.
    #[must_use]
    pub fn from_footer(json: &str) -> Option<Self> {
        serde_json::from_str(json).ok()
    }
}

fn merge_counts(all: &mut BTreeMap<String, KeyCounts>, key: &str, counts: &KeyCounts) {
    match all.get_mut(key) {
        None => _ = all.insert(key.to_owned(), counts.clone()),
        Some(known) => {
            known.rows += counts.rows;
            known.bytes_max = known.bytes_max.max(counts.bytes_max);
            known.kind = known.kind.filter(|kind| Some(*kind) == counts.kind);
        }
    }
}

fn merge_names(all: &mut Option<BTreeSet<String>>, names: Option<&BTreeSet<String>>) {
    *all = all.take().zip(names).map(|(mut all, names)| {
        all.extend(names.iter().cloned());
        all
    });
    if all.as_ref().is_some_and(|all| all.len() > KEYS_MAX) {
        *all = None;
    }
}

/// Counts of one key.
struct Seen {
    key: String,
    rows: u64,
    kind: Option<ValueType>,
    bytes_max: usize,
    /// Number of the last row that has it.
    row: u64,
}

impl Seen {
    fn new(key: &str, kind: ValueType) -> Self {
        Self { key: key.to_owned(), rows: 0, kind: Some(kind), bytes_max: 0, row: 0 }
    }

    /// Notes the value of row `row`, counted from 1.
    fn note(&mut self, row: u64, text: &str, kind: ValueType) {
        if self.row == row {
            self.kind = None;
            return;
        }
        self.row = row;
        self.rows += 1;
        self.bytes_max = self.bytes_max.max(text.len());
        let is_readable = match kind {
            ValueType::Int => text.parse::<i64>().is_ok(),
            // Statistics do not include NaN.
            ValueType::Double => text.parse::<f64>().is_ok_and(|number| !number.is_nan()),
            ValueType::Bool => matches!(text, "true" | "false"),
            _ => true,
        };
        if self.kind != Some(kind) || !is_readable {
            self.kind = None;
        }
    }
}

#[derive(Default)]
struct Counter {
    rows: u64,
    seen: Vec<Seen>,
    places: HashMap<String, usize>,
    is_incomplete: bool,
    resource: Names,
    scope: Names,
    stream: Names,
    /// The index of each key of the previous row: similar rows have their keys in the same order.
    places_before: Vec<usize>,
}

impl Counter {
    fn add(&mut self, batch: &RecordBatch) -> Result<(), ColumnError> {
        use signals::{log, span};
        let rows = AttributeRows::new(batch)?;
        for row in 0..batch.num_rows() {
            self.rows += 1;
            for (i, (key, text, kind)) in rows.row(row).enumerate() {
                if let Some(place) = self.place(i, key, kind)
                    && let Some(seen) = self.seen.get_mut(place)
                {
                    seen.note(self.rows, text, kind);
                }
            }
        }
        let object_keys =
            |text: &str| Some(json::object(text).into_iter().map(|(key, _)| key).collect());
        self.resource.add(batch, span::column::RESOURCE_ATTRIBUTES, object_keys)?;
        self.scope.add(batch, span::column::SCOPE_ATTRIBUTES, object_keys)?;
        self.stream.add(batch, log::column::STREAM, log::stream_label_names)
    }

    /// The place of a key, which is the row's `i`th.
    fn place(&mut self, i: usize, key: &str, kind: ValueType) -> Option<usize> {
        let before = self.places_before.get(i).copied();
        if let Some(place) = before
            && self.seen.get(place).is_some_and(|seen| seen.key == key)
        {
            return before;
        }
        let place = match self.places.get(key) {
            Some(place) => *place,
            None if self.seen.len() >= KEYS_MAX || key.len() > KEY_BYTES_MAX => {
                self.is_incomplete = true;
                return None;
            }
            None => {
                self.seen.push(Seen::new(key, kind));
                self.places.insert(key.to_owned(), self.seen.len() - 1);
                self.seen.len() - 1
            }
        };
        if i < KEYS_MAX {
            if self.places_before.len() <= i {
                self.places_before.resize(i + 1, 0);
            }
            self.places_before[i] = place;
        }
        Some(place)
    }

    fn finish(self) -> AttributeKeys {
        let own = self.seen.into_iter().map(|seen| {
            let counts = KeyCounts {
                rows: seen.rows,
                kind: seen.kind.map(ValueType::letter),
                bytes_max: seen.bytes_max,
                is_column: false,
            };
            (seen.key, counts)
        });
        AttributeKeys {
            rows: self.rows,
            is_complete: !self.is_incomplete,
            own: own.collect(),
            resource: self.resource.finish(),
            scope: self.scope.finish(),
            stream: self.stream.finish(),
        }
    }
}

/// Names in a column of few distinct texts.
#[derive(Default)]
struct Names {
    found: BTreeSet<String>,
    texts: BTreeSet<String>,
    is_incomplete: bool,
}

impl Names {
    fn add(
        &mut self,
        batch: &RecordBatch,
        column: &str,
        names: impl Fn(&str) -> Option<Vec<String>>,
    ) -> Result<(), ColumnError> {
        let Some(array) = batch.column_by_name(column) else { return Ok(()) };
        // An unused value is harmless: it only prevents a query from ruling the part out.
        let values = match array.as_dictionary_opt::<Int32Type>() {
            Some(dictionary) => dictionary.values(),
            None => array,
        };
        let texts = TextColumn::from_array(values.as_ref(), column)?;
        for i in 0..values.len() {
            let text = texts.text(i);
            if text.is_empty() || self.is_incomplete || self.texts.contains(text) {
                continue;
            }
            match names(text) {
                Some(names) => self.found.extend(names),
                None => self.is_incomplete = true,
            }
            self.is_incomplete |= self.found.len() > KEYS_MAX;
            if self.texts.len() < KEYS_MAX {
                self.texts.insert(text.to_owned());
            }
        }
        Ok(())
    }

    fn finish(self) -> Option<BTreeSet<String>> {
        (!self.is_incomplete).then_some(self.found)
    }
}
