//! Measures the cost of decoding metrics, for a profiler: `valgrind --tool=callgrind` on the test
//! binary, one of these tests, `--ignored`.

use std::sync::Arc;

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use prost::Message as _;
use serde_json::{Value, json};
use signals::Signal;

use super::known::Learned;
use super::{NOW, unbounded};
use crate::known::NoKnownSeries;
use crate::otlp::{Encoding, Export};
use crate::{Decode, DecodeContext, Decoded, KnownSeries, Limits};

const ROUNDS: usize = 200;

fn attributes(pairs: &[(&str, String)]) -> Value {
    let pair =
        |(key, value): &(&str, String)| json!({ "key": key, "value": { "stringValue": value } });
    pairs.iter().map(pair).collect()
}

/// A typical instrumented service: 300 counters and gauges, and 25 histograms with 11 buckets.
fn body() -> Vec<u8> {
    let resource = attributes(
        &[
            "service.name",
            "service.instance.id",
            "service.version",
            "host.name",
            "os.type",
            "process.pid",
            "process.runtime.name",
            "telemetry.sdk.language",
            "telemetry.sdk.name",
            "telemetry.sdk.version",
        ]
        .map(|key| (key, format!("a value of {key}"))),
    );
    let point = |i: usize, more: Value| {
        let mut point = json!({
            "startTimeUnixNano": (NOW - 3_600_000_000_000).to_string(),
            "timeUnixNano": NOW.to_string(),
            "attributes": attributes(&[
                ("http.request.method", "POST".into()),
                ("http.route", format!("/api/v1/things/{i}/parts")),
                ("http.response.status_code", "200".into()),
                ("server.address", "shop.example.com".into()),
            ]),
        });
        point.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        point
    };
    let mut metrics = Vec::new();
    for i in 0..30 {
        let points: Vec<_> =
            (0..10).map(|j| point(j, json!({ "asDouble": j as f64 * 1.5 }))).collect();
        let name = format!("shop.requests.of.kind.{i}");
        metrics.push(if i % 2 == 0 {
            let sum = json!({ "dataPoints": points, "aggregationTemporality": 2, "isMonotonic": true });
            json!({ "name": name, "unit": "{request}", "description": "How many.", "sum": sum })
        } else {
            json!({ "name": name, "unit": "By", "description": "How much.", "gauge": { "dataPoints": points } })
        });
    }
    for i in 0..5 {
        let bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];
        let more = json!({ "count": "66", "sum": 12.5, "explicitBounds": bounds, "bucketCounts": (1..12).collect::<Vec<_>>() });
        let points: Vec<_> = (0..5).map(|j| point(j, more.clone())).collect();
        let histogram = json!({ "dataPoints": points, "aggregationTemporality": 2 });
        metrics.push(
            json!({ "name": format!("shop.duration.{i}"), "unit": "s", "histogram": histogram }),
        );
    }
    let request = json!({ "resourceMetrics": [{
        "resource": { "attributes": resource },
        "scopeMetrics": [{ "scope": { "name": "shop" }, "metrics": metrics }],
    }] });
    let request: ExportMetricsServiceRequest = serde_json::from_value(request).unwrap();
    request.encode_to_vec()
}

fn decoded(body: &[u8], known: &dyn KnownSeries) -> Decoded {
    let (limits, memory) = (&Limits::default(), &unbounded());
    let context = DecodeContext { received_at: NOW, limits, known, memory };
    let (signal, encoding) = (Signal::Metrics, Encoding::Protobuf);
    Export { signal, encoding, translation: Arc::default() }.decode(body, &context).unwrap()
}

fn decode_again_and_again(known: &dyn KnownSeries) {
    let body = body();
    let mut samples = 0;
    for _ in 0..ROUNDS {
        let decoded = decoded(&body, known);
        samples += decoded.batches.iter().map(signals::Batch::items).sum::<usize>();
    }
    println!("{samples} samples, {} bytes", body.len());
}

#[test]
#[ignore = "counted by a profiler"]
fn requests_of_unknown_series() {
    decode_again_and_again(&NoKnownSeries);
}

#[test]
#[ignore = "counted by a profiler"]
fn requests_of_known_series() {
    let mut learned = Learned::default();
    learned.store(&decoded(&body(), &NoKnownSeries), |_| true);
    decode_again_and_again(&learned);
}
