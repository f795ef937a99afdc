//! Test support: a handle and a subscriber whose metrics and spans can be inspected.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider, Span, SpanData, SpanProcessor};
use parking_lot::Mutex;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context as LayerContext, SubscriberExt};

use crate::Telemetry;
use crate::metrics::{Reading, Registry};

/// Metrics and spans recorded on this thread.
pub(crate) struct Recorded {
    pub(crate) telemetry: Telemetry,
    ended: Ended,
    warnings: Arc<AtomicUsize>,
    _subscriber: DefaultGuard,
}

impl Recorded {
    pub(crate) fn new() -> Self {
        Self::of(Telemetry::recording(Registry::new(2000)), Sampler::AlwaysOn)
    }

    /// With another handle and sampler.
    pub(crate) fn of(telemetry: Telemetry, sampler: Sampler) -> Self {
        let ended = Ended::default();
        let warnings = Arc::default();
        let provider = SdkTracerProvider::builder()
            .with_sampler(sampler)
            .with_span_processor(ended.clone())
            .build();
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
        let subscriber =
            tracing_subscriber::registry().with(layer).with(Warnings(Arc::clone(&warnings)));
        Self {
            telemetry,
            ended,
            warnings,
            _subscriber: tracing::subscriber::set_default(subscriber),
        }
    }

    /// The values, or numbers of measurements, of all series of a metric with these labels.
    pub(crate) fn count(&self, metric: &str, labels: &[(&str, &str)]) -> f64 {
        self.sum_of(metric, labels, |reading| match reading {
            Reading::Integer(value) => *value as f64,
            Reading::Float(value) => *value,
            Reading::Histogram { counts, .. } => counts.iter().sum::<u64>() as f64,
        })
    }

    /// The sum of measurements in all series of a histogram with these labels.
    pub(crate) fn sum(&self, metric: &str, labels: &[(&str, &str)]) -> f64 {
        self.sum_of(metric, labels, |reading| match reading {
            Reading::Histogram { sum, .. } => *sum,
            Reading::Integer(_) | Reading::Float(_) => panic!("{metric} is no histogram"),
        })
    }

    /// All values of a label.
    pub(crate) fn values(&self, metric: &str, label: &str) -> BTreeSet<String> {
        let metrics = self.telemetry.collect();
        let points =
            metrics.iter().filter(|found| found.name == metric).flat_map(|found| &found.points);
        points.filter_map(|point| point.label(label).map(str::to_owned)).collect()
    }

    /// Finished spans in order.
    pub(crate) fn spans(&self) -> Vec<SpanData> {
        self.ended.0.lock().clone()
    }

    /// Number of logged warnings.
    #[cfg_attr(not(feature = "axum"), expect(dead_code, reason = "beacons need axum"))]
    pub(crate) fn warnings(&self) -> usize {
        self.warnings.load(Ordering::Relaxed)
    }

    fn sum_of(
        &self,
        metric: &str,
        labels: &[(&str, &str)],
        value: impl Fn(&Reading) -> f64,
    ) -> f64 {
        let metrics = self.telemetry.collect();
        let points =
            metrics.iter().filter(|found| found.name == metric).flat_map(|found| &found.points);
        points
            .filter(|point| {
                labels.iter().all(|(name, wanted)| point.label(name).unwrap_or_default() == *wanted)
            })
            .map(|point| value(&point.reading))
            .sum()
    }
}

/// A span's attributes as text.
pub(crate) fn attributes(span: &SpanData) -> BTreeMap<String, String> {
    let pairs = span.attributes.iter();
    pairs.map(|pair| (pair.key.to_string(), pair.value.to_string())).collect()
}

struct Warnings(Arc<AtomicUsize>);

impl<S: tracing::Subscriber> Layer<S> for Warnings {
    fn on_event(&self, event: &tracing::Event<'_>, _context: LayerContext<'_, S>) {
        if *event.metadata().level() == tracing::Level::WARN {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[derive(Clone, Debug, Default)]
struct Ended(Arc<Mutex<Vec<SpanData>>>);

impl SpanProcessor for Ended {
    fn on_start(&self, _span: &mut Span, _context: &opentelemetry::Context) {}

    fn on_end(&self, span: SpanData) {
        self.0.lock().push(span);
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _timeout: Duration) -> OTelSdkResult {
        Ok(())
    }
}
