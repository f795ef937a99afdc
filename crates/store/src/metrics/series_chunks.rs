//! The result of a selection: series with encoded chunks, decoded one series at a time.

use std::sync::Arc;

use signals::Labels;
use signals::metric::Samples;

use chunks::{Chunk, ChunkError};

use crate::StoreError;

/// Appends the samples of a chunk.
fn decode(
    samples: &mut Samples,
    chunk: &Chunk,
    start_ms: i64,
    end_ms: i64,
) -> Result<(), ChunkError> {
    let Samples { timestamps, values, histograms } = samples;
    chunk.decode(start_ms, end_ms, timestamps, values, histograms)
}

/// Appends the samples of chunks that overlap, in order of precedence; later ones win.
fn decode_overlapping(
    samples: &mut Samples,
    chunks: &[&Chunk],
    start_ms: i64,
    end_ms: i64,
) -> Result<(), ChunkError> {
    let mut all = Samples::default();
    for chunk in chunks {
        decode(&mut all, chunk, start_ms, end_ms)?;
    }
    let mut plain: Vec<(i64, f64)> = all.timestamps.into_iter().zip(all.values).collect();
    // Stable: of samples with equal times, the one that wins is last.
    plain.sort_by_key(|(t, _)| *t);
    for (i, (timestamp, value)) in plain.iter().enumerate() {
        if plain.get(i + 1).is_none_or(|next| next.0 != *timestamp) {
            samples.timestamps.push(*timestamp);
            samples.values.push(*value);
        }
    }
    let mut histograms = all.histograms;
    histograms.sort_by_key(|(t, _)| *t);
    for (i, (timestamp, histogram)) in histograms.iter().enumerate() {
        if histograms.get(i + 1).is_none_or(|next| next.0 != *timestamp) {
            samples.histograms.push((*timestamp, Arc::clone(histogram)));
        }
    }
    Ok(())
}

/// A series has one sample per timestamp: where there are both kinds, the histogram wins. `starts`
/// has the start times of the floats, or is empty.
fn drop_plain_beside_histograms(samples: &mut Samples, starts: &mut Vec<i64>) {
    let Samples { timestamps, values, histograms } = samples;
    let is_taken = |t: i64| histograms.binary_search_by_key(&t, |(time, _)| *time).is_ok();
    if histograms.is_empty() || !timestamps.iter().any(|t| is_taken(*t)) {
        return;
    }
    let mut is_kept = timestamps.iter().map(|t| !is_taken(*t)).collect::<Vec<_>>().into_iter();
    starts.retain(|_| is_kept.next().unwrap_or(true));
    let kept = timestamps.iter().copied().zip(values.iter().copied());
    (*timestamps, *values) = kept.filter(|(t, _)| !is_taken(*t)).unzip();
}

/// The start time of the samples of chunks, if all have the same.
pub(super) fn start_of(chunks: &[&Chunk]) -> Option<i64> {
    let start_ms = chunks.first()?.start_ms;
    start_ms.filter(|_| chunks.iter().all(|chunk| chunk.start_ms == start_ms))
}

/// Runs of chunks that overlap in time, ascending; each run keeps the order of precedence.
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
        [chunk] => decode(samples, chunk, start_ms, end_ms),
        _ => decode_overlapping(samples, run, start_ms, end_ms),
    }
}

/// Approximate memory of a selected series beyond its chunks.
pub(super) fn series_bytes(labels: &[u8]) -> usize {
    labels.len() + 128
}

/// One selected series; samples are decoded on demand, which bounds memory by one series.
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

    /// Adds chunks that take precedence over the existing ones.
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
            self.decode(&run, start_ms, end_ms, samples)?;
        }
        drop_plain_beside_histograms(samples, &mut Vec::new());
        Ok(())
    }

    /// As [`Self::read`], and fills the cleared `starts` with the start times of the floats and of
    /// the histograms, in milliseconds since 1970; 0 if unknown.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn read_with_starts(
        &self,
        start_ms: i64,
        end_ms: i64,
        samples: &mut Samples,
        (starts, histogram_starts): (&mut Vec<i64>, &mut Vec<i64>),
    ) -> Result<(), StoreError> {
        samples.clear();
        let wanted = self.chunks.iter().filter(|chunk| chunk.overlaps(start_ms, end_ms));
        for run in overlapping_runs(wanted) {
            self.decode(&run, start_ms, end_ms, samples)?;
            let start_ms = start_of(&run).unwrap_or_default();
            starts.resize(samples.timestamps.len(), start_ms);
            histogram_starts.resize(samples.histograms.len(), start_ms);
        }
        drop_plain_beside_histograms(samples, starts);
        Ok(())
    }

    fn decode(
        &self,
        run: &[&Chunk],
        start_ms: i64,
        end_ms: i64,
        samples: &mut Samples,
    ) -> Result<(), StoreError> {
        decode_run(run, start_ms, end_ms, samples)
            .map_err(|error| StoreError::Io(format!("series {:?}: {error}", self.labels)))
    }

    /// Upper bound of the number of samples, without decoding.
    pub fn samples_max(&self) -> u64 {
        self.chunks.iter().map(|chunk| u64::from(chunk.count)).sum()
    }

    /// Approximate memory of labels and chunks.
    pub(super) fn memory(&self) -> usize {
        series_bytes(self.labels.as_bytes()) + self.bytes()
    }

    /// Size of the encoded samples.
    pub fn bytes(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.bytes.len()).sum()
    }
}
