//! `prometheus.ReadResponse`: all samples in one message.

use std::sync::Arc;

use signals::MemoryReservation;
use signals::metric::Samples;

use super::{ReadSeries, sort};
use crate::body::compress_snappy;
use crate::protobuf::writer::Writer;
use crate::protobuf::{Message, Within as _};
use crate::remote::encode::write_series;
use crate::remote::histogram::HistogramMessage;
use crate::remote::{labels, v1};
use crate::{Limits, WireError};

/// The compressed body of a response: one result for each query.
///
/// # Errors
/// [`WireError::Compression`] if it is larger than 4 GiB.
pub fn encode_samples(results: &[Vec<ReadSeries>]) -> Result<Vec<u8>, WireError> {
    let mut writer = Writer::default();
    for result in results {
        writer.message(1, |writer| {
            for ReadSeries { labels, samples } in result {
                writer.message(1, |writer| write_series(writer, labels, samples, |_| {}));
            }
        });
    }
    compress_snappy(&writer.into_bytes())
}

/// Decodes a response after [`crate::body::decompress_snappy`]; memory is charged to the
/// reservation.
///
/// # Errors
/// [`WireError`] if the body is malformed, labels or a histogram are invalid, or memory is
/// exhausted.
pub fn decode_samples(
    body: &[u8],
    limits: &Limits,
    memory: &MemoryReservation,
) -> Result<Vec<Vec<ReadSeries>>, WireError> {
    let (mut response, mut results) = (Message::new(body), Vec::new());
    while let Some(field) = response.next()? {
        if field.number == 1 {
            memory.try_grow(size_of::<Vec<ReadSeries>>())?;
            let mut message = field.message().within("results")?;
            let mut result = Vec::new();
            while let Some(field) = message.next().within("results")? {
                if field.number == 1 {
                    result.push(series(field.message().within("timeseries")?, limits, memory)?);
                }
            }
            results.push(result);
        }
    }
    Ok(results)
}

fn series(
    whole: Message<'_>,
    limits: &Limits,
    memory: &MemoryReservation,
) -> Result<ReadSeries, WireError> {
    // A sample of two bytes becomes one of 16.
    memory.try_grow(size_of::<ReadSeries>() + 8 * whole.len())?;
    let (mut samples, mut message) = (Samples::default(), whole);
    while let Some(field) = message.next().within("timeseries")? {
        match field.number {
            2 => {
                let (timestamp, value) = v1::sample(&field).within("samples")?;
                samples.timestamps.push(timestamp);
                samples.values.push(value);
            }
            4 => {
                let raw = field
                    .message()
                    .and_then(|message| HistogramMessage::read(message, limits.buckets_max));
                let raw = raw.within("histograms")?;
                memory.try_grow(raw.bytes())?;
                let refused = |reason: &str| WireError::Labels(reason.to_owned());
                let histogram = Arc::new(raw.histogram().map_err(refused)?);
                samples.histograms.push((raw.timestamp_ms, histogram));
            }
            _ => {}
        }
    }
    sort(&mut samples);
    Ok(ReadSeries { labels: labels::of_result(whole, limits)?, samples })
}
