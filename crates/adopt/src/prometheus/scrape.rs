//! The sections of `scrape_configs`.

use std::path::PathBuf;
use std::time::Duration;

use signals::relabel::{NameScheme, Rule};

use super::discovery::{self, Discovery};
use super::global::{EscapingScheme, Global, Limits, name_scheme};
use super::relabel::rules;
use crate::error::Read;
use crate::http::{self, HttpClientConfig};
use crate::yaml::{Document, Fields, Node};

/// A job: which targets are scraped, and how.
#[allow(clippy::struct_excessive_bools, reason = "each is a key of the file")]
#[derive(Debug, Clone, PartialEq)]
pub struct ScrapeConfig {
    /// Default of the label `job`; unique.
    pub job_name: String,
    /// How often each target is scraped.
    pub scrape_interval: Duration,
    /// How long a scrape may take; at most the interval.
    pub scrape_timeout: Duration,
    /// Formats to request, the preferred one first; never empty.
    pub scrape_protocols: Vec<ScrapeProtocol>,
    /// The format of responses without a known content type.
    pub fallback_scrape_protocol: Option<ScrapeProtocol>,
    /// Whether native histograms are scraped.
    pub scrape_native_histograms: bool,
    /// Whether classic histograms are stored beside native ones of the same name.
    pub always_scrape_classic_histograms: bool,
    /// Whether classic histograms are stored as native ones with custom buckets.
    pub convert_classic_histograms_to_nhcb: bool,
    /// Buckets of a native histogram; it is stored with less resolution to have no more.
    pub native_histogram_bucket_limit: Option<u64>,
    /// The smallest growth from one bucket to the next; 0 is any.
    pub native_histogram_min_bucket_factor: f64,
    /// Whether scraped labels take precedence over those of the target.
    pub honor_labels: bool,
    /// Whether timestamps in the response are used.
    pub honor_timestamps: bool,
    /// Whether series with timestamps in the response become stale.
    pub track_timestamps_staleness: bool,
    /// Whether a compressed response is requested.
    pub enable_compression: bool,
    /// Whether scrapes report their timeout and limits as series.
    pub extra_scrape_metrics: bool,
    /// Parameters of the request, in order of names.
    pub params: Vec<(String, Vec<String>)>,
    /// `http` or `https`, unless relabelling sets another.
    pub scheme: String,
    /// The path of the request.
    pub metrics_path: String,
    /// Limits of each scrape.
    pub limits: Limits,
    /// Which names are valid.
    pub metric_name_validation_scheme: NameScheme,
    /// How targets are asked to write other names.
    pub metric_name_escaping_scheme: EscapingScheme,
    /// File for failed scrapes.
    pub scrape_failure_log_file: Option<PathBuf>,
    /// How requests are made.
    pub http: HttpClientConfig,
    /// Rules for the labels of targets.
    pub relabel_configs: Vec<Rule>,
    /// Rules for the labels of scraped series.
    pub metric_relabel_configs: Vec<Rule>,
    /// Where targets come from.
    pub discovery: Vec<Discovery>,
}

/// A format of a scraped page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ScrapeProtocol {
    /// Protobuf.
    PrometheusProto,
    /// Prometheus text 0.0.4.
    PrometheusText004,
    /// Prometheus text 1.0.0.
    PrometheusText100,
    /// `OpenMetrics` 0.0.1.
    OpenMetricsText001,
    /// `OpenMetrics` 1.0.0.
    OpenMetricsText100,
}

impl ScrapeProtocol {
    /// All formats, in order of names.
    const ALL: [Self; 5] = [
        Self::OpenMetricsText001,
        Self::OpenMetricsText100,
        Self::PrometheusProto,
        Self::PrometheusText004,
        Self::PrometheusText100,
    ];

    /// The default.
    const TEXT: [Self; 4] = [
        Self::OpenMetricsText100,
        Self::OpenMetricsText001,
        Self::PrometheusText100,
        Self::PrometheusText004,
    ];

    /// The name in configuration files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::PrometheusProto => "PrometheusProto",
            Self::PrometheusText004 => "PrometheusText0.0.4",
            Self::PrometheusText100 => "PrometheusText1.0.0",
            Self::OpenMetricsText001 => "OpenMetricsText0.0.1",
            Self::OpenMetricsText100 => "OpenMetricsText1.0.0",
        }
    }

    fn named(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|protocol| protocol.name() == name);
        found.ok_or_else(|| {
            let all = Self::ALL.map(Self::name).join(" ");
            format!("unknown scrape protocol {name}, supported: [{all}]")
        })
    }
}

/// Reads `scrape_protocols`; `place` ends the messages.
pub(super) fn protocols(fields: &mut Fields<'_>, place: &str) -> Read<Option<Vec<ScrapeProtocol>>> {
    let Some(node) = fields.take("scrape_protocols") else {
        return Ok(None);
    };
    let elements = node.elements("[]config.ScrapeProtocol")?;
    let names = elements.iter().map(|element| element.text()).collect::<Read<Vec<_>>>()?;
    if names.is_empty() {
        return Err(node.fault(format!("scrape_protocols cannot be empty {place}")));
    }
    let mut protocols = Vec::new();
    for (i, name) in names.iter().enumerate() {
        if names[..i].iter().any(|known| known.eq_ignore_ascii_case(name)) {
            let all = names.join(" ");
            let reason = format!("duplicated protocol in scrape_protocols, got [{all}] {place}");
            return Err(elements[i].fault(reason));
        }
        let protocol = ScrapeProtocol::named(name);
        protocols.push(
            protocol.map_err(|reason| {
                elements[i].fault(format!("scrape_protocols: {reason} {place}"))
            })?,
        );
    }
    Ok(Some(protocols))
}

/// Reads a job and applies global settings.
pub(super) fn read(document: &Document, node: &Node, global: &Global) -> Read<ScrapeConfig> {
    if node.is_null() {
        return Err(node.fault("empty or null scrape config section"));
    }
    let mut fields = Fields::new(document, node, "config.ScrapeConfig")?;
    let job_name = fields.text_or_empty("job_name")?;
    document.set_job(Some(&job_name));
    let config = settings(&mut fields, job_name, global);
    document.set_job(None);
    config
}

fn settings(fields: &mut Fields<'_>, job_name: String, global: &Global) -> Read<ScrapeConfig> {
    let scrape_interval = fields.interval("scrape_interval", global.scrape_interval)?;
    let timeout = global.scrape_timeout.min(scrape_interval);
    let (names, escaping) = names(fields, global)?;
    let scrape_native_histograms = fields
        .optional_flag("scrape_native_histograms")?
        .unwrap_or(global.scrape_native_histograms);
    let config = ScrapeConfig {
        scrape_interval,
        scrape_timeout: fields.interval("scrape_timeout", timeout)?,
        scrape_protocols: accepted(fields, &job_name, global, scrape_native_histograms)?,
        fallback_scrape_protocol: fallback(fields, &job_name)?,
        scrape_native_histograms,
        always_scrape_classic_histograms: fields
            .optional_flag("always_scrape_classic_histograms")?
            .unwrap_or(global.always_scrape_classic_histograms),
        convert_classic_histograms_to_nhcb: fields
            .optional_flag("convert_classic_histograms_to_nhcb")?
            .unwrap_or(global.convert_classic_histograms_to_nhcb),
        native_histogram_bucket_limit: Some(fields.unsigned("native_histogram_bucket_limit")?)
            .filter(|limit| *limit > 0),
        native_histogram_min_bucket_factor: fields
            .float("native_histogram_min_bucket_factor")?
            .unwrap_or_default(),
        honor_labels: fields.flag("honor_labels", false)?,
        honor_timestamps: fields.flag("honor_timestamps", true)?,
        track_timestamps_staleness: fields.flag("track_timestamps_staleness", false)?,
        enable_compression: fields.flag("enable_compression", true)?,
        extra_scrape_metrics: fields
            .optional_flag("extra_scrape_metrics")?
            .unwrap_or(global.extra_scrape_metrics),
        params: params(fields)?,
        scheme: fields.text("scheme")?.unwrap_or_else(|| "http".to_owned()),
        metrics_path: fields.text("metrics_path")?.unwrap_or_else(|| "/metrics".to_owned()),
        limits: Limits::read(fields)?.or(global.limits),
        metric_name_validation_scheme: names,
        metric_name_escaping_scheme: escaping,
        scrape_failure_log_file: fields
            .path("scrape_failure_log_file")?
            .or_else(|| global.scrape_failure_log_file.clone()),
        http: http::read(fields, true)?,
        relabel_configs: rules(
            fields,
            "relabel_configs",
            "target relabeling rule in scrape config",
            names,
        )?,
        metric_relabel_configs: rules(
            fields,
            "metric_relabel_configs",
            "metric relabeling rule in scrape config",
            names,
        )?,
        discovery: discovery::read(fields)?,
        job_name,
    };
    fields.finish()?;
    check(fields, &config)?;
    Ok(config)
}

fn check(fields: &Fields<'_>, config: &ScrapeConfig) -> Read<()> {
    if config.job_name.is_empty() {
        return Err(fields.fault("job_name", "job_name is empty"));
    }
    if config.scrape_timeout > config.scrape_interval {
        let job = &config.job_name;
        return Err(fields.fault(
            "scrape_timeout",
            format!(
                "scrape timeout greater than scrape interval for scrape config with job name {job:?}"
            ),
        ));
    }
    if config.relabel_configs.is_empty() {
        discovery::check_addresses(fields, &config.discovery)?;
    }
    Ok(())
}

fn names(fields: &mut Fields<'_>, global: &Global) -> Read<(NameScheme, EscapingScheme)> {
    let own_names = name_scheme(fields)?;
    let names = own_names.unwrap_or(global.metric_name_validation_scheme);
    let inherited = || match own_names {
        Some(names) => EscapingScheme::of(names),
        None => global
            .metric_name_escaping_scheme
            .unwrap_or(EscapingScheme::of(global.metric_name_validation_scheme)),
    };
    let escaping = EscapingScheme::read(fields, "scrape config")?.unwrap_or_else(inherited);
    if escaping == EscapingScheme::AllowUtf8 && names != NameScheme::Utf8 {
        let reason = "utf8 metric names requested but validation scheme is not set to UTF8";
        return Err(fields.fault("metric_name_escaping_scheme", reason));
    }
    Ok((names, escaping))
}

fn accepted(
    fields: &mut Fields<'_>,
    job_name: &str,
    global: &Global,
    native_histograms: bool,
) -> Read<Vec<ScrapeProtocol>> {
    let place = format!("for scrape config with job name {job_name:?}");
    if let Some(own) = protocols(fields, &place)? {
        return Ok(own);
    }
    if let Some(global) = &global.scrape_protocols {
        return Ok(global.clone());
    }
    let first = native_histograms.then_some(ScrapeProtocol::PrometheusProto);
    Ok(first.into_iter().chain(ScrapeProtocol::TEXT).collect())
}

fn fallback(fields: &mut Fields<'_>, job_name: &str) -> Read<Option<ScrapeProtocol>> {
    let key = "fallback_scrape_protocol";
    let name = fields.text_or_empty(key)?;
    if name.is_empty() {
        return Ok(None);
    }
    ScrapeProtocol::named(&name).map(Some).map_err(|reason| {
        let place = format!("scrape config with job name {job_name:?}");
        fields.fault(key, format!("invalid fallback_scrape_protocol for {place}: {reason}"))
    })
}

fn params(fields: &mut Fields<'_>) -> Read<Vec<(String, Vec<String>)>> {
    let Some(node) = fields.take("params") else {
        return Ok(Vec::new());
    };
    let mut params = Vec::new();
    for (name, values) in node.pairs("url.Values")? {
        let values = values.elements("[]string")?.iter().map(|value| value.text());
        params.push((name, values.collect::<Read<Vec<_>>>()?));
    }
    params.sort();
    Ok(params)
}
