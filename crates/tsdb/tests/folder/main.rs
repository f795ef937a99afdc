//! Data folders that the tests write, and what is read from them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by a panic")]

mod bits;
mod blocks;
mod chunks;
mod damage;
mod head;
mod promtool;
mod write;

use std::path::Path;
use std::sync::Arc;

use signals::SeriesBatch;
use signals::metric::NativeHistogram;
use tsdb::{Folder, Limits, Report, TimeRange};

/// Names of blocks.
pub(crate) const BLOCKS: [&str; 3] =
    ["01AAAAAAAAAAAAAAAAAAAAAAAA", "01BBBBBBBBBBBBBBBBBBBBBBBB", "01CCCCCCCCCCCCCCCCCCCCCCCC"];

/// An item of a batch: labels, time and value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Item {
    /// The bits of a float.
    Float(String, i64, u64),
    Histogram(String, i64, Arc<NativeHistogram>),
    Exemplar(String, i64, f64, String),
    Start(String, i64),
    Metadata(String, String, String),
}

pub(crate) fn float(labels: &str, time: i64, value: f64) -> Item {
    Item::Float(labels.to_owned(), time, value.to_bits())
}

/// All items of batches, those of a batch in the order of its fields.
pub(crate) fn items(batches: impl IntoIterator<Item = SeriesBatch>) -> Vec<Item> {
    let mut items = Vec::new();
    for batch in batches {
        let labels = |series: u32| format!("{:?}", batch.series[series as usize].labels().unwrap());
        for sample in &batch.samples {
            items.push(float(&labels(sample.series), sample.timestamp_ms, sample.value));
        }
        for sample in &batch.histograms {
            let histogram = Arc::clone(&sample.histogram);
            items.push(Item::Histogram(labels(sample.series), sample.timestamp_ms, histogram));
        }
        for exemplar in &batch.exemplars {
            let (own, time) = (format!("{:?}", exemplar.labels), exemplar.timestamp_ms);
            items.push(Item::Exemplar(labels(exemplar.series), time, exemplar.value, own));
        }
        for start in &batch.start_times {
            items.push(Item::Start(labels(start.series), start.start_ms));
        }
        for metadata in &batch.metadata {
            let (metric, help) = (metadata.metric.clone(), metadata.help.clone());
            items.push(Item::Metadata(metric, help, metadata.unit.clone()));
        }
    }
    items
}

/// Everything in a folder, and the reports of its blocks and of the head.
pub(crate) fn read(folder: &Path, range: TimeRange, limits: Limits) -> (Vec<Item>, Vec<Report>) {
    let folder = Folder::open(folder, limits).unwrap();
    let (mut found, mut reports) = (Vec::new(), Vec::new());
    for block in folder.blocks() {
        if let Ok(mut batches) = block.batches(range) {
            found.extend(items(&mut batches));
            reports.push(batches.report().clone());
        }
    }
    if let Some(mut batches) = folder.head(range).unwrap() {
        found.extend(items(&mut batches));
        reports.push(batches.report().clone());
    }
    (found, reports)
}

/// Everything in a folder that must not be damaged.
pub(crate) fn read_whole(folder: &Path) -> Vec<Item> {
    let (items, reports) = read(folder, TimeRange::ALL, Limits::default());
    for report in reports {
        assert_eq!(report.damages, [], "{report}");
    }
    items
}

/// Numbers that look random and are the same in each run.
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }
}
