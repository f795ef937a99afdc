//! Configuration: a builder, the environment, a YAML file and defaults.
//!
//! # Precedence
//! Code overrides the environment, which overrides the file, which overrides the defaults. Each key
//! is resolved separately: a file may set the endpoint while a variable sets the sample rate. Lists
//! are replaced as a whole; headers and resource attributes are merged by name. For OTLP, a
//! source's key for one signal overrides its key for all signals; both override sources of lower
//! precedence.
//!
//! # Errors in the configuration
//! Configuration errors never stop a service. An invalid value, an unknown key or an unreadable
//! file causes a warning with its location and the allowed values, and the next source applies.
//!
//! `docs/sdk.md` lists all keys, variables and defaults; `observability.example.yaml` in this crate
//! has all keys of the file.

use std::fmt;
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::log::{LogFormat, Output};

mod bounds;
mod choices;
mod environment;
mod file;
mod keys;
mod problem;
mod settings;
mod tree;
mod value;

pub use crate::export::Protocol as OtlpProtocol;
pub(crate) use file::read_text;
pub(crate) use problem::Problem;
pub(crate) use settings::Settings;

use choices::{Choices, Port};

/// OpenTelemetry's default port for the Prometheus exporter.
const DEFAULT_PROMETHEUS_PORT: u16 = 9464;

/// Redacts content before it is recorded on a span.
pub(crate) type Redact = Arc<dyn Fn(&str) -> String + Send + Sync>;

/// How spans are exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exporter {
    /// OTLP, over HTTP or gRPC.
    Otlp,
    /// Zipkin v2 JSON.
    Zipkin,
    /// Jaeger's Thrift over HTTP.
    Jaeger,
    /// No export. Spans are still created, for trace ids in logs and exemplars.
    None,
}

/// Sampling of traces.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Sampling {
    /// Sampling ratio of new traces, 0 to 1.
    pub(crate) ratio: f64,
    /// Whether a caller's decision has precedence.
    pub(crate) is_parent_based: bool,
}

/// Starts a configuration. Nothing is read or opened before `start`.
pub fn configure() -> Configuration {
    Configuration {
        choices: Choices::default(),
        problems: Vec::new(),
        file: None,
        log_output: None,
        redact: None,
        prices: Vec::new(),
        global: true,
    }
}

/// Settings made in code; see [`configure`].
///
/// Each method sets one key; all others come from the environment, the file and the defaults. An
/// invalid value is ignored with a warning at startup.
#[must_use = "a configuration does nothing until it is started"]
pub struct Configuration {
    choices: Choices,
    problems: Vec<Problem>,
    file: Option<PathBuf>,
    log_output: Option<Output>,
    redact: Option<Redact>,
    prices: Vec<(String, String)>,
    global: bool,
}

impl fmt::Debug for Configuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Omits the settings: the query of a URL may contain a key.
        f.debug_struct("Configuration")
            .field("file", &self.file)
            .field("global", &self.global)
            .finish_non_exhaustive()
    }
}

/// The service.
impl Configuration {
    /// Name of the service, `service.name`. Default: `unknown_service:` and the program's name.
    pub fn service_name(mut self, name: impl Into<String>) -> Self {
        self.choices.service_name = Some(name.into()).filter(|name| !name.is_empty());
        self
    }

    /// Version of the service, `service.version`.
    pub fn service_version(mut self, version: impl Into<String>) -> Self {
        self.choices.service_version = Some(version.into());
        self
    }

    /// The service's namespace, `service.namespace`.
    pub fn service_namespace(mut self, namespace: impl Into<String>) -> Self {
        self.choices.service_namespace = Some(namespace.into());
        self
    }

    /// The deployment environment, such as `production`: `deployment.environment.name`.
    pub fn environment(mut self, environment: impl Into<String>) -> Self {
        self.choices.environment = Some(environment.into());
        self
    }

    /// An additional resource attribute, on every span, series and log record.
    pub fn resource_attribute(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.choices.resource_attributes.push((key.into(), value.into()));
        self
    }

    /// The configuration file. By default it is named by `GLASSHOUSE_OBSERVABILITY_CONFIG` or
    /// `ALEX_OBSERVABILITY_CONFIG`, if set.
    pub fn config_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.file = Some(path.into());
        self
    }

    /// The names of metrics, spans and log fields: `otel` (default), `otel-1.41`, `alex`,
    /// `ai-platform`, `botticelli` or `refly`.
    pub fn naming_profile(self, name: impl Into<String>) -> Self {
        self.naming_profiles([name])
    }

    /// Several naming profiles at once, for migrations. Each profile has its own series; spans and
    /// log fields follow the first.
    pub fn naming_profiles<T: Into<String>>(mut self, names: impl IntoIterator<Item = T>) -> Self {
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        self.choices.naming_profiles = Some(names).filter(|names| !names.is_empty());
        self
    }

    /// A file with a custom naming profile. It replaces the default, and is combined with profiles
    /// set by name. May be called several times.
    pub fn naming_profile_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.choices.naming_profile_files.get_or_insert_default().push(path.into());
        self
    }

    /// Whether to set the process-wide `tracing` subscriber and propagator (the default). If not,
    /// the instance is local: for tests, and for programs with their own subscriber.
    pub fn global(mut self, is_global: bool) -> Self {
        self.global = is_global;
        self
    }
}

/// Export.
impl Configuration {
    /// The OTLP endpoint for all signals. Port 4317 implies gRPC unless
    /// [`otlp_protocol`](Self::otlp_protocol), `OTEL_EXPORTER_OTLP_PROTOCOL` or the file set a
    /// protocol; all other ports imply HTTP. Default: `http://localhost:4318`.
    pub fn otlp_endpoint(mut self, url: impl AsRef<str>) -> Self {
        match value::base(url.as_ref()) {
            Some(endpoint) => self.choices.otlp.endpoint = Some(endpoint),
            None => self.refuse("otlp_endpoint", url.as_ref(), keys::URL),
        }
        self
    }

    /// A header of every OTLP request, such as `authorization`. Its value is never shown.
    pub fn otlp_header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        match value::headers(vec![(name.into(), value.into())]) {
            Some(headers) => self.choices.otlp.headers.extend(headers),
            None => self.problems.push(Problem::kind(
                "configure().otlp_header()",
                "the name or the value",
                keys::HEADERS,
            )),
        }
        self
    }

    /// A PEM file of trusted certificates that replaces the default authorities, for OTLP over
    /// `https`; needs the feature `tls`.
    pub fn otlp_certificate(mut self, path: impl Into<PathBuf>) -> Self {
        self.choices.otlp.certificate = Some(path.into());
        self
    }

    /// The OTLP protocol for all signals. Default: gRPC on port 4317, otherwise HTTP.
    pub fn otlp_protocol(mut self, protocol: OtlpProtocol) -> Self {
        self.choices.otlp.protocol = Some(protocol);
        self
    }

    /// The exporter of spans. Default: the one whose endpoint is set, otherwise OTLP.
    pub fn tracing_exporter(mut self, exporter: Exporter) -> Self {
        self.choices.tracing_exporter = Some(exporter);
        self
    }

    /// The Zipkin endpoint. Default: `http://localhost:9411/api/v2/spans`.
    pub fn zipkin_endpoint(mut self, url: impl AsRef<str>) -> Self {
        match value::zipkin(url.as_ref()) {
            Some(url) => self.choices.zipkin_endpoint = Some(url),
            None => self.refuse("zipkin_endpoint", url.as_ref(), keys::URL),
        }
        self
    }

    /// The Jaeger endpoint for Thrift over HTTP. Default: `http://localhost:14268/api/traces`.
    pub fn jaeger_endpoint(mut self, url: impl AsRef<str>) -> Self {
        match value::jaeger(url.as_ref()) {
            Some(endpoint) => self.choices.jaeger_endpoint = Some(endpoint),
            None => self.refuse("jaeger_endpoint", url.as_ref(), keys::URL),
        }
        self
    }

    /// The sampling ratio of new traces, 0 to 1; a caller's decision has precedence. Metrics are
    /// not sampled. Default: 1.
    pub fn sample_rate(mut self, rate: f64) -> Self {
        if (0.0..=1.0).contains(&rate) {
            self.choices.sampling = Some(Sampling { ratio: rate, is_parent_based: true });
        } else {
            self.refuse("sample_rate", &rate.to_string(), keys::RATIO);
        }
        self
    }

    /// Whether spans are created. Independent of metrics.
    pub fn tracing_enabled(mut self, is_enabled: bool) -> Self {
        self.choices.tracing_enabled = Some(is_enabled);
        self
    }
}

/// Metrics.
impl Configuration {
    /// Whether metrics are recorded. Independent of tracing.
    pub fn metrics_enabled(mut self, is_enabled: bool) -> Self {
        self.choices.metrics_enabled = Some(is_enabled);
        self
    }

    /// Whether metrics are pushed over OTLP. Default: if spans are exported over OTLP or an OTLP
    /// endpoint is set.
    pub fn metrics_push_enabled(mut self, is_enabled: bool) -> Self {
        self.choices.metrics_push_enabled = Some(is_enabled);
        self
    }

    /// Serves `/metrics` for scraping at this address; port 0 lets the system choose.
    pub fn metrics_address(mut self, address: SocketAddr) -> Self {
        self.choices.metrics_host = Some(address.ip());
        self.choices.metrics_port = Some(Port::On(address.port()));
        self
    }

    /// Serves `/metrics` for scraping on this port, on loopback unless the environment or the file
    /// set another host; port 0 lets the system choose. The usual port is 9464.
    pub fn prometheus_port(mut self, port: u16) -> Self {
        self.choices.metrics_port = Some(Port::On(port));
        self
    }

    /// The push interval of metrics. Default: 15 s.
    pub fn metric_interval(mut self, interval: Duration) -> Self {
        let text = interval.as_millis().to_string();
        match bounds::interval(&text) {
            Some(interval) => self.choices.metric_interval = Some(interval),
            None => self.refuse("metric_interval", &text, bounds::INTERVAL),
        }
        self
    }

    /// Maximum number of series per metric; further ones are combined in an overflow series.
    /// Default: 2000.
    pub fn series_limit(mut self, limit: usize) -> Self {
        let text = limit.to_string();
        match bounds::series(&text) {
            Some(limit) => self.choices.series_limit = Some(limit),
            None => self.refuse("series_limit", &text, bounds::SERIES),
        }
        self
    }

    /// Whether the 200 most recently updated sessions have separate budget series, with the label
    /// `session.id`. By default there are only sums and the highest utilization.
    pub fn budgets_by_session(mut self, is_by_session: bool) -> Self {
        self.choices.budgets_by_session = Some(is_by_session);
        self
    }
}

/// Logs.
impl Configuration {
    /// The log level filter: `info`, or directives such as `info,my_crate=debug`. It overrides
    /// `RUST_LOG`. Default: `info`.
    pub fn log_level(mut self, level: impl AsRef<str>) -> Self {
        match value::level(level.as_ref(), false) {
            Some(level) => self.choices.log_level = Some(level),
            None => self.refuse("log_level", level.as_ref(), keys::LEVEL),
        }
        self
    }

    /// The format of log lines. Default: text on a terminal, otherwise JSON.
    pub fn log_format(mut self, format: LogFormat) -> Self {
        self.choices.log_format = Some(format);
        self
    }

    /// The destination of log lines instead of standard output; each line is one `write_all`.
    pub fn log_output(mut self, output: impl Write + Send + 'static) -> Self {
        self.log_output = Some(Output::to(output));
        self
    }

    /// Whether log records are exported over OTLP. Default: if spans are exported over OTLP or an
    /// OTLP endpoint is set.
    pub fn logs_export_enabled(mut self, is_enabled: bool) -> Self {
        self.choices.logs_export_enabled = Some(is_enabled);
        self
    }
}

/// Content and cost of LLM calls.
impl Configuration {
    /// Whether spans contain prompts, answers, and tool arguments and results, which are often
    /// personal data. Default: no.
    pub fn capture_content(mut self, is_captured: bool) -> Self {
        self.choices.capture_content = Some(is_captured);
        self
    }

    /// Redacts every piece of content before it is recorded on a span.
    pub fn redact(mut self, redact: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        self.redact = Some(Arc::new(redact));
        self
    }

    /// Maximum length of one piece of content on a span, in bytes. Default: 8192.
    pub fn content_bytes_max(mut self, bytes: usize) -> Self {
        let text = bytes.to_string();
        match bounds::content(&text) {
            Some(bytes) => self.choices.content_bytes_max = Some(bytes),
            None => self.refuse("content_bytes_max", &text, bounds::CONTENT),
        }
        self
    }

    /// A price file in the format of LiteLLM's `model_prices_and_context_window.json`. May be
    /// called several times; later files have precedence.
    pub fn price_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.choices.price_files.get_or_insert_default().push(path.into());
        self
    }

    /// The price of one model, as an entry of such a file; overrides all files.
    pub fn price(mut self, model: impl Into<String>, json: impl Into<String>) -> Self {
        self.prices.push((model.into(), json.into()));
        self
    }

    fn refuse(&mut self, method: &str, value: &str, allowed: &str) {
        self.problems.push(Problem::value(format!("configure().{method}()"), value, allowed));
    }
}
