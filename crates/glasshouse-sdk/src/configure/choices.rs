//! The settings of one source (code, environment or file). All are optional; unset ones come from
//! the next source.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use tracing_subscriber::filter::Targets;

use super::value::{Endpoint, JaegerEndpoint};
use super::{Exporter, Sampling};
use crate::export::{Protocol, Secret};
use crate::log::LogFormat;

/// Resource attributes with keys of their own.
const SERVICE_NAME: &str = "service.name";
const SERVICE_VERSION: &str = "service.version";
const SERVICE_NAMESPACE: &str = "service.namespace";
/// The current name and the one before semantic conventions 1.27.
const ENVIRONMENT: [&str; 2] = ["deployment.environment.name", "deployment.environment"];

/// OTLP keys, for all signals or for one.
#[derive(Debug, Default, Clone)]
pub(crate) struct OtlpChoices {
    pub(crate) endpoint: Option<Endpoint>,
    pub(crate) protocol: Option<Protocol>,
    pub(crate) headers: Vec<(String, Secret)>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) certificate: Option<PathBuf>,
}

/// The port of the metrics endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Port {
    /// Enabled; 0 lets the system choose.
    On(u16),
    /// Disabled.
    Off,
}

/// All settings with a text form; see `docs/sdk.md` for their meaning.
#[derive(Debug, Default, Clone)]
pub(crate) struct Choices {
    pub(crate) disabled: Option<bool>,
    pub(crate) service_name: Option<String>,
    pub(crate) service_version: Option<String>,
    pub(crate) service_namespace: Option<String>,
    pub(crate) environment: Option<String>,
    pub(crate) resource_attributes: Vec<(String, String)>,
    pub(crate) naming_profiles: Option<Vec<String>>,
    pub(crate) naming_profile_files: Option<Vec<PathBuf>>,
    pub(crate) price_files: Option<Vec<PathBuf>>,
    pub(crate) otlp: OtlpChoices,
    pub(crate) otlp_traces: OtlpChoices,
    pub(crate) otlp_metrics: OtlpChoices,
    pub(crate) otlp_logs: OtlpChoices,
    pub(crate) tracing_enabled: Option<bool>,
    pub(crate) tracing_exporter: Option<Exporter>,
    pub(crate) zipkin_endpoint: Option<String>,
    pub(crate) jaeger_endpoint: Option<JaegerEndpoint>,
    pub(crate) sampling: Option<Sampling>,
    pub(crate) metrics_enabled: Option<bool>,
    pub(crate) metrics_push_enabled: Option<bool>,
    pub(crate) metrics_host: Option<IpAddr>,
    pub(crate) metrics_port: Option<Port>,
    pub(crate) metric_interval: Option<Duration>,
    pub(crate) series_limit: Option<usize>,
    pub(crate) budgets_by_session: Option<bool>,
    pub(crate) log_level: Option<Targets>,
    pub(crate) log_format: Option<LogFormat>,
    pub(crate) logs_export_enabled: Option<bool>,
    pub(crate) capture_content: Option<bool>,
    pub(crate) content_bytes_max: Option<usize>,
}

impl Choices {
    /// Moves resource attributes with keys of their own to those keys; an explicit key has
    /// precedence.
    pub(crate) fn take_service_attributes(&mut self) {
        let mut take = |names: &[&str]| {
            let mut taken = None;
            for name in names {
                while let Some(at) =
                    self.resource_attributes.iter().position(|(key, _)| key == name)
                {
                    let (_, value) = self.resource_attributes.swap_remove(at);
                    taken.get_or_insert(value);
                }
            }
            taken.filter(|value| !value.is_empty())
        };
        let name = take(&[SERVICE_NAME]);
        let version = take(&[SERVICE_VERSION]);
        let namespace = take(&[SERVICE_NAMESPACE]);
        let environment = take(&ENVIRONMENT);
        self.service_name = self.service_name.take().or(name);
        self.service_version = self.service_version.take().or(version);
        self.service_namespace = self.service_namespace.take().or(namespace);
        self.environment = self.environment.take().or(environment);
    }
}
