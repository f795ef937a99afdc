//! Translation of metrics to series, by example.

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use prost::Message as _;
use serde_json::{Value, json};
use signals::metric::{
    BucketSpan, MetricKind, NativeHistogram, STALE_NAN_BITS, SeriesBatch, is_stale,
};
use signals::{Batch, Timestamp};

use super::*;
use crate::otlp::delta::DeltaAccumulator;
use crate::otlp::tests::unbounded;

const NOW: Timestamp = 1_795_000_000_000_000_000;
const AT: i64 = NOW / 1_000_000;

fn request(metrics: &Value) -> Value {
    json!({ "resourceMetrics": [{
        "resource": { "attributes": [
            { "key": "service.name", "value": { "stringValue": "shop" } },
            { "key": "service.namespace", "value": { "stringValue": "eu" } },
            { "key": "service.instance.id", "value": { "stringValue": "i1" } },
            { "key": "host.name", "value": { "stringValue": "h" } },
        ] },
        "scopeMetrics": [{ "scope": { "name": "lib", "version": "1" }, "metrics": metrics }],
    }] })
}

fn decoded(metrics: &Value) -> Decoded {
    let body = request(metrics).to_string();
    decode(body.as_bytes(), Encoding::Json, NOW, &Limits::default(), &unbounded()).unwrap()
}

fn batch(decoded: &Decoded) -> SeriesBatch {
    match decoded.batches.first() {
        Some(Batch::Metrics(batch)) => batch.clone(),
        _ => SeriesBatch::default(),
    }
}

fn label<'a>(batch: &'a SeriesBatch, series: u32, name: &str) -> Option<&'a str> {
    batch.series[series as usize].labels().unwrap().get(name)
}

/// `labels value @timestamp` for each sample except `target_info`, without job and instance.
fn lines(batch: &SeriesBatch) -> Vec<String> {
    let all = batch.samples.iter().map(|sample| {
        let labels = batch.series[sample.series as usize].labels().unwrap();
        let value =
            if is_stale(sample.value) { "stale".to_owned() } else { sample.value.to_string() };
        let at = sample.timestamp_ms - AT;
        format!("{:?} {value} @{at}", labels.without(|name| name == "job" || name == "instance"))
    });
    all.filter(|line| !line.contains("target_info")).collect()
}

fn point(more: &Value) -> Value {
    let mut point = json!({
        "timeUnixNano": NOW.to_string(),
        "attributes": [{ "key": "http.route", "value": { "stringValue": "/" } }],
    });
    point.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    point
}

#[test]
fn gauges_and_sums_are_named_by_type_and_unit() {
    let decoded = decoded(&json!([
        { "name": "queue.length", "unit": "1", "gauge": { "dataPoints": [point(&json!({ "asInt": "5" }))] } },
        { "name": "http.requests", "description": "All.", "unit": "{request}", "sum": {
            "dataPoints": [point(&json!({ "asDouble": 1.5 }))], "aggregationTemporality": 2, "isMonotonic": true } },
        { "name": "in.flight", "sum": {
            "dataPoints": [point(&json!({ "asInt": 7 }))], "aggregationTemporality": 2 } },
    ]));
    let batch = batch(&decoded);
    assert_eq!(
        lines(&batch),
        [
            r#"{__name__="queue_length_ratio", http_route="/"} 5 @0"#,
            r#"{__name__="http_requests_total", http_route="/"} 1.5 @0"#,
            r#"{__name__="in_flight", http_route="/"} 7 @0"#,
        ]
    );
    let kinds: Vec<_> =
        batch.metadata.iter().map(|each| (each.metric.as_str(), each.kind)).collect();
    assert_eq!(
        kinds,
        [
            ("queue_length_ratio", MetricKind::Gauge),
            ("http_requests_total", MetricKind::Counter),
            ("in_flight", MetricKind::Gauge),
            ("target_info", MetricKind::Gauge),
        ]
    );
    assert_eq!(batch.metadata[1].help, "All.");
    assert_eq!((decoded.accepted, decoded.rejected), (3, 0));
}

#[test]
fn job_instance_and_target_info_come_from_the_resource() {
    let batch = batch(&decoded(&json!([
        { "name": "g", "gauge": { "dataPoints": [point(&json!({ "asInt": 1 }))] } },
    ])));
    assert_eq!(
        (label(&batch, 0, "job"), label(&batch, 0, "instance")),
        (Some("eu/shop"), Some("i1"))
    );
    let info = format!("{:?}", batch.series[1].labels().unwrap());
    assert_eq!(info, r#"{__name__="target_info", host_name="h", instance="i1", job="eu/shop"}"#);
    assert_eq!(batch.samples[1].value, 1.0);
}

#[test]
fn scope_and_resource_attributes_are_promoted_when_asked_for() {
    let translation = Translation {
        promotes_scope: true,
        promoted_resource_attributes: PromotedAttributes::These(vec!["host.name".into()]),
        ..Translation::default()
    };
    let metrics =
        json!([{ "name": "g", "gauge": { "dataPoints": [point(&json!({ "asInt": 1 }))] } }]);
    let body = request(&metrics).to_string();
    let decoded = decode_with(
        body.as_bytes(),
        Encoding::Json,
        NOW,
        &Limits::default(),
        &translation,
        &NoKnownSeries,
        &unbounded(),
    );
    assert_eq!(
        lines(&batch(&decoded.unwrap())),
        [
            r#"{__name__="g", host_name="h", http_route="/", otel_scope_name="lib", otel_scope_version="1"} 1 @0"#,
        ]
    );
}

/// The lines of a gauge and a histogram of one resource.
fn translated(translation: &Translation) -> Vec<String> {
    let metrics = json!([
        { "name": "g", "gauge": { "dataPoints": [point(&json!({ "asInt": 1 }))] } },
        { "name": "_h", "histogram": {
            "aggregationTemporality": 2,
            "dataPoints": [point(&json!({
                "count": "7", "sum": 9.5, "bucketCounts": ["0", "3", "0", "4"],
                "explicitBounds": [1, 2, 3], "attributes": [
                    { "key": "_a__b", "value": { "stringValue": "x" } }],
            }))],
        } },
    ]);
    let body = request(&metrics).to_string();
    let (limits, memory) = (Limits::default(), unbounded());
    let (encoding, known) = (Encoding::Json, &NoKnownSeries);
    let decoded =
        decode_with(body.as_bytes(), encoding, NOW, &limits, translation, known, &memory).unwrap();
    lines(&batch(&decoded))
}

#[test]
fn all_resource_attributes_but_some_are_promoted() {
    let all = |but: &[&str]| {
        let names = but.iter().map(ToString::to_string).collect();
        let promoted_resource_attributes = PromotedAttributes::AllBut(names);
        translated(&Translation { promoted_resource_attributes, ..Translation::default() })
    };
    let identity = r#"service_instance_id="i1", service_name="shop", service_namespace="eu"} 1 @0"#;
    assert_eq!(
        all(&[])[0],
        format!(r#"{{__name__="g", host_name="h", http_route="/", {identity}"#)
    );
    assert_eq!(all(&["host.name"])[0], format!(r#"{{__name__="g", http_route="/", {identity}"#));
}

#[test]
fn underscores_of_labels_follow_the_options() {
    let label = |keeps_leading_underscores, collapses_underscores| {
        let translation = Translation {
            keeps_leading_underscores,
            collapses_underscores,
            ..Translation::default()
        };
        let lines = translated(&translation);
        let bucket = lines.iter().find(|line| line.contains("_bucket")).unwrap().clone();
        bucket.split_once("=\"x\"").unwrap().0.rsplit(' ').next().unwrap().to_owned()
    };
    assert_eq!(label(false, false), "key_a__b");
    assert_eq!(label(true, false), "_a__b");
    assert_eq!(label(false, true), "key_a_b");
    assert_eq!(label(true, true), "_a_b");
}

#[test]
fn histograms_with_explicit_bounds_become_native_where_that_is_asked_for() {
    let translation = Translation { uses_custom_bounds: true, ..Translation::default() };
    let metrics = json!([{ "name": "h", "histogram": {
        "aggregationTemporality": 2,
        "dataPoints": [
            point(&json!({ "count": "7", "sum": 9.5, "bucketCounts": ["0", "3", "0", "4"],
                "explicitBounds": [1, 2, 3] })),
            point(&json!({ "flags": 1, "bucketCounts": [], "explicitBounds": [] })),
        ],
    } }]);
    let body = request(&metrics).to_string();
    let (limits, memory) = (Limits::default(), unbounded());
    let (encoding, known) = (Encoding::Json, &NoKnownSeries);
    let decoded =
        decode_with(body.as_bytes(), encoding, NOW, &limits, &translation, known, &memory).unwrap();
    let batch = batch(&decoded);
    let [native, stale] = &batch.histograms[..] else { panic!("{batch:?}") };
    let expected = NativeHistogram {
        schema: -53,
        count: 7.0,
        sum: 9.5,
        positive_spans: vec![BucketSpan { offset: 1, length: 3 }],
        positive_counts: vec![3.0, 0.0, 4.0],
        custom_bounds: vec![1.0, 2.0, 3.0],
        ..NativeHistogram::default()
    };
    assert_eq!(*native.histogram, expected);
    assert_eq!(stale.histogram.sum.to_bits(), STALE_NAN_BITS);
    assert_eq!(label(&batch, native.series, "__name__"), Some("h"));
}

#[test]
fn attributes_that_become_one_label_are_joined() {
    let attribute =
        |key: &str, value: &str| json!({ "key": key, "value": { "stringValue": value } });
    let attributes = json!([
        attribute("a_b", "2"),
        attribute("a.b", "1"),
        attribute("_x", "y"),
        attribute("9", "z"),
        attribute("e", "")
    ]);
    let batch = batch(&decoded(&json!([
        { "name": "g", "gauge": { "dataPoints": [point(&json!({ "asInt": 1, "attributes": attributes }))] } },
    ])));
    assert_eq!(lines(&batch), [r#"{__name__="g", a_b="1;2", key_9="z", key_x="y"} 1 @0"#]);
}

#[test]
fn histograms_become_cumulative_buckets_with_exemplars() {
    let exemplar = json!({ "timeUnixNano": NOW.to_string(), "asDouble": 0.7, "traceId": "0af7651916cd43dd8448eb211c80319c",
        "spanId": "b7ad6b7169203331", "filteredAttributes": [{ "key": "k", "value": { "intValue": "1" } }] });
    let batch = batch(&decoded(&json!([
        { "name": "latency", "unit": "s", "histogram": { "aggregationTemporality": 2, "dataPoints": [point(&json!({
            "count": "6", "sum": 9.5, "bucketCounts": ["1", 2, "3"], "explicitBounds": [0.5, 1], "exemplars": [exemplar] }))] } },
    ])));
    assert_eq!(
        lines(&batch),
        [
            r#"{__name__="latency_seconds_bucket", http_route="/", le="0.5"} 1 @0"#,
            r#"{__name__="latency_seconds_bucket", http_route="/", le="1"} 3 @0"#,
            r#"{__name__="latency_seconds_bucket", http_route="/", le="+Inf"} 6 @0"#,
            r#"{__name__="latency_seconds_sum", http_route="/"} 9.5 @0"#,
            r#"{__name__="latency_seconds_count", http_route="/"} 6 @0"#,
        ]
    );
    let exemplar = &batch.exemplars[0];
    assert_eq!(label(&batch, exemplar.series, "le"), Some("1"));
    assert_eq!((exemplar.value, exemplar.timestamp_ms), (0.7, AT));
    assert_eq!(
        format!("{:?}", exemplar.labels),
        r#"{k="1", span_id="b7ad6b7169203331", trace_id="0af7651916cd43dd8448eb211c80319c"}"#
    );
}

#[test]
fn exponential_histograms_become_native_ones_of_at_most_schema_8() {
    let batch = batch(&decoded(&json!([
        { "name": "size", "unit": "By", "exponentialHistogram": { "aggregationTemporality": 2, "dataPoints": [point(&json!({
            "count": 7, "sum": 3.5, "scale": 10, "zeroCount": 1, "zeroThreshold": 0.1,
            "positive": { "offset": -1, "bucketCounts": [1, 2, 0, 0, 3] }, "negative": {} }))] } },
    ])));
    let sample = &batch.histograms[0];
    assert_eq!(batch.series[sample.series as usize].labels().unwrap().metric_name(), "size_bytes");
    let histogram = &sample.histogram;
    assert_eq!(
        (histogram.schema, histogram.count, histogram.sum, histogram.zero_count),
        (8, 7.0, 3.5, 1.0)
    );
    assert_eq!((histogram.zero_threshold, histogram.is_gauge()), (1e-128, false));
    assert_eq!(histogram.positive_counts, [1.0, 5.0]);
    assert_eq!((histogram.positive_spans[0].offset, histogram.positive_spans[0].length), (0, 2));
    assert!(histogram.negative_spans.is_empty());
}

#[test]
fn summaries_become_quantiles() {
    let batch = batch(&decoded(&json!([
        { "name": "rpc", "summary": { "dataPoints": [point(&json!({
            "count": 2, "sum": 3.0, "quantileValues": [{ "quantile": 0.5, "value": 1.0 }, { "quantile": 1, "value": 2.0 }] }))] } },
    ])));
    assert_eq!(
        lines(&batch),
        [
            r#"{__name__="rpc", http_route="/", quantile="0.5"} 1 @0"#,
            r#"{__name__="rpc", http_route="/", quantile="1"} 2 @0"#,
            r#"{__name__="rpc_sum", http_route="/"} 3 @0"#,
            r#"{__name__="rpc_count", http_route="/"} 2 @0"#,
        ]
    );
}

#[test]
fn points_without_a_recorded_value_end_their_series() {
    let batch = batch(&decoded(&json!([
        { "name": "g", "gauge": { "dataPoints": [point(&json!({ "flags": 1 }))] } },
        { "name": "h", "histogram": { "aggregationTemporality": 2, "dataPoints": [point(&json!({ "flags": 1, "sum": 0 }))] } },
        { "name": "e", "exponentialHistogram": { "aggregationTemporality": 2, "dataPoints": [point(&json!({ "flags": 1 }))] } },
    ])));
    assert!(lines(&batch).iter().all(|line| line.contains(" stale @")), "{:?}", lines(&batch));
    assert!(
        is_stale(batch.histograms[0].histogram.sum)
            && is_stale(batch.histograms[0].histogram.count)
    );
}

#[test]
fn delta_sums_and_histograms_add_up() {
    let metrics = |value: f64, seconds: i64| {
        let point = |more: &Value| {
            let mut point = point(more);
            point["timeUnixNano"] =
                (NOW - 60_000_000_000 + seconds * 1_000_000_000).to_string().into();
            point["startTimeUnixNano"] =
                (NOW - 70_000_000_000 + seconds * 1_000_000_000).to_string().into();
            point
        };
        json!([
            { "name": "c", "sum": { "aggregationTemporality": 1, "isMonotonic": true, "dataPoints": [point(&json!({ "asDouble": value }))] } },
            { "name": "h", "histogram": { "aggregationTemporality": 1, "dataPoints": [point(&json!({ "count": 1, "sum": value, "bucketCounts": [1, 0], "explicitBounds": [9] }))] } },
            { "name": "e", "exponentialHistogram": { "aggregationTemporality": 1, "dataPoints": [point(&json!({ "count": 1, "sum": value, "positive": { "bucketCounts": [1] } }))] } },
        ])
    };
    let mut accumulator = DeltaAccumulator::default();
    let mut first = decoded(&metrics(2.0, 0));
    assert_eq!((first.accepted, first.deltas.len()), (3, 3));
    let _ = accumulator.add(std::mem::take(&mut first.deltas), NOW);
    let second = accumulator.add(decoded(&metrics(3.0, 10)).deltas, NOW);
    let batch = second.batch;
    assert_eq!(
        lines(&batch),
        [
            r#"{__name__="c_total", http_route="/"} 5 @-50000"#,
            r#"{__name__="h_bucket", http_route="/", le="9"} 2 @-50000"#,
            r#"{__name__="h_bucket", http_route="/", le="+Inf"} 2 @-50000"#,
            r#"{__name__="h_sum", http_route="/"} 5 @-50000"#,
            r#"{__name__="h_count", http_route="/"} 2 @-50000"#,
        ]
    );
    assert_eq!(
        (batch.histograms[0].histogram.count, batch.histograms[0].histogram.sum),
        (2.0, 5.0)
    );
    // Sent again, all points are rejected as known.
    let again = accumulator.add(decoded(&metrics(3.0, 10)).deltas, NOW);
    assert_eq!((again.batch.samples.len(), again.rejected), (0, 3));
    assert!(again.message.contains("not newer"), "{}", again.message);
}

#[test]
fn a_bad_point_is_rejected_and_the_good_one_kept() {
    let many: Vec<_> =
        (0..60).map(|i| json!({ "key": format!("k{i}"), "value": { "intValue": i } })).collect();
    let long = json!([{ "key": "k", "value": { "stringValue": "x".repeat(5_000) } }]);
    let unnamed = json!([{ "key": "", "value": { "stringValue": "x" } }]);
    let gauge = |point: &Value| json!({ "name": "bad", "gauge": { "dataPoints": [point] } });
    let histogram = |more: &Value| json!({ "name": "bad", "histogram": { "aggregationTemporality": 2, "dataPoints": [point(more)] } });
    let exponential = |more: &Value| json!({ "name": "bad", "exponentialHistogram": { "aggregationTemporality": 2, "dataPoints": [point(more)] } });
    for (metric, reason) in [
        (gauge(&point(&json!({}))), "has no value"),
        (gauge(&point(&json!({ "asInt": 1, "timeUnixNano": "-1" }))), "before 1970"),
        (
            gauge(&point(
                &json!({ "asInt": 1, "timeUnixNano": (NOW + 601_000_000_000).to_string() }),
            )),
            "future",
        ),
        (gauge(&point(&json!({ "asInt": 1, "attributes": many }))), "too many attributes"),
        (gauge(&point(&json!({ "asInt": 1, "attributes": long }))), "too long for a label"),
        (gauge(&point(&json!({ "asInt": 1, "attributes": unnamed }))), "empty name"),
        (
            json!({ "name": "", "gauge": { "dataPoints": [point(&json!({ "asInt": 1 }))] } }),
            "metric name",
        ),
        (
            json!({ "name": "x".repeat(250), "gauge": { "dataPoints": [point(&json!({ "asInt": 1 }))] } }),
            "metric name",
        ),
        (
            json!({ "name": "bad", "sum": { "dataPoints": [point(&json!({ "asInt": 1 }))] } }),
            "temporality",
        ),
        (histogram(&json!({ "bucketCounts": [1], "explicitBounds": [1] })), "do not match"),
        (
            histogram(&json!({ "bucketCounts": [1, 1, 1], "explicitBounds": [1, 1] })),
            "do not ascend",
        ),
        (histogram(&json!({ "bucketCounts": [1, 1], "explicitBounds": ["NaN"] })), "do not ascend"),
        (
            histogram(&json!({ "bucketCounts": vec![1; 1_002], "explicitBounds": [] })),
            "too many buckets",
        ),
        (exponential(&json!({ "scale": -5 })), "scale below -4"),
        (exponential(&json!({ "scale": -1000 })), "scale below -4"),
        (
            exponential(&json!({ "positive": { "offset": i32::MAX, "bucketCounts": [1, 1] } })),
            "out of range",
        ),
    ] {
        let good =
            json!({ "name": "good", "gauge": { "dataPoints": [point(&json!({ "asInt": 1 }))] } });
        let decoded = decoded(&json!([metric, good]));
        assert_eq!((decoded.accepted, decoded.rejected), (1, 1), "{reason}: {}", decoded.message);
        assert!(decoded.message.contains(reason), "{}", decoded.message);
        assert_eq!(lines(&batch(&decoded)), [r#"{__name__="good", http_route="/"} 1 @0"#]);
    }
}

#[test]
fn a_sixtieth_label_is_taken_and_a_sixty_first_is_not() {
    let gauge = |count: usize| {
        let attributes: Vec<_> = (0..count)
            .map(|i| json!({ "key": format!("k{i}"), "value": { "intValue": i } }))
            .collect();
        decoded(&json!([{ "name": "g", "gauge": { "dataPoints": [point(&json!({ "asInt": 1, "attributes": attributes }))] } }])).accepted
    };
    // Further labels: __name__, job, instance, and a reserve for `le`.
    assert_eq!((gauge(56), gauge(57)), (1, 0));
}

#[test]
fn points_far_apart_do_not_make_endless_target_info() {
    let early = point(&json!({ "asInt": 1, "timeUnixNano": "1" }));
    let batch = batch(&decoded(
        &json!([{ "name": "g", "gauge": { "dataPoints": [early, point(&json!({ "asInt": 1 }))] } }]),
    ));
    assert_eq!(batch.samples.len(), 2 + 100);
}

#[test]
fn extreme_scales_do_not_overflow() {
    for scale in [i32::MAX, 1000, 8, -4] {
        let decoded = decoded(&json!([
            { "name": "e", "exponentialHistogram": { "aggregationTemporality": 2, "dataPoints": [point(&json!({
                "scale": scale, "count": "18446744073709551615", "positive": { "offset": i32::MIN, "bucketCounts": [1, "18446744073709551615"] } }))] } },
        ]));
        assert_eq!(decoded.accepted, 1, "{scale}");
    }
}

#[test]
fn json_and_protobuf_say_the_same() {
    let metrics = json!([
        { "name": "h", "histogram": { "aggregationTemporality": 2, "dataPoints": [point(&json!({ "count": "1", "sum": 1.5, "bucketCounts": ["1", "0"], "explicitBounds": [2.0] }))] } },
        { "name": "g", "gauge": { "dataPoints": [point(&json!({ "asInt": "5" }))] } },
    ]);
    let json = request(&metrics).to_string();
    let parsed: ExportMetricsServiceRequest = serde_json::from_str(&json).unwrap();
    let from_protobuf =
        decode(&parsed.encode_to_vec(), Encoding::Protobuf, NOW, &Limits::default(), &unbounded());
    let from_json = decode(json.as_bytes(), Encoding::Json, NOW, &Limits::default(), &unbounded());
    assert_eq!(lines(&batch(&from_protobuf.unwrap())), lines(&batch(&from_json.unwrap())));
}
