//! The labels under which series of the log are sent.

use std::collections::HashMap;

use foldhash::fast::RandomState;
use signals::metric::Metadata;
use signals::relabel::{self, Rule};
use signals::{Labels, LabelsBuilder, MemoryReservation, SeriesRef};

/// Suffixes of the series of one metric family.
const SUFFIXES: [&str; 6] = ["_bucket", "_sum", "_count", "_total", "_created", "_info"];

/// Memory of an entry without the bytes of its labels.
const SERIES_BYTES: usize = 64;

/// External labels and relabelling of a server, and the series that a segment of the log defines.
#[derive(Debug)]
pub(super) struct SentSeries {
    external: Labels,
    rules: Vec<Rule>,
    /// `None` for series that the rules drop.
    labels: HashMap<SeriesRef, Option<Labels>, RandomState>,
    memory: MemoryReservation,
}

impl SentSeries {
    /// The memory of labels is charged to `memory`.
    pub(super) fn new(external: Labels, rules: Vec<Rule>, memory: MemoryReservation) -> Self {
        Self { external, rules, labels: HashMap::default(), memory }
    }

    /// Begins a segment.
    pub(super) fn clear(&mut self) {
        self.labels.clear();
        self.memory.set(0);
    }

    pub(super) fn define(&mut self, series: SeriesRef, labels: &Labels) {
        let labels = self.sent(labels);
        let bytes = labels.as_ref().map_or(0, |labels| labels.as_bytes().len());
        self.memory.grow(SERIES_BYTES + bytes);
        self.labels.insert(series, labels);
    }

    /// The labels to send, unless the rules drop the series or its definition is damaged.
    pub(super) fn get(&self, series: SeriesRef) -> Option<&Labels> {
        self.labels.get(&series)?.as_ref()
    }

    fn sent(&self, labels: &Labels) -> Option<Labels> {
        if self.external.is_empty() && self.rules.is_empty() {
            return Some(labels.clone());
        }
        // Labels of the series win over external ones.
        let pairs = self.external.iter().chain(labels.iter());
        let mut builder = LabelsBuilder::new(Labels::from_pairs(pairs));
        if !relabel::apply(&self.rules, &mut builder) {
            return None;
        }
        Some(builder.labels()).filter(|labels| !labels.is_empty())
    }
}

/// Metadata of families by name.
pub(super) type Families = HashMap<String, Metadata, RandomState>;

/// The metadata of the family that a series belongs to.
pub(super) fn metadata_of<'f>(families: &'f Families, labels: &Labels) -> Option<&'f Metadata> {
    let name = labels.metric_name();
    families.get(name).or_else(|| {
        let suffix = SUFFIXES.iter().find_map(|suffix| name.strip_suffix(suffix));
        suffix.and_then(|family| families.get(family))
    })
}
