//! The section `global`.

use std::path::PathBuf;
use std::time::Duration;

use signals::Labels;
use signals::relabel::NameScheme;

use super::environment::expand;
use super::scrape::{ScrapeProtocol, protocols};
use crate::error::Read;
use crate::files::Files;
use crate::yaml::{Fields, Node};

const MINUTE: Duration = Duration::from_secs(60);
const TIMEOUT: Duration = Duration::from_secs(10);

/// Settings of all jobs and rules.
#[allow(clippy::struct_excessive_bools, reason = "each is a key of the file")]
#[derive(Debug, Clone, PartialEq)]
pub struct Global {
    /// How often targets are scraped.
    pub scrape_interval: Duration,
    /// How long a scrape may take.
    pub scrape_timeout: Duration,
    /// How often rules are evaluated.
    pub evaluation_interval: Duration,
    /// How far in the past rules are evaluated.
    pub rule_query_offset: Duration,
    /// Labels of everything that leaves this server; environment variables are expanded.
    pub external_labels: Labels,
    /// File for queries.
    pub query_log_file: Option<PathBuf>,
    /// File for failed scrapes.
    pub scrape_failure_log_file: Option<PathBuf>,
    /// Formats to request, the preferred one first. Without a value each job decides.
    pub scrape_protocols: Option<Vec<ScrapeProtocol>>,
    /// Whether native histograms are scraped.
    pub scrape_native_histograms: bool,
    /// Whether classic histograms are stored as native ones with custom buckets.
    pub convert_classic_histograms_to_nhcb: bool,
    /// Whether classic histograms are stored beside native ones of the same name.
    pub always_scrape_classic_histograms: bool,
    /// Whether scrapes report their timeout and limits as series.
    pub extra_scrape_metrics: bool,
    /// Limits of each scrape.
    pub limits: Limits,
    /// Which names are valid.
    pub metric_name_validation_scheme: NameScheme,
    /// How targets are asked to write other names; `None` if it follows the valid names.
    pub metric_name_escaping_scheme: Option<EscapingScheme>,
}

/// Limits of a scrape; `None` is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// Bytes of an uncompressed response.
    pub body_size_limit: Option<u64>,
    /// Samples after relabelling.
    pub sample_limit: Option<u64>,
    /// Targets after relabelling.
    pub target_limit: Option<u64>,
    /// Labels of a sample.
    pub label_limit: Option<u64>,
    /// Bytes of a label's name.
    pub label_name_length_limit: Option<u64>,
    /// Bytes of a label's value.
    pub label_value_length_limit: Option<u64>,
    /// Dropped targets that are remembered.
    pub keep_dropped_targets: Option<u64>,
}

impl Limits {
    pub(super) fn read(fields: &mut Fields<'_>) -> Read<Self> {
        let mut limit =
            |name: &str| fields.unsigned(name).map(|limit| (limit > 0).then_some(limit));
        let mut limits = Self {
            body_size_limit: None,
            sample_limit: limit("sample_limit")?,
            target_limit: limit("target_limit")?,
            label_limit: limit("label_limit")?,
            label_name_length_limit: limit("label_name_length_limit")?,
            label_value_length_limit: limit("label_value_length_limit")?,
            keep_dropped_targets: limit("keep_dropped_targets")?,
        };
        let size = fields.bytes("body_size_limit")?;
        limits.body_size_limit = u64::try_from(size).ok().filter(|size| *size > 0);
        Ok(limits)
    }

    /// These limits, and the global ones in place of absent ones.
    pub(super) fn or(self, global: Self) -> Self {
        Self {
            body_size_limit: self.body_size_limit.or(global.body_size_limit),
            sample_limit: self.sample_limit.or(global.sample_limit),
            target_limit: self.target_limit.or(global.target_limit),
            label_limit: self.label_limit.or(global.label_limit),
            label_name_length_limit: self
                .label_name_length_limit
                .or(global.label_name_length_limit),
            label_value_length_limit: self
                .label_value_length_limit
                .or(global.label_value_length_limit),
            keep_dropped_targets: self.keep_dropped_targets.or(global.keep_dropped_targets),
        }
    }
}

/// How a target is asked to write names that are not valid in the older formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EscapingScheme {
    /// As they are.
    AllowUtf8,
    /// With `_` in place of other characters.
    Underscores,
    /// With `_dot_` in place of dots.
    Dots,
    /// With code points in place of other characters.
    Values,
}

impl EscapingScheme {
    /// The value of the parameter `escaping` in content negotiation.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AllowUtf8 => "allow-utf-8",
            Self::Underscores => "underscores",
            Self::Dots => "dots",
            Self::Values => "values",
        }
    }

    /// The scheme of a section; `None` if it is absent or empty.
    pub(super) fn read(fields: &mut Fields<'_>, place: &str) -> Read<Option<Self>> {
        let name = fields.text_or_empty("metric_name_escaping_scheme")?;
        if name.is_empty() {
            return Ok(None);
        }
        let all = [Self::AllowUtf8, Self::Underscores, Self::Dots, Self::Values];
        let found = all.into_iter().find(|scheme| scheme.name() == name);
        let unknown = || {
            format!(
                "unknown {place} name escaping method specified, must be one of 'allow-utf-8', \
                 'underscores', 'dots', or 'values', got {name:?}"
            )
        };
        found.map(Some).ok_or_else(|| fields.fault("metric_name_escaping_scheme", unknown()))
    }

    /// The default for these valid names.
    pub(super) fn of(names: NameScheme) -> Self {
        match names {
            NameScheme::Utf8 => Self::AllowUtf8,
            NameScheme::Legacy => Self::Underscores,
        }
    }
}

/// The valid names of a section; `None` if the key is absent or empty.
pub(super) fn name_scheme(fields: &mut Fields<'_>) -> Read<Option<NameScheme>> {
    let key = "metric_name_validation_scheme";
    match fields.text_or_empty(key)?.as_str() {
        "" => Ok(None),
        "utf8" => Ok(Some(NameScheme::Utf8)),
        "legacy" => Ok(Some(NameScheme::Legacy)),
        other => Err(fields.fault(key, format!("unrecognized ValidationScheme: {other:?}"))),
    }
}

pub(super) fn read(section: Option<Fields<'_>>, files: &dyn Files) -> Read<Global> {
    let Some(mut fields) = section else {
        return Ok(Global::default());
    };
    let fields = &mut fields;
    let names = name_scheme(fields)?.unwrap_or_default();
    let scrape_interval = fields.interval("scrape_interval", MINUTE)?;
    let global = Global {
        scrape_interval,
        scrape_timeout: fields.interval("scrape_timeout", TIMEOUT.min(scrape_interval))?,
        evaluation_interval: fields.interval("evaluation_interval", MINUTE)?,
        rule_query_offset: fields.duration("rule_query_offset")?.unwrap_or_default(),
        external_labels: external_labels(fields.take("external_labels"), names, files)?,
        query_log_file: fields.path("query_log_file")?,
        scrape_failure_log_file: fields.path("scrape_failure_log_file")?,
        scrape_protocols: protocols(fields, "for global config")?,
        scrape_native_histograms: fields
            .optional_flag("scrape_native_histograms")?
            .unwrap_or_default(),
        convert_classic_histograms_to_nhcb: fields
            .flag("convert_classic_histograms_to_nhcb", false)?,
        always_scrape_classic_histograms: fields.flag("always_scrape_classic_histograms", false)?,
        extra_scrape_metrics: fields.optional_flag("extra_scrape_metrics")?.unwrap_or_default(),
        limits: Limits::read(fields)?,
        metric_name_validation_scheme: names,
        metric_name_escaping_scheme: EscapingScheme::read(fields, "global")?,
    };
    fields.finish()?;
    if global.scrape_timeout > global.scrape_interval {
        let reason = "global scrape timeout greater than scrape interval";
        return Err(fields.fault("scrape_timeout", reason));
    }
    Ok(global)
}

fn external_labels(node: Option<&Node>, names: NameScheme, files: &dyn Files) -> Read<Labels> {
    let Some(node) = node else {
        return Ok(Labels::empty());
    };
    let mut labels = Vec::new();
    for (name, value) in node.node_pairs("labels.Labels")? {
        let name = super::relabel::label_name(name, names)?;
        let value = super::relabel::label_value(value)?;
        labels.push((name, expand(&value, |name| files.variable(name))));
    }
    Ok(Labels::from_pairs(labels))
}

impl Default for Global {
    fn default() -> Self {
        Self {
            scrape_interval: MINUTE,
            scrape_timeout: TIMEOUT,
            evaluation_interval: MINUTE,
            rule_query_offset: Duration::ZERO,
            external_labels: Labels::empty(),
            query_log_file: None,
            scrape_failure_log_file: None,
            scrape_protocols: None,
            scrape_native_histograms: false,
            convert_classic_histograms_to_nhcb: false,
            always_scrape_classic_histograms: false,
            extra_scrape_metrics: false,
            limits: Limits::default(),
            metric_name_validation_scheme: NameScheme::Utf8,
            metric_name_escaping_scheme: None,
        }
    }
}
