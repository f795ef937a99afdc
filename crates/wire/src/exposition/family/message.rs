//! The messages of `io.prometheus.client`, read in place.
//!
//! Source: `metrics.proto` of Prometheus' client model. Only the fields that belong to the family's
//! type are read.

use signals::metric::BucketSpan;

use crate::protobuf::{Fault, Field, Message, Within as _};

/// A `MetricFamily` without its metrics.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct FamilyMessage<'a> {
    pub(super) name: &'a [u8],
    pub(super) help: &'a [u8],
    pub(super) unit: &'a [u8],
    pub(super) kind: i32,
    /// Number of metrics.
    pub(super) metrics: usize,
}

impl<'a> FamilyMessage<'a> {
    pub(super) fn read(mut message: Message<'a>) -> Result<Self, Fault> {
        let mut family = Self::default();
        while let Some(field) = message.next()? {
            match field.number {
                1 => family.name = field.bytes().within("name")?,
                2 => family.help = field.bytes().within("help")?,
                3 => family.kind = field.int32().within("type")?,
                4 => family.metrics += 1,
                5 => family.unit = field.bytes().within("unit")?,
                _ => {}
            }
        }
        Ok(family)
    }
}

/// The value of a `Metric`.
#[derive(Debug)]
pub(super) enum Value<'a> {
    /// Counter, gauge or untyped.
    Number(f64, Option<ExemplarMessage<'a>>),
    Summary(SummaryMessage),
    Histogram(Box<HistogramMessage<'a>>),
}

/// A `Metric` of a family whose type has its value in the field `value_field`.
#[derive(Debug)]
pub(super) struct MetricMessage<'a> {
    pub(super) labels: Vec<LabelPair<'a>>,
    pub(super) timestamp_ms: i64,
    pub(super) start_ms: i64,
    pub(super) value: Value<'a>,
}

/// Bounds of the repeated fields of one metric.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) labels: usize,
    pub(super) buckets: usize,
    pub(super) exemplars: usize,
}

/// Field numbers of the values.
pub(super) const GAUGE: u32 = 2;
pub(super) const COUNTER: u32 = 3;
pub(super) const SUMMARY: u32 = 4;
pub(super) const UNTYPED: u32 = 5;
pub(super) const HISTOGRAM: u32 = 7;

impl<'a> MetricMessage<'a> {
    pub(super) fn read(
        mut message: Message<'a>,
        value_field: u32,
        bounds: Bounds,
    ) -> Result<Self, Fault> {
        let value = match value_field {
            SUMMARY => Value::Summary(SummaryMessage::default()),
            HISTOGRAM => Value::Histogram(Box::default()),
            _ => Value::Number(0.0, None),
        };
        let mut metric = Self { labels: Vec::new(), timestamp_ms: 0, start_ms: 0, value };
        while let Some(field) = message.next()? {
            match field.number {
                1 => push(&mut metric.labels, bounds.labels, &field, LabelPair::read)
                    .within("label")?,
                6 => metric.timestamp_ms = field.varint().within("timestamp_ms")? as i64,
                number if number == value_field => {
                    field.message().and_then(|value| metric.read_value(value, bounds, number))?;
                }
                _ => {}
            }
        }
        Ok(metric)
    }

    fn read_value(
        &mut self,
        mut message: Message<'a>,
        bounds: Bounds,
        number: u32,
    ) -> Result<(), Fault> {
        let start_field = match number {
            COUNTER => 3,
            SUMMARY => 4,
            HISTOGRAM => 15,
            _ => 0,
        };
        while let Some(field) = message.next()? {
            if field.number == start_field {
                self.start_ms = timestamp(&field).within("start_timestamp")?;
                continue;
            }
            match &mut self.value {
                Value::Number(value, exemplar) => match field.number {
                    1 => *value = field.double().within("value")?,
                    2 if number == COUNTER => {
                        *exemplar = Some(ExemplarMessage::read(&field, bounds).within("exemplar")?);
                    }
                    _ => {}
                },
                Value::Summary(summary) => summary.field(&field, bounds).within("summary")?,
                Value::Histogram(histogram) => {
                    histogram.field(&field, bounds).within("histogram")?;
                }
            }
        }
        Ok(())
    }
}

/// Appends a nested message to a list with a bound.
fn push<'a, T>(
    list: &mut Vec<T>,
    max: usize,
    field: &Field<'a>,
    read: impl FnOnce(&Field<'a>) -> Result<T, Fault>,
) -> Result<(), Fault> {
    if list.len() >= max {
        return Err(field.fault("field is repeated too often"));
    }
    list.push(read(field)?);
    Ok(())
}

/// A `LabelPair`.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct LabelPair<'a> {
    pub(super) name: &'a [u8],
    pub(super) value: &'a [u8],
}

impl<'a> LabelPair<'a> {
    fn read(field: &Field<'a>) -> Result<Self, Fault> {
        let (mut pair, mut message) = (Self::default(), field.message()?);
        while let Some(field) = message.next()? {
            match field.number {
                1 => pair.name = field.bytes().within("name")?,
                2 => pair.value = field.bytes().within("value")?,
                _ => {}
            }
        }
        Ok(pair)
    }
}

/// An `Exemplar`.
#[derive(Debug, Clone, Default)]
pub(super) struct ExemplarMessage<'a> {
    pub(super) labels: Vec<LabelPair<'a>>,
    pub(super) value: f64,
    pub(super) timestamp_ms: Option<i64>,
}

impl<'a> ExemplarMessage<'a> {
    fn read(field: &Field<'a>, bounds: Bounds) -> Result<Self, Fault> {
        let (mut exemplar, mut message) = (Self::default(), field.message()?);
        while let Some(field) = message.next()? {
            match field.number {
                1 => push(&mut exemplar.labels, bounds.labels, &field, LabelPair::read)
                    .within("label")?,
                2 => exemplar.value = field.double().within("value")?,
                3 => exemplar.timestamp_ms = Some(timestamp(&field).within("timestamp")?),
                _ => {}
            }
        }
        Ok(exemplar)
    }
}

/// A `google.protobuf.Timestamp` in milliseconds, rounded towards zero.
fn timestamp(field: &Field<'_>) -> Result<i64, Fault> {
    let (mut seconds, mut nanos, mut message) = (0_i64, 0_i32, field.message()?);
    while let Some(field) = message.next()? {
        match field.number {
            1 => seconds = field.varint().within("seconds")? as i64,
            2 => nanos = field.int32().within("nanos")?,
            _ => {}
        }
    }
    Ok(seconds.saturating_mul(1_000).saturating_add(i64::from(nanos / 1_000_000)))
}

/// A `Summary`.
#[derive(Debug, Default)]
pub(super) struct SummaryMessage {
    pub(super) count: u64,
    pub(super) sum: f64,
    /// Quantiles and their values.
    pub(super) quantiles: Vec<(f64, f64)>,
}

impl SummaryMessage {
    fn field(&mut self, field: &Field<'_>, bounds: Bounds) -> Result<(), Fault> {
        match field.number {
            1 => self.count = field.varint().within("sample_count")?,
            2 => self.sum = field.double().within("sample_sum")?,
            3 => push(&mut self.quantiles, bounds.buckets, field, quantile).within("quantile")?,
            _ => {}
        }
        Ok(())
    }
}

fn quantile(field: &Field<'_>) -> Result<(f64, f64), Fault> {
    let (mut quantile, mut message) = ((0.0, 0.0), field.message()?);
    while let Some(field) = message.next()? {
        match field.number {
            1 => quantile.0 = field.double().within("quantile")?,
            2 => quantile.1 = field.double().within("value")?,
            _ => {}
        }
    }
    Ok(quantile)
}

/// A `Bucket`.
#[derive(Debug, Default)]
pub(super) struct Bucket<'a> {
    count: u64,
    count_float: f64,
    pub(super) upper_bound: f64,
    pub(super) exemplar: Option<ExemplarMessage<'a>>,
}

impl<'a> Bucket<'a> {
    fn read(field: &Field<'a>, bounds: Bounds) -> Result<Self, Fault> {
        let (mut bucket, mut message) = (Self::default(), field.message()?);
        while let Some(field) = message.next()? {
            match field.number {
                1 => bucket.count = field.varint().within("cumulative_count")?,
                2 => bucket.upper_bound = field.double().within("upper_bound")?,
                3 => {
                    bucket.exemplar =
                        Some(ExemplarMessage::read(&field, bounds).within("exemplar")?);
                }
                4 => bucket.count_float = field.double().within("cumulative_count_float")?,
                _ => {}
            }
        }
        Ok(bucket)
    }

    /// Observations up to the bound.
    pub(super) fn cumulative_count(&self) -> f64 {
        if self.count_float == 0.0 { self.count as f64 } else { self.count_float }
    }
}

/// One side of a native histogram.
#[derive(Debug, Default)]
pub(crate) struct Side {
    pub(crate) spans: Vec<BucketSpan>,
    /// Zigzag-encoded differences between counts.
    pub(crate) deltas: Vec<u64>,
    /// Bits of absolute counts.
    pub(crate) counts: Vec<u64>,
}

impl Side {
    /// The absolute counts.
    pub(crate) fn counts(&self, is_float: bool) -> Vec<f64> {
        if is_float {
            return self.counts.iter().copied().map(f64::from_bits).collect();
        }
        let mut count = 0_i64;
        let deltas = self.deltas.iter().map(|bits| (bits >> 1) as i64 ^ -((bits & 1) as i64));
        deltas
            .map(|delta| {
                count = count.wrapping_add(delta);
                count as f64
            })
            .collect()
    }
}

/// A `Histogram`.
#[derive(Debug, Default)]
pub(super) struct HistogramMessage<'a> {
    pub(super) count: u64,
    pub(super) count_float: f64,
    pub(super) sum: f64,
    pub(super) buckets: Vec<Bucket<'a>>,
    pub(super) schema: i32,
    pub(super) zero_threshold: f64,
    pub(super) zero_count: u64,
    pub(super) zero_count_float: f64,
    pub(super) negative: Side,
    pub(super) positive: Side,
    pub(super) exemplars: Vec<ExemplarMessage<'a>>,
}

impl<'a> HistogramMessage<'a> {
    fn field(&mut self, field: &Field<'a>, bounds: Bounds) -> Result<(), Fault> {
        let max = bounds.buckets;
        let fits = match field.number {
            1 => {
                self.count = field.varint().within("sample_count")?;
                true
            }
            2 => {
                self.sum = field.double().within("sample_sum")?;
                true
            }
            3 => {
                let read = |field: &Field<'a>| Bucket::read(field, bounds);
                push(&mut self.buckets, max, field, read).within("bucket")?;
                true
            }
            4 => {
                self.count_float = field.double().within("sample_count_float")?;
                true
            }
            5 => {
                self.schema = field.sint32().within("schema")?;
                true
            }
            6 => {
                self.zero_threshold = field.double().within("zero_threshold")?;
                true
            }
            7 => {
                self.zero_count = field.varint().within("zero_count")?;
                true
            }
            8 => {
                self.zero_count_float = field.double().within("zero_count_float")?;
                true
            }
            16 => {
                let read = |field: &Field<'a>| ExemplarMessage::read(field, bounds);
                push(&mut self.exemplars, bounds.exemplars, field, read).within("exemplars")?;
                true
            }
            9 => push(&mut self.negative.spans, max, field, span).map(|()| true)?,
            10 => field.push_varints(&mut self.negative.deltas, max).within("negative_delta")?,
            11 => field.push_fixed64s(&mut self.negative.counts, max).within("negative_count")?,
            12 => push(&mut self.positive.spans, max, field, span).map(|()| true)?,
            13 => field.push_varints(&mut self.positive.deltas, max).within("positive_delta")?,
            14 => field.push_fixed64s(&mut self.positive.counts, max).within("positive_count")?,
            _ => true,
        };
        if fits { Ok(()) } else { Err(field.fault("histogram has too many buckets")) }
    }

    /// Whether it has a native part. An empty native histogram has a span without buckets.
    pub(super) fn is_native(&self) -> bool {
        !self.positive.spans.is_empty()
            || !self.negative.spans.is_empty()
            || self.zero_threshold > 0.0
            || self.zero_count > 0
    }

    /// Whether the counts of the native part are floats.
    pub(super) fn is_float(&self) -> bool {
        self.count_float > 0.0 || self.zero_count_float > 0.0
    }

    /// All observations, of the classic part.
    pub(super) fn classic_count(&self) -> f64 {
        if self.count_float == 0.0 { self.count as f64 } else { self.count_float }
    }
}

pub(crate) fn span(field: &Field<'_>) -> Result<BucketSpan, Fault> {
    let (mut span, mut message) = (BucketSpan { offset: 0, length: 0 }, field.message()?);
    while let Some(field) = message.next()? {
        match field.number {
            1 => span.offset = field.sint32().within("offset")?,
            2 => span.length = field.uint32().within("length")?,
            _ => {}
        }
    }
    Ok(span)
}
