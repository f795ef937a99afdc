//! Delimited `io.prometheus.client.MetricFamily`.
//!
//! Source: `metrics.proto` of Prometheus' client model. Counts of histograms are written as floats.

use std::borrow::Cow;

use signals::metric::{BucketSpan, NativeHistogram};

use super::cumulative;
use super::text::underscored;
use crate::protobuf::writer::Writer;

const UNTYPED: u64 = 3;
const HISTOGRAM: u64 = 4;
const GAUGE_HISTOGRAM: u64 = 5;

/// A page in the protobuf format, family by family.
#[derive(Debug, Default)]
pub struct FamilyWriter {
    page: Writer,
    family: Writer,
    allows_utf8: bool,
}

impl FamilyWriter {
    /// An empty page. Other names than those before UTF-8 are written as they are, or with
    /// underscores.
    #[must_use]
    pub fn new(allows_utf8: bool) -> Self {
        Self { allows_utf8, ..Self::default() }
    }

    /// Begins a family of numbers.
    pub fn untyped_family(&mut self, name: &str) {
        self.family(name, UNTYPED);
    }

    /// Begins a family of histograms, all of them gauges or none.
    pub fn histogram_family(&mut self, name: &str, is_gauge: bool) {
        self.family(name, if is_gauge { GAUGE_HISTOGRAM } else { HISTOGRAM });
    }

    /// A number of the family.
    pub fn untyped(&mut self, labels: &[(&str, &str)], value: f64, timestamp_ms: i64) {
        self.metric(labels, timestamp_ms, |metric| {
            metric.message(5, |untyped| untyped.double_always(1, value));
        });
    }

    /// A histogram of the family; one with custom buckets is written as a classic one.
    pub fn histogram(
        &mut self,
        labels: &[(&str, &str)],
        histogram: &NativeHistogram,
        timestamp_ms: i64,
    ) {
        self.metric(labels, timestamp_ms, |metric| {
            metric.message(7, |message| {
                message.double(4, histogram.count);
                message.double(2, histogram.sum);
                if histogram.has_custom_bounds() {
                    classic(message, histogram);
                } else {
                    native(message, histogram);
                }
            });
        });
    }

    /// The page.
    #[must_use]
    pub fn finish(mut self) -> Vec<u8> {
        self.end_family();
        self.page.into_bytes()
    }

    fn family(&mut self, name: &str, kind: u64) {
        self.end_family();
        let name = written(name, true, self.allows_utf8);
        self.family.text(1, &name);
        self.family.varint(3, kind);
    }

    fn end_family(&mut self) {
        let family = std::mem::take(&mut self.family).into_bytes();
        if !family.is_empty() {
            self.page.delimited(&family);
        }
    }

    fn metric(
        &mut self,
        labels: &[(&str, &str)],
        timestamp_ms: i64,
        value: impl FnOnce(&mut Writer),
    ) {
        let allows_utf8 = self.allows_utf8;
        self.family.message(4, |metric| {
            for (name, value) in labels {
                metric.message(1, |label| {
                    label.text(1, &written(name, false, allows_utf8));
                    label.text(2, value);
                });
            }
            value(metric);
            metric.varint(6, timestamp_ms as u64);
        });
    }
}

fn classic(message: &mut Writer, histogram: &NativeHistogram) {
    for (bound, observations) in cumulative(histogram) {
        message.message(3, |bucket| {
            bucket.double(4, observations);
            bucket.double_always(2, bound);
        });
    }
}

fn native(message: &mut Writer, histogram: &NativeHistogram) {
    message.sint(5, i64::from(histogram.schema));
    message.double(6, histogram.zero_threshold);
    message.double(8, histogram.zero_count);
    spans(message, 9, &histogram.negative_spans);
    message.packed_doubles(11, &histogram.negative_counts);
    spans(message, 12, &histogram.positive_spans);
    message.packed_doubles(14, &histogram.positive_counts);
}

fn spans(message: &mut Writer, number: u32, spans: &[BucketSpan]) {
    for span in spans {
        message.message(number, |message| {
            message.sint(1, i64::from(span.offset));
            message.varint(2, u64::from(span.length));
        });
    }
}

fn written(name: &str, is_metric: bool, allows_utf8: bool) -> Cow<'_, str> {
    if allows_utf8 { name.into() } else { underscored(name, is_metric).collect() }
}
