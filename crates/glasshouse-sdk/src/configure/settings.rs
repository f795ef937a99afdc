//! The effective settings: code before environment before file before default, for each key.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use opentelemetry_sdk::trace::Sampler;
use tracing_subscriber::filter::{LevelFilter, Targets};

use super::choices::{Choices, OtlpChoices, Port};
use super::environment::{self, Environment};
use super::problem::Problem;
use super::value::{Endpoint, port_of};
use super::{Configuration, Exporter, Redact, Sampling, file};
use crate::export::{OtlpTarget, Protocol, Secret, SpanTarget};
use crate::log::{LogFormat, Output};

const DEFAULT_OTLP_ENDPOINT: &str = "http://localhost:4318";
const DEFAULT_ZIPKIN_ENDPOINT: &str = "http://localhost:9411/api/v2/spans";
const DEFAULT_JAEGER_ENDPOINT: &str = "http://localhost:14268/api/traces";
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);
const DEFAULT_INTERVAL: Duration = Duration::from_secs(15);
const DEFAULT_SERIES_LIMIT: usize = 2000;
const DEFAULT_CONTENT_BYTES_MAX: usize = 8192;
const DEFAULT_PROFILE: &str = "otel";

/// The port that implies gRPC.
const GRPC_PORT: u16 = 4317;

/// The resolved settings; from here on only the network can fail.
#[expect(clippy::struct_excessive_bools, reason = "four independent switches of the user")]
pub(crate) struct Settings {
    /// `service.name`, not empty.
    pub(crate) service_name: String,
    /// Resource attributes, `service.name` first.
    pub(crate) resource_attributes: Vec<(String, String)>,
    /// Names of naming profiles, empty only if there are custom profiles; the first one determines
    /// log fields.
    pub(crate) naming_profiles: Vec<String>,
    /// Files of custom naming profiles.
    pub(crate) naming_profile_files: Vec<PathBuf>,
    /// Whether spans are created.
    pub(crate) tracing_enabled: bool,
    /// The destination of spans; `None` if tracing is disabled or spans are not exported.
    pub(crate) spans: Option<SpanTarget>,
    /// Sampling of traces.
    pub(crate) sampling: Sampling,
    /// Whether metrics are recorded.
    pub(crate) metrics_enabled: bool,
    /// The destination of metrics and the push interval.
    pub(crate) metrics: Option<(OtlpTarget, Duration)>,
    /// The address of the metrics endpoint.
    pub(crate) listener: Option<SocketAddr>,
    /// Maximum number of series per metric.
    pub(crate) series_limit: usize,
    /// Whether sessions have separate budget series.
    pub(crate) budgets_by_session: bool,
    /// The destination of log records, in addition to log lines.
    pub(crate) logs: Option<OtlpTarget>,
    /// The level filter of lines and records.
    pub(crate) log_level: Targets,
    /// The format of lines.
    pub(crate) log_format: LogFormat,
    /// The destination of lines.
    pub(crate) log_output: Output,
    /// Whether spans contain prompts and answers.
    pub(crate) capture_content: bool,
    /// Redaction of content.
    pub(crate) redact: Option<Redact>,
    /// Maximum length of one piece of content on a span.
    pub(crate) content_bytes_max: usize,
    /// Price files in LiteLLM's format.
    pub(crate) price_files: Vec<PathBuf>,
    /// Prices of single models: name and JSON in LiteLLM's format.
    pub(crate) prices: Vec<(String, String)>,
    /// Whether to set the process-wide subscriber and propagator.
    pub(crate) global: bool,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("resource_attributes", &self.resource_attributes)
            .field("naming_profiles", &self.naming_profiles)
            .field("sampling", &self.sampling)
            .field("listener", &self.listener)
            .field("log_format", &self.log_format)
            .finish_non_exhaustive()
    }
}

impl Sampling {
    /// The sampler for these settings.
    pub(crate) fn sampler(self) -> Sampler {
        let root = if self.ratio >= 1.0 {
            Sampler::AlwaysOn
        } else if self.ratio <= 0.0 {
            Sampler::AlwaysOff
        } else {
            Sampler::TraceIdRatioBased(self.ratio)
        };
        if self.is_parent_based { Sampler::ParentBased(Box::new(root)) } else { root }
    }
}

impl Configuration {
    /// Resolves all settings. Never fails: problems are reported and the next source applies.
    pub(crate) fn resolve(self, environment: Environment<'_>) -> (Settings, Vec<Problem>) {
        let Self { mut choices, mut problems, file, log_output, redact, prices, global } = self;
        let mut of_environment = environment::read(environment, &mut problems);
        let mut of_file = file
            .or_else(|| environment::file(environment))
            .map(|path| file::read(&path, &mut problems))
            .unwrap_or_default();
        for choices in [&mut choices, &mut of_environment, &mut of_file] {
            choices.take_service_attributes();
        }
        let sources = Sources([&choices, &of_environment, &of_file]);
        let disabled = sources.pick(|c| c.disabled).unwrap_or_default();
        let tracing_enabled = !disabled && sources.pick(|c| c.tracing_enabled).unwrap_or(true);
        let metrics_enabled = !disabled && sources.pick(|c| c.metrics_enabled).unwrap_or(true);
        let exporter = sources.exporter();
        let pushes = exporter == Exporter::Otlp || sources.has_otlp_endpoint();
        let pushes_metrics = sources.pick(|c| c.metrics_push_enabled).unwrap_or(pushes);
        let pushes_logs = sources.pick(|c| c.logs_export_enabled).unwrap_or(pushes);
        let interval = sources.pick(|c| c.metric_interval).unwrap_or(DEFAULT_INTERVAL);
        let log_output = log_output.unwrap_or_default();
        let log_format = sources.pick(|c| c.log_format).unwrap_or(if log_output.is_terminal() {
            LogFormat::Text
        } else {
            LogFormat::Json
        });
        let service_name =
            sources.pick(|c| c.service_name.clone()).unwrap_or_else(default_service_name);
        let spans = tracing_enabled.then(|| sources.spans(exporter, &mut problems)).flatten();
        let naming_profile_files =
            sources.pick(|c| c.naming_profile_files.clone()).unwrap_or_default();
        let naming_profiles = sources.pick(|c| c.naming_profiles.clone()).unwrap_or_else(|| {
            // Custom profiles replace the default.
            let is_needed = naming_profile_files.is_empty();
            is_needed.then(|| DEFAULT_PROFILE.to_owned()).into_iter().collect()
        });
        let settings = Settings {
            resource_attributes: sources.resource(&service_name),
            service_name,
            naming_profiles,
            naming_profile_files,
            tracing_enabled,
            spans,
            sampling: sources
                .pick(|c| c.sampling)
                .unwrap_or(Sampling { ratio: 1.0, is_parent_based: true }),
            metrics_enabled,
            metrics: (metrics_enabled && pushes_metrics)
                .then(|| (sources.otlp(Signal::Metrics), interval)),
            listener: sources.listener().filter(|_| metrics_enabled),
            series_limit: sources.pick(|c| c.series_limit).unwrap_or(DEFAULT_SERIES_LIMIT),
            budgets_by_session: sources.pick(|c| c.budgets_by_session).unwrap_or_default(),
            logs: (!disabled && pushes_logs).then(|| sources.otlp(Signal::Logs)),
            log_level: sources
                .pick(|c| c.log_level.clone())
                .unwrap_or_else(|| Targets::new().with_default(LevelFilter::INFO)),
            log_format,
            log_output,
            capture_content: sources.pick(|c| c.capture_content).unwrap_or_default(),
            redact,
            content_bytes_max: sources
                .pick(|c| c.content_bytes_max)
                .unwrap_or(DEFAULT_CONTENT_BYTES_MAX),
            price_files: sources.pick(|c| c.price_files.clone()).unwrap_or_default(),
            prices,
            global,
        };
        (settings, problems)
    }
}

#[derive(Clone, Copy)]
enum Signal {
    Traces,
    Metrics,
    Logs,
}

impl Signal {
    fn of(self, choices: &Choices) -> &OtlpChoices {
        match self {
            Self::Traces => &choices.otlp_traces,
            Self::Metrics => &choices.otlp_metrics,
            Self::Logs => &choices.otlp_logs,
        }
    }

    fn path(self) -> &'static str {
        match self {
            Self::Traces => "/v1/traces",
            Self::Metrics => "/v1/metrics",
            Self::Logs => "/v1/logs",
        }
    }
}

/// Code, environment and file, in order of precedence.
struct Sources<'a>([&'a Choices; 3]);

impl Sources<'_> {
    fn pick<T>(&self, get: impl Fn(&Choices) -> Option<T>) -> Option<T> {
        self.0.iter().find_map(|choices| get(choices))
    }

    /// Within a source, a signal's key overrides the key for all signals; either key of a source
    /// overrides both keys of the sources after it.
    fn pick_otlp<T>(&self, signal: Signal, get: impl Fn(&OtlpChoices) -> Option<T>) -> Option<T> {
        self.pick(|choices| get(signal.of(choices)).or_else(|| get(&choices.otlp)))
    }

    fn has_otlp_endpoint(&self) -> bool {
        [Signal::Traces, Signal::Metrics, Signal::Logs]
            .iter()
            .any(|signal| self.pick_otlp(*signal, |otlp| otlp.endpoint.clone()).is_some())
    }

    /// Without an explicit choice, uses the exporter whose endpoint is set.
    fn exporter(&self) -> Exporter {
        if let Some(exporter) = self.pick(|choices| choices.tracing_exporter) {
            exporter
        } else if self.has_otlp_endpoint() {
            Exporter::Otlp
        } else if self.pick(|choices| choices.zipkin_endpoint.clone()).is_some() {
            Exporter::Zipkin
        } else if self.pick(|choices| choices.jaeger_endpoint.clone()).is_some() {
            Exporter::Jaeger
        } else {
            Exporter::Otlp
        }
    }

    fn spans(&self, exporter: Exporter, problems: &mut Vec<Problem>) -> Option<SpanTarget> {
        match exporter {
            Exporter::None => None,
            Exporter::Otlp => Some(SpanTarget::Otlp(self.otlp(Signal::Traces))),
            Exporter::Zipkin => {
                let url = self.pick(|choices| choices.zipkin_endpoint.clone());
                let url = url.unwrap_or_else(|| DEFAULT_ZIPKIN_ENDPOINT.to_owned());
                Some(SpanTarget::Zipkin { url })
            }
            Exporter::Jaeger => {
                const PLACES: [&str; 3] = [
                    "configure().jaeger_endpoint()",
                    "OTEL_EXPORTER_JAEGER_ENDPOINT or JAEGER_ENDPOINT",
                    "observability.tracing.jaeger_endpoint",
                ];
                let mut places = self.0.iter().zip(PLACES);
                let written = places
                    .find_map(|(choices, place)| Some((choices.jaeger_endpoint.clone()?, place)));
                let Some((endpoint, place)) = written else {
                    return Some(SpanTarget::JaegerThrift {
                        url: DEFAULT_JAEGER_ENDPOINT.to_owned(),
                    });
                };
                if let Some(port) = endpoint.replaced_port {
                    let message = format!(
                        "port {port} is Jaeger's agent or gRPC, which is not spoken here: spans go \
                         as Thrift over HTTP to {}; write that address",
                        endpoint.url
                    );
                    problems.push(Problem::new(place, message));
                }
                Some(SpanTarget::JaegerThrift { url: endpoint.url })
            }
        }
    }

    fn otlp(&self, signal: Signal) -> OtlpTarget {
        let endpoint = self
            .pick_otlp(signal, |otlp| otlp.endpoint.clone())
            .unwrap_or_else(|| Endpoint::Base(DEFAULT_OTLP_ENDPOINT.to_owned()));
        let (Endpoint::Base(written) | Endpoint::Exact(written)) = &endpoint;
        let protocol =
            self.pick_otlp(signal, |otlp| otlp.protocol).unwrap_or_else(|| {
                match port_of(written) {
                    Some(GRPC_PORT) => Protocol::Grpc,
                    _ => Protocol::HttpProtobuf,
                }
            });
        let url = match (protocol, &endpoint) {
            (Protocol::Grpc, _) => origin(written),
            (Protocol::HttpProtobuf, Endpoint::Base(base)) => format!("{base}{}", signal.path()),
            (Protocol::HttpProtobuf, Endpoint::Exact(url)) => url.clone(),
        };
        let mut headers: Vec<(String, Secret)> = Vec::new();
        for choices in self.0.iter().rev() {
            for (name, value) in choices.otlp.headers.iter().chain(&signal.of(choices).headers) {
                headers.retain(|(other, _)| other != name);
                headers.push((name.clone(), value.clone()));
            }
        }
        let timeout = self.pick_otlp(signal, |otlp| otlp.timeout).unwrap_or(DEFAULT_TIMEOUT);
        let certificate = self.pick_otlp(signal, |otlp| otlp.certificate.clone());
        OtlpTarget { protocol, url, headers, timeout, certificate }
    }

    fn listener(&self) -> Option<SocketAddr> {
        let Port::On(port) = self.pick(|choices| choices.metrics_port)? else { return None };
        let host = self.pick(|choices| choices.metrics_host);
        Some(SocketAddr::new(host.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)), port))
    }

    fn resource(&self, service_name: &str) -> Vec<(String, String)> {
        let mut attributes = vec![("service.name".to_owned(), service_name.to_owned())];
        let known = [
            ("service.version", self.pick(|choices| choices.service_version.clone())),
            ("service.namespace", self.pick(|choices| choices.service_namespace.clone())),
            ("deployment.environment.name", self.pick(|choices| choices.environment.clone())),
        ];
        for (key, value) in known {
            attributes.extend(value.map(|value| (key.to_owned(), value)));
        }
        for choices in self.0 {
            // Within a source, the last value wins.
            for (key, value) in choices.resource_attributes.iter().rev() {
                if attributes.iter().all(|(other, _)| other != key) {
                    attributes.push((key.clone(), value.clone()));
                }
            }
        }
        attributes
    }
}

/// Scheme and authority of a URL.
fn origin(url: &str) -> String {
    let authority = url.split_once("://").map_or(0, |(scheme, _)| scheme.len() + 3);
    let end = url.get(authority..).and_then(|rest| rest.find(['/', '?']));
    let whole = end.and_then(|end| url.get(..authority + end)).unwrap_or(url);
    whole.to_owned()
}

/// The default that the OpenTelemetry specification requires.
fn default_service_name() -> String {
    let program = std::env::current_exe().ok();
    let name = program.as_ref().and_then(|path| path.file_stem()).and_then(|name| name.to_str());
    name.map_or_else(|| "unknown_service".to_owned(), |name| format!("unknown_service:{name}"))
}

#[cfg(test)]
mod tests;
