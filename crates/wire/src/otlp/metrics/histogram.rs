//! Points of histograms with explicit bounds, as Prometheus' classic histograms.

use signals::Labels;
use signals::metric::{NAME_LABEL, STALE_NAN_BITS};

use super::exemplar::Exemplars;
use super::series::SeriesTable;
use super::{Decoder, Metric, Taken, Temporality, checked, label_number};
use crate::Limits;
use crate::otlp::delta::{ClassicHistogram, Delta, DeltaValue};
use crate::otlp::resource::Kept;
use crate::protobuf::{Fault, Message, Within as _};

/// A `HistogramDataPoint` as the wire has it.
#[derive(Default)]
struct Raw<'a> {
    attributes: Kept<'a>,
    exemplars: Kept<'a>,
    start: u64,
    time: u64,
    count: u64,
    sum: Option<f64>,
    counts: Vec<u64>,
    bounds: Vec<u64>,
    has_room: bool,
    flags: u32,
}

impl<'a> Raw<'a> {
    fn read(mut message: Message<'a>, limits: &Limits) -> Result<Self, Fault> {
        let buckets_max = limits.buckets_max;
        let mut raw = Self { has_room: true, ..Self::default() };
        while let Some(field) = message.next()? {
            match field.number {
                2 => raw.start = field.fixed64().within("start_time_unix_nano")?,
                3 => raw.time = field.fixed64().within("time_unix_nano")?,
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
                8 => raw.exemplars.push(field.message().within("exemplars")?, limits.exemplars_max),
                9 => raw.attributes.push(field.message().within("attributes")?, limits.labels_max),
                10 => raw.flags = field.uint32().within("flags")?,
                _ => {}
            }
            if !raw.has_room {
                // Not taken anyway: do not gather more.
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
        // Some senders name the bound of the last bucket, which goes without saying.
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

impl Decoder<'_> {
    pub(super) fn classic_histogram(&mut self, metric: &Metric, message: Message<'_>) -> Taken {
        let raw = Raw::read(message, self.limits)?;
        let classic = checked!(raw.buckets());
        let point =
            checked!(self.point(raw.time, raw.flags, &raw.attributes, classic.bounds.len() + 3)?);
        let base = point.labels.named(&self.shared, &metric.name);
        let at = point.timestamp_ms;
        let bucket_series = Series::new(&base, &classic.bounds);
        if metric.temporality == Temporality::Delta && !point.is_stale {
            self.deltas.push(Delta {
                labels: base,
                start_ms: super::start_ms(raw.start),
                timestamp_ms: at,
                is_monotonic: true,
                value: DeltaValue::Classic(classic.clone()),
            });
        } else {
            bucket_series.push(&mut self.series, at, &classic, point.is_stale);
        }
        self.accept(&point);
        let mut exemplars = Exemplars::new(&raw.exemplars.messages, at);
        while let Some(exemplar) = exemplars.next(self)? {
            let bucket = classic.bounds.partition_point(|bound| *bound < exemplar.value);
            if let Some(labels) = bucket_series.buckets.get(bucket) {
                let series = self.series.series(labels.clone());
                self.series.exemplar(exemplar.of(series));
            }
        }
        Ok(Ok(()))
    }
}

/// The series of one classic histogram.
#[derive(Debug, Clone)]
pub(crate) struct Series {
    /// `_bucket`, ascending, the last has `le="+Inf"`.
    buckets: Vec<Labels>,
    sum: Labels,
    count: Labels,
}

impl Series {
    /// The series of the histogram whose family's name is the `__name__` of `base`.
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

    /// Writes one point.
    pub(crate) fn push(
        &self,
        series: &mut SeriesTable,
        at: i64,
        point: &ClassicHistogram,
        is_stale: bool,
    ) {
        let stale = f64::from_bits(STALE_NAN_BITS);
        let value = |value: f64| if is_stale { stale } else { value };
        let mut cumulative = 0.0;
        if let Some((last, buckets)) = self.buckets.split_last() {
            let counts = point.counts.iter().copied().chain(std::iter::repeat(0.0));
            for (labels, count) in buckets.iter().zip(counts) {
                cumulative += count;
                series.sample(labels.clone(), at, value(cumulative));
            }
            series.sample(last.clone(), at, value(point.count));
        }
        if let Some(sum) = point.sum {
            series.sample(self.sum.clone(), at, value(sum));
        }
        series.sample(self.count.clone(), at, value(point.count));
    }
}
