//! Generators of requests of all shapes, valid and unusual.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList,
};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::metrics::v1::exponential_histogram_data_point::Buckets;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::summary_data_point::ValueAtQuantile;
use opentelemetry_proto::tonic::metrics::v1::{
    Exemplar, ExponentialHistogram, ExponentialHistogramDataPoint, Gauge, Histogram,
    HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, Summary,
    SummaryDataPoint, exemplar, number_data_point,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status, span};
use proptest::collection::vec;
use proptest::prelude::*;
use prost::Message as _;
use signals::Signal;

use super::NOW;

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["", "[a-z.]{1,12}", "\\PC{0,20}", "[\\x00-\\x1f\"\\\\]{1,4}"]
}

/// A valid id most of the time.
fn id(length: usize) -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        8 => vec(1..=u8::MAX, length),
        1 => Just(vec![0; length]),
        1 => vec(any::<u8>(), 0..20),
    ]
}

fn time() -> impl Strategy<Value = u64> {
    prop_oneof![
        8 => NOW as u64 - 1_000_000..NOW as u64 + 1_000_000,
        1 => Just(0),
        1 => any::<u64>(),
        1 => Just(NOW as u64 + 3_600_000_000_000),
    ]
}

/// Doubles that every JSON parser reads exactly; the oracle's parser rounds others incorrectly.
fn double() -> impl Strategy<Value = f64> {
    prop_oneof![
        8 => any::<i32>().prop_map(|value| f64::from(value) / 8.0),
        1 => Just(f64::NAN),
        1 => Just(f64::INFINITY),
        1 => Just(-0.0),
    ]
}

fn any_value() -> impl Strategy<Value = AnyValue> {
    let scalar = prop_oneof![
        Just(None),
        text().prop_map(|text| Some(Value::StringValue(text))),
        any::<bool>().prop_map(|value| Some(Value::BoolValue(value))),
        any::<i64>().prop_map(|value| Some(Value::IntValue(value))),
        double().prop_map(|value| Some(Value::DoubleValue(value))),
        vec(any::<u8>(), 0..9).prop_map(|bytes| Some(Value::BytesValue(bytes))),
    ];
    let value = scalar.prop_map(|value| AnyValue { value });
    value.prop_recursive(4, 16, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(|values| Value::ArrayValue(ArrayValue { values })),
            vec((text(), inner), 0..4).prop_map(|pairs| {
                Value::KvlistValue(KeyValueList { values: pairs.into_iter().map(pair).collect() })
            }),
        ]
        .prop_map(|value| AnyValue { value: Some(value) })
    })
}

fn pair((key, value): (String, AnyValue)) -> KeyValue {
    KeyValue { key, value: Some(value), ..KeyValue::default() }
}

/// Keys are distinct, as OTLP requires.
pub(super) fn attributes() -> impl Strategy<Value = Vec<KeyValue>> {
    vec((text(), any_value()), 0..5).prop_map(|pairs| {
        let numbered = pairs.into_iter().enumerate();
        numbered.map(|(i, (key, value))| pair((format!("{key}{i}"), value))).collect()
    })
}

pub(super) fn resource() -> impl Strategy<Value = Option<Resource>> {
    let named =
        (attributes(), proptest::option::of("[a-z]{1,8}")).prop_map(|(mut attributes, name)| {
            let value = |name| AnyValue { value: Some(Value::StringValue(name)) };
            attributes.extend(name.map(|name| pair(("service.name".into(), value(name)))));
            Resource { attributes, ..Resource::default() }
        });
    proptest::option::of(named)
}

pub(super) fn scope() -> impl Strategy<Value = Option<InstrumentationScope>> {
    let scope = (text(), text(), attributes()).prop_map(|(name, version, attributes)| {
        InstrumentationScope { name, version, attributes, dropped_attributes_count: 0 }
    });
    proptest::option::of(scope)
}

fn event() -> impl Strategy<Value = span::Event> {
    (time(), text(), attributes(), any::<u32>()).prop_map(
        |(time_unix_nano, name, attributes, dropped_attributes_count)| span::Event {
            time_unix_nano,
            name,
            attributes,
            dropped_attributes_count,
        },
    )
}

fn link() -> impl Strategy<Value = span::Link> {
    (id(16), id(8), text(), attributes(), any::<u32>()).prop_map(
        |(trace_id, span_id, trace_state, attributes, flags)| span::Link {
            trace_id,
            span_id,
            trace_state,
            attributes,
            dropped_attributes_count: 0,
            flags,
        },
    )
}

fn span() -> impl Strategy<Value = Span> {
    let ids = (id(16), id(8), prop_oneof![Just(vec![]), id(8)]);
    let texts = (text(), text(), text());
    let numbers = (any::<u32>(), -2..9_i32, time(), time(), -1..4_i32, any::<u32>());
    let lists = (attributes(), vec(event(), 0..3), vec(link(), 0..3));
    (ids, texts, numbers, lists).prop_map(|(ids, texts, numbers, lists)| Span {
        trace_id: ids.0,
        span_id: ids.1,
        parent_span_id: ids.2,
        name: texts.0,
        trace_state: texts.1,
        flags: numbers.0,
        kind: numbers.1,
        start_time_unix_nano: numbers.2,
        end_time_unix_nano: numbers.3,
        status: (numbers.4 >= 0).then_some(Status { code: numbers.4, message: texts.2 }),
        dropped_attributes_count: numbers.5,
        dropped_events_count: 0,
        dropped_links_count: 7,
        attributes: lists.0,
        events: lists.1,
        links: lists.2,
    })
}

pub(super) fn traces() -> impl Strategy<Value = ExportTraceServiceRequest> {
    let scope_spans = (scope(), vec(span(), 0..4)).prop_map(|(scope, spans)| ScopeSpans {
        scope,
        spans,
        schema_url: "https://example.org/1".into(),
    });
    let resource_spans =
        (resource(), vec(scope_spans, 0..3)).prop_map(|(resource, scope_spans)| ResourceSpans {
            resource,
            scope_spans,
            schema_url: String::new(),
        });
    vec(resource_spans, 0..3)
        .prop_map(|resource_spans| ExportTraceServiceRequest { resource_spans })
}

fn log_record() -> impl Strategy<Value = LogRecord> {
    let ids = (prop_oneof![Just(vec![]), id(16)], prop_oneof![Just(vec![]), id(8)]);
    let numbers = (time(), time(), -1..30_i32, any::<u32>(), any::<u32>());
    let rest = (text(), text(), proptest::option::of(any_value()), attributes());
    (ids, numbers, rest).prop_map(|(ids, numbers, rest)| LogRecord {
        trace_id: ids.0,
        span_id: ids.1,
        time_unix_nano: numbers.0,
        observed_time_unix_nano: numbers.1,
        severity_number: numbers.2,
        flags: numbers.3,
        dropped_attributes_count: numbers.4,
        severity_text: rest.0,
        event_name: rest.1,
        body: rest.2,
        attributes: rest.3,
    })
}

pub(super) fn logs() -> impl Strategy<Value = ExportLogsServiceRequest> {
    let scope_logs = (scope(), vec(log_record(), 0..4)).prop_map(|(scope, log_records)| {
        ScopeLogs { scope, log_records, schema_url: String::new() }
    });
    let resource_logs = (resource(), vec(scope_logs, 0..3)).prop_map(|(resource, scope_logs)| {
        ResourceLogs { resource, scope_logs, schema_url: String::new() }
    });
    vec(resource_logs, 0..3).prop_map(|resource_logs| ExportLogsServiceRequest { resource_logs })
}

fn exemplar() -> impl Strategy<Value = Exemplar> {
    (time(), double(), id(16), id(8), attributes()).prop_map(
        |(time_unix_nano, value, trace_id, span_id, filtered_attributes)| Exemplar {
            filtered_attributes,
            time_unix_nano,
            span_id,
            trace_id,
            value: Some(exemplar::Value::AsDouble(value)),
        },
    )
}

fn number_point() -> impl Strategy<Value = NumberDataPoint> {
    let value = prop_oneof![
        Just(None),
        double().prop_map(|value| Some(number_data_point::Value::AsDouble(value))),
        any::<i64>().prop_map(|value| Some(number_data_point::Value::AsInt(value))),
    ];
    (attributes(), time(), value, vec(exemplar(), 0..2), 0..2_u32).prop_map(
        |(attributes, time_unix_nano, value, exemplars, flags)| NumberDataPoint {
            attributes,
            start_time_unix_nano: 0,
            time_unix_nano,
            exemplars,
            flags,
            value,
        },
    )
}

fn histogram_point() -> impl Strategy<Value = HistogramDataPoint> {
    let buckets = (0..4_usize, 0..8_u8).prop_flat_map(|(bounds, oddity)| {
        let counts = if oddity == 0 { 1 } else { bounds + 1 };
        (vec(double(), bounds), vec(0..1_000_u64, counts), Just(oddity != 1))
    });
    let rest = (attributes(), time(), any::<u64>(), proptest::option::of(double()), 0..2_u32);
    (buckets, rest, vec(exemplar(), 0..3)).prop_map(
        |((mut bounds, counts, sorted), rest, exemplars)| {
            if sorted {
                bounds.sort_by(f64::total_cmp);
            }
            HistogramDataPoint {
                attributes: rest.0,
                start_time_unix_nano: 0,
                time_unix_nano: rest.1,
                count: rest.2,
                sum: rest.3,
                bucket_counts: counts,
                explicit_bounds: bounds,
                exemplars,
                flags: rest.4,
                min: None,
                max: Some(1.0),
            }
        },
    )
}

fn exponential_point() -> impl Strategy<Value = ExponentialHistogramDataPoint> {
    let buckets = || {
        let buckets = (prop_oneof![-20..20_i32, any::<i32>()], vec(0..5_u64, 0..20));
        proptest::option::of(
            buckets.prop_map(|(offset, bucket_counts)| Buckets { offset, bucket_counts }),
        )
    };
    let scale = prop_oneof![-6..12_i32, any::<i32>()];
    let rest = (attributes(), time(), any::<u64>(), proptest::option::of(double()), 0..2_u32);
    (buckets(), buckets(), scale, rest, any::<u32>()).prop_map(
        |(positive, negative, scale, rest, zero_count)| ExponentialHistogramDataPoint {
            attributes: rest.0,
            start_time_unix_nano: 0,
            time_unix_nano: rest.1,
            count: rest.2,
            sum: rest.3,
            scale,
            zero_count: zero_count.into(),
            positive,
            negative,
            flags: rest.4,
            exemplars: vec![],
            min: None,
            max: None,
            zero_threshold: 0.5,
        },
    )
}

fn summary_point() -> impl Strategy<Value = SummaryDataPoint> {
    let quantile =
        (double(), double()).prop_map(|(quantile, value)| ValueAtQuantile { quantile, value });
    (attributes(), time(), any::<u64>(), double(), vec(quantile, 0..3), 0..2_u32).prop_map(
        |(attributes, time_unix_nano, count, sum, quantile_values, flags)| SummaryDataPoint {
            attributes,
            start_time_unix_nano: 0,
            time_unix_nano,
            count,
            sum,
            quantile_values,
            flags,
        },
    )
}

fn metric() -> impl Strategy<Value = Metric> {
    let data = prop_oneof![
        vec(number_point(), 0..3).prop_map(|data_points| Data::Gauge(Gauge { data_points })),
        (vec(number_point(), 0..3), 0..4_i32, any::<bool>()).prop_map(
            |(data_points, aggregation_temporality, is_monotonic)| {
                Data::Sum(Sum { data_points, aggregation_temporality, is_monotonic })
            }
        ),
        (vec(histogram_point(), 0..3), 0..3_i32).prop_map(
            |(data_points, aggregation_temporality)| {
                Data::Histogram(Histogram { data_points, aggregation_temporality })
            }
        ),
        (vec(exponential_point(), 0..3), 0..3_i32).prop_map(
            |(data_points, aggregation_temporality)| {
                Data::ExponentialHistogram(ExponentialHistogram {
                    data_points,
                    aggregation_temporality,
                })
            }
        ),
        vec(summary_point(), 0..3).prop_map(|data_points| Data::Summary(Summary { data_points })),
    ];
    let unit = prop_oneof!["", "1", "s", "By/s", "\\{x\\}", "\\PC{0,5}"];
    (text(), text(), unit, proptest::option::of(data)).prop_map(
        |(name, description, unit, data)| Metric {
            name,
            description,
            unit,
            metadata: vec![],
            data,
        },
    )
}

pub(super) fn metrics() -> impl Strategy<Value = ExportMetricsServiceRequest> {
    let scope_metrics = (scope(), vec(metric(), 0..4)).prop_map(|(scope, metrics)| ScopeMetrics {
        scope,
        metrics,
        schema_url: String::new(),
    });
    let resource_metrics =
        (resource(), vec(scope_metrics, 0..3)).prop_map(|(resource, scope_metrics)| {
            ResourceMetrics { resource, scope_metrics, schema_url: String::new() }
        });
    vec(resource_metrics, 0..3)
        .prop_map(|resource_metrics| ExportMetricsServiceRequest { resource_metrics })
}

/// A signal and a request body.
pub(super) fn any_request() -> impl Strategy<Value = (Signal, Vec<u8>)> {
    prop_oneof![
        traces().prop_map(|request| (Signal::Spans, request.encode_to_vec())),
        logs().prop_map(|request| (Signal::Logs, request.encode_to_vec())),
        metrics().prop_map(|request| (Signal::Metrics, request.encode_to_vec())),
    ]
}
