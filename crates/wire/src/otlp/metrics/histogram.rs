//! Translates histograms with explicit bounds to Prometheus' classic histograms.

use std::sync::Arc;

use signals::Labels;
use signals::metric::{CUSTOM_SCHEMA, NAME_LABEL, NativeHistogram, STALE_NAN_BITS};

use super::exponential::SpanBuilder;
use super::metric::Metric;
use super::point::{Fields, PointTime, RawPoint, label_number};
use super::series::SeriesTable;
use super::{Decoder, Taken, checked};
use crate::Limits;
use crate::otlp::delta::{ClassicHistogram, DeltaValue};
use crate::protobuf::{Fault, Message, Within as _};

const FIELDS: Fields = Fields { attributes: 9, exemplars: 8, flags: 10 };

/// Fields specific to a `HistogramDataPoint`.
#[derive(Default)]
struct Raw {
    count: u64,
    sum: Option<f64>,
    counts: Vec<u64>,
    bounds: Vec<u64>,
    has_room: bool,
}

impl Raw {
    fn read<'a>(
        mut message: Message<'a>,
        raw_point: &mut RawPoint<'a>,
        limits: &Limits,
    ) -> Result<Self, Fault> {
        let buckets_max = limits.buckets_max;
        let mut raw = Self { has_room: true, ..Self::default() };
        while let Some(field) = message.next()? {
            match field.number {
                4 => raw.count = field.fixed64().within("count")?,
                5 => raw.sum = Some(field.double().within("sum")?),
                6 => {
                    raw.has_room &= field
                        .push_fixed64s(&mut raw.counts, buckets_max)
                        .within("bucket_counts")?;
                }
                7 => {
                    raw.has_room &= field
                        .push_fixed64s(&mut raw.bounds, buckets_max)
                        .within("explicit_bounds")?;
                }
                _ => raw_point.read(&field)?,
            }
            if !raw.has_room {
                // The point is rejected anyway: stop collecting.
                raw.counts.truncate(buckets_max);
                raw.bounds.truncate(buckets_max);
            }
        }
        Ok(raw)
    }

    fn buckets(&self) -> Result<ClassicHistogram, &'static str> {
        if !self.has_room {
            return Err("histogram has too many buckets");
        }
        let mut bounds: Vec<f64> = self.bounds.iter().map(|bits| f64::from_bits(*bits)).collect();
        let mut counts: Vec<f64> = self.counts.iter().map(|count| *count as f64).collect();
        if !counts.is_empty() && counts.len() != bounds.len() + 1 {
            return Err("histogram has bucket counts that do not match its bounds");
        }
        if bounds.iter().any(|bound| bound.is_nan()) || !bounds.is_sorted_by(|a, b| a < b) {
            return Err("histogram has bounds that do not ascend");
        }
        // Some senders include the implicit bound of the last bucket.
        if bounds.last() == Some(&f64::INFINITY) {
            bounds.pop();
            let beyond = counts.pop().unwrap_or_default();
            if let Some(last) = counts.last_mut() {
                *last += beyond;
            }
        }
        Ok(ClassicHistogram { bounds, counts, sum: self.sum, count: self.count as f64 })
    }
}

impl<'a> Decoder<'_, 'a> {
    pub(super) fn classic_histogram(&mut self, metric: &Metric<'a>, message: Message<'a>) -> Taken {
        let mut raw = RawPoint::new(message, metric, FIELDS);
        let classic = checked!(Raw::read(message, &mut raw, self.limits)?.buckets());
        let time = checked!(self.time(&raw));
        if Self::is_delta(metric, time) {
            checked!(self.delta(metric, &raw, time, DeltaValue::Classic(classic.clone()))?);
        } else if self.translation.uses_custom_bounds {
            let histogram = Arc::new(checked!(native(&classic, time.is_stale)));
            checked!(self.native_histogram(metric, &raw, time, &histogram)?);
            self.accept(time);
            self.exemplars(metric, &raw, time, |_| 0)?;
            return Ok(Ok(()));
        } else {
            checked!(self.cumulative(metric, &mut raw, time, &classic)?);
        }
        self.accept(time);
        self.exemplars(metric, &raw, time, |value| {
            classic.bounds.partition_point(|bound| *bound < value)
        })?;
        Ok(Ok(()))
    }

    fn cumulative(
        &mut self,
        metric: &Metric<'a>,
        raw: &mut RawPoint<'a>,
        time: PointTime,
        classic: &ClassicHistogram,
    ) -> Taken {
        for bound in &classic.bounds {
            raw.fingerprinter.number(bound.to_bits());
        }
        raw.fingerprinter.number(u64::from(classic.sum.is_some()));
        let count = classic.bounds.len() + 2 + usize::from(classic.sum.is_some());
        checked!(self.place(metric, raw, count, |names, table, places| {
            let series = Series::new(&names.family(), &classic.bounds);
            series.place(classic.sum.is_some(), table, places);
        })?);
        let before = self.series.samples();
        classic.write(&self.places, time.timestamp_ms, time.is_stale, &mut self.series);
        self.points.push(before, self.series.samples(), true);
        self.start_times(metric, time);
        Ok(Ok(()))
    }
}

/// The native histogram with the same bounds.
fn native(classic: &ClassicHistogram, is_stale: bool) -> Result<NativeHistogram, &'static str> {
    let mut buckets = SpanBuilder::default();
    for (index, count) in (0..).zip(&classic.counts) {
        if *count != 0.0 {
            buckets.push(index, *count)?;
        }
    }
    let stale = f64::from_bits(STALE_NAN_BITS);
    Ok(NativeHistogram {
        schema: CUSTOM_SCHEMA,
        count: if is_stale { stale } else { classic.count },
        sum: if is_stale { stale } else { classic.sum.unwrap_or_default() },
        positive_spans: buckets.spans,
        positive_counts: buckets.counts,
        custom_bounds: classic.bounds.clone(),
        ..NativeHistogram::default()
    })
}

/// The series of one classic histogram.
#[derive(Debug, Clone)]
pub(crate) struct Series {
    /// `_bucket` series, ascending; the last has `le="+Inf"`.
    pub(crate) buckets: Vec<Labels>,
    sum: Labels,
    count: Labels,
}

impl Series {
    /// The series of the histogram with the family name in the `__name__` of `base`.
    pub(crate) fn new(base: &Labels, bounds: &[f64]) -> Self {
        let name = base.metric_name();
        let bucket = format!("{name}_bucket");
        let buckets = bounds.iter().chain([&f64::INFINITY]).map(|bound| {
            let le = label_number(*bound);
            Labels::from_pairs(base.iter().chain([(NAME_LABEL, bucket.as_str()), ("le", &le)]))
        });
        Self {
            buckets: buckets.collect(),
            sum: base.with(NAME_LABEL, &format!("{name}_sum")),
            count: base.with(NAME_LABEL, &format!("{name}_count")),
        }
    }

    /// Appends the indices of a point's series, in the order expected by
    /// [`ClassicHistogram::write`].
    pub(crate) fn place(&self, has_sum: bool, table: &mut SeriesTable, places: &mut Vec<u32>) {
        let sum = Some(&self.sum).filter(|_| has_sum);
        let all = self.buckets.iter().chain(sum).chain([&self.count]);
        places.extend(all.map(|labels| table.series(labels.clone())));
    }
}

impl ClassicHistogram {
    /// Appends a point's samples to the series at these indices: buckets, sum if present, count.
    pub(crate) fn write(&self, places: &[u32], at: i64, is_stale: bool, table: &mut SeriesTable) {
        let stale = f64::from_bits(STALE_NAN_BITS);
        let mut cumulative = 0.0;
        let counts = self.counts.iter().copied().chain(std::iter::repeat(0.0));
        let buckets = counts.take(self.bounds.len()).map(|count| {
            cumulative += count;
            cumulative
        });
        let values = buckets.chain([self.count]).chain(self.sum).chain([self.count]);
        for (series, value) in places.iter().zip(values) {
            table.sample(*series, at, if is_stale { stale } else { value });
        }
    }
}
