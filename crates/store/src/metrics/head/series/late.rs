//! Chunks of samples that came out of order.

use std::sync::Arc;

use chunks::{Chunk, FloatAppender, HistogramAppender};
use signals::metric::NativeHistogram;

use super::day_of;

/// Chunks of ascending samples, split where the UTC day ends.
pub(super) fn chunks(late: &[(i64, f64)]) -> impl Iterator<Item = Chunk> {
    late.chunk_by(|a, b| day_of(a.0) == day_of(b.0)).map(|samples| {
        let mut appender = FloatAppender::new();
        for (timestamp_ms, value) in samples {
            appender.push(*timestamp_ms, *value);
        }
        appender.into_chunk()
    })
}

/// As [`chunks()`], of histograms.
pub(super) fn histogram_chunks(late: &[(i64, Arc<NativeHistogram>)]) -> Vec<Chunk> {
    let mut chunks = Vec::new();
    for samples in late.chunk_by(|a, b| day_of(a.0) == day_of(b.0)) {
        let mut appender = HistogramAppender::new();
        for (timestamp_ms, histogram) in samples {
            if appender.is_full_for(histogram) {
                chunks
                    .push(std::mem::replace(&mut appender, HistogramAppender::new()).into_chunk());
            }
            appender.push(*timestamp_ms, histogram);
        }
        chunks.push(appender.into_chunk());
    }
    chunks
}
