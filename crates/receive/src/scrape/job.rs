//! A job of the configuration with its client, ready to be used.

use std::sync::Arc;

use adopt::prometheus::{self as config, EscapingScheme, ScrapeConfig};
use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use wire::exposition::{self, CreatedLines, Escaping, FamilyOptions, Format, ScrapeProtocol};

use super::Shared;
use super::failure_log::FailureLog;
use super::histogram_limits::HistogramLimits;
use super::page::{SampleLimits, SampleOptions};
use super::target::Target;
use http_client::{Get, HttpClient};

/// The header with the time that a target has.
const TIMEOUT_HEADER: &str = "x-prometheus-scrape-timeout-seconds";

/// Settings and client of a job.
pub(super) struct Job {
    pub(super) config: ScrapeConfig,
    pub(super) options: SampleOptions,
    pub(super) has_extra_metrics: bool,
    client: HttpClient,
    accept: HeaderValue,
    body_bytes_max: usize,
    pub(super) failure_log: Option<FailureLog>,
    shared: Arc<Shared>,
}

/// A page of a target.
#[derive(Debug, Clone)]
pub(super) struct Page {
    pub(super) body: bytes::Bytes,
    pub(super) format: Format,
    /// The memory of the body.
    _memory: Arc<signals::MemoryReservation>,
}

impl Job {
    /// # Errors
    /// What is wrong with the settings of the client.
    pub(super) fn new(config: ScrapeConfig, shared: &Arc<Shared>) -> Result<Self, String> {
        let client = HttpClient::new(&config.http, &shared.addresses)?;
        let protocols: Vec<_> = config.scrape_protocols.iter().map(|p| protocol(*p)).collect();
        let accept = exposition::accept(&protocols, escaping(&config));
        let body_bytes_max = match config.limits.body_size_limit {
            None => shared.page_bytes_max,
            Some(limit) => usize::try_from(limit).unwrap_or(usize::MAX),
        };
        let failure_log = config.scrape_failure_log_file.as_deref().and_then(|path| {
            let opened = FailureLog::open(path);
            opened
                .inspect_err(|error| {
                    let path = path.display();
                    tracing::warn!(%path, %error, "scrape_failure_log_file cannot be opened");
                })
                .ok()
        });
        Ok(Self {
            failure_log,
            options: options(&config),
            has_extra_metrics: config.extra_scrape_metrics,
            client,
            accept: HeaderValue::try_from(accept).map_err(|error| error.to_string())?,
            body_bytes_max,
            shared: Arc::clone(shared),
            config,
        })
    }

    /// Gets the page of a target.
    ///
    /// # Errors
    /// Why there is none.
    pub(super) async fn fetch(&self, target: &Target) -> Result<Page, String> {
        let memory = self.shared.page_memory.reservation();
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, self.accept.clone());
        let encoding = if self.config.enable_compression { "gzip" } else { "identity" };
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(encoding));
        let timeout = target.timeout.as_secs_f64().to_string();
        if let Ok(timeout) = HeaderValue::try_from(timeout) {
            headers.insert(TIMEOUT_HEADER, timeout);
        }
        let body_bytes_max = self.body_bytes_max;
        let get = Get { url: &target.url, headers, body_bytes_max, memory: &memory };
        let fetched = self.client.get(get).await;
        let fetched = fetched.map_err(|error| error.message("body size limit exceeded"))?;
        let text = |name| fetched.headers.get(name).and_then(|value| value.to_str().ok());
        let fallback = self.config.fallback_scrape_protocol.map(protocol);
        let selected = exposition::select(text(CONTENT_TYPE).unwrap_or_default(), fallback)
            .map_err(|error| error.to_string())?;
        let sent = fetched.body.len();
        let body = wire::body::decompress(text(CONTENT_ENCODING), fetched.body, body_bytes_max)
            .map_err(|error| match error {
                wire::WireError::TooLarge { .. } => "body size limit exceeded".to_owned(),
                error => error.to_string(),
            })?;
        memory.try_grow(body.len().saturating_sub(sent)).map_err(|error| error.to_string())?;
        Ok(Page { body, format: selected.format, _memory: Arc::new(memory) })
    }
}

fn options(config: &ScrapeConfig) -> SampleOptions {
    let limit = |limit: Option<u64>| usize::try_from(limit.unwrap_or(0)).unwrap_or(usize::MAX);
    SampleOptions {
        honors_labels: config.honor_labels,
        honors_timestamps: config.honor_timestamps,
        tracks_timestamps_staleness: config.track_timestamps_staleness,
        names: config.metric_name_validation_scheme,
        relabel: config.metric_relabel_configs.clone(),
        limits: SampleLimits {
            samples: limit(config.limits.sample_limit),
            labels: limit(config.limits.label_limit),
            label_name_bytes: limit(config.limits.label_name_length_limit),
            label_value_bytes: limit(config.limits.label_value_length_limit),
        },
        histograms: FamilyOptions {
            ignores_native: !config.scrape_native_histograms,
            keeps_classic: config.always_scrape_classic_histograms,
            converts_classic: config.convert_classic_histograms_to_nhcb,
        },
        histogram_limits: HistogramLimits::of(config),
        created_lines: CreatedLines::AreSamples,
    }
}

fn protocol(protocol: config::ScrapeProtocol) -> ScrapeProtocol {
    match protocol {
        config::ScrapeProtocol::PrometheusProto => ScrapeProtocol::PrometheusProto,
        config::ScrapeProtocol::PrometheusText004 => ScrapeProtocol::PrometheusText0_0_4,
        config::ScrapeProtocol::PrometheusText100 => ScrapeProtocol::PrometheusText1_0_0,
        config::ScrapeProtocol::OpenMetricsText001 => ScrapeProtocol::OpenMetricsText0_0_1,
        config::ScrapeProtocol::OpenMetricsText100 => ScrapeProtocol::OpenMetricsText1_0_0,
    }
}

fn escaping(config: &ScrapeConfig) -> Escaping {
    match config.metric_name_escaping_scheme {
        EscapingScheme::AllowUtf8 => Escaping::AllowUtf8,
        EscapingScheme::Underscores => Escaping::Underscores,
        EscapingScheme::Dots => Escaping::Dots,
        EscapingScheme::Values => Escaping::Values,
    }
}

impl Job {
    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }
}
