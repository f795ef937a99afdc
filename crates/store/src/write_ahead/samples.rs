//! A batch of metrics as bytes of a record: series by reference, then each kind of item as a list.
//!
//! The labels of a series are not included: a record of definitions precedes the first record of
//! the segment that refers to the series.

use std::sync::Arc;

use signals::metric::{
    BucketSpan, Exemplar, HistogramSample, Metadata, MetricKind, NativeHistogram, ResetHint,
    Sample, StartTime,
};
use signals::{Labels, SeriesBatch, SeriesKey, SeriesRef};

use chunks::varint::{from_zigzag, push_sized, push_varint, take_sized, take_varint, zigzag};

/// Metric kinds by number; numbers never change.
const KINDS: [MetricKind; 8] = [
    MetricKind::Unknown,
    MetricKind::Counter,
    MetricKind::Gauge,
    MetricKind::Histogram,
    MetricKind::GaugeHistogram,
    MetricKind::Summary,
    MetricKind::Info,
    MetricKind::StateSet,
];
/// Reset hints by number; numbers never change.
const HINTS: [ResetHint; 4] =
    [ResetHint::Unknown, ResetHint::Reset, ResetHint::NotReset, ResetHint::Gauge];

/// Appends a batch. `series` are the references of its series; samples of series without one were
/// already removed.
pub(super) fn encode(batch: &SeriesBatch, series: &[Option<SeriesRef>], out: &mut Vec<u8>) {
    push_varint(out, series.len() as u64);
    let mut before = 0;
    for series in series {
        // Zero stands for none; consecutive references are usually close to each other.
        let number = series.map_or(0, |series| series.to_u64().wrapping_add(1));
        push_signed(out, number.wrapping_sub(before).cast_signed());
        before = number;
    }
    encode_samples(&batch.samples, out);
    push_varint(out, batch.histograms.len() as u64);
    for sample in &batch.histograms {
        push_varint(out, u64::from(sample.series));
        push_signed(out, sample.timestamp_ms);
        encode_histogram(&sample.histogram, out);
    }
    push_varint(out, batch.exemplars.len() as u64);
    for exemplar in &batch.exemplars {
        push_varint(out, u64::from(exemplar.series));
        push_signed(out, exemplar.timestamp_ms);
        out.extend_from_slice(&exemplar.value.to_le_bytes());
        push_sized(out, exemplar.labels.as_bytes());
    }
    push_varint(out, batch.start_times.len() as u64);
    for start in &batch.start_times {
        push_varint(out, u64::from(start.series));
        push_signed(out, start.start_ms);
    }
    push_varint(out, batch.metadata.len() as u64);
    for family in &batch.metadata {
        let kind = KINDS.iter().position(|kind| *kind == family.kind).unwrap_or(0);
        push_varint(out, kind as u64);
        for text in [&family.metric, &family.help, &family.unit] {
            push_sized(out, text.as_bytes());
        }
    }
}

/// Series, times and values as one column each: the samples of a scrape have the same time.
fn encode_samples(samples: &[Sample], out: &mut Vec<u8>) {
    push_varint(out, samples.len() as u64);
    let mut next = 0_i64;
    for sample in samples {
        push_signed(out, i64::from(sample.series) - next);
        next = i64::from(sample.series) + 1;
    }
    let mut before = 0_i64;
    for sample in samples {
        push_signed(out, sample.timestamp_ms.wrapping_sub(before));
        before = sample.timestamp_ms;
    }
    for sample in samples {
        out.extend_from_slice(&sample.value.to_le_bytes());
    }
}

fn encode_histogram(histogram: &NativeHistogram, out: &mut Vec<u8>) {
    push_signed(out, i64::from(histogram.schema));
    let hint = HINTS.iter().position(|hint| *hint == histogram.reset_hint).unwrap_or(0);
    push_varint(out, hint as u64);
    for number in [histogram.zero_threshold, histogram.zero_count, histogram.count, histogram.sum] {
        out.extend_from_slice(&number.to_le_bytes());
    }
    for spans in [&histogram.positive_spans, &histogram.negative_spans] {
        push_varint(out, spans.len() as u64);
        for span in spans {
            push_signed(out, i64::from(span.offset));
            push_varint(out, u64::from(span.length));
        }
    }
    for numbers in
        [&histogram.positive_counts, &histogram.negative_counts, &histogram.custom_bounds]
    {
        push_varint(out, numbers.len() as u64);
        for number in numbers {
            out.extend_from_slice(&number.to_le_bytes());
        }
    }
}

fn push_signed(out: &mut Vec<u8>, value: i64) {
    push_varint(out, zigzag(value));
}

/// Decodes a batch. `series_of` resolves a logged reference; samples of an unresolved one are left
/// out and counted in the second value.
pub(super) fn decode(
    bytes: &[u8],
    mut series_of: impl FnMut(SeriesRef) -> Option<SeriesRef>,
) -> Result<(SeriesBatch, usize), &'static str> {
    let reader = &mut Reader(bytes);
    let mut before = 0_u64;
    let series = reader.list(|reader| {
        before = before.wrapping_add(reader.signed()?.cast_unsigned());
        let logged = before.checked_sub(1).map(SeriesRef::from_u64);
        Some(logged.and_then(&mut series_of))
    })?;
    let mut batch = SeriesBatch { samples: reader.samples()?, ..SeriesBatch::default() };
    batch.histograms = reader.list(|reader| {
        let (series, timestamp_ms) = (reader.number()?, reader.signed()?);
        Some(HistogramSample { series, timestamp_ms, histogram: Arc::new(reader.histogram()?) })
    })?;
    batch.exemplars = reader.list(|reader| {
        let (series, timestamp_ms, value) = (reader.number()?, reader.signed()?, reader.float()?);
        let labels = Labels::from_bytes(take_sized(&mut reader.0)?)?;
        Some(Exemplar { series, timestamp_ms, value, labels })
    })?;
    batch.start_times = reader
        .list(|reader| Some(StartTime { series: reader.number()?, start_ms: reader.signed()? }))?;
    batch.metadata = reader.list(|reader| {
        let kind = KINDS.get(reader.number::<usize>()?).copied().unwrap_or_default();
        let [metric, help, unit] = [reader.text()?, reader.text()?, reader.text()?];
        Some(Metadata { metric, kind, help, unit })
    })?;
    if !reader.0.is_empty() {
        return Err("bytes follow the samples");
    }
    let places = keep_known(&series, &mut batch.series);
    let place = |series: &mut u32| match places.get(*series as usize).copied().flatten() {
        Some(place) => {
            *series = place;
            true
        }
        None => false,
    };
    let items = batch.samples.len() + batch.histograms.len();
    batch.samples.retain_mut(|sample| place(&mut sample.series));
    batch.histograms.retain_mut(|sample| place(&mut sample.series));
    batch.exemplars.retain_mut(|exemplar| place(&mut exemplar.series));
    batch.start_times.retain_mut(|start| place(&mut start.series));
    let lost = items - batch.samples.len() - batch.histograms.len();
    Ok((batch, lost))
}

/// The new index of each series, after unknown ones are removed.
fn keep_known(series: &[Option<SeriesRef>], kept: &mut Vec<SeriesKey>) -> Vec<Option<u32>> {
    let mut place = |series: &Option<SeriesRef>| {
        let place = u32::try_from(kept.len()).ok()?;
        kept.push(SeriesKey::Ref((*series)?));
        Some(place)
    };
    series.iter().map(&mut place).collect()
}

const CUT_OFF: &str = "the samples are cut off or damaged";

/// The remaining bytes. A count is rejected if fewer bytes than that remain.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn number<T: TryFrom<u64>>(&mut self) -> Option<T> {
        T::try_from(take_varint(&mut self.0)?).ok()
    }

    fn signed(&mut self) -> Option<i64> {
        take_varint(&mut self.0).map(from_zigzag)
    }

    fn float(&mut self) -> Option<f64> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(f64::from_le_bytes(*bytes))
    }

    fn text(&mut self) -> Option<String> {
        String::from_utf8(take_sized(&mut self.0)?.to_vec()).ok()
    }

    fn count(&mut self) -> Option<usize> {
        self.number().filter(|count| *count <= self.0.len())
    }

    fn list<T>(
        &mut self,
        mut item: impl FnMut(&mut Self) -> Option<T>,
    ) -> Result<Vec<T>, &'static str> {
        let count = self.count().ok_or(CUT_OFF)?;
        // Items are larger in memory than in the log: the vector grows as they are read.
        let mut items = Vec::new();
        for _ in 0..count {
            items.push(item(self).ok_or(CUT_OFF)?);
        }
        Ok(items)
    }

    fn samples(&mut self) -> Result<Vec<Sample>, &'static str> {
        let mut next = 0_i64;
        let mut samples = self.list(|reader| {
            let series = next.checked_add(reader.signed()?)?;
            next = series.checked_add(1)?;
            Some(Sample { series: u32::try_from(series).ok()?, timestamp_ms: 0, value: 0.0 })
        })?;
        let mut before = 0_i64;
        for sample in &mut samples {
            before = before.wrapping_add(self.signed().ok_or(CUT_OFF)?);
            sample.timestamp_ms = before;
        }
        for sample in &mut samples {
            sample.value = self.float().ok_or(CUT_OFF)?;
        }
        Ok(samples)
    }

    fn histogram(&mut self) -> Option<NativeHistogram> {
        let schema = i32::try_from(self.signed()?).ok()?;
        let reset_hint = HINTS.get(self.number::<usize>()?).copied()?;
        let [zero_threshold, zero_count, count, sum] =
            [self.float()?, self.float()?, self.float()?, self.float()?];
        let mut spans = || {
            self.list(|reader| {
                let offset = i32::try_from(reader.signed()?).ok()?;
                Some(BucketSpan { offset, length: reader.number()? })
            })
            .ok()
        };
        let (positive_spans, negative_spans) = (spans()?, spans()?);
        let mut numbers = || self.list(Self::float).ok();
        Some(NativeHistogram {
            schema,
            zero_threshold,
            zero_count,
            count,
            sum,
            positive_spans,
            positive_counts: numbers()?,
            negative_spans,
            negative_counts: numbers()?,
            custom_bounds: numbers()?,
            reset_hint,
        })
    }
}

/// Appends the labels of series under their references.
pub(super) fn encode_definitions(definitions: &[(SeriesRef, Labels)], out: &mut Vec<u8>) {
    push_varint(out, definitions.len() as u64);
    for (reference, labels) in definitions {
        push_varint(out, reference.to_u64());
        push_sized(out, labels.as_bytes());
    }
}

/// Reads what [`encode_definitions`] wrote.
pub(super) fn decode_definitions(bytes: &[u8]) -> Result<Vec<(SeriesRef, Labels)>, &'static str> {
    let reader = &mut Reader(bytes);
    let definitions = reader.list(|reader| {
        let reference = SeriesRef::from_u64(reader.number()?);
        Some((reference, Labels::from_bytes(take_sized(&mut reader.0)?)?))
    })?;
    if reader.0.is_empty() { Ok(definitions) } else { Err("bytes follow the definitions") }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn batch() -> SeriesBatch {
        let histogram = NativeHistogram {
            schema: 3,
            count: 3.0,
            sum: -1.5,
            positive_spans: vec![BucketSpan { offset: -2, length: 2 }],
            positive_counts: vec![1.0, 2.0],
            reset_hint: ResetHint::Reset,
            ..NativeHistogram::default()
        };
        let sample = |series, timestamp_ms, value| Sample { series, timestamp_ms, value };
        SeriesBatch {
            series: [5, 9].map(|number| SeriesRef::from_u64(number).into()).to_vec(),
            samples: vec![sample(0, 1000, 1.5), sample(1, 1000, -0.0), sample(0, i64::MIN, 0.1)],
            histograms: vec![HistogramSample {
                series: 1,
                timestamp_ms: 7,
                histogram: Arc::new(histogram),
            }],
            exemplars: vec![Exemplar {
                series: 0,
                timestamp_ms: 3,
                value: 2.0,
                labels: Labels::from_pairs([("trace_id", "ab")]),
            }],
            start_times: vec![StartTime { series: 0, start_ms: -4 }],
            metadata: vec![Metadata {
                metric: "a_total".into(),
                kind: MetricKind::Counter,
                help: "What.".into(),
                unit: String::new(),
            }],
        }
    }

    fn encoded(batch: &SeriesBatch) -> Vec<u8> {
        let mut bytes = Vec::new();
        let series: Vec<_> = batch
            .series
            .iter()
            .map(|key| if let SeriesKey::Ref(series) = key { Some(*series) } else { None })
            .collect();
        encode(batch, &series, &mut bytes);
        bytes
    }

    #[test]
    fn a_batch_comes_back_as_it_was() {
        let (decoded, lost) = decode(&encoded(&batch()), Some).unwrap();
        assert_eq!(lost, 0);
        assert_eq!(format!("{decoded:?}"), format!("{:?}", batch()));
    }

    #[test]
    fn samples_of_undefined_series_are_counted_and_the_others_are_read() {
        let only_five = |series: SeriesRef| (series.to_u64() == 5).then_some(series);
        let (decoded, lost) = decode(&encoded(&batch()), only_five).unwrap();
        assert_eq!((decoded.samples.len(), decoded.histograms.len(), lost), (2, 0, 2));
    }

    #[test]
    fn a_batch_that_is_cut_off_or_changed_does_not_panic() {
        let bytes = encoded(&batch());
        for length in 0..bytes.len() {
            assert!(decode(&bytes[..length], Some).is_err(), "{length}");
            for bit in [1, 0x80] {
                let mut changed = bytes.clone();
                changed[length] ^= bit;
                let _ = decode(&changed, Some);
            }
        }
    }

    #[test]
    fn definitions_come_back_as_they_were() {
        let labels = Labels::from_pairs([("__name__", "up"), ("job", "a")]);
        let definitions = vec![(SeriesRef::from_u64(1 << 40), labels)];
        let mut bytes = Vec::new();
        encode_definitions(&definitions, &mut bytes);
        assert_eq!(decode_definitions(&bytes).unwrap(), definitions);
        assert!(decode_definitions(&bytes[..bytes.len() - 1]).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_error_or_a_batch(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode(&bytes, Some);
            let _ = decode_definitions(&bytes);
        }
    }
}
