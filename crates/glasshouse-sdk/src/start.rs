//! Startup: creates a handle, a subscriber and an export from settings, and a guard to end them.
//!
//! Nothing here fails. A part that cannot start has no effect and causes a warning: telemetry must
//! never stop a service.

use std::borrow::Cow;
use std::fmt;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use opentelemetry::propagation::TextMapCompositePropagator;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry::{KeyValue, global};
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::{BaggagePropagator, TraceContextPropagator};
use opentelemetry_sdk::trace::{
    IdGenerator as _, RandomIdGenerator, SdkTracerProvider, SpanLimits,
};
use serde_json::Value;
use tracing::{Dispatch, Level};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer, Registry as Subscriber};

use crate::configure::{Configuration, Problem, Redact, Settings, read_text};
use crate::export::{
    Export, ExportLimits, ExportSettings, ExportStatistics, MetricsSource, Rewrite, Signal,
    read as count_of,
};
use crate::llm::{ContentPolicy, PriceTable};
use crate::log::{LogFields, LogLayer, LogLines, Output};
use crate::metrics::{
    Definition, Format, Kind, Metric, Profile, Registry, SpanRules, apply, encode, render,
};
use crate::rig::RigLayer;
use crate::telemetry::Telemetry;

/// Maximum duration of the shutdown (guarantee O-03).
const SHUTDOWN_MAX: Duration = Duration::from_secs(5);
/// Maximum bytes read from a profile or price file: LiteLLM's table has less than two million.
const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;

impl Configuration {
    /// Starts everything that is configured. Call it once, at the start of `main`; pass on the
    /// [`Telemetry`], and keep the [`Guard`] until the end.
    /// Never fails and never panics: each error is logged as a warning and listed in
    /// [`Guard::problems`], and the affected part has no effect.
    pub fn start(self) -> (Telemetry, Guard) {
        let (settings, problems) = self.resolve(&|name| std::env::var(name).ok());
        start(settings, &problems)
    }
}

/// Keeps the export running. Dropping it exports the queues, pushes the metrics a last time, closes
/// the metrics endpoint and flushes the writer of log lines, within 5 seconds.
#[must_use = "dropping the guard ends the export"]
pub struct Guard {
    export: Export,
    problems: Vec<String>,
    /// The only strong reference to the subscriber, whose layers have the handle.
    dispatch: Dispatch,
    log_output: Output,
    is_ended: bool,
}

impl fmt::Debug for Guard {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Guard").field("problems", &self.problems).finish_non_exhaustive()
    }
}

impl Guard {
    /// Problems of the configuration and at startup, one sentence each.
    pub fn problems(&self) -> &[String] {
        &self.problems
    }

    /// The actual address of `/metrics`.
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.export.listener()
    }

    /// Shuts down like dropping does, and returns whether everything was exported in time.
    pub fn shutdown(mut self) -> bool {
        self.end()
    }

    fn end(&mut self) -> bool {
        self.is_ended = true;
        let is_complete = self.export.shutdown(SHUTDOWN_MAX);
        self.log_output.flush();
        is_complete
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // Not twice: a stuck worker would cost the timeout twice.
        if !self.is_ended {
            self.end();
        }
    }
}

fn start(settings: Settings, problems: &[Problem]) -> (Telemetry, Guard) {
    let mut problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
    let profiles = profiles(&settings, &mut problems);
    let registry = if settings.metrics_enabled {
        Registry::new(settings.series_limit)
    } else {
        Registry::off()
    };
    let statistics: Arc<OnceLock<Arc<ExportStatistics>>> = Arc::default();
    let counted = Arc::clone(&statistics);
    registry.produce(move || counted.get().map(|seen| own_metrics(seen)).unwrap_or_default());
    let resource = resource(&settings);
    let source = Arc::new(Metrics { registry, profiles, resource });
    let resource =
        Resource::builder_empty().with_attributes(source.resource.iter().cloned()).build();
    let rules = SpanRules::of(&source.profiles);
    let rewrite: Option<Rewrite> =
        (!rules.is_empty()).then(|| Arc::new(move |span: &mut _| rules.rewrite(span)) as Rewrite);
    let (export, warnings) = Export::start(
        ExportSettings {
            resource: resource.clone(),
            spans: settings.spans.clone(),
            logs: settings.logs.clone(),
            metrics: settings.metrics.clone(),
            listener: settings.listener,
            rewrite,
            limits: ExportLimits::default(),
        },
        Arc::clone(&source) as Arc<dyn MetricsSource>,
    );
    problems.extend(warnings);
    let _ = statistics.set(export.statistics());
    let telemetry = Telemetry::started(
        Arc::clone(&source),
        prices(&settings, &mut problems),
        content(&settings),
        settings.budgets_by_session,
    );
    let (is_global, log_output) = (settings.global, settings.log_output.clone());
    let dispatch = subscribe(settings, &telemetry, &source, resource, &export, &mut problems);
    telemetry.set_dispatch(&dispatch);
    if !is_global {
        export.report_to(dispatch.clone());
    }
    let guard = Guard { export, problems, dispatch, log_output, is_ended: false };
    tracing::dispatcher::with_default(&guard.dispatch, || log_start(&guard));
    (telemetry, guard)
}

/// Logs problems, and the address of the metrics endpoint (guarantee O-13).
fn log_start(guard: &Guard) {
    for problem in &guard.problems {
        tracing::warn!(target: "glasshouse_sdk", "{problem}");
    }
    if let Some(address) = guard.metrics_address() {
        tracing::info!(target: "glasshouse_sdk", "metrics are served on http://{address}/metrics");
    }
}

/// Resource attributes of the service and the SDK (OpenTelemetry's resource conventions).
fn resource(settings: &Settings) -> Vec<KeyValue> {
    let mut resource: Vec<KeyValue> = settings
        .resource_attributes
        .iter()
        .map(|(key, value)| KeyValue::new(key.clone(), value.clone()))
        .collect();
    let own: [(_, opentelemetry::Value); 6] = [
        // Without it, the series of two pushing instances would collide.
        ("service.instance.id", instance_id().into()),
        ("process.pid", i64::from(std::process::id()).into()),
        ("telemetry.sdk.language", "rust".into()),
        ("telemetry.sdk.name", "opentelemetry".into()),
        ("telemetry.distro.name", env!("CARGO_PKG_NAME").into()),
        ("telemetry.distro.version", env!("CARGO_PKG_VERSION").into()),
    ];
    for (key, value) in own {
        if resource.iter().all(|pair| pair.key.as_str() != key) {
            resource.push(KeyValue::new(key, value));
        }
    }
    resource
}

/// A random UUID (RFC 9562, version 4).
fn instance_id() -> String {
    let mut bytes = RandomIdGenerator::default().new_trace_id().to_bytes();
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let digits = format!("{:032x}", u128::from_be_bytes(bytes));
    let parts = [0..8, 8..12, 12..16, 16..20, 20..32];
    parts.map(|part| digits.get(part).unwrap_or_default()).join("-")
}

/// All metrics, as seen by the export and the tests.
#[derive(Debug)]
pub(crate) struct Metrics {
    pub(crate) registry: Registry,
    profiles: Vec<Profile>,
    resource: Vec<KeyValue>,
}

impl Metrics {
    /// Metrics under their canonical names, for a service without attributes.
    pub(crate) fn unnamed(registry: Registry) -> Self {
        Self { registry, profiles: Vec::new(), resource: Vec::new() }
    }

    fn collect(&self) -> Vec<Metric> {
        for warning in self.registry.take_warnings() {
            tracing::warn!(target: "glasshouse_sdk", "{warning}");
        }
        apply(&self.profiles, self.registry.collect())
    }
}

impl MetricsSource for Metrics {
    fn collect_otlp(&self) -> ExportMetricsServiceRequest {
        encode(&self.collect(), &self.resource)
    }

    fn exposition(&self, accept: &str) -> (&'static str, String) {
        let format = Format::accepted(accept);
        let resource: Vec<(String, String)> = self
            .resource
            .iter()
            .map(|pair| (pair.key.as_str().to_owned(), pair.value.as_str().into_owned()))
            .collect();
        (format.content_type(), render(&self.collect(), &resource, format))
    }
}

/// Metrics about the export itself.
fn own_metrics(statistics: &ExportStatistics) -> Vec<Metric> {
    const EXPORTED: Definition<0> = Definition {
        name: "glasshouse.sdk.exported",
        unit: "{item}",
        description: "Spans, log records and metric points that a backend has taken",
        labels: [],
    };
    const DROPPED: Definition<0> = Definition {
        name: "glasshouse.sdk.dropped",
        unit: "{item}",
        description: "Spans, log records and metric points that were lost, by reason",
        labels: [],
    };
    let label = |key: &'static str, value: &str| (Cow::Borrowed(key), value.to_owned());
    let (mut exported, mut dropped) = (Vec::new(), Vec::new());
    for signal in [Signal::Spans, Signal::Logs, Signal::Metrics] {
        let counts = statistics.of(signal);
        let signal = label("glasshouse.signal", signal.as_str());
        exported.push((vec![signal.clone()], count_of(&counts.exported) as f64));
        for (reason, count) in [
            ("queue_full", &counts.dropped_queue_full),
            ("rejected", &counts.dropped_rejected),
            ("shutdown", &counts.dropped_shutdown),
        ] {
            let labels = vec![signal.clone(), label("error.type", reason)];
            dropped.push((labels, count_of(count) as f64));
        }
    }
    vec![
        Metric::made(EXPORTED, Kind::Counter, exported),
        Metric::made(DROPPED, Kind::Counter, dropped),
    ]
}

fn profiles(settings: &Settings, problems: &mut Vec<String>) -> Vec<Profile> {
    let mut profiles = Vec::new();
    for name in &settings.naming_profiles {
        match Profile::built_in(name) {
            Ok(profile) => profiles.push(profile),
            Err(error) => problems.push(error.to_string()),
        }
    }
    for path in &settings.naming_profile_files {
        let profile = read(path).and_then(|text| {
            Profile::parse(&path.display().to_string(), &text).map_err(|error| error.to_string())
        });
        match profile {
            Ok(profile) => profiles.push(profile),
            Err(problem) => problems.push(problem),
        }
    }
    profiles
}

fn prices(settings: &Settings, problems: &mut Vec<String>) -> PriceTable {
    let mut table = PriceTable::built_in();
    let files = settings.price_files.iter().map(|path| (path.display().to_string(), read(path)));
    let models = settings.prices.iter().map(|(model, row)| {
        // The row is JSON, so the name must be encoded.
        let name = Value::String(model.clone()).to_string();
        (format!("the price of {model}"), Ok(format!("{{{name}: {row}}}")))
    });
    for (origin, text) in files.chain(models) {
        let extended = text.and_then(|text| {
            table.clone().with_json(&text).map_err(|error| format!("{origin}: {error}"))
        });
        match extended {
            Ok(extended) => table = extended,
            Err(problem) => problems.push(problem),
        }
    }
    table
}

fn read(path: &Path) -> Result<String, String> {
    read_text(path, FILE_BYTES_MAX)
        .map_err(|problem| format!("{}: {problem}; the file is ignored", path.display()))
}

fn content(settings: &Settings) -> ContentPolicy {
    if !settings.capture_content {
        return ContentPolicy::off();
    }
    let policy = ContentPolicy::capturing().max_bytes(settings.content_bytes_max);
    match settings.redact.clone() {
        Some(redact) => policy.redact(move |_, value| redact_texts(value, &redact)),
        None => policy,
    }
}

/// Redacts every text in a value, at any depth.
fn redact_texts(value: &mut Value, redact: &Redact) {
    match value {
        Value::String(text) => *text = redact(text),
        Value::Array(values) => values.iter_mut().for_each(|value| redact_texts(value, redact)),
        Value::Object(fields) => {
            fields.values_mut().for_each(|value| redact_texts(value, redact));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Creates the subscriber and, if configured, sets it as the process-wide one.
fn subscribe(
    settings: Settings,
    telemetry: &Telemetry,
    source: &Metrics,
    resource: Resource,
    export: &Export,
    problems: &mut Vec<String>,
) -> Dispatch {
    let provider = settings.tracing_enabled.then(|| {
        let mut provider = SdkTracerProvider::builder()
            .with_resource(resource)
            .with_sampler(settings.sampling.sampler())
            .with_span_limits(SpanLimits { max_events_per_span: 128, ..SpanLimits::default() });
        if let Some(processor) = export.span_processor() {
            provider = provider.with_span_processor(processor);
        }
        provider.build()
    });
    let span_layer = provider.as_ref().map(|provider| {
        let wanted = settings.log_level.clone();
        tracing_opentelemetry::layer()
            .with_tracer(provider.tracer("glasshouse-sdk"))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            // Events are log lines only; errors also mark their span as failed.
            .with_filter(filter_fn(move |event| {
                if event.is_span() {
                    *event.level() <= Level::INFO
                        || wanted.would_enable(event.target(), event.level())
                } else {
                    *event.level() == Level::ERROR
                }
            }))
    });
    let records = export.log_queue().map(|queue| Box::new(move |record| queue.send(record)) as _);
    let own_fields = source.profiles.iter().find_map(|profile| profile.logs.clone());
    let lines = LogLayer::new(LogLines {
        service_name: settings.service_name,
        fields: own_fields.unwrap_or_else(|| {
            LogFields::of_profile(settings.naming_profiles.first().map_or("", String::as_str))
        }),
        format: settings.log_format,
        output: settings.log_output,
        records,
    })
    .with_filter(settings.log_level);
    // First, so that the cost of a call is known before its span is exported.
    let rig = RigLayer::new(telemetry).filtered();
    let dispatch = Dispatch::new(Subscriber::default().with(rig).with(span_layer).with(lines));
    if settings.global {
        become_global(&dispatch, provider, problems);
    }
    dispatch
}

/// Makes this instance process-wide: entirely, or not at all if there is one already.
fn become_global(
    dispatch: &Dispatch,
    provider: Option<SdkTracerProvider>,
    problems: &mut Vec<String>,
) {
    if let Err(error) = dispatch.clone().try_init() {
        problems.push(format!(
            "spans and log lines are not taken: {error}; start before any other tracing \
             subscriber, or without a global one"
        ));
        return;
    }
    if let Some(provider) = provider {
        global::set_tracer_provider(provider);
    }
    global::set_text_map_propagator(TextMapCompositePropagator::new(vec![
        Box::new(TraceContextPropagator::new()),
        Box::new(BaggagePropagator::new()),
    ]));
}
