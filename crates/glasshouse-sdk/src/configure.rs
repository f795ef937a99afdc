//! Configuration: a builder, the environment, a YAML file and defaults.
//!
//! # Precedence
//! What the code says counts before the environment, that before the file, that before the default,
//! and this key by key: a file may set the endpoint while a variable sets the sample rate. Lists
//! count whole; headers and attributes of the resource are joined name by name. For OTLP, one
//! source's key for a signal counts before its key for all signals, and any key of a stronger
//! source before both.
//!
//! # What is wrong
//! Nothing in a configuration stops a service. A value that does not fit, an unknown key, a file
//! that cannot be read: each is one warning that names place and allowed values, and the next
//! source counts.
//!
//! All keys, variables and defaults are listed in `docs/sdk.md`; the file
//! `observability.example.yaml` beside this crate has every key.

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

/// OpenTelemetry's port for the exposition.
const DEFAULT_PROMETHEUS_PORT: u16 = 9464;

/// Changes content before it is put on a span.
pub(crate) type Redact = Arc<dyn Fn(&str) -> String + Send + Sync>;

/// How spans leave the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exporter {
    /// OTLP, over HTTP or gRPC.
    Otlp,
    /// Zipkin v2 JSON.
    Zipkin,
    /// Jaeger's Thrift over HTTP.
    Jaeger,
    /// Not at all. Spans are still made, for trace ids in logs and exemplars.
    None,
}

/// Which traces are kept.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Sampling {
    /// Share of new traces that are kept, 0 to 1.
    pub(crate) ratio: f64,
    /// Whether a caller's decision counts first.
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

/// What the code chooses; see [`configure`].
///
/// Each method sets one key and leaves the others to the environment, the file and the defaults. A
/// value that does not fit is ignored with a warning at the start.
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
        // Not the choices: the query of an address may hold a key.
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

    /// Group of services that this one belongs to, `service.namespace`.
    pub fn service_namespace(mut self, namespace: impl Into<String>) -> Self {
        self.choices.service_namespace = Some(namespace.into());
        self
    }

    /// Where the service runs, such as `production`: `deployment.environment.name`.
    pub fn environment(mut self, environment: impl Into<String>) -> Self {
        self.choices.environment = Some(environment.into());
        self
    }

    /// A further attribute of the resource, on every span, series and log record.
    pub fn resource_attribute(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.choices.resource_attributes.push((key.into(), value.into()));
        self
    }

    /// The configuration file. Without it, `GLASSHOUSE_OBSERVABILITY_CONFIG` and
    /// `ALEX_OBSERVABILITY_CONFIG` name one, or there is none.
    pub fn config_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.file = Some(path.into());
        self
    }

    /// How metrics, spans and log fields are spelled: `otel` (default), `otel-1.41`, `alex`,
    /// `ai-platform`, `botticelli` or `refly`.
    pub fn naming_profile(self, name: impl Into<String>) -> Self {
        self.naming_profiles([name])
    }

    /// Several spellings at once, for a move from one to the other. Each is a set of series of its
    /// own; spans and log fields follow the first.
    pub fn naming_profiles<T: Into<String>>(mut self, names: impl IntoIterator<Item = T>) -> Self {
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        self.choices.naming_profiles = Some(names).filter(|names| !names.is_empty());
        self
    }

    /// A file with a naming profile of your own; it is used alone, or beside those that are named.
    /// May be called several times.
    pub fn naming_profile_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.choices.naming_profile_files.get_or_insert_default().push(path.into());
        self
    }

    /// Whether the process-wide `tracing` subscriber and propagator are set, as programs want it
    /// (default). Without, the instance is local: for tests, and for programs that have their own
    /// subscriber.
    pub fn global(mut self, is_global: bool) -> Self {
        self.global = is_global;
        self
    }
}

/// Sending.
impl Configuration {
    /// Where OTLP goes, for all signals. Port 4317 means gRPC unless
    /// [`otlp_protocol`](Self::otlp_protocol), `OTEL_EXPORTER_OTLP_PROTOCOL` or the file say
    /// otherwise, every other port HTTP. Default: `http://localhost:4318`.
    pub fn otlp_endpoint(mut self, url: impl AsRef<str>) -> Self {
        match value::base(url.as_ref()) {
            Some(endpoint) => self.choices.otlp.endpoint = Some(endpoint),
            None => self.refuse("otlp_endpoint", url.as_ref(), keys::URL),
        }
        self
    }

    /// A header of every OTLP request, such as `authorization`. Never shown anywhere.
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

    /// A file with the certificates, in PEM, that are trusted instead of the usual authorities, for
    /// OTLP with `https`; needs the feature `tls`.
    pub fn otlp_certificate(mut self, path: impl Into<PathBuf>) -> Self {
        self.choices.otlp.certificate = Some(path.into());
        self
    }

    /// How OTLP travels, for all signals. Default: gRPC on port 4317, else HTTP.
    pub fn otlp_protocol(mut self, protocol: OtlpProtocol) -> Self {
        self.choices.otlp.protocol = Some(protocol);
        self
    }

    /// How spans leave the process. Default: OTLP, or the one whose endpoint is set.
    pub fn tracing_exporter(mut self, exporter: Exporter) -> Self {
        self.choices.tracing_exporter = Some(exporter);
        self
    }

    /// Zipkin's address. Default: `http://localhost:9411/api/v2/spans`.
    pub fn zipkin_endpoint(mut self, url: impl AsRef<str>) -> Self {
        match value::zipkin(url.as_ref()) {
            Some(url) => self.choices.zipkin_endpoint = Some(url),
            None => self.refuse("zipkin_endpoint", url.as_ref(), keys::URL),
        }
        self
    }

    /// Jaeger's address for Thrift over HTTP. Default: `http://localhost:14268/api/traces`.
    pub fn jaeger_endpoint(mut self, url: impl AsRef<str>) -> Self {
        match value::jaeger(url.as_ref()) {
            Some(endpoint) => self.choices.jaeger_endpoint = Some(endpoint),
            None => self.refuse("jaeger_endpoint", url.as_ref(), keys::URL),
        }
        self
    }

    /// Share of new traces that are kept, 0 to 1; a caller's decision counts first. Metrics stay
    /// exact whatever it is. Default: 1.
    pub fn sample_rate(mut self, rate: f64) -> Self {
        if (0.0..=1.0).contains(&rate) {
            self.choices.sampling = Some(Sampling { ratio: rate, is_parent_based: true });
        } else {
            self.refuse("sample_rate", &rate.to_string(), keys::RATIO);
        }
        self
    }

    /// Whether spans are made. Independent of metrics.
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

    /// Whether metrics are pushed by OTLP. Default: when spans go by OTLP or an OTLP endpoint is
    /// set.
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

    /// Serves `/metrics` for scraping on this port, of the loopback interface unless the
    /// environment or the file name another; port 0 lets the system choose. Usual: 9464.
    pub fn prometheus_port(mut self, port: u16) -> Self {
        self.choices.metrics_port = Some(Port::On(port));
        self
    }

    /// Time between two pushes of metrics. Default: 15 s.
    pub fn metric_interval(mut self, interval: Duration) -> Self {
        let text = interval.as_millis().to_string();
        match bounds::interval(&text) {
            Some(interval) => self.choices.metric_interval = Some(interval),
            None => self.refuse("metric_interval", &text, bounds::INTERVAL),
        }
        self
    }

    /// Series of one metric, above which further ones run together in an overflow series.
    /// Default: 2000.
    pub fn series_limit(mut self, limit: usize) -> Self {
        let text = limit.to_string();
        match bounds::series(&text) {
            Some(limit) => self.choices.series_limit = Some(limit),
            None => self.refuse("series_limit", &text, bounds::SERIES),
        }
        self
    }

    /// Whether each of the 200 sessions whose budget was updated last has series of its own, with
    /// the label `session.id`. Default: no, there are the sums and the highest utilization.
    pub fn budgets_by_session(mut self, is_by_session: bool) -> Self {
        self.choices.budgets_by_session = Some(is_by_session);
        self
    }
}

/// Logs.
impl Configuration {
    /// Which events become lines: `info`, or directives such as `info,my_crate=debug`. This counts
    /// before `RUST_LOG`; leave it out to let that decide. Default: `info`.
    pub fn log_level(mut self, level: impl AsRef<str>) -> Self {
        match value::level(level.as_ref(), false) {
            Some(level) => self.choices.log_level = Some(level),
            None => self.refuse("log_level", level.as_ref(), keys::LEVEL),
        }
        self
    }

    /// How lines look. Default: text on a terminal, JSON elsewhere.
    pub fn log_format(mut self, format: LogFormat) -> Self {
        self.choices.log_format = Some(format);
        self
    }

    /// Where lines go instead of the standard output; each line is one `write_all`.
    pub fn log_output(mut self, output: impl Write + Send + 'static) -> Self {
        self.log_output = Some(Output::to(output));
        self
    }

    /// Whether log records also go by OTLP. Default: when spans go by OTLP or an OTLP endpoint is
    /// set.
    pub fn logs_export_enabled(mut self, is_enabled: bool) -> Self {
        self.choices.logs_export_enabled = Some(is_enabled);
        self
    }
}

/// Content and cost of LLM calls.
impl Configuration {
    /// Whether prompts, answers, and arguments and results of tools are put on spans. They are
    /// personal data more often than not. Default: no.
    pub fn capture_content(mut self, is_captured: bool) -> Self {
        self.choices.capture_content = Some(is_captured);
        self
    }

    /// Changes every piece of content before it is put on a span.
    pub fn redact(mut self, redact: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        self.redact = Some(Arc::new(redact));
        self
    }

    /// Longest piece of content on a span, in bytes; what is longer is cut. Default: 8192.
    pub fn content_bytes_max(mut self, bytes: usize) -> Self {
        let text = bytes.to_string();
        match bounds::content(&text) {
            Some(bytes) => self.choices.content_bytes_max = Some(bytes),
            None => self.refuse("content_bytes_max", &text, bounds::CONTENT),
        }
        self
    }

    /// A file with prices in the shape of LiteLLM's `model_prices_and_context_window.json`. May be
    /// called several times; later files count before earlier ones.
    pub fn price_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.choices.price_files.get_or_insert_default().push(path.into());
        self
    }

    /// The price of one model, as one entry of such a file; counts before all files.
    pub fn price(mut self, model: impl Into<String>, json: impl Into<String>) -> Self {
        self.prices.push((model.into(), json.into()));
        self
    }

    fn refuse(&mut self, method: &str, value: &str, allowed: &str) {
        self.problems.push(Problem::value(format!("configure().{method}()"), value, allowed));
    }
}
