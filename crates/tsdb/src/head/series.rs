//! The series of the head, and what the log says about them.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use signals::metric::{Labels, Metadata};

use super::log::Log;
use super::record::{Described, describe, family};
use crate::error::Error;
use crate::report::{Report, Unit};
use crate::time_range::TimeRange;
use crate::tombstones::Tombstones;

/// Memory of a series, without the bytes of its labels.
const SERIES_BYTES: u64 = 112;
/// Memory of a deleted range of time, if each is of another series.
const DELETED_BYTES: u64 = 112;
/// Memory of a family's metadata, without the bytes of its texts.
const METADATA_BYTES: u64 = 192;

/// All series of the head by their references.
#[derive(Debug, Default)]
pub(super) struct HeadSeries {
    pub(super) known: HashMap<u64, Known, foldhash::fast::RandomState>,
    pub(super) deleted: Tombstones,
    pub(super) metadata: BTreeMap<String, Metadata>,
    /// Whether a head chunk is damaged, so that the log may have samples that chunks lack.
    is_chunk_lost: bool,
    bytes: u64,
}

#[derive(Debug)]
pub(super) struct Known {
    pub(super) labels: Labels,
    /// Up to when head chunks have the samples.
    pub(super) mapped_to_ms: i64,
    /// Whether items of it were read.
    pub(super) is_read: bool,
}

impl HeadSeries {
    /// Reads what a log says about series.
    ///
    /// # Errors
    /// [`Error::TooLarge`], in the name of a folder, if they take more memory than allowed.
    pub(super) fn read(
        mut log: Log,
        folder: &Path,
        bytes_max: u64,
        report: &mut Report,
    ) -> Result<Self, Error> {
        let mut series = Self::default();
        while log.advance(report) {
            let described = describe(log.record(), |reference, item| series.add(reference, item));
            if let Err(fault) = described {
                report.damage(Unit::Record, log.file(), log.offset(), fault.reason);
            }
            if series.bytes > bytes_max {
                let (file, bytes) = (folder.to_owned(), series.bytes);
                let what = "what is known of the series of the head";
                return Err(Error::TooLarge { file, what, bytes, bytes_max });
            }
        }
        series.deleted.join();
        Ok(series)
    }

    fn add(&mut self, reference: u64, item: Described<'_>) {
        match item {
            Described::Series(labels) => {
                let bytes = SERIES_BYTES + labels.as_bytes().len() as u64;
                let known = Known { labels, mapped_to_ms: i64::MIN, is_read: false };
                if self.known.insert(reference, known).is_none() {
                    self.bytes += bytes;
                }
            }
            Described::Deleted(range) => self.delete(reference, range),
            Described::Metadata { kind, help, unit } => {
                let Some(known) = self.known.get(&reference) else { return };
                let metric = family(known.labels.metric_name(), kind);
                let metadata = Metadata {
                    metric: metric.to_owned(),
                    kind,
                    help: help.to_owned(),
                    unit: unit.to_owned(),
                };
                let bytes = METADATA_BYTES + (2 * metric.len() + help.len() + unit.len()) as u64;
                if self.metadata.insert(metric.to_owned(), metadata).is_none() {
                    self.bytes += bytes;
                }
            }
        }
    }

    /// Notes that a head chunk was read, which has the samples up to a time if it is in order.
    /// Returns 1 if it is the first item of the series.
    pub(super) fn read_chunk(&mut self, reference: u64, to_ms: Option<i64>) -> u64 {
        let Some(known) = self.known.get_mut(&reference) else { return 0 };
        if let Some(to_ms) = to_ms.filter(|_| !self.is_chunk_lost) {
            known.mapped_to_ms = known.mapped_to_ms.max(to_ms);
        }
        u64::from(!std::mem::replace(&mut known.is_read, true))
    }

    /// Notes that a head chunk is damaged: all samples are then taken from the log too.
    pub(super) fn distrust_chunks(&mut self) {
        if !std::mem::replace(&mut self.is_chunk_lost, true) {
            self.known.values_mut().for_each(|known| known.mapped_to_ms = i64::MIN);
        }
    }

    fn delete(&mut self, reference: u64, range: TimeRange) {
        self.deleted.add(reference, range);
        self.bytes += DELETED_BYTES;
    }
}
