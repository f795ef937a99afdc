//! Encodes requests to write, the sender's side.

use std::collections::HashMap;

use signals::metric::{Exemplar, Labels, Metadata, Samples};

use super::{WriteMessage, histogram, metadata};
use crate::WireError;
use crate::body::compress_snappy;
use crate::protobuf::writer::Writer;

/// A series of a request to write. The order of samples is kept; it must be that of time.
#[derive(Debug, Clone, Copy)]
pub struct OutgoingSeries<'a> {
    /// The labels.
    pub labels: &'a Labels,
    /// Samples and native histograms.
    pub samples: &'a Samples,
    /// Exemplars; their indices of series are ignored.
    pub exemplars: &'a [Exemplar],
    /// Metadata of the series' family.
    pub metadata: Option<&'a Metadata>,
    /// Start time of a counter in milliseconds since 1970; only 2.0 can send it.
    pub start_ms: Option<i64>,
}

impl WriteMessage {
    /// The compressed body of a request.
    ///
    /// # Errors
    /// [`WireError::Compression`] if the request is larger than 4 GiB.
    pub fn encode<'a>(
        self,
        series: impl IntoIterator<Item = OutgoingSeries<'a>>,
    ) -> Result<Vec<u8>, WireError> {
        let plain = match self {
            Self::V1 => v1(series),
            Self::V2 => v2(series),
        };
        compress_snappy(&plain)
    }
}

fn v1<'a>(all: impl IntoIterator<Item = OutgoingSeries<'a>>) -> Vec<u8> {
    let mut writer = Writer::default();
    let mut families: HashMap<&str, &Metadata> = HashMap::new();
    let mut order = Vec::new();
    for series in all {
        if let Some(metadata) = series.metadata
            && families.insert(&metadata.metric, metadata).is_none()
        {
            order.push(metadata.metric.as_str());
        }
        writer.message(1, |writer| {
            write_series(writer, series.labels, series.samples, |writer| {
                for exemplar in series.exemplars {
                    writer.message(3, |writer| {
                        write_labels(writer, &exemplar.labels);
                        writer.double(2, exemplar.value);
                        writer.varint(3, exemplar.timestamp_ms as u64);
                    });
                }
            });
        });
    }
    for metadata in order.into_iter().filter_map(|metric| families.get(metric)) {
        writer.message(3, |writer| {
            writer.varint(1, metadata::number(metadata.kind));
            writer.text(2, &metadata.metric);
            writer.text(4, &metadata.help);
            writer.text(5, &metadata.unit);
        });
    }
    writer.into_bytes()
}

/// Writes the fields of a `prometheus.TimeSeries`, with its exemplars by `exemplars`.
pub(super) fn write_series(
    writer: &mut Writer,
    labels: &Labels,
    samples: &Samples,
    exemplars: impl FnOnce(&mut Writer),
) {
    write_labels(writer, labels);
    for (timestamp, value) in samples.timestamps.iter().zip(&samples.values) {
        writer.message(2, |writer| {
            writer.double(1, *value);
            writer.varint(2, *timestamp as u64);
        });
    }
    exemplars(writer);
    for (timestamp, histogram) in &samples.histograms {
        writer.message(4, |writer| histogram::write(writer, *timestamp, None, histogram));
    }
}

/// Writes labels as field 1, each a `Label`.
pub(super) fn write_labels(writer: &mut Writer, labels: &Labels) {
    for (name, value) in labels.iter() {
        writer.message(1, |writer| {
            writer.text(1, name);
            writer.text(2, value);
        });
    }
}

/// The table of symbols; the first one is the empty text.
struct Symbols<'a> {
    places: HashMap<&'a str, u64, foldhash::fast::RandomState>,
    texts: Vec<&'a str>,
}

impl<'a> Symbols<'a> {
    fn new() -> Self {
        Self { places: [("", 0)].into_iter().collect(), texts: vec![""] }
    }

    fn place(&mut self, text: &'a str) -> u64 {
        *self.places.entry(text).or_insert_with(|| {
            self.texts.push(text);
            self.texts.len() as u64 - 1
        })
    }

    fn labels(&mut self, labels: &'a Labels) -> Vec<u64> {
        labels.iter().flat_map(|(name, value)| [self.place(name), self.place(value)]).collect()
    }
}

fn v2<'a>(all: impl IntoIterator<Item = OutgoingSeries<'a>>) -> Vec<u8> {
    let mut symbols = Symbols::new();
    let mut series_writer = Writer::default();
    for series in all {
        let refs = symbols.labels(series.labels);
        let metadata = series.metadata.map(|metadata| {
            (metadata.kind, symbols.place(&metadata.help), symbols.place(&metadata.unit))
        });
        let exemplars: Vec<_> = series
            .exemplars
            .iter()
            .map(|exemplar| (symbols.labels(&exemplar.labels), exemplar))
            .collect();
        // A `TimeSeries` must not have both samples and histograms.
        let Samples { values, histograms, .. } = series.samples;
        let parts: &[bool] = match (values.is_empty(), histograms.is_empty()) {
            (false, false) => &[false, true],
            (is_native, _) => &[is_native],
        };
        for (part, is_native) in parts.iter().enumerate() {
            series_writer.message(5, |writer| {
                writer.packed_varints(1, refs.iter().copied());
                write_v2_samples(writer, &series, *is_native);
                for (refs, exemplar) in exemplars.iter().filter(|_| part == 0) {
                    writer.message(4, |writer| {
                        writer.packed_varints(1, refs.iter().copied());
                        writer.double(2, exemplar.value);
                        writer.varint(3, exemplar.timestamp_ms as u64);
                    });
                }
                if let Some((kind, help, unit)) = metadata {
                    writer.message(5, |writer| {
                        writer.varint(1, metadata::number(kind));
                        writer.varint(3, help);
                        writer.varint(4, unit);
                    });
                }
            });
        }
    }
    let mut writer = Writer::default();
    for text in symbols.texts {
        writer.bytes_always(4, text.as_bytes());
    }
    let mut bytes = writer.into_bytes();
    bytes.extend(series_writer.into_bytes());
    bytes
}

fn write_v2_samples(writer: &mut Writer, series: &OutgoingSeries<'_>, is_native: bool) {
    if is_native {
        for (timestamp, histogram) in &series.samples.histograms {
            let start = series.start_ms;
            writer.message(3, |writer| histogram::write(writer, *timestamp, start, histogram));
        }
        return;
    }
    for (timestamp, value) in series.samples.timestamps.iter().zip(&series.samples.values) {
        writer.message(2, |writer| {
            writer.double(1, *value);
            writer.varint(2, *timestamp as u64);
            writer.varint(3, series.start_ms.unwrap_or_default() as u64);
        });
    }
}
