//! The message `Histogram`, the same in both versions except for the start time, and its rules.
//!
//! Source: `types.proto`; Prometheus' document "Native histograms", whose rules its receiver
//! enforces before it stores a histogram.

use signals::metric::{CUSTOM_SCHEMA, NativeHistogram, ResetHint, SCHEMA_MAX, SCHEMA_MIN};

use crate::exposition::family::histogram::{SCHEMA_RESERVED_MAX, side_buckets};
use crate::exposition::family::message::{Side, span};
use crate::protobuf::writer::Writer;
use crate::protobuf::{Fault, Message, Within as _};

/// Whole numbers above this are not exact as floats.
const WHOLE_MAX: f64 = 9_007_199_254_740_992.0;

const TOO_MANY_BUCKETS: &str = "the histogram has too many buckets";
const LAYOUT: &str = "the spans and buckets of the histogram do not match";
const NEGATIVE: &str = "the histogram has a negative count";

/// A count that is an integer or a float.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Count {
    Int(u64),
    Float(f64),
}

impl Default for Count {
    fn default() -> Self {
        Self::Int(0)
    }
}

impl Count {
    fn int(self) -> u64 {
        if let Self::Int(count) = self { count } else { 0 }
    }

    fn float(self) -> f64 {
        if let Self::Float(count) = self { count } else { 0.0 }
    }
}

/// A `Histogram` as it is on the wire.
#[derive(Debug, Default)]
pub(super) struct HistogramMessage {
    count: Count,
    sum: f64,
    schema: i32,
    zero_threshold: f64,
    zero_count: Count,
    negative: Side,
    positive: Side,
    reset_hint: i32,
    pub(super) timestamp_ms: i64,
    custom_values: Vec<u64>,
    /// 2.0 only.
    pub(super) start_ms: i64,
    is_too_large: bool,
}

impl HistogramMessage {
    pub(super) fn read(mut message: Message<'_>, buckets_max: usize) -> Result<Self, Fault> {
        let max = buckets_max;
        let mut raw = Self::default();
        while let Some(field) = message.next()? {
            let mut has_room = true;
            match field.number {
                1 => raw.count = Count::Int(field.varint().within("count_int")?),
                2 => raw.count = Count::Float(field.double().within("count_float")?),
                3 => raw.sum = field.double().within("sum")?,
                4 => raw.schema = field.sint32().within("schema")?,
                5 => raw.zero_threshold = field.double().within("zero_threshold")?,
                6 => raw.zero_count = Count::Int(field.varint().within("zero_count_int")?),
                7 => raw.zero_count = Count::Float(field.double().within("zero_count_float")?),
                number @ (8 | 11) => {
                    let side = if number == 8 { &mut raw.negative } else { &mut raw.positive };
                    let span = span(&field).within("spans")?;
                    has_room = side.spans.len() < max;
                    side.spans.extend(has_room.then_some(span));
                }
                number @ (9 | 12) => {
                    let side = if number == 9 { &mut raw.negative } else { &mut raw.positive };
                    has_room = field.push_varints(&mut side.deltas, max).within("deltas")?;
                    side.deltas.truncate(max);
                }
                number @ (10 | 13) => {
                    let side = if number == 10 { &mut raw.negative } else { &mut raw.positive };
                    has_room = field.push_fixed64s(&mut side.counts, max).within("counts")?;
                    side.counts.truncate(max);
                }
                14 => raw.reset_hint = field.int32().within("reset_hint")?,
                15 => raw.timestamp_ms = field.varint().within("timestamp")? as i64,
                16 => {
                    let values = &mut raw.custom_values;
                    has_room = field.push_fixed64s(values, max).within("custom_values")?;
                    values.truncate(max);
                }
                17 => raw.start_ms = field.varint().within("start_timestamp")? as i64,
                _ => {}
            }
            raw.is_too_large |= !has_room;
        }
        Ok(raw)
    }

    /// Memory of the histogram.
    pub(super) fn bytes(&self) -> usize {
        let side = |side: &Side| side.spans.len() + side.deltas.len().max(side.counts.len());
        let numbers = side(&self.negative) + side(&self.positive) + self.custom_values.len();
        size_of::<NativeHistogram>() + 8 * numbers
    }

    fn is_float(&self) -> bool {
        matches!(self.count, Count::Float(_))
    }

    /// A count; one of the other type than the histogram's count is not set.
    fn number(&self, count: Count) -> f64 {
        if self.is_float() { count.float() } else { count.int() as f64 }
    }

    /// The histogram, with a resolution above the highest one reduced to it.
    ///
    /// # Errors
    /// The reason for rejecting it.
    pub(super) fn histogram(&self) -> Result<NativeHistogram, &'static str> {
        if self.is_too_large {
            return Err(TOO_MANY_BUCKETS);
        }
        match self.schema {
            CUSTOM_SCHEMA => self.check_custom()?,
            SCHEMA_MIN..=SCHEMA_RESERVED_MAX if self.custom_values.is_empty() => {}
            SCHEMA_MIN..=SCHEMA_RESERVED_MAX => {
                return Err("the histogram has both a resolution and custom bounds");
            }
            _ => return Err("the schema of the histogram is unknown"),
        }
        let is_float = self.is_float();
        let (negative, positive) =
            (self.side(&self.negative, is_float)?, self.side(&self.positive, is_float)?);
        if is_float {
            if self.count.float() < 0.0 || self.zero_count.float() < 0.0 {
                return Err(NEGATIVE);
            }
        } else {
            self.check_total()?;
        }
        Ok(NativeHistogram {
            schema: self.schema.min(SCHEMA_MAX),
            zero_threshold: self.zero_threshold,
            zero_count: self.number(self.zero_count),
            count: self.number(self.count),
            sum: self.sum,
            positive_spans: positive.0,
            positive_counts: positive.1,
            negative_spans: negative.0,
            negative_counts: negative.1,
            custom_bounds: self.custom_values.iter().copied().map(f64::from_bits).collect(),
            reset_hint: match self.reset_hint {
                1 => ResetHint::Reset,
                2 => ResetHint::NotReset,
                3 => ResetHint::Gauge,
                _ => ResetHint::Unknown,
            },
        })
    }

    fn side(&self, side: &Side, is_float: bool) -> Result<Layout, &'static str> {
        let counts = side.counts(is_float);
        let needed: u64 = side.spans.iter().map(|span| u64::from(span.length)).sum();
        if needed != counts.len() as u64 || side.spans.iter().skip(1).any(|span| span.offset < 0) {
            return Err(LAYOUT);
        }
        let index =
            |span: &signals::metric::BucketSpan| i64::from(span.offset) + i64::from(span.length);
        if i32::try_from(side.spans.iter().map(index).sum::<i64>()).is_err() {
            return Err("the histogram has a bucket out of range");
        }
        if counts.iter().any(|count| *count < 0.0) {
            return Err(NEGATIVE);
        }
        if self.schema > SCHEMA_MAX {
            return side_buckets(side, is_float, self.schema).map_err(|_| LAYOUT);
        }
        Ok((side.spans.clone(), counts))
    }

    /// Checks that the buckets of an integer histogram add up; a sum that is not a number leaves
    /// out observations.
    fn check_total(&self) -> Result<(), &'static str> {
        let of_side = |side: &Side| {
            let mut count = 0_i64;
            side.deltas.iter().fold(0_u64, |total, bits| {
                count = count.wrapping_add((bits >> 1) as i64 ^ -((bits & 1) as i64));
                total.wrapping_add(count as u64)
            })
        };
        let buckets = of_side(&self.negative)
            .wrapping_add(of_side(&self.positive))
            .wrapping_add(self.zero_count.int());
        let count = self.count.int();
        if if self.sum.is_nan() { buckets <= count } else { buckets == count } {
            Ok(())
        } else {
            Err("the count of the histogram is not the sum of its buckets")
        }
    }

    fn check_custom(&self) -> Result<(), &'static str> {
        let bounds = || self.custom_values.iter().copied().map(f64::from_bits);
        if !bounds().is_sorted_by(|a, b| a < b)
            || bounds().any(|bound| bound.is_nan() || bound == f64::INFINITY)
        {
            return Err("the custom bounds of the histogram do not ascend or are not numbers");
        }
        let has_zero = self.zero_threshold != 0.0 || self.number(self.zero_count) != 0.0;
        let Side { spans, deltas, counts } = &self.negative;
        if has_zero || !spans.is_empty() || !deltas.is_empty() || !counts.is_empty() {
            return Err("a histogram with custom bounds has zero or negative buckets");
        }
        let spans = &self.positive.spans;
        let end: i64 =
            spans.iter().map(|span| i64::from(span.offset) + i64::from(span.length)).sum();
        if spans.iter().any(|span| span.offset < 0) || end > self.custom_values.len() as i64 + 1 {
            return Err(LAYOUT);
        }
        Ok(())
    }
}

type Layout = (Vec<signals::metric::BucketSpan>, Vec<f64>);

/// Writes the fields of a `Histogram`: with integer counts if all counts are whole numbers and add
/// up, else with float counts.
pub(super) fn write(
    writer: &mut Writer,
    timestamp_ms: i64,
    start_ms: Option<i64>,
    histogram: &NativeHistogram,
) {
    let has_integers = has_integers(histogram);
    let mut count = |integer, float, count: f64| {
        if has_integers {
            writer.varint_always(integer, count as u64);
        } else {
            writer.double_always(float, count);
        }
    };
    count(1, 2, histogram.count);
    count(6, 7, histogram.zero_count);
    writer.double(3, histogram.sum);
    writer.sint(4, histogram.schema.into());
    writer.double(5, histogram.zero_threshold);
    let sides = [
        (8, &histogram.negative_spans, &histogram.negative_counts),
        (11, &histogram.positive_spans, &histogram.positive_counts),
    ];
    for (number, spans, counts) in sides {
        for span in spans {
            writer.message(number, |writer| {
                writer.sint(1, span.offset.into());
                writer.varint(2, span.length.into());
            });
        }
        if has_integers {
            let before = std::iter::once(0.0).chain(counts.iter().copied());
            let deltas =
                counts.iter().zip(before).map(|(count, before)| *count as i64 - before as i64);
            writer.packed_sints(number + 1, deltas);
        } else {
            writer.packed_doubles(number + 2, counts);
        }
    }
    let hint = match histogram.reset_hint {
        ResetHint::Unknown => 0,
        ResetHint::Reset => 1,
        ResetHint::NotReset => 2,
        ResetHint::Gauge => 3,
    };
    writer.varint(14, hint);
    writer.varint(15, timestamp_ms as u64);
    writer.packed_doubles(16, &histogram.custom_bounds);
    writer.varint(17, start_ms.unwrap_or_default() as u64);
}

fn has_integers(histogram: &NativeHistogram) -> bool {
    let counts = || histogram.positive_counts.iter().chain(&histogram.negative_counts);
    let is_whole = |count: f64| count.fract() == 0.0 && (0.0..=WHOLE_MAX).contains(&count);
    let total = counts().sum::<f64>() + histogram.zero_count;
    counts().chain([&histogram.count, &histogram.zero_count]).all(|count| is_whole(*count))
        && if histogram.sum.is_nan() { total <= histogram.count } else { total == histogram.count }
}
