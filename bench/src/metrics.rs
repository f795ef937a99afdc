//! Samples: 90 targets with 1,000 series each, half counters, half gauges, 15 s apart.

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::{
    Gauge, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, metric, number_data_point,
};
use prost::Message;

use crate::patch::{self, marker, marker_positions, put, splitmix64};
use crate::send::Payload;
use crate::spans::{resource, text};

const TARGETS: u64 = 90;
const FAMILIES: u32 = 40;
const SERIES_PER_FAMILY: u32 = 25;
const SERIES: u32 = FAMILIES * SERIES_PER_FAMILY;
const INTERVAL_MS: u64 = 15_000;
/// Rounds of history before the present, so that no timestamp is in the future.
const ROUNDS_BACK: u64 = 5_760;

const TIME: u32 = 0;
const VALUE: u32 = 1 << 24;

/// Whether a family is a counter, not a gauge.
fn is_counter(family: u64) -> bool {
    family.is_multiple_of(2)
}

/// The value of a series in a round: counters increase in integer steps, gauges fluctuate.
fn value(target: u64, series: u64, round: u64) -> f64 {
    if is_counter(series / u64::from(SERIES_PER_FAMILY)) {
        let rate = splitmix64(target ^ (series << 20)) % 50;
        (round * rate + splitmix64(series) % 1000) as f64
    } else {
        let drift = (round as f64 / 40.0 + series as f64).sin() * 20.0;
        let noise = (splitmix64(target ^ (series << 20) ^ (round << 40)) % 100) as f64 / 100.0;
        ((50.0 + drift + noise) * 100.0).round() / 100.0
    }
}

/// Samples of all targets at one time.
pub(crate) const SAMPLES_PER_ROUND: u64 = TARGETS * SERIES as u64;

/// First and last time of a number of rounds, in seconds since 1970.
pub(crate) fn times_s(rounds: u64) -> (u64, u64) {
    (time_ms(0) / 1000, time_ms(rounds.saturating_sub(1)) / 1000)
}

fn time_ms(round: u64) -> u64 {
    patch::start_ns() / 1_000_000 - ROUNDS_BACK * INTERVAL_MS + round * INTERVAL_MS
}

/// The payloads as OTLP, one target each.
pub(crate) fn otlp() -> Vec<Payload> {
    (0..TARGETS).map(otlp_payload).collect()
}

fn otlp_payload(target: u64) -> Payload {
    let metrics = (0..FAMILIES).map(family_of).collect();
    let request = ExportMetricsServiceRequest {
        resource_metrics: vec![ResourceMetrics {
            resource: Some(resource(&format!("target-{target:03}"), target as u32)),
            scope_metrics: vec![ScopeMetrics { metrics, ..ScopeMetrics::default() }],
            ..ResourceMetrics::default()
        }],
    };
    let body = request.encode_to_vec();
    let positions = marker_positions(&body);
    let renew = move |body: &mut Vec<u8>, n: u64| {
        let round = n / TARGETS;
        for &(at, number) in &positions {
            let series = u64::from(number & 0x00FF_FFFF);
            let bits = match number & 0xFF00_0000 {
                TIME => time_ms(round) * 1_000_000,
                _ => value(target, series, round).to_bits(),
            };
            put(body, at, bits);
        }
    };
    Payload { body, items: u64::from(SERIES), renew: Box::new(renew) }
}

fn family_of(family: u32) -> Metric {
    let data_points = (0..SERIES_PER_FAMILY)
        .map(|i| {
            let series = family * SERIES_PER_FAMILY + i;
            NumberDataPoint {
                attributes: vec![text("device", format!("disk{i}")), text("mode", "user")],
                time_unix_nano: marker(TIME | series),
                value: Some(number_data_point::Value::AsDouble(f64::from_bits(marker(
                    VALUE | series,
                )))),
                ..NumberDataPoint::default()
            }
        })
        .collect();
    let data = if is_counter(u64::from(family)) {
        metric::Data::Sum(Sum { data_points, aggregation_temporality: 2, is_monotonic: true })
    } else {
        metric::Data::Gauge(Gauge { data_points })
    };
    Metric { name: format!("node.family_{family:02}"), data: Some(data), ..Metric::default() }
}

/// The same series as snappy-compressed Prometheus remote write 1.0.
pub(crate) fn remote_write() -> Vec<Payload> {
    (0..TARGETS).map(remote_write_payload).collect()
}

/// `prometheus.WriteRequest`.
#[derive(Clone, PartialEq, Message)]
struct WriteRequest {
    #[prost(message, repeated, tag = "1")]
    timeseries: Vec<TimeSeries>,
}

/// `prometheus.TimeSeries`.
#[derive(Clone, PartialEq, Message)]
struct TimeSeries {
    #[prost(message, repeated, tag = "1")]
    labels: Vec<Label>,
    #[prost(message, repeated, tag = "2")]
    samples: Vec<WriteSample>,
}

/// `prometheus.Label`.
#[derive(Clone, PartialEq, Message)]
struct Label {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    value: String,
}

/// `prometheus.Sample`.
#[derive(Clone, PartialEq, Message)]
struct WriteSample {
    #[prost(double, tag = "1")]
    value: f64,
    #[prost(int64, tag = "2")]
    timestamp: i64,
}

fn remote_write_payload(target: u64) -> Payload {
    let renew = move |body: &mut Vec<u8>, n: u64| {
        let round = n / TARGETS;
        let timeseries = (0..SERIES)
            .map(|series| TimeSeries {
                labels: labels(target, series),
                samples: vec![WriteSample {
                    value: value(target, u64::from(series), round),
                    timestamp: time_ms(round) as i64,
                }],
            })
            .collect();
        let encoded = WriteRequest { timeseries }.encode_to_vec();
        // An error would require a body of over 4 GiB.
        *body = snap::raw::Encoder::new().compress_vec(&encoded).unwrap_or_default();
    };
    Payload { body: Vec::new(), items: u64::from(SERIES), renew: Box::new(renew) }
}

/// The labels that OTLP ingest derives.
fn labels(target: u64, series: u32) -> Vec<Label> {
    let (family, i) = (series / SERIES_PER_FAMILY, series % SERIES_PER_FAMILY);
    let suffix = if is_counter(u64::from(family)) { "_total" } else { "" };
    let pairs = [
        ("__name__", format!("node_family_{family:02}{suffix}")),
        ("device", format!("disk{i}")),
        ("job", format!("target-{target:03}")),
        ("mode", "user".to_owned()),
    ];
    pairs.map(|(name, value)| Label { name: name.to_owned(), value }).to_vec()
}
