//! Labels of a series, parsed on demand from its text.

use std::borrow::Cow;

use signals::Labels;
use signals::metric::{MetricKind, NAME_LABEL};

use super::quote::quoted;
use super::text::TextParser;
use super::{PageLimits, TextExemplar, TextSample, float};
use crate::WireError;

/// Parses the labels of a [`TextSample::series`], with the metric name as `__name__`.
///
/// `kind` is the sample's [`TextSample::kind`]: the labels `le` of histograms and `quantile` of
/// summaries are formatted as in OpenMetrics, so that `1` and `1.0` are the same bucket in every
/// format. Empty values are dropped: for Prometheus they are absent labels.
///
/// # Errors
/// [`WireError::Labels`] if the text is no series, a name is missing, repeated or not valid, or a
/// limit is exceeded.
pub fn series_labels(
    series: &[u8],
    kind: MetricKind,
    limits: &PageLimits,
) -> Result<Labels, WireError> {
    let mut pairs = Vec::new();
    let name = TextParser::prometheus(series, *limits)
        .split(|name, value| pairs.push((name, value)))
        .map_err(WireError::Labels)?;
    let Some(name) = name.filter(|name| !name.is_empty()) else {
        return Err(WireError::Labels(format!("missing metric name ({NAME_LABEL} label)")));
    };
    let mut builder = LabelBuilder::new(limits);
    builder.push(NAME_LABEL.into(), name_text(name)?)?;
    for (name, value) in pairs {
        let (name, mut value) = (name_text(name)?, text(value)?);
        let is_number = match kind {
            MetricKind::Histogram => name == "le",
            MetricKind::Summary => name == "quantile",
            _ => false,
        };
        if is_number && let Some(number) = float::canonical(&value) {
            value = number.into();
        }
        builder.push(name, value)?;
    }
    builder.finish()
}

impl TextSample<'_> {
    /// The labels of the series: [`series_labels`].
    ///
    /// # Errors
    /// [`WireError::Labels`] if a name is missing, repeated or not valid, or a limit is exceeded.
    pub fn labels(&self, limits: &PageLimits) -> Result<Labels, WireError> {
        series_labels(self.series, self.kind, limits)
    }
}

impl TextExemplar<'_> {
    /// Parses the labels of the exemplar.
    ///
    /// Escapes are resolved, as OpenMetrics requires; Prometheus 3 keeps them.
    ///
    /// # Errors
    /// [`WireError::Labels`] if a name is repeated or not valid, or a limit is exceeded. Prometheus
    /// drops such an exemplar and keeps its sample.
    pub fn labels(&self, limits: &PageLimits) -> Result<Labels, WireError> {
        let mut pairs = Vec::new();
        TextParser::prometheus(self.labels, *limits)
            .split(|name, value| pairs.push((name, value)))
            .map_err(WireError::Labels)?;
        let mut builder = LabelBuilder::new(limits);
        for (name, value) in pairs {
            builder.push(name_text(name)?, text(value)?)?;
        }
        builder.finish_exemplar()
    }
}

/// Checks labels while they are collected.
#[derive(Debug)]
pub(super) struct LabelBuilder<'l, 'a> {
    limits: &'l PageLimits,
    pairs: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

impl<'l, 'a> LabelBuilder<'l, 'a> {
    pub(super) fn new(limits: &'l PageLimits) -> Self {
        Self { limits, pairs: Vec::new() }
    }

    pub(super) fn push(
        &mut self,
        name: Cow<'a, str>,
        value: Cow<'a, str>,
    ) -> Result<(), WireError> {
        let PageLimits { labels_max, name_bytes_max, label_value_bytes_max, .. } = *self.limits;
        let is_name = name == NAME_LABEL;
        let reason = if name.is_empty() {
            "invalid label name: it is empty".to_owned()
        } else if self.pairs.len() >= labels_max {
            format!("series has more than {labels_max} labels")
        } else if name.len() > name_bytes_max || (is_name && value.len() > name_bytes_max) {
            format!("name is longer than {name_bytes_max} bytes")
        } else if value.len() > label_value_bytes_max {
            format!("value of label \"{name}\" is longer than {label_value_bytes_max} bytes")
        } else {
            self.pairs.push((name, value));
            return Ok(());
        };
        Err(WireError::Labels(reason))
    }

    pub(super) fn finish(mut self) -> Result<Labels, WireError> {
        self.pairs.sort();
        let repeated = self.pairs.windows(2).find_map(|pairs| match pairs {
            [(first, _), (second, _)] if first == second => Some(first),
            _ => None,
        });
        if let Some(name) = repeated {
            let name = quoted(name.as_bytes());
            return Err(WireError::Labels(format!("label name {name} is not unique")));
        }
        Ok(Labels::from_pairs(self.pairs))
    }

    /// Labels of an exemplar: also bounds the number of characters.
    pub(super) fn finish_exemplar(self) -> Result<Labels, WireError> {
        let max = self.limits.exemplar_chars_max;
        let texts = self.pairs.iter().flat_map(|(name, value)| [name, value]);
        if texts.map(|text| text.chars().count()).sum::<usize>() > max {
            let reason = format!("labels of the exemplar have more than {max} characters");
            return Err(WireError::Labels(reason));
        }
        self.finish()
    }
}

fn text(bytes: &[u8]) -> Result<Cow<'_, str>, WireError> {
    let text = std::str::from_utf8(bytes)
        .map_err(|_| WireError::Labels(format!("invalid UTF-8 label value: {}", quoted(bytes))))?;
    Ok(unescaped(text, true))
}

fn name_text(bytes: &[u8]) -> Result<Cow<'_, str>, WireError> {
    let text = std::str::from_utf8(bytes).map_err(|_| {
        WireError::Labels(format!("invalid metric name or label names: {}", quoted(bytes)))
    })?;
    Ok(unescaped(text, true))
}

/// Resolves `\\`, `\n` and, except in the help of Prometheus text, `\"`. Other backslashes stand
/// for themselves.
pub(super) fn unescaped(text: &str, has_quotes: bool) -> Cow<'_, str> {
    if memchr::memchr(b'\\', text.as_bytes()).is_none() {
        return Cow::Borrowed(text);
    }
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        result.push_str(before);
        let (character, length) = match after.as_bytes().first() {
            Some(b'\\') => ('\\', 1),
            Some(b'n') => ('\n', 1),
            Some(b'"') if has_quotes => ('"', 1),
            _ => ('\\', 0),
        };
        result.push(character);
        rest = after.get(length..).unwrap_or_default();
    }
    result.push_str(rest);
    Cow::Owned(result)
}
