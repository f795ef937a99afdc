//! What a measurement costs, beside the metrics of the OpenTelemetry SDK in the same run.
//!
//! `cargo bench -p glasshouse-sdk --bench metrics`. The marks: under 100 ns, at most 1.2 times the
//! bare crates, and two threads do not make each other wait.

#![expect(clippy::disallowed_methods, reason = "a measurement takes the time")]
#![expect(clippy::expect_used, reason = "a measurement that cannot start must say so")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use glasshouse_sdk::Telemetry;
use glasshouse_sdk::metrics::Definition;
use opentelemetry::KeyValue;
use opentelemetry::metrics::MeterProvider;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk::metrics::{PeriodicReader, SdkMeterProvider, Temporality};

const CALLS: Definition<4> = Definition {
    name: "bench.calls",
    unit: "{call}",
    description: "Calls of the benchmark",
    labels: ["operation", "provider", "model", "status"],
};
const LABELS: [&str; 4] = ["chat", "openai", "gpt-4o", "success"];
const BOUNDS: &[f64] = &[0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24];

/// Where the bare SDK sends its metrics.
#[derive(Debug)]
struct DiscardMetrics;

impl PushMetricExporter for DiscardMetrics {
    async fn export(&self, _: &ResourceMetrics) -> OTelSdkResult {
        Ok(())
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }

    fn temporality(&self) -> Temporality {
        Temporality::Cumulative
    }
}

fn provider() -> SdkMeterProvider {
    SdkMeterProvider::builder().with_reader(PeriodicReader::builder(DiscardMetrics).build()).build()
}

fn attributes() -> [KeyValue; 4] {
    std::array::from_fn(|index| KeyValue::new(CALLS.labels[index], LABELS[index]))
}

fn counter(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("counter with four labels");
    let telemetry = Telemetry::unexported();
    let ours = telemetry.counter(CALLS);
    group.bench_function("glasshouse-sdk", |bencher| {
        bencher.iter(|| ours.add(black_box(LABELS), 1));
    });
    let provider = provider();
    let theirs = provider.meter("bench").u64_counter("bench.calls").build();
    group.bench_function("opentelemetry", |bencher| {
        bencher.iter(|| theirs.add(1, &black_box(attributes())));
    });
    group.finish();
}

fn histogram(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("histogram with four labels");
    let telemetry = Telemetry::unexported();
    let ours = telemetry.histogram(Definition { name: "bench.duration", ..CALLS }, BOUNDS);
    group.bench_function("glasshouse-sdk", |bencher| {
        bencher.iter(|| ours.record(black_box(LABELS), 0.7));
    });
    let provider = provider();
    let meter = provider.meter("bench");
    let theirs = meter.f64_histogram("bench.duration").with_boundaries(BOUNDS.to_vec()).build();
    group.bench_function("opentelemetry", |bencher| {
        bencher.iter(|| theirs.record(0.7, &black_box(attributes())));
    });
    group.finish();
}

/// Two threads record at once into the same metric: each its own series, and both the same one.
fn two_threads(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("counter on two threads");
    let telemetry = Telemetry::unexported();
    let ours = telemetry.counter(CALLS);
    for (name, models) in [("own series", ["gpt-4o", "other"]), ("same series", ["gpt-4o"; 2])] {
        group.bench_function(format!("glasshouse-sdk, {name}"), |bencher| {
            bencher.iter_custom(|rounds| {
                on_two_threads(|thread| {
                    let model = models.get(thread).copied().expect("two models");
                    let labels = ["chat", "openai", model, "success"];
                    (0..rounds).for_each(|_| ours.add(black_box(labels), 1));
                })
            });
        });
    }
    let provider = provider();
    let theirs = provider.meter("bench").u64_counter("bench.calls").build();
    group.bench_function("opentelemetry, same series", |bencher| {
        bencher.iter_custom(|rounds| {
            on_two_threads(|_| (0..rounds).for_each(|_| theirs.add(1, &black_box(attributes()))))
        });
    });
    group.finish();
}

fn on_two_threads(work: impl Fn(usize) + Sync) -> Duration {
    let begin = Instant::now();
    std::thread::scope(|scope| {
        for thread in 0..2 {
            let work = &work;
            scope.spawn(move || work(thread));
        }
    });
    begin.elapsed()
}

criterion_group!(benches, counter, histogram, two_threads);
criterion_main!(benches);
