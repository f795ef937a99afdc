//! Negotiation: the `Accept` header of a scrape, and the format that a `Content-Type` names.
//!
//! Source: Prometheus' documents "Content negotiation" and "Configuration" (`scrape_protocols`,
//! `fallback_scrape_protocol`); RFC 2045 and RFC 2231 for media types.

pub(crate) mod media_type;

use std::fmt::Write as _;

use self::media_type::MediaType;
use super::quote::quoted;
use crate::WireError;

/// A format of a page, as far as a parser distinguishes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// `text/plain`: Prometheus text 0.0.4 and 1.0.0.
    PrometheusText,
    /// `application/openmetrics-text`: OpenMetrics 0.0.1 and 1.0.0.
    OpenMetricsText,
    /// `application/vnd.google.protobuf`: delimited `io.prometheus.client.MetricFamily`.
    Protobuf,
}

impl Format {
    /// The media type, without parameters.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::PrometheusText => "text/plain",
            Self::OpenMetricsText => "application/openmetrics-text",
            Self::Protobuf => "application/vnd.google.protobuf",
        }
    }

    fn from_media_type(name: &str) -> Option<Self> {
        let formats = [Self::PrometheusText, Self::OpenMetricsText, Self::Protobuf];
        formats.into_iter().find(|format| format.media_type() == name)
    }
}

/// A scrape protocol, as the keys `scrape_protocols` and `fallback_scrape_protocol` name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ScrapeProtocol {
    /// `OpenMetricsText0.0.1`
    OpenMetricsText0_0_1,
    /// `OpenMetricsText1.0.0`
    OpenMetricsText1_0_0,
    /// `PrometheusProto`
    PrometheusProto,
    /// `PrometheusText0.0.4`
    PrometheusText0_0_4,
    /// `PrometheusText1.0.0`
    PrometheusText1_0_0,
}

impl ScrapeProtocol {
    /// All protocols, in the order of their names.
    pub const ALL: [Self; 5] = [
        Self::OpenMetricsText0_0_1,
        Self::OpenMetricsText1_0_0,
        Self::PrometheusProto,
        Self::PrometheusText0_0_4,
        Self::PrometheusText1_0_0,
    ];

    /// What Prometheus asks for unless configured otherwise.
    pub const DEFAULT: [Self; 4] = [
        Self::OpenMetricsText1_0_0,
        Self::OpenMetricsText0_0_1,
        Self::PrometheusText1_0_0,
        Self::PrometheusText0_0_4,
    ];

    /// What Prometheus asks for where native histograms or start timestamps are scraped.
    pub const DEFAULT_PROTOBUF_FIRST: [Self; 5] = [
        Self::PrometheusProto,
        Self::OpenMetricsText1_0_0,
        Self::OpenMetricsText0_0_1,
        Self::PrometheusText1_0_0,
        Self::PrometheusText0_0_4,
    ];

    /// The name in the configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::OpenMetricsText0_0_1 => "OpenMetricsText0.0.1",
            Self::OpenMetricsText1_0_0 => "OpenMetricsText1.0.0",
            Self::PrometheusProto => "PrometheusProto",
            Self::PrometheusText0_0_4 => "PrometheusText0.0.4",
            Self::PrometheusText1_0_0 => "PrometheusText1.0.0",
        }
    }

    /// The protocol of a name in the configuration.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|protocol| protocol.name() == name)
    }

    /// The format of its pages.
    #[must_use]
    pub fn format(self) -> Format {
        match self {
            Self::OpenMetricsText0_0_1 | Self::OpenMetricsText1_0_0 => Format::OpenMetricsText,
            Self::PrometheusProto => Format::Protobuf,
            Self::PrometheusText0_0_4 | Self::PrometheusText1_0_0 => Format::PrometheusText,
        }
    }

    fn media_range(self) -> &'static str {
        match self {
            Self::OpenMetricsText0_0_1 => "application/openmetrics-text;version=0.0.1",
            Self::OpenMetricsText1_0_0 => "application/openmetrics-text;version=1.0.0",
            Self::PrometheusProto => {
                "application/vnd.google.protobuf;\
                 proto=io.prometheus.client.MetricFamily;encoding=delimited"
            }
            Self::PrometheusText0_0_4 => "text/plain;version=0.0.4",
            Self::PrometheusText1_0_0 => "text/plain;version=1.0.0",
        }
    }

    /// Whether its media type has the parameter `escaping`: the versions with quoted names.
    fn has_escaping(self) -> bool {
        matches!(self, Self::OpenMetricsText1_0_0 | Self::PrometheusText1_0_0)
    }
}

/// How a target writes names that are not valid in the original data model: the parameter
/// `escaping`. Source: Prometheus' document "Escaping schemes".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Escaping {
    /// `allow-utf-8`: unchanged, in quotes.
    #[default]
    AllowUtf8,
    /// `underscores`: each invalid character as `_`.
    Underscores,
    /// `dots`: `.` as `_dot_`, `_` as `__`.
    Dots,
    /// `values`: with the prefix `U__` and code points in hexadecimal.
    Values,
}

impl Escaping {
    /// The value of the parameter.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AllowUtf8 => "allow-utf-8",
            Self::Underscores => "underscores",
            Self::Dots => "dots",
            Self::Values => "values",
        }
    }

    /// The scheme of a value of the parameter.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let all = [Self::AllowUtf8, Self::Underscores, Self::Dots, Self::Values];
        all.into_iter().find(|scheme| scheme.name() == name)
    }
}

/// The `Accept` header of a scrape that prefers the protocols in this order.
///
/// Weights start at the number of known protocols plus one, as in Prometheus, so that each
/// protocol has the same weight whatever follows it.
#[must_use]
pub fn accept(protocols: &[ScrapeProtocol], escaping: Escaping) -> String {
    let mut header = String::new();
    let mut weight = ScrapeProtocol::ALL.len() + 1;
    for protocol in protocols {
        header.push_str(protocol.media_range());
        if protocol.has_escaping() {
            let _infallible = write!(header, ";escaping={}", escaping.name());
        }
        let _infallible = write!(header, ";q=0.{weight},");
        weight = weight.saturating_sub(1);
    }
    let _infallible = write!(header, "*/*;q=0.{weight}");
    header
}

/// The result of [`select`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selected {
    /// The format to parse.
    pub format: Format,
    /// The parameter `escaping`, if the target names a known scheme. The text formats are parsed
    /// alike with every scheme: quoted names may occur in each of them.
    pub escaping: Option<Escaping>,
    /// Why the fallback is used, for the log.
    pub warning: Option<String>,
}

/// Selects the format of a response by its `Content-Type`, which is empty if the header is missing.
///
/// Only the media type counts; parameters such as `version` are ignored. Where the header is
/// missing, malformed or names another type, the fallback decides. The texts are Prometheus' own.
///
/// # Errors
/// [`WireError::ContentType`] where the fallback would have to decide and there is none.
pub fn select(content_type: &str, fallback: Option<ScrapeProtocol>) -> Result<Selected, WireError> {
    let missing = "and no fallback_scrape_protocol specified for target";
    let named = fallback.map(|protocol| {
        format!("using fallback_scrape_protocol \"{}\"", protocol.format().media_type())
    });
    let sent = quoted(content_type.as_bytes());
    let warning = if content_type.is_empty() {
        let text = "non-compliant scrape target sending blank Content-Type";
        match named {
            None => format!("{text} {missing}"),
            Some(named) => format!("{text}, {named}"),
        }
    } else {
        match MediaType::parse(content_type) {
            Ok(media) => {
                if let Some(format) = Format::from_media_type(&media.name) {
                    let escaping = media.parameter("escaping").and_then(Escaping::from_name);
                    return Ok(Selected { format, escaping, warning: None });
                }
                match named {
                    None => format!("received unsupported Content-Type {sent} {missing}"),
                    Some(named) => format!("received unsupported Content-Type {sent}, {named}"),
                }
            }
            Err(reason) => match named {
                None => format!(
                    "cannot parse Content-Type {sent} and no fallback_scrape_protocol for target\n\
                     {reason}"
                ),
                Some(named) => {
                    format!("could not parse received Content-Type {sent}, {named}\n{reason}")
                }
            },
        }
    };
    match fallback {
        None => Err(WireError::ContentType(warning)),
        Some(protocol) => {
            Ok(Selected { format: protocol.format(), escaping: None, warning: Some(warning) })
        }
    }
}
