//! Expected series, computed independently from prost's structs.
//!
//! Metric and label names are not recomputed: the test cases of Prometheus' translator cover them.
//! Labels are identified by the values of their attributes.

use std::collections::BTreeMap;

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::metrics::v1::exponential_histogram_data_point::Buckets;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{Metric, number_data_point};
use signals::Timestamp;
use signals::metric::{NativeHistogram, SeriesBatch, is_stale};

/// Numbers of accepted and rejected points, and the multiset of sample values.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Facts {
    pub(super) accepted: usize,
    pub(super) rejected: usize,
    pub(super) values: BTreeMap<String, usize>,
    pub(super) deltas: usize,
}

impl Facts {
    fn value(&mut self, kind: &str, at: i64, value: f64, is_stale: bool) {
        // Prost omits -0 like 0.
        let value = if is_stale { "stale".to_owned() } else { format!("{:?}", value + 0.0) };
        *self.values.entry(format!("{kind} {value} @{at}")).or_default() += 1;
    }
}

/// Adds the facts of a decoded batch, without `target_info`.
pub(super) fn of_batch(batch: &SeriesBatch, facts: &mut Facts) {
    for sample in &batch.samples {
        let labels = batch.series[sample.series as usize].labels().unwrap();
        if labels.metric_name() != "target_info" {
            let kind = if labels.get("le").is_some() { "bucket" } else { "sample" };
            facts.value(kind, sample.timestamp_ms, sample.value, is_stale(sample.value));
        }
    }
    for sample in &batch.histograms {
        facts.native(sample.timestamp_ms, &sample.histogram);
    }
}

impl Facts {
    fn native(&mut self, at: i64, histogram: &NativeHistogram) {
        let buckets = |spans: &[signals::metric::BucketSpan], counts: &[f64]| {
            let (mut index, mut counts) = (0, counts.iter());
            let mut found = BTreeMap::new();
            for span in spans {
                index += i64::from(span.offset);
                for _ in 0..span.length {
                    let count = *counts.next().expect("a count for each bucket");
                    if count != 0.0 {
                        found.insert(index, count as u64);
                    }
                    index += 1;
                }
            }
            assert!(counts.next().is_none(), "a bucket for each count");
            found
        };
        let positive = buckets(&histogram.positive_spans, &histogram.positive_counts);
        let negative = buckets(&histogram.negative_spans, &histogram.negative_counts);
        self.exponential(
            at,
            histogram.schema,
            histogram.count,
            histogram.sum,
            &positive,
            &negative,
        );
    }

    fn exponential(
        &mut self,
        at: i64,
        schema: i32,
        count: f64,
        sum: f64,
        positive: &BTreeMap<i64, u64>,
        negative: &BTreeMap<i64, u64>,
    ) {
        let kind = format!(
            "native {schema} {positive:?} {negative:?} {}",
            if is_stale(count) { 0.0 } else { count }
        );
        self.value(&kind, at, sum, is_stale(sum));
    }
}

/// The facts of a request; delta points are only counted.
pub(super) fn of_request(request: &ExportMetricsServiceRequest, now: Timestamp) -> Facts {
    let mut facts = Facts::default();
    for resource_metrics in &request.resource_metrics {
        for scope_metrics in &resource_metrics.scope_metrics {
            for metric in &scope_metrics.metrics {
                of_metric(metric, now, &mut facts);
            }
        }
    }
    facts
}

fn of_metric(metric: &Metric, now: Timestamp, facts: &mut Facts) {
    let Some(data) = &metric.data else { return };
    let (points, temporality, has_suffix) = match data {
        Data::Gauge(gauge) => (gauge.data_points.len(), 2, metric.unit == "1"),
        Data::Sum(sum) => (sum.data_points.len(), sum.aggregation_temporality, sum.is_monotonic),
        Data::Histogram(histogram) => {
            (histogram.data_points.len(), histogram.aggregation_temporality, false)
        }
        Data::ExponentialHistogram(histogram) => {
            (histogram.data_points.len(), histogram.aggregation_temporality, false)
        }
        Data::Summary(summary) => (summary.data_points.len(), 2, false),
    };
    // A name with only special characters is valid if the unit or type adds a word.
    let unit = super::super::metrics::name::unit(&metric.unit);
    let has_name = metric.name.chars().any(|c| c.is_ascii_alphanumeric() || c == ':');
    let has_unit = match unit.as_str() {
        // The prefix of a unit after the slash whose characters are all invalid.
        "per" => metric.unit.split('/').next().is_some_and(|main| main.trim() == "per"),
        unit => unit.chars().any(|c| c.is_ascii_alphanumeric() || c == ':'),
    };
    if !(has_name || has_unit || has_suffix) || !matches!(temporality, 1 | 2) {
        facts.rejected += points;
        return;
    }
    let is_delta = temporality == 1;
    match data {
        Data::Gauge(gauge) => {
            gauge.data_points.iter().for_each(|point| number(point, false, now, facts));
        }
        Data::Sum(sum) => {
            sum.data_points.iter().for_each(|point| number(point, is_delta, now, facts));
        }
        Data::Histogram(histogram) => {
            histogram.data_points.iter().for_each(|point| classic(point, is_delta, now, facts));
        }
        Data::ExponentialHistogram(histogram) => {
            histogram.data_points.iter().for_each(|point| exponential(point, is_delta, now, facts));
        }
        Data::Summary(summary) => {
            for point in &summary.data_points {
                let Some(at) = taken(point.time_unix_nano, &point.attributes, now, facts) else {
                    continue;
                };
                let is_stale = point.flags == 1;
                for quantile in &point.quantile_values {
                    facts.value("sample", at, quantile.value, is_stale);
                }
                facts.value("sample", at, point.sum, is_stale);
                facts.value("sample", at, point.count as f64, is_stale);
            }
        }
    }
}

/// The time of a point in milliseconds, counted as accepted; `None`, counted as rejected, if the
/// time or the labels are invalid.
fn taken(time: u64, attributes: &[KeyValue], now: Timestamp, facts: &mut Facts) -> Option<i64> {
    let is_name = |pair: &KeyValue| pair.key.chars().any(|c| c != '_');
    if time > now as u64 + 600_000_000_000 || !attributes.iter().all(is_name) {
        facts.rejected += 1;
        return None;
    }
    facts.accepted += 1;
    Some(if time == 0 { now } else { time as i64 } / 1_000_000)
}

fn number(
    point: &opentelemetry_proto::tonic::metrics::v1::NumberDataPoint,
    is_delta: bool,
    now: Timestamp,
    facts: &mut Facts,
) {
    if point.value.is_none() && point.flags == 0 {
        facts.rejected += 1;
        return;
    }
    let Some(at) = taken(point.time_unix_nano, &point.attributes, now, facts) else { return };
    if is_delta && point.flags == 0 {
        facts.deltas += 1;
        return;
    }
    let value = match point.value {
        Some(number_data_point::Value::AsDouble(value)) => value,
        Some(number_data_point::Value::AsInt(value)) => value as f64,
        None => 0.0,
    };
    facts.value("sample", at, value, point.flags == 1);
}

fn classic(
    point: &opentelemetry_proto::tonic::metrics::v1::HistogramDataPoint,
    is_delta: bool,
    now: Timestamp,
    facts: &mut Facts,
) {
    let bounds = &point.explicit_bounds;
    let ascends = bounds.windows(2).all(|pair| pair[0] < pair[1])
        && !bounds.iter().any(|bound| bound.is_nan());
    if point.bucket_counts.len() != bounds.len() + 1 || !ascends {
        facts.rejected += 1;
        return;
    }
    let Some(at) = taken(point.time_unix_nano, &point.attributes, now, facts) else { return };
    let is_stale = point.flags == 1;
    if is_delta && !is_stale {
        facts.deltas += 1;
        return;
    }
    let mut cumulative = 0;
    for (bound, count) in bounds.iter().zip(&point.bucket_counts) {
        cumulative += count;
        if *bound != f64::INFINITY {
            facts.value("bucket", at, cumulative as f64, is_stale);
        }
    }
    facts.value("bucket", at, point.count as f64, is_stale);
    facts.value("sample", at, point.count as f64, is_stale);
    if let Some(sum) = point.sum {
        facts.value("sample", at, sum, is_stale);
    }
}

fn exponential(
    point: &opentelemetry_proto::tonic::metrics::v1::ExponentialHistogramDataPoint,
    is_delta: bool,
    now: Timestamp,
    facts: &mut Facts,
) {
    let schema = point.scale.min(8);
    let shift = (point.scale - schema).min(63);
    let buckets = |buckets: Option<&Buckets>| {
        let mut found = BTreeMap::new();
        for (i, count) in
            buckets.iter().flat_map(|buckets| buckets.bucket_counts.iter().enumerate())
        {
            if *count > 0 {
                let index = i64::from(buckets.map_or(0, |buckets| buckets.offset)) + i as i64;
                *found.entry((index >> shift) + 1).or_default() += count;
            }
        }
        found
    };
    let (positive, negative) = (buckets(point.positive.as_ref()), buckets(point.negative.as_ref()));
    let is_outside = |buckets: &BTreeMap<i64, u64>| {
        buckets.keys().next().is_some_and(|first| i32::try_from(*first).is_err())
    };
    let time_is_good = point.time_unix_nano <= now as u64 + 600_000_000_000;
    if time_is_good && (point.scale < -4 || is_outside(&positive) || is_outside(&negative)) {
        facts.rejected += 1;
        return;
    }
    let Some(at) = taken(point.time_unix_nano, &point.attributes, now, facts) else { return };
    let is_stale = point.flags == 1;
    if is_delta && !is_stale {
        facts.deltas += 1;
        return;
    }
    let sum = if is_stale {
        f64::from_bits(signals::metric::STALE_NAN_BITS)
    } else {
        point.sum.unwrap_or(0.0)
    };
    let count = if is_stale { 0.0 } else { point.count as f64 };
    facts.exponential(at, schema, count, sum, &positive, &negative);
}
