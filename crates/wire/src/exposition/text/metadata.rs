//! Lines of metadata: `# HELP`, `# TYPE` and `# UNIT`.

use signals::metric::MetricKind;

use super::{Refused, TextParser, inside};
use crate::exposition::lexer::{Dialect, Token};
use crate::exposition::quote::quoted;
use crate::exposition::series::unescaped;
use crate::exposition::{Entry, fast};

impl<'a> TextParser<'a> {
    /// The fast path for `# HELP` and `# TYPE`; `None` for all that it does not read.
    #[inline]
    pub(super) fn fast_metadata(&mut self) -> Option<Entry<'a>> {
        #[cfg(test)]
        if self.is_exact {
            return None;
        }
        let found = fast::metadata(self.lexer.page().get(self.lexer.at..)?)?;
        let metric = std::str::from_utf8(found.name).ok()?.into();
        let dialect = self.lexer.dialect();
        let entry = if found.is_type {
            Entry::Type { metric, kind: kind(found.text, dialect)? }
        } else {
            let help = std::str::from_utf8(found.text).ok()?;
            Entry::Help { metric, help: unescaped(help, dialect == Dialect::OpenMetrics) }
        };
        self.advance(found.length)?;
        self.family = found.name.len();
        if let Entry::Type { kind, .. } = entry {
            self.kind = kind;
        }
        Some(entry)
    }

    /// A line of metadata after its keyword.
    pub(super) fn metadata(&mut self, word: Token) -> Result<Entry<'a>, Refused> {
        let token = self.lexer.token();
        if token != Token::MetricName {
            let expected = format!("expected metric name after {}", word.name());
            return Err(self.unexpected(&expected, token));
        }
        let name = self.lexer.text();
        let name = if name.first() == Some(&b'"') { inside(name) } else { name };
        self.family = name.len();
        let token = self.lexer.token();
        let is_prometheus = self.lexer.dialect() == Dialect::Prometheus;
        if token != Token::Text {
            let got = if is_prometheus { ", got INVALID" } else { "" };
            return Err(format!("expected text in {}{got}", word.name()));
        }
        let text = self.lexer.text().get(1..).unwrap_or_default();
        let text = if is_prometheus { text } else { text.strip_suffix(b"\n").unwrap_or(text) };
        if is_prometheus {
            let token = self.lexer.token();
            if token != Token::Linebreak {
                return Err(self.unexpected("linebreak expected after metadata", token));
            }
        }
        let metric = std::str::from_utf8(name)
            .map_err(|_| format!("invalid UTF-8 metric name: {}", quoted(name)))?;
        let metric = unescaped(metric, true);
        match word {
            Token::Help => {
                let help = std::str::from_utf8(text).map_err(|_| {
                    format!("help text {} is not a valid utf8 string", quoted(text))
                })?;
                Ok(Entry::Help { metric, help: unescaped(help, !is_prometheus) })
            }
            Token::Unit => {
                let unit = unit(name, text)?;
                Ok(Entry::Unit { metric, unit })
            }
            _ => {
                self.kind = kind(text, self.lexer.dialect())
                    .ok_or_else(|| format!("invalid metric type {}", quoted(text)))?;
                Ok(Entry::Type { metric, kind: self.kind })
            }
        }
    }
}

/// A unit, which is empty or the end of the metric name after an underscore.
fn unit<'a>(name: &[u8], text: &'a [u8]) -> Result<&'a str, Refused> {
    let stem = name.strip_suffix(text).and_then(|stem| stem.strip_suffix(b"_"));
    match std::str::from_utf8(text) {
        Ok(unit) if unit.is_empty() || stem.is_some() => Ok(unit),
        _ => {
            let (unit, name) = (quoted(text), quoted(name));
            Err(format!("unit {unit} not a suffix of metric {name}"))
        }
    }
}

/// The metric type of a word.
fn kind(word: &[u8], dialect: Dialect) -> Option<MetricKind> {
    let kind = match word {
        b"counter" => MetricKind::Counter,
        b"gauge" => MetricKind::Gauge,
        b"histogram" => MetricKind::Histogram,
        b"summary" => MetricKind::Summary,
        b"untyped" if dialect == Dialect::Prometheus => return Some(MetricKind::Unknown),
        b"unknown" => MetricKind::Unknown,
        b"gaugehistogram" => MetricKind::GaugeHistogram,
        b"info" => MetricKind::Info,
        b"stateset" => MetricKind::StateSet,
        _ => return None,
    };
    let is_open_metrics_only = matches!(
        kind,
        MetricKind::Unknown | MetricKind::GaugeHistogram | MetricKind::Info | MetricKind::StateSet
    );
    (dialect == Dialect::OpenMetrics || !is_open_metrics_only).then_some(kind)
}
