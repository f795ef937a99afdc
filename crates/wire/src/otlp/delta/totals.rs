//! The binary encoding of totals, stored with the samples.
//!
//! An update is a version and entries: length and bytes of the labels, the time of the last point
//! in milliseconds, its arrival time in nanoseconds, the number of the kind, and the total.
//! Integers are little-endian, lengths `u32`. Updates may be restored repeatedly and in any order:
//! the latest total of each series wins.

use std::sync::Arc;

use signals::metric::{BucketSpan, Labels, NativeHistogram, SCHEMA_MAX, SCHEMA_MIN};

use super::{ClassicHistogram, DeltaAccumulator, State, Total, Undo};
use crate::otlp::metrics::histogram::Series;

/// Maximum size of one update in a snapshot.
pub const UPDATE_BYTES_MAX: usize = 8 << 20;

/// Maximum bounds of a histogram; far above any ingest limit.
const BOUNDS_MAX: usize = 100_000;

const VERSION: u8 = 1;
const SUM: u8 = 1;
const CLASSIC: u8 = 2;
const NATIVE: u8 = 3;

/// Stored totals are corrupt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("damaged totals of delta series at byte {offset}")]
pub struct DamagedTotals {
    /// Offset from the start of the update.
    pub offset: usize,
}

impl DeltaAccumulator {
    /// All totals, in updates of at most [`UPDATE_BYTES_MAX`].
    #[must_use]
    pub fn snapshot(&self) -> Vec<Vec<u8>> {
        let mut updates: Vec<Vec<u8>> = Vec::new();
        for (labels, state) in &self.series {
            let mut entry = vec![VERSION];
            write_entry(&mut entry, labels, state);
            match updates.last_mut() {
                Some(update) if update.len() + entry.len() <= UPDATE_BYTES_MAX => {
                    update.extend(entry.drain(1..));
                }
                _ => updates.push(entry),
            }
        }
        updates
    }

    /// The totals after these changes.
    pub(super) fn changed(&self, undo: &Undo) -> Vec<u8> {
        let mut update = Vec::new();
        for change in &undo.0 {
            // Only the last change of a series is still available.
            if let Some(state) = self.series.get(&change.labels)
                && state.version == change.version
            {
                if update.is_empty() {
                    update.push(VERSION);
                }
                write_entry(&mut update, &change.labels, state);
            }
        }
        update
    }

    /// Restores stored totals that are newer than those in memory, as far as there is room.
    ///
    /// # Errors
    /// [`DamagedTotals`], after restoring the entries before the damage.
    pub fn restore(&mut self, update: &[u8]) -> Result<(), DamagedTotals> {
        let mut reader = Reader { rest: update };
        let damaged = |rest: &[u8]| DamagedTotals { offset: update.len() - rest.len() };
        if reader.u8() != Some(VERSION) {
            return Err(DamagedTotals { offset: 0 });
        }
        while !reader.rest.is_empty() {
            let start = reader.rest;
            let (labels, mut state) = reader.entry().ok_or_else(|| damaged(start))?;
            let before = self.series.get(&labels);
            let has_room = self.series_count + state.total.series_count() <= self.series_max;
            let is_newer =
                before.map_or(has_room, |before| before.timestamp_ms < state.timestamp_ms);
            if is_newer {
                self.version += 1;
                state.version = self.version;
                self.put(labels, state);
            }
        }
        Ok(())
    }
}

fn write_entry(bytes: &mut Vec<u8>, labels: &Labels, state: &State) {
    write_length(bytes, labels.as_bytes().len());
    bytes.extend_from_slice(labels.as_bytes());
    bytes.extend_from_slice(&state.timestamp_ms.to_le_bytes());
    bytes.extend_from_slice(&state.seen_at.to_le_bytes());
    match &state.total {
        Total::Sum(value) => {
            bytes.push(SUM);
            write_number(bytes, *value);
        }
        Total::Classic(_, total) => {
            bytes.push(CLASSIC);
            write_numbers(bytes, &total.bounds);
            write_numbers(bytes, &total.counts);
            // Encoded as a list of zero or one.
            write_numbers(bytes, total.sum.as_slice());
            write_number(bytes, total.count);
        }
        Total::Native(total) => {
            bytes.push(NATIVE);
            bytes.extend_from_slice(&total.schema.to_le_bytes());
            for number in [total.zero_threshold, total.zero_count, total.count, total.sum] {
                write_number(bytes, number);
            }
            for (spans, counts) in [
                (&total.positive_spans, &total.positive_counts),
                (&total.negative_spans, &total.negative_counts),
            ] {
                write_length(bytes, spans.len());
                for span in spans {
                    bytes.extend_from_slice(&span.offset.to_le_bytes());
                    bytes.extend_from_slice(&span.length.to_le_bytes());
                }
                write_numbers(bytes, counts);
            }
        }
    }
}

fn write_length(bytes: &mut Vec<u8>, length: usize) {
    bytes.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes());
}

fn write_number(bytes: &mut Vec<u8>, number: f64) {
    bytes.extend_from_slice(&number.to_bits().to_le_bytes());
}

fn write_numbers(bytes: &mut Vec<u8>, numbers: &[f64]) {
    write_length(bytes, numbers.len());
    for number in numbers {
        write_number(bytes, *number);
    }
}

/// Parses an update; every `None` is corruption.
struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn u8(&mut self) -> Option<u8> {
        self.array().map(u8::from_le_bytes)
    }

    fn length(&mut self) -> Option<usize> {
        usize::try_from(u32::from_le_bytes(self.array()?)).ok()
    }

    fn number(&mut self) -> Option<f64> {
        self.array().map(f64::from_le_bytes)
    }

    fn numbers(&mut self) -> Option<Vec<f64>> {
        let length = self.length()?.checked_mul(8)?;
        let (numbers, _) = self.take(length)?.as_chunks::<8>();
        Some(numbers.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect())
    }

    fn entry(&mut self) -> Option<(Labels, State)> {
        let length = self.length()?;
        let labels = Labels::from_bytes(self.take(length)?)?;
        let timestamp_ms = i64::from_le_bytes(self.array()?);
        let seen_at = i64::from_le_bytes(self.array()?);
        let total = match self.u8()? {
            SUM => Total::Sum(self.number()?),
            CLASSIC => {
                let total = self.classic()?;
                Total::Classic(Arc::new(Series::new(&labels, &total.bounds)), total)
            }
            NATIVE => Total::Native(self.native()?),
            _ => return None,
        };
        Some((labels, State { timestamp_ms, seen_at, total, version: 0 }))
    }

    fn classic(&mut self) -> Option<ClassicHistogram> {
        let (bounds, counts, sum) = (self.numbers()?, self.numbers()?, self.numbers()?);
        let is_whole =
            bounds.len() <= BOUNDS_MAX && (counts.is_empty() || counts.len() == bounds.len() + 1);
        let sum = match sum.as_slice() {
            [] => None,
            [sum] => Some(*sum),
            _ => return None,
        };
        let count = self.number()?;
        is_whole.then_some(ClassicHistogram { bounds, counts, sum, count })
    }

    fn native(&mut self) -> Option<NativeHistogram> {
        let schema = i32::from_le_bytes(self.array()?);
        if !(SCHEMA_MIN..=SCHEMA_MAX).contains(&schema) {
            return None;
        }
        Some(NativeHistogram {
            schema,
            zero_threshold: self.number()?,
            zero_count: self.number()?,
            count: self.number()?,
            sum: self.number()?,
            positive_spans: self.spans()?,
            positive_counts: self.numbers()?,
            negative_spans: self.spans()?,
            negative_counts: self.numbers()?,
            ..NativeHistogram::default()
        })
    }

    fn spans(&mut self) -> Option<Vec<BucketSpan>> {
        let length = self.length()?.checked_mul(8)?;
        let (spans, _) = self.take(length)?.as_chunks::<8>();
        let span = |[a, b, c, d, e, f, g, h]: &[u8; 8]| BucketSpan {
            offset: i32::from_le_bytes([*a, *b, *c, *d]),
            length: u32::from_le_bytes([*e, *f, *g, *h]),
        };
        Some(spans.iter().map(span).collect())
    }
}
