//! Measures the cost of decoding remote write, with a clock or under `valgrind --tool=callgrind`:
//! one of these tests, `--release`, `--ignored`.

#![allow(clippy::disallowed_methods, reason = "a measurement needs a clock")]

use prost::Message as _;

use super::messages::{Sample, v1, v2};
use super::{NOW_MS, WriteMessage, decoded, try_decoded};
use crate::KnownSeries;
use crate::known::NoKnownSeries;
use crate::otlp::tests::known::Learned;

const SERIES: usize = 1000;
const ROUNDS: usize = 300;

/// Labels as node exporter's with a few of Kubernetes.
fn pairs(series: usize) -> [(String, String); 10] {
    [
        ("__name__", format!("node_filesystem_size_bytes_{}", series % 50)),
        ("cluster", "eu-west-1".to_owned()),
        ("container", "node-exporter".to_owned()),
        ("device", format!("/dev/mapper/volume-{series}")),
        ("fstype", "ext4".to_owned()),
        ("instance", format!("10.0.{}.{}:9100", series / 200, series % 200)),
        ("job", "node".to_owned()),
        ("mountpoint", "/var/lib/containers".to_owned()),
        ("namespace", "monitoring".to_owned()),
        ("pod", format!("node-exporter-{:05x}", series * 7919)),
    ]
    .map(|(name, value)| (name.to_owned(), value))
}

fn samples(series: usize, count: usize) -> Vec<Sample> {
    let sample = |i: usize| Sample {
        value: (series * 1000 + i) as f64 * 1.5,
        timestamp: NOW_MS - 15_000 * (count - i) as i64,
        start_timestamp: 0,
    };
    (1..=count).map(sample).collect()
}

fn body(message: WriteMessage, samples_of_series: usize) -> Vec<u8> {
    if message == WriteMessage::V1 {
        let series = |i| v1::TimeSeries {
            labels: pairs(i)
                .map(|(name, value)| v1::Label { name: name.into(), value: value.into() })
                .into(),
            samples: samples(i, samples_of_series),
            ..v1::TimeSeries::default()
        };
        let timeseries = (0..SERIES).map(series).collect();
        return v1::WriteRequest { timeseries, metadata: Vec::new() }.encode_to_vec();
    }
    let mut symbols = vec![Vec::new(), b"The size of a file system.".to_vec(), b"bytes".to_vec()];
    let mut places = std::collections::HashMap::new();
    let mut place = |text: String| {
        *places.entry(text.clone()).or_insert_with(|| {
            symbols.push(text.into_bytes());
            symbols.len() as u32 - 1
        })
    };
    let timeseries = (0..SERIES)
        .map(|i| v2::TimeSeries {
            labels_refs: pairs(i)
                .into_iter()
                .flat_map(|(name, value)| [name, value])
                .map(&mut place)
                .collect(),
            samples: samples(i, samples_of_series),
            metadata: Some(v2::Metadata { kind: 2, help_ref: 1, unit_ref: 2 }),
            ..v2::TimeSeries::default()
        })
        .collect();
    v2::Request { symbols, timeseries }.encode_to_vec()
}

fn measure(what: &str, message: WriteMessage, body: &[u8], known: &dyn KnownSeries) {
    // The fastest round, because other programs take time from the others.
    let round = || {
        let start = std::time::Instant::now();
        let samples = try_decoded(message, body, known).unwrap().accepted;
        start.elapsed().as_nanos() as f64 / samples as f64
    };
    let nanoseconds = (0..ROUNDS).map(|_| round()).fold(f64::INFINITY, f64::min);
    println!("{message:?} {what}: {nanoseconds:.1} ns a sample, {} bytes", body.len());
}

#[test]
#[ignore = "a measurement"]
fn requests_of_both_versions() {
    for message in [WriteMessage::V1, WriteMessage::V2] {
        for samples_of_series in [1, 10] {
            let body = body(message, samples_of_series);
            let mut learned = Learned::default();
            learned.store(&decoded(message, &body), |_| true);
            measure(&format!("known, {samples_of_series} of a series"), message, &body, &learned);
            measure(
                &format!("unknown, {samples_of_series} of a series"),
                message,
                &body,
                &NoKnownSeries,
            );
        }
    }
}
