//! Encodes metrics as an OTLP request: cumulative sums and histograms, with exemplars.

use opentelemetry::KeyValue;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, InstrumentationScope, KeyValue as ProtoKeyValue, any_value,
};
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Exemplar as ProtoExemplar, Gauge, Histogram, HistogramDataPoint,
    Metric as ProtoMetric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, exemplar, metric,
    number_data_point,
};
use opentelemetry_proto::tonic::resource::v1::Resource;

use super::{Exemplar, Kind, Metric, Point, Reading, now_ns};

/// One request with all metrics.
pub(crate) fn encode(metrics: &[Metric], resource: &[KeyValue]) -> ExportMetricsServiceRequest {
    let time_ns = now_ns();
    let attributes = resource.iter().map(|pair| ProtoKeyValue {
        key: pair.key.as_str().to_owned(),
        value: Some(pair.value.clone().into()),
        ..ProtoKeyValue::default()
    });
    ExportMetricsServiceRequest {
        resource_metrics: vec![ResourceMetrics {
            resource: Some(Resource { attributes: attributes.collect(), ..Resource::default() }),
            scope_metrics: vec![ScopeMetrics {
                scope: Some(InstrumentationScope {
                    name: env!("CARGO_PKG_NAME").to_owned(),
                    version: env!("CARGO_PKG_VERSION").to_owned(),
                    ..InstrumentationScope::default()
                }),
                metrics: metrics.iter().map(|metric| encode_metric(metric, time_ns)).collect(),
                ..ScopeMetrics::default()
            }],
            ..ResourceMetrics::default()
        }],
    }
}

fn encode_metric(metric: &Metric, time_ns: u64) -> ProtoMetric {
    let aggregation_temporality = AggregationTemporality::Cumulative as i32;
    let numbers = || {
        metric.points.iter().filter_map(|point| number_point(point, metric.kind, time_ns)).collect()
    };
    let data = match metric.kind {
        Kind::Histogram => metric::Data::Histogram(Histogram {
            data_points: metric
                .points
                .iter()
                .filter_map(|point| histogram_point(point, time_ns))
                .collect(),
            aggregation_temporality,
        }),
        Kind::Gauge => metric::Data::Gauge(Gauge { data_points: numbers() }),
        Kind::Counter | Kind::UpDown => metric::Data::Sum(Sum {
            data_points: numbers(),
            aggregation_temporality,
            is_monotonic: metric.kind == Kind::Counter,
        }),
    };
    ProtoMetric {
        name: metric.name.to_string(),
        description: metric.description.to_string(),
        unit: metric.unit.to_string(),
        data: Some(data),
        ..ProtoMetric::default()
    }
}

fn number_point(point: &Point, kind: Kind, time_ns: u64) -> Option<NumberDataPoint> {
    let value = match point.reading {
        Reading::Integer(value) => number_data_point::Value::AsInt(value),
        Reading::Float(value) => number_data_point::Value::AsDouble(value),
        Reading::Histogram { .. } => return None,
    };
    Some(NumberDataPoint {
        attributes: labels(point),
        // If the clock was set back, a series must not start after its end.
        start_time_unix_nano: if kind == Kind::Gauge { 0 } else { point.start_ns.min(time_ns) },
        time_unix_nano: time_ns,
        exemplars: exemplars(point),
        value: Some(value),
        ..NumberDataPoint::default()
    })
}

fn histogram_point(point: &Point, time_ns: u64) -> Option<HistogramDataPoint> {
    let Reading::Histogram { bounds, counts, sum } = &point.reading else { return None };
    Some(HistogramDataPoint {
        attributes: labels(point),
        start_time_unix_nano: point.start_ns.min(time_ns),
        time_unix_nano: time_ns,
        count: counts.iter().sum(),
        sum: Some(*sum),
        bucket_counts: counts.clone(),
        explicit_bounds: bounds.clone(),
        exemplars: exemplars(point),
        ..HistogramDataPoint::default()
    })
}

fn labels(point: &Point) -> Vec<ProtoKeyValue> {
    let labels = point.labels.iter().map(|(key, value)| ProtoKeyValue {
        key: key.to_string(),
        value: Some(AnyValue { value: Some(any_value::Value::StringValue(value.clone())) }),
        ..ProtoKeyValue::default()
    });
    labels.collect()
}

fn exemplars(point: &Point) -> Vec<ProtoExemplar> {
    let exemplars =
        point.exemplars.iter().flatten().map(|Exemplar { value, time_ns, trace_id, span_id }| {
            ProtoExemplar {
                time_unix_nano: *time_ns,
                trace_id: trace_id.to_bytes().to_vec(),
                span_id: span_id.to_bytes().to_vec(),
                value: Some(exemplar::Value::AsDouble(*value)),
                ..ProtoExemplar::default()
            }
        });
    exemplars.collect()
}
