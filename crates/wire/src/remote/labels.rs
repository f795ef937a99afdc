//! Labels of series and exemplars, validated as Prometheus does with UTF-8 names.

use std::borrow::Cow;

use signals::metric::{Labels, NAME_LABEL};

use crate::protobuf::Message;
use crate::{Limits, WireError};

/// Longest description of a series in a message, in bytes of each name and value.
const SHOWN_BYTES_MAX: usize = 100;
/// Maximum length of an exemplar's label set in characters, as in OpenMetrics.
const EXEMPLAR_CHARACTERS_MAX: usize = 128;

const NOT_TEXT: &str = "a label is not valid UTF-8";

/// Names and values as they are on the wire.
pub(super) type Pairs<'a> = Vec<(&'a [u8], &'a [u8])>;

/// The labels of a series. Empty values are dropped: they are absent labels.
///
/// # Errors
/// The reason for rejecting the series.
pub(super) fn of_series(pairs: &[(&[u8], &[u8])], limits: &Limits) -> Result<Labels, &'static str> {
    let labels = checked(pairs, limits)?;
    let is_named = !labels.metric_name().is_empty();
    if is_named { Ok(labels) } else { Err("the metric name is missing") }
}

/// Labels that may lack a metric name.
fn checked(pairs: &[(&[u8], &[u8])], limits: &Limits) -> Result<Labels, &'static str> {
    if pairs.len() > limits.labels_max {
        return Err("the series has too many labels");
    }
    let mut texts = Vec::with_capacity(pairs.len());
    for (name, value) in pairs {
        let (Ok(name), Ok(value)) = (std::str::from_utf8(name), std::str::from_utf8(value)) else {
            return Err(NOT_TEXT);
        };
        let value_bytes_max =
            if name == NAME_LABEL { limits.name_bytes_max } else { limits.label_value_bytes_max };
        if name.is_empty() {
            return Err("a label name is empty");
        }
        if name.len() > limits.name_bytes_max || value.len() > value_bytes_max {
            return Err("a label is too long");
        }
        texts.push((name, value));
    }
    texts.sort_unstable();
    let is_repeated = |pair: &[(&str, &str)]| matches!(pair, [(a, _), (b, _)] if a == b);
    if texts.windows(2).any(is_repeated) {
        return Err("a label name is repeated");
    }
    Ok(Labels::from_pairs(texts))
}

/// The labels of an exemplar; `None` if they are not text or too long. The sample is kept, as in
/// Prometheus.
pub(super) fn of_exemplar(pairs: &[(&[u8], &[u8])]) -> Option<Labels> {
    let text = |bytes| std::str::from_utf8(bytes).ok();
    let mut texts = Vec::with_capacity(pairs.len());
    let mut characters = 0;
    for (name, value) in pairs {
        let (name, value) = (text(name)?, text(value)?);
        characters += name.chars().count() + value.chars().count();
        if characters > EXEMPLAR_CHARACTERS_MAX {
            return None;
        }
        texts.push((name, value));
    }
    Some(Labels::from_pairs(texts))
}

/// The labels in field 1 of a message of a response, which may lack a metric name.
///
/// # Errors
/// [`WireError::Labels`] if they are invalid.
pub(super) fn of_result(message: Message<'_>, limits: &Limits) -> Result<Labels, WireError> {
    let mut pairs = Vec::new();
    super::v1::label_pairs(message, limits.labels_max, &mut pairs)?;
    let refused = |why| WireError::Labels(format!("{}: {why}", shown(&pairs)));
    checked(&pairs, limits).map_err(refused)
}

/// A series in a message: `up{job=api, instance=a:1}`.
pub(super) fn shown(pairs: &[(&[u8], &[u8])]) -> String {
    let (mut metric, mut others) = (Cow::Borrowed(""), String::new());
    for (name, value) in pairs {
        if *name == NAME_LABEL.as_bytes() {
            metric = cut(value);
        } else {
            let separator = if others.is_empty() { "" } else { ", " };
            others.extend([separator, &cut(name), "=", &cut(value)]);
        }
    }
    format!("{metric}{{{others}}}")
}

fn cut(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes.get(..SHOWN_BYTES_MAX).unwrap_or(bytes))
}
