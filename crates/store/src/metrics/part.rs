//! Parts of metrics: Parquet files with a row per chunk. See `docs/formats/parts-metrics.md`.

mod family;
mod file;
mod footers;
mod merge;
mod object;
#[cfg(test)]
pub(super) mod probe;
mod prune;
pub(super) mod reader;
mod schema;

use std::io::Write;

use chunks::{Chunk, ChunkError, Codec, FloatAppender, HistogramAppender, encode_pco};
use file::{Aggregates, PartFile};
pub(crate) use merge::merge;
pub(crate) use schema::{ROW_GROUP_BYTES, ROW_GROUP_ROWS};
use signals::metric::Samples;
use signals::{Labels, Timestamp};

use super::Frozen;
use super::series_chunks::{decode_run, overlapping_runs, start_of};
use crate::StoreError;
use crate::part::write::Written;

/// Summary of a written part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PartSummary {
    /// Size of the file.
    pub(crate) bytes: u64,
    /// Rows in it.
    pub(crate) rows: u64,
    /// Samples in its chunks.
    pub(crate) samples: u64,
    /// Time of the first sample.
    pub(crate) min_time: Timestamp,
    /// Time of the last sample.
    pub(crate) max_time: Timestamp,
}

impl PartSummary {
    /// The description of the part for the manifest.
    pub(crate) fn written(&self, crc32c: u32) -> Written {
        let Self { bytes, rows, min_time, max_time, .. } = *self;
        Written { bytes, rows, min_time, max_time, crc32c }
    }
}

/// Writes the frozen data of one UTC day. Slow and blocking: not for a thread that serves requests.
/// `origin` is the JSON for the footer that identifies these rows.
///
/// # Errors
/// [`StoreError::Io`] when the sink fails.
pub(crate) fn write<W: Write + Send>(
    frozen: &Frozen,
    day: i32,
    origin: String,
    sink: W,
) -> Result<PartSummary, StoreError> {
    let mut file = PartFile::new(sink, origin, ROW_GROUP_BYTES)?;
    let mut exemplars = Vec::new();
    for metric in frozen.metrics() {
        for (labels, chunks, series_exemplars) in frozen.series(&metric, day)? {
            let mut series = SeriesWriter::new(&labels, usize::from(chunks::MAX_SAMPLES), false);
            for run in overlapping_runs(&chunks) {
                series.push_run(&run, &mut file)?;
            }
            series.finish(&mut file)?;
            exemplars.extend(series_exemplars.map(|chunk| (labels, chunk)));
        }
    }
    file.end_class()?;
    for (labels, chunk) in &exemplars {
        file.push_exemplars(labels, chunk)?;
    }
    file.end_class()?;
    for metadata in frozen.families(day) {
        file.push_family(metadata)?;
    }
    file.end_class()?;
    file.push_labels()?;
    file.finish()
}

fn damaged(labels: &Labels, error: ChunkError) -> StoreError {
    StoreError::Io(format!("series {labels:?}: {error}"))
}

/// Writes the chunks of one series without overlaps: large chunks as they are, smaller ones with
/// the same start time joined.
struct SeriesWriter<'a> {
    labels: &'a Labels,
    /// Samples of a full chunk.
    samples_target: usize,
    /// Whether samples are re-encoded as compactly as possible.
    is_dense: bool,
    /// Samples in this range of time, if any, are left out.
    deleted_ms: Option<(i64, i64)>,
    pending: Samples,
    /// Start time of the pending samples.
    start_ms: Option<i64>,
}

impl<'a> SeriesWriter<'a> {
    fn new(labels: &'a Labels, samples_target: usize, is_dense: bool) -> Self {
        let pending = Samples::default();
        Self { labels, samples_target, is_dense, deleted_ms: None, pending, start_ms: None }
    }

    /// Adds a run of chunks that is later than all before.
    fn push_run<W: Write + Send>(
        &mut self,
        run: &[&Chunk],
        file: &mut PartFile<W>,
    ) -> Result<(), StoreError> {
        if let [chunk] = run
            && self.is_good(chunk)
        {
            self.flush(file, 1)?;
            return self.copy(chunk, file);
        }
        let start_ms = start_of(run);
        if self.start_ms != start_ms {
            self.flush(file, 1)?;
            self.start_ms = start_ms;
        }
        for (from_ms, to_ms) in self.kept() {
            decode_run(run, from_ms, to_ms, &mut self.pending)
                .map_err(|error| damaged(self.labels, error))?;
        }
        self.flush(file, self.samples_target)
    }

    /// The ranges of time whose samples are written.
    fn kept(&self) -> impl Iterator<Item = (i64, i64)> + use<> {
        let (before, after) = match self.deleted_ms {
            None => (Some((i64::MIN, i64::MAX)), None),
            Some((start_ms, end_ms)) => (
                start_ms.checked_sub(1).map(|last| (i64::MIN, last)),
                end_ms.checked_add(1).map(|first| (first, i64::MAX)),
            ),
        };
        before.into_iter().chain(after)
    }

    /// Whether a chunk that overlaps no other is kept as it is.
    fn is_good(&self, chunk: &Chunk) -> bool {
        if self.deleted_ms.is_some_and(|(start_ms, end_ms)| chunk.overlaps(start_ms, end_ms)) {
            return false;
        }
        let is_large = usize::from(chunk.count) * 2 > self.samples_target;
        match chunk.codec() {
            Some(Codec::Histogram) => {
                !self.is_dense
                    || usize::from(chunk.count) * 2 > usize::from(chunks::HISTOGRAM_SAMPLES_MAX)
            }
            Some(Codec::Pco) => is_large,
            // A merge joins it with others and may encode it more compactly.
            _ => !self.is_dense,
        }
    }

    fn copy<W: Write + Send>(
        &mut self,
        chunk: &Chunk,
        file: &mut PartFile<W>,
    ) -> Result<(), StoreError> {
        let mut samples = Samples::default();
        decode_run(&[chunk], i64::MIN, i64::MAX, &mut samples)
            .map_err(|error| damaged(self.labels, error))?;
        file.push_samples(self.labels, chunk, Aggregates::of(&samples.values))
    }

    /// Writes pending float samples while there are at least `least`, and all histograms.
    fn flush<W: Write + Send>(
        &mut self,
        file: &mut PartFile<W>,
        least: usize,
    ) -> Result<(), StoreError> {
        let mut written = 0;
        while self.pending.timestamps.len() - written >= least.max(1) {
            let end = (written + self.samples_target).min(self.pending.timestamps.len());
            let timestamps = self.pending.timestamps.get(written..end).unwrap_or_default();
            let values = self.pending.values.get(written..end).unwrap_or_default();
            let mut chunk = encode(timestamps, values, self.is_dense);
            chunk.start_ms = self.start_ms;
            file.push_samples(self.labels, &chunk, Aggregates::of(values))?;
            written = end;
        }
        self.pending.timestamps.drain(..written);
        self.pending.values.drain(..written);
        if least == 1 || self.pending.histograms.len() >= usize::from(chunks::HISTOGRAM_SAMPLES_MAX)
        {
            let (labels, start_ms) = (self.labels, self.start_ms);
            let mut push = |appender: HistogramAppender| {
                let chunk = Chunk { start_ms, ..appender.into_chunk() };
                file.push_samples(labels, &chunk, None)
            };
            let mut appender = HistogramAppender::new();
            for (timestamp_ms, histogram) in self.pending.histograms.drain(..) {
                if appender.is_full_for(&histogram) {
                    push(std::mem::replace(&mut appender, HistogramAppender::new()))?;
                }
                appender.push(timestamp_ms, &histogram);
            }
            if appender.count() > 0 {
                push(appender)?;
            }
        }
        Ok(())
    }

    fn finish<W: Write + Send>(mut self, file: &mut PartFile<W>) -> Result<(), StoreError> {
        self.flush(file, 1)
    }
}

/// The smallest encoding of these samples; `is_dense` also tries the slower codec.
fn encode(timestamps: &[i64], values: &[f64], is_dense: bool) -> Chunk {
    let mut appender = FloatAppender::new();
    for (timestamp_ms, value) in timestamps.iter().zip(values) {
        appender.push(*timestamp_ms, *value);
    }
    let plain = appender.into_chunk();
    let dense = is_dense.then(|| encode_pco(timestamps, values)).flatten();
    dense.filter(|dense| dense.bytes.len() < plain.bytes.len()).unwrap_or(plain)
}

#[cfg(test)]
mod tests;
