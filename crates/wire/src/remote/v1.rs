//! Decodes `prometheus.WriteRequest`.
//!
//! A series is known by the bytes of its label fields. Metadata is sent for itself, about once a
//! minute, and is known by its bytes, too.

use super::decoder::Decoder;
use super::labels::Pairs;
use super::metadata;
use crate::known::{Fingerprint, Fingerprinter};
use crate::otlp::value::cut;
use crate::protobuf::{Fault, Field, Message, Within as _};
use crate::{DecodeContext, Decoded, WireError};

/// Distinguishes fingerprints of this version.
const SERIES: u64 = 0x7072_6f6d_0001;
const METADATA: u64 = 0x7072_6f6d_0002;

/// Memory of a metadata entry without texts.
const METADATA_BYTES: usize = 200;

pub(super) fn decode(body: &[u8], context: &DecodeContext<'_>) -> Result<Decoded, WireError> {
    let mut decoder = Decoder::new(context);
    let root = |number| {
        let mut fingerprinter = Fingerprinter::default();
        fingerprinter.number(number);
        std::hash::Hash::hash(context.limits, &mut fingerprinter);
        fingerprinter.fingerprint()
    };
    let (series_root, metadata_root) = (root(SERIES), root(METADATA));
    let mut request = Message::new(body);
    while let Some(field) = request.next()? {
        match field.number {
            1 => {
                let read = |message| series(&mut decoder, series_root, message);
                field.message().and_then(read).within("timeseries")?;
            }
            3 => {
                let read = |message| metric_metadata(&mut decoder, metadata_root, message);
                field.message().and_then(read).within("metadata")?;
            }
            _ => {}
        }
    }
    decoder.finish()
}

/// Decodes a `TimeSeries`.
fn series<'a>(
    decoder: &mut Decoder<'_, 'a>,
    root: Fingerprint,
    whole: Message<'a>,
) -> Result<(), Fault> {
    decoder.begin();
    let mut fingerprinter = Fingerprinter::under(root);
    let mut job = None;
    let mut message = whole;
    // Label fields that follow each other are hashed at once: from `labels` to `labels_end`.
    let (mut labels, mut labels_end) = (message, message);
    loop {
        let before = message;
        let Some(field) = message.next()? else { break };
        match field.number {
            1 => {
                let label = field.bytes().within("labels")?;
                job = job.or_else(|| job_of(label));
                if before.offset() != labels_end.offset() {
                    fingerprinter.bytes(labels.bytes_until(&labels_end));
                    labels = before;
                }
                labels_end = message;
            }
            2 => {
                let (timestamp_ms, value) = sample(&field).within("samples")?;
                decoder.sample(timestamp_ms, value, 0);
            }
            3 => field
                .message()
                .and_then(|message| exemplar(decoder, message))
                .within("exemplars")?,
            4 => field
                .message()
                .and_then(|message| decoder.histogram(message))
                .within("histograms")?,
            _ => {}
        }
    }
    fingerprinter.bytes(labels.bytes_until(&labels_end));
    let fingerprint = fingerprinter.fingerprint();
    let mut series = None;
    if decoder.has_items() {
        series = decoder.known(fingerprint);
    }
    if decoder.has_rejected() || (decoder.has_items() && series.is_none()) {
        let mut pairs = std::mem::take(&mut decoder.pairs);
        label_pairs(whole, decoder.limits.labels_max, &mut pairs)?;
        decoder.pairs = pairs;
    }
    if !decoder.has_items() {
        // There is nothing to store; what was rejected is reported.
        decoder.end_without_items();
        return Ok(());
    }
    let series = match series {
        Some(series) => Ok(series),
        None => decoder.unknown(fingerprint).map(|(series, _)| series),
    };
    decoder.end(series, job);
    Ok(())
}

/// The value of a `Label` with the name `job`, in the usual order of its fields.
#[inline]
fn job_of(label: &[u8]) -> Option<&[u8]> {
    let [length @ 0..0x80, value @ ..] = label.strip_prefix(b"\x0a\x03job\x12")? else {
        return None;
    };
    (value.len() == usize::from(*length)).then_some(value)
}

/// Decodes a `Sample`.
#[inline]
pub(super) fn sample(field: &Field<'_>) -> Result<(i64, f64), Fault> {
    let mut message = field.message()?;
    if let Some((value, timestamp)) = message.usual_sample() {
        return Ok((timestamp, value));
    }
    let (mut value, mut timestamp) = (0.0, 0);
    while let Some(field) = message.next()? {
        match field.number {
            1 => value = field.double().within("value")?,
            2 => timestamp = field.varint().within("timestamp")? as i64,
            _ => {}
        }
    }
    Ok((timestamp, value))
}

fn exemplar(decoder: &mut Decoder<'_, '_>, whole: Message<'_>) -> Result<(), Fault> {
    let (mut value, mut timestamp, mut message) = (0.0, 0, whole);
    while let Some(field) = message.next()? {
        match field.number {
            2 => value = field.double().within("value")?,
            3 => timestamp = field.varint().within("timestamp")? as i64,
            _ => {}
        }
    }
    let mut pairs = Vec::new();
    label_pairs(whole, decoder.limits.labels_max, &mut pairs)?;
    decoder.exemplar(timestamp, value, &pairs);
    Ok(())
}

/// Appends the labels in field 1 of a message, one more than the maximum at most.
pub(super) fn label_pairs<'a>(
    mut message: Message<'a>,
    labels_max: usize,
    pairs: &mut Pairs<'a>,
) -> Result<(), Fault> {
    while let Some(field) = message.next()? {
        if field.number == 1 && pairs.len() <= labels_max {
            let pair = field.message().and_then(label).within("labels")?;
            pairs.push(pair);
        }
    }
    Ok(())
}

/// Decodes a `Label`.
fn label(mut message: Message<'_>) -> Result<(&[u8], &[u8]), Fault> {
    let (mut name, mut value): (&[u8], &[u8]) = (&[], &[]);
    while let Some(field) = message.next()? {
        match field.number {
            1 => name = field.bytes().within("name")?,
            2 => value = field.bytes().within("value")?,
            _ => {}
        }
    }
    Ok((name, value))
}

/// Decodes a `MetricMetadata`.
fn metric_metadata(
    decoder: &mut Decoder<'_, '_>,
    root: Fingerprint,
    mut message: Message<'_>,
) -> Result<(), Fault> {
    let mut fingerprinter = Fingerprinter::under(root);
    fingerprinter.bytes(message.bytes());
    let (mut kind, mut metric, mut help, mut unit) = (0, "".into(), "".into(), "".into());
    while let Some(field) = message.next()? {
        match field.number {
            1 => kind = field.int32().within("type")?,
            2 => metric = field.text().within("metric_family_name")?,
            4 => help = field.text().within("help")?,
            5 => unit = field.text().within("unit")?,
            _ => {}
        }
    }
    let name_bytes_max = decoder.limits.name_bytes_max;
    if metric.is_empty()
        || metric.len() > name_bytes_max
        || decoder.memory.take(METADATA_BYTES + message.len()).is_err()
        || !decoder.is_new_metadata(fingerprinter.fingerprint())
    {
        return Ok(());
    }
    let help = cut(&help, decoder.limits.label_value_bytes_max);
    let unit = cut(&unit, name_bytes_max).to_owned();
    decoder.series.metadata(&metric, metadata::kind(kind), help, unit);
    Ok(())
}
