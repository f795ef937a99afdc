//! Remote read: requests, and the two kinds of responses.
//!
//! Both sides: a server decodes requests and encodes responses, a client the other way round.
//! Native histograms are sent only in [`ResponseType::Samples`], because the chunk encodings of
//! histograms are not implemented.

mod chunked;
mod request;
mod samples;
mod xor;

use signals::Labels;
use signals::metric::Samples;

pub use self::chunked::{Frame, encode_frames, split_frame};
pub use self::request::{Hints, Query, ReadRequest, ResponseType};
pub use self::samples::{decode_samples, encode_samples};

/// A series of a response.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadSeries {
    /// The labels.
    pub labels: Labels,
    /// Samples in ascending order of time, no two at the same time.
    pub samples: Samples,
}

/// Sorts what another server sent, and keeps the first of samples with the same time: chunks may
/// overlap.
fn sort(samples: &mut Samples) {
    let Samples { timestamps, values, histograms } = samples;
    if !timestamps.is_sorted_by(|a, b| a < b) {
        let mut pairs: Vec<_> = timestamps.drain(..).zip(values.drain(..)).collect();
        pairs.sort_by_key(|(timestamp, _)| *timestamp);
        pairs.dedup_by_key(|(timestamp, _)| *timestamp);
        (*timestamps, *values) = pairs.into_iter().unzip();
    }
    if !histograms.is_sorted_by(|a, b| a.0 < b.0) {
        histograms.sort_by_key(|(timestamp, _)| *timestamp);
        histograms.dedup_by_key(|(timestamp, _)| *timestamp);
    }
}
