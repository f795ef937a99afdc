//! What a selection gives: series with their encoded chunks, decoded one series at a time.

use std::sync::Arc;

use signals::Labels;
use signals::metric::NativeHistogram;

use super::chunk::{Chunk, ChunkError};
use crate::StoreError;

/// Samples of one series, columns side by side, times ascending without repeats.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Samples {
    /// Milliseconds since 1970 of `values`.
    pub timestamps: Vec<i64>,
    /// Plain samples.
    pub values: Vec<f64>,
    /// Native histograms, interleaved in time with the plain samples.
    pub histograms: Vec<(i64, Arc<NativeHistogram>)>,
}

impl Samples {
    /// Makes it empty, keeping its memory.
    pub fn clear(&mut self) {
        self.timestamps.clear();
        self.values.clear();
        self.histograms.clear();
    }

    fn decode(&mut self, chunk: &Chunk, start_ms: i64, end_ms: i64) -> Result<(), ChunkError> {
        chunk.decode(start_ms, end_ms, &mut self.timestamps, &mut self.values, &mut self.histograms)
    }

    /// Appends the samples of chunks that overlap, in order of precedence; later ones win.
    fn decode_overlapping(
        &mut self,
        chunks: &[&Chunk],
        start_ms: i64,
        end_ms: i64,
    ) -> Result<(), ChunkError> {
        let mut all = Self::default();
        for chunk in chunks {
            all.decode(chunk, start_ms, end_ms)?;
        }
        let mut plain: Vec<(i64, f64)> = all.timestamps.into_iter().zip(all.values).collect();
        // Stable, so that of equal times the one that wins is last.
        plain.sort_by_key(|(t, _)| *t);
        for (i, (timestamp, value)) in plain.iter().enumerate() {
            if plain.get(i + 1).is_none_or(|next| next.0 != *timestamp) {
                self.timestamps.push(*timestamp);
                self.values.push(*value);
            }
        }
        let mut histograms = all.histograms;
        histograms.sort_by_key(|(t, _)| *t);
        for (i, (timestamp, histogram)) in histograms.iter().enumerate() {
            if histograms.get(i + 1).is_none_or(|next| next.0 != *timestamp) {
                self.histograms.push((*timestamp, Arc::clone(histogram)));
            }
        }
        Ok(())
    }

    /// A series has one sample at a time: where both kinds were sent, the histogram stays.
    fn drop_plain_beside_histograms(&mut self) {
        let is_taken = |t: i64| self.histograms.binary_search_by_key(&t, |(time, _)| *time).is_ok();
        if self.histograms.is_empty() || !self.timestamps.iter().any(|t| is_taken(*t)) {
            return;
        }
        let kept: (Vec<i64>, Vec<f64>) = self
            .timestamps
            .iter()
            .copied()
            .zip(self.values.iter().copied())
            .filter(|(t, _)| !is_taken(*t))
            .unzip();
        (self.timestamps, self.values) = kept;
    }
}

/// Runs of chunks that overlap in time, ascending; inside a run in the given order, which is that of precedence.
pub(super) fn overlapping_runs<'a>(
    chunks: impl IntoIterator<Item = &'a Chunk>,
) -> Vec<Vec<&'a Chunk>> {
    let mut order: Vec<(usize, &Chunk)> = chunks.into_iter().enumerate().collect();
    order.sort_by_key(|(_, chunk)| chunk.min_ms);
    let mut runs: Vec<(i64, Vec<(usize, &Chunk)>)> = Vec::new();
    for (i, chunk) in order {
        match runs.last_mut() {
            Some((max_ms, run)) if chunk.min_ms <= *max_ms => {
                *max_ms = chunk.max_ms.max(*max_ms);
                run.push((i, chunk));
            }
            _ => runs.push((chunk.max_ms, vec![(i, chunk)])),
        }
    }
    let in_precedence = |mut run: Vec<(usize, &'a Chunk)>| {
        run.sort_by_key(|(i, _)| *i);
        run.into_iter().map(|(_, chunk)| chunk).collect()
    };
    runs.into_iter().map(|(_, run)| in_precedence(run)).collect()
}

/// Appends the samples of one run of chunks.
pub(super) fn decode_run(
    run: &[&Chunk],
    start_ms: i64,
    end_ms: i64,
    samples: &mut Samples,
) -> Result<(), ChunkError> {
    match run {
        [chunk] => samples.decode(chunk, start_ms, end_ms),
        _ => samples.decode_overlapping(run, start_ms, end_ms),
    }
}

/// Memory of a selected series beside its chunks, roughly.
pub(super) fn series_bytes(labels: &[u8]) -> usize {
    labels.len() + 128
}

/// One selected series; its samples are decoded on demand so that memory follows one series, not all.
#[derive(Debug, Clone)]
pub struct SeriesChunks {
    /// The labels.
    pub labels: Labels,
    /// In order of precedence: later ones win.
    chunks: Vec<Chunk>,
}

impl SeriesChunks {
    pub(super) fn new(labels: Labels, chunks: Vec<Chunk>) -> Self {
        Self { labels, chunks }
    }

    /// Adds chunks that win over those that are there.
    pub(super) fn extend(&mut self, later: Self) {
        self.chunks.extend(later.chunks);
    }

    /// Decodes the samples with `start_ms <= t <= end_ms` into `samples`, which is cleared first.
    ///
    /// # Errors
    /// [`StoreError::Io`] when a chunk is damaged.
    pub fn read(
        &self,
        start_ms: i64,
        end_ms: i64,
        samples: &mut Samples,
    ) -> Result<(), StoreError> {
        samples.clear();
        let wanted = self.chunks.iter().filter(|chunk| chunk.overlaps(start_ms, end_ms));
        for run in overlapping_runs(wanted) {
            decode_run(&run, start_ms, end_ms, samples)
                .map_err(|error| StoreError::Io(format!("series {:?}: {error}", self.labels)))?;
        }
        samples.drop_plain_beside_histograms();
        Ok(())
    }

    /// How many samples the chunks hold at most, before any is decoded.
    pub fn samples_max(&self) -> u64 {
        self.chunks.iter().map(|chunk| u64::from(chunk.count)).sum()
    }

    /// Memory of labels and chunks, roughly.
    pub(super) fn memory(&self) -> usize {
        series_bytes(self.labels.as_bytes()) + self.bytes()
    }

    /// Size of the encoded samples.
    pub fn bytes(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.bytes.len()).sum()
    }
}
