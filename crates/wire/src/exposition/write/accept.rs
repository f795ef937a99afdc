//! The format that a scraper asks for. Source: `Negotiate` of Prometheus' package `expfmt`.

use super::super::protocol::media_type::MediaType;
use super::super::{Escaping, Format};

/// A format of a page that is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WrittenFormat {
    /// Whether the page is delimited protobuf rather than Prometheus text.
    pub is_protobuf: bool,
    /// Whether names are written as they are; otherwise with underscores.
    pub allows_utf8: bool,
}

impl WrittenFormat {
    /// The format that an `Accept` header prefers; text if it asks for nothing that is known.
    #[must_use]
    pub fn negotiate(accept: &str) -> Self {
        let ranges = accept.split(',').filter_map(|range| MediaType::parse(range).ok());
        let known = ranges.filter_map(|range| Some((Self::of(&range)?, weight(&range))));
        // The first of several with the highest weight.
        let best = known.reduce(|best, next| if next.1 > best.1 { next } else { best });
        let text = Self { is_protobuf: false, allows_utf8: false };
        best.map_or(text, |(format, _)| format)
    }

    fn of(range: &MediaType) -> Option<Self> {
        let is = |name, value: &str| range.parameter(name).is_none_or(|given| given == value);
        let is_protobuf = match range.name.as_str() {
            "text/plain" | "text/*" | "*/*" => false,
            name if name == Format::Protobuf.media_type()
                && is("proto", "io.prometheus.client.MetricFamily")
                && is("encoding", "delimited") =>
            {
                true
            }
            _ => return None,
        };
        let escaping = range.parameter("escaping").and_then(Escaping::from_name);
        Some(Self { is_protobuf, allows_utf8: escaping == Some(Escaping::AllowUtf8) })
    }

    /// The `Content-Type` of the page.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match (self.is_protobuf, self.allows_utf8) {
            (false, false) => "text/plain; version=0.0.4; charset=utf-8; escaping=underscores",
            (false, true) => "text/plain; version=0.0.4; charset=utf-8; escaping=allow-utf-8",
            (true, false) => {
                "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; \
                 encoding=delimited; escaping=underscores"
            }
            (true, true) => {
                "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; \
                 encoding=delimited; escaping=allow-utf-8"
            }
        }
    }
}

fn weight(range: &MediaType) -> f64 {
    range.parameter("q").and_then(|weight| weight.parse().ok()).unwrap_or(1.0)
}
