//! Data that is expensive to read: long lines, deep and wide JSON, wide spans, many series.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, any_value};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::metrics::v1::{
    Gauge, Histogram, HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics,
    metric, number_data_point,
};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;

use crate::patch::{splitmix64, start_ns};
use crate::spans::{int, resource, text};

const SERVICE: &str = "hostile";
/// Records per type of line.
const LINES: u64 = 10;
const LINE_BYTES: usize = 200_000;
const JSON_DEPTH: usize = 30;
const JSON_KEYS: usize = 20_000;
const LOGFMT_PAIRS: usize = 5_000;
const SPANS: u64 = 200;
const ATTRIBUTES: usize = 500;
/// Number of series, and samples per series.
const SERIES: u64 = 5_000;
const SAMPLES: u64 = 4;
const HISTOGRAMS: u64 = 100;
const SECOND: u64 = 1_000_000_000;

/// Log records and their number.
pub(crate) fn logs() -> (Vec<u8>, u64) {
    let lines = [long(), deep(), wide(), logfmt()];
    let log_records: Vec<_> = (0..LINES)
        .flat_map(|n| lines.iter().map(move |line| (n, line)))
        .map(|(n, line)| LogRecord {
            time_unix_nano: start_ns() - n * SECOND,
            severity_text: "INFO".to_owned(),
            severity_number: 9,
            body: Some(AnyValue { value: Some(any_value::Value::StringValue(line.clone())) }),
            ..LogRecord::default()
        })
        .collect();
    let count = log_records.len() as u64;
    let resource_logs = vec![ResourceLogs {
        resource: Some(resource(SERVICE, 0)),
        scope_logs: vec![ScopeLogs { log_records, ..ScopeLogs::default() }],
        ..ResourceLogs::default()
    }];
    (ExportLogsServiceRequest { resource_logs }.encode_to_vec(), count)
}

fn long() -> String {
    "session e 10.0.0.1 \u{1b}[31mred\u{1b}[0m ".chars().cycle().take(LINE_BYTES).collect()
}

fn deep() -> String {
    let key = "a".repeat(100);
    let open = format!(r#"{{"{key}":{{"a":"#).repeat(JSON_DEPTH / 2);
    format!("{open}1{}", "}".repeat(JSON_DEPTH / 2 * 2))
}

fn wide() -> String {
    let pairs: Vec<_> = (0..JSON_KEYS).map(|n| format!(r#""key_{n}":{n}"#)).collect();
    format!("{{{}}}", pairs.join(","))
}

fn logfmt() -> String {
    let pairs: Vec<_> = (0..LOGFMT_PAIRS).map(|n| format!("key_{n}=value{n}")).collect();
    pairs.join(" ")
}

/// Spans and their number.
pub(crate) fn spans() -> (Vec<u8>, u64) {
    let spans = (0..SPANS).map(|n| Span {
        trace_id: [splitmix64(n / 50).to_le_bytes(), [7; 8]].concat(),
        span_id: (n + 1).to_le_bytes().to_vec(),
        parent_span_id: if n % 50 == 0 { Vec::new() } else { n.to_le_bytes().to_vec() },
        name: "wide".to_owned(),
        kind: 2,
        start_time_unix_nano: start_ns() - n * SECOND,
        end_time_unix_nano: start_ns() - n * SECOND + n,
        attributes: (0..ATTRIBUTES)
            .map(|key| text(&format!("hostile.key.{key}"), format!("session {n} {key}")))
            .chain([int("gen_ai.usage.input_tokens", n as i64)])
            .collect(),
        ..Span::default()
    });
    let resource_spans = vec![ResourceSpans {
        resource: Some(resource(SERVICE, 0)),
        scope_spans: vec![ScopeSpans { spans: spans.collect(), ..ScopeSpans::default() }],
        ..ResourceSpans::default()
    }];
    (ExportTraceServiceRequest { resource_spans }.encode_to_vec(), SPANS)
}

/// A gauge with many series and a histogram. Not counted: the workload's queries do not match them.
pub(crate) fn metrics() -> Vec<u8> {
    let samples = (0..SERIES).flat_map(|n| (0..SAMPLES).map(move |sample| (n, sample)));
    let gauge = samples.map(|(n, sample)| NumberDataPoint {
        attributes: vec![
            text("user", format!("user-{n}")),
            text("route", format!("/v1/sessions/{}", n % 50)),
            text("device", format!("disk{}", n % 7)),
        ],
        time_unix_nano: start_ns() - sample * 15 * SECOND,
        value: Some(number_data_point::Value::AsDouble((n * sample) as f64)),
        ..NumberDataPoint::default()
    });
    let samples = (0..HISTOGRAMS).flat_map(|n| (0..SAMPLES).map(move |sample| (n, sample)));
    let histogram = samples.map(|(n, sample)| HistogramDataPoint {
        attributes: vec![text("route", format!("/v1/sessions/{n}"))],
        time_unix_nano: start_ns() - sample * 15 * SECOND,
        count: 20 * 10,
        sum: Some(n as f64),
        bucket_counts: vec![10; 20],
        explicit_bounds: (1..20).map(f64::from).collect(),
        ..HistogramDataPoint::default()
    });
    let metrics = vec![
        Metric {
            name: "hostile.cardinality".to_owned(),
            data: Some(metric::Data::Gauge(Gauge { data_points: gauge.collect() })),
            ..Metric::default()
        },
        Metric {
            name: "hostile.duration".to_owned(),
            data: Some(metric::Data::Histogram(Histogram {
                data_points: histogram.collect(),
                aggregation_temporality: 2,
            })),
            ..Metric::default()
        },
    ];
    let resource_metrics = vec![ResourceMetrics {
        resource: Some(resource(SERVICE, 0)),
        scope_metrics: vec![ScopeMetrics { metrics, ..ScopeMetrics::default() }],
        ..ResourceMetrics::default()
    }];
    ExportMetricsServiceRequest { resource_metrics }.encode_to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_what_they_are_to_be() {
        assert_eq!(long().len(), LINE_BYTES);
        let wide: serde_json::Value = serde_json::from_str(&wide()).unwrap();
        assert_eq!(wide.as_object().unwrap().len(), JSON_KEYS);
        let mut value: serde_json::Value = serde_json::from_str(&deep()).unwrap();
        let mut depth = 0;
        while let Some(object) = value.as_object() {
            value = object.values().next().unwrap().clone();
            depth += 1;
        }
        assert_eq!(depth, JSON_DEPTH);
    }
}
