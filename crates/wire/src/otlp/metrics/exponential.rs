//! Translates exponential histograms to Prometheus' native histograms.

use std::sync::Arc;

use signals::metric::{BucketSpan, NativeHistogram, SCHEMA_MAX, SCHEMA_MIN, STALE_NAN_BITS};

use super::metric::Metric;
use super::point::{Fields, PointTime, RawPoint};
use super::{Decoder, Taken, checked};
use crate::Limits;
use crate::otlp::delta::DeltaValue;
use crate::protobuf::{Fault, Message, Within as _};

const FIELDS: Fields = Fields { attributes: 1, exemplars: 11, flags: 10 };

/// Width of the zero bucket; Prometheus ignores OTLP's, too.
const ZERO_THRESHOLD: f64 = 1e-128;
/// Gaps up to this length are written as empty buckets, as in Prometheus.
const GAP_MAX: i64 = 2;

/// A parsed `Buckets` message.
#[derive(Debug, Default)]
struct RawBuckets {
    offset: i32,
    counts: Vec<u64>,
    has_room: bool,
}

impl RawBuckets {
    fn read(mut message: Message<'_>, buckets_max: usize) -> Result<Self, Fault> {
        let mut raw = Self { has_room: true, ..Self::default() };
        while let Some(field) = message.next()? {
            match field.number {
                1 => raw.offset = field.sint32().within("offset")?,
                2 => {
                    raw.has_room &=
                        field.push_varints(&mut raw.counts, buckets_max).within("bucket_counts")?;
                    if !raw.has_room {
                        raw.counts.truncate(buckets_max);
                    }
                }
                _ => {}
            }
        }
        Ok(raw)
    }
}

/// Fields specific to an `ExponentialHistogramDataPoint`.
#[derive(Default)]
struct Raw {
    count: u64,
    sum: f64,
    scale: i32,
    zero_count: u64,
    positive: RawBuckets,
    negative: RawBuckets,
}

impl Raw {
    fn read<'a>(
        mut message: Message<'a>,
        raw_point: &mut RawPoint<'a>,
        limits: &Limits,
    ) -> Result<Self, Fault> {
        let buckets_max = limits.buckets_max;
        let mut raw = Self::default();
        (raw.positive.has_room, raw.negative.has_room) = (true, true);
        let buckets = |message| RawBuckets::read(message, buckets_max);
        while let Some(field) = message.next()? {
            match field.number {
                4 => raw.count = field.fixed64().within("count")?,
                5 => raw.sum = field.double().within("sum")?,
                6 => raw.scale = field.sint32().within("scale")?,
                7 => raw.zero_count = field.fixed64().within("zero_count")?,
                8 => raw.positive = field.message().and_then(buckets).within("positive")?,
                9 => raw.negative = field.message().and_then(buckets).within("negative")?,
                _ => raw_point.read(&field)?,
            }
        }
        Ok(raw)
    }

    fn histogram(&self, is_stale: bool) -> Result<NativeHistogram, &'static str> {
        if !self.positive.has_room || !self.negative.has_room {
            return Err("histogram has too many buckets");
        }
        if self.scale < SCHEMA_MIN {
            return Err("exponential histogram has a scale below -4");
        }
        let stale = f64::from_bits(STALE_NAN_BITS);
        let mut histogram = NativeHistogram {
            schema: self.scale.min(SCHEMA_MAX),
            zero_threshold: ZERO_THRESHOLD,
            zero_count: self.zero_count as f64,
            count: if is_stale { stale } else { self.count as f64 },
            sum: if is_stale { stale } else { self.sum },
            ..NativeHistogram::default()
        };
        let shift = u32::try_from(self.scale - histogram.schema).unwrap_or(0);
        (histogram.positive_spans, histogram.positive_counts) =
            layout(self.positive.offset, &self.positive.counts, shift)?;
        (histogram.negative_spans, histogram.negative_counts) =
            layout(self.negative.offset, &self.negative.counts, shift)?;
        Ok(histogram)
    }
}

/// Spans of populated buckets and their counts, with `2^shift` neighbours merged into one.
///
/// OTLP indexes a bucket by its lower bound, Prometheus by its upper bound: one higher.
fn layout(
    offset: i32,
    counts: &[u64],
    shift: u32,
) -> Result<(Vec<BucketSpan>, Vec<f64>), &'static str> {
    let mut merged = SpanBuilder::default();
    let mut open: Option<(i64, f64)> = None;
    for (index, count) in (i64::from(offset)..).zip(counts) {
        if *count == 0 {
            continue;
        }
        // A shift by 63 bits already leaves only the sign.
        let index = (index >> shift.min(63)) + 1;
        match &mut open {
            Some((open_index, total)) if *open_index == index => *total += *count as f64,
            _ => {
                if let Some((index, total)) = open.replace((index, *count as f64)) {
                    merged.push(index, total)?;
                }
            }
        }
    }
    if let Some((index, total)) = open {
        merged.push(index, total)?;
    }
    Ok((merged.spans, merged.counts))
}

/// Builds bucket spans from buckets in ascending order.
#[derive(Debug, Default)]
pub(crate) struct SpanBuilder {
    pub(crate) spans: Vec<BucketSpan>,
    pub(crate) counts: Vec<f64>,
    /// Index after the last bucket.
    end: i64,
}

impl SpanBuilder {
    /// Adds a bucket; its index must exceed all previous ones.
    pub(crate) fn push(&mut self, index: i64, count: f64) -> Result<(), &'static str> {
        let gap = index - self.end;
        match self.spans.last_mut() {
            Some(span) if gap <= GAP_MAX => {
                span.length += gap as u32 + 1;
                self.counts.resize(self.counts.len() + gap as usize, 0.0);
            }
            _ => {
                let offset = i32::try_from(gap)
                    .map_err(|_| "exponential histogram has a bucket out of range")?;
                self.spans.push(BucketSpan { offset, length: 1 });
            }
        }
        self.counts.push(count);
        self.end = index + 1;
        Ok(())
    }
}

impl<'a> Decoder<'_, 'a> {
    pub(super) fn exponential_histogram(
        &mut self,
        metric: &Metric<'a>,
        message: Message<'a>,
    ) -> Taken {
        let mut raw_point = RawPoint::new(message, metric, FIELDS);
        let raw = Raw::read(message, &mut raw_point, self.limits)?;
        let time = checked!(self.time(&raw_point));
        let histogram = Arc::new(checked!(raw.histogram(time.is_stale)));
        if Self::is_delta(metric, time) {
            let value = DeltaValue::Native(histogram);
            checked!(self.delta(metric, &raw_point, time, value)?);
        } else {
            checked!(self.native_histogram(metric, &raw_point, time, &histogram)?);
        }
        self.accept(time);
        self.exemplars(metric, &raw_point, time, |_| 0)?;
        Ok(Ok(()))
    }
}

impl<'a> Decoder<'_, 'a> {
    /// Appends a cumulative native histogram.
    pub(super) fn native_histogram(
        &mut self,
        metric: &Metric<'a>,
        raw: &RawPoint<'a>,
        time: PointTime,
        histogram: &Arc<NativeHistogram>,
    ) -> Taken {
        checked!(self.place(metric, raw, 1, |names, series, places| {
            places.push(series.series(names.family()));
        })?);
        for series in &self.places {
            self.series.histogram(*series, time.timestamp_ms, Arc::clone(histogram));
        }
        self.start_times(metric, time);
        Ok(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Offset and length of each span, and the counts.
    fn laid_out(offset: i32, counts: &[u64], shift: u32) -> (Vec<(i32, u32)>, Vec<f64>) {
        let (spans, counts) = layout(offset, counts, shift).unwrap();
        (spans.iter().map(|span| (span.offset, span.length)).collect(), counts)
    }

    #[test]
    fn buckets_are_laid_out_as_prometheus_does() {
        assert_eq!(laid_out(0, &[4, 3, 2, 1], 0), (vec![(1, 4)], vec![4.0, 3.0, 2.0, 1.0]));
        assert_eq!(laid_out(0, &[4, 3, 2, 1], 1), (vec![(1, 2)], vec![7.0, 3.0]));
        assert_eq!(laid_out(0, &[4, 3, 2, 1], 2), (vec![(1, 1)], vec![10.0]));
        assert_eq!(laid_out(1, &[4, 3, 2, 1], 1), (vec![(1, 3)], vec![4.0, 5.0, 1.0]));
        let gaps = [4, 2, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
        assert_eq!(laid_out(4, &gaps, 0), (vec![(5, 4), (12, 1)], vec![4.0, 2.0, 0.0, 2.0, 1.0]));
        assert_eq!(laid_out(4, &gaps, 1), (vec![(3, 2), (6, 1)], vec![6.0, 2.0, 1.0]));
        assert_eq!(
            laid_out(-2, &[3, 1, 0, 0, 0, 1], 0),
            (vec![(-1, 2), (3, 1)], vec![3.0, 1.0, 1.0])
        );
        assert_eq!(laid_out(-2, &[3, 1, 0, 0, 0, 1], 1), (vec![(0, 3)], vec![4.0, 0.0, 1.0]));
        assert_eq!(laid_out(5, &[0, 0], 0), (vec![], vec![]));
        assert_eq!(laid_out(i32::MIN, &[1], 1000), (vec![(0, 1)], vec![1.0]));
        assert!(layout(i32::MAX, &[1, 1], 0).is_err());
    }
}
