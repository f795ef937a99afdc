//! The labels of a series, from resource, scope and point.

use std::borrow::Cow;

use signals::attributes::Value;
use signals::metric::{Labels, NAME_LABEL};

use super::Translation;
use super::name::LabelRules;
use crate::Limits;
use crate::otlp::value::{AnyValue, Renderer, read_pair};
use crate::protobuf::{Fault, Message};

/// Why a point is not taken.
pub(super) const BAD_LABEL: &str = "an attribute has an empty name";
/// Why a point is not taken.
pub(super) const LABELS_TOO_MANY: &str = "too many attributes for the labels of a series";
/// Why a point is not taken.
pub(super) const LABEL_TOO_LONG: &str = "an attribute is too long for a label";

/// Labels that all points under a resource and scope share.
#[derive(Debug, Clone, Default)]
pub(super) struct Shared {
    /// `job`, `instance` and those of the scope: they override a point's attributes.
    pub(super) overriding: Vec<(String, String)>,
    /// Promoted resource attributes: a point's attributes override them.
    pub(super) promoted: Vec<(String, String)>,
}

/// An attribute as label text: nested values as JSON.
pub(super) fn text<'a>(
    value: &AnyValue<'a>,
    renderer: &mut Renderer<'_>,
) -> Result<Cow<'a, str>, Fault> {
    if let AnyValue::Text(text) = value {
        return Ok(text.clone());
    }
    // The spelling that the collector and Prometheus have.
    if let AnyValue::Double(number) = value
        && number.is_infinite()
    {
        return Ok(Cow::Borrowed(if *number > 0.0 { "Infinity" } else { "-Infinity" }));
    }
    let mut text = String::new();
    renderer.value(value, usize::MAX, |value: Value<'_>| value.push_to(&mut text))?;
    Ok(Cow::Owned(text))
}

/// Builds label sets under limits.
pub(super) struct LabelBuilder<'l> {
    limits: &'l Limits,
    rules: LabelRules,
    /// The point's own labels: name and value.
    labels: Vec<(String, String)>,
}

impl<'l> LabelBuilder<'l> {
    pub(super) fn new(limits: &'l Limits, translation: &Translation) -> Self {
        Self { limits, rules: LabelRules::new(translation.strategy), labels: Vec::new() }
    }

    /// A name and value within limits.
    pub(super) fn label(&self, key: &str, value: &str) -> Result<(String, String), &'static str> {
        let name = self.rules.label(key).map_err(|_| BAD_LABEL)?;
        if name.len() > self.limits.name_bytes_max
            || value.len() > self.limits.label_value_bytes_max
        {
            return Err(LABEL_TOO_LONG);
        }
        Ok((name, value.to_owned()))
    }

    /// The labels of a point without the metric's name. The outer error is malformed protobuf,
    /// the inner one the reason why the point is not taken.
    pub(super) fn point(
        &mut self,
        shared: &Shared,
        attributes: &[Message<'_>],
        renderer: &mut Renderer<'_>,
    ) -> Result<Result<PointLabels, &'static str>, Fault> {
        // The metric's name and `le` or `quantile` are still to come.
        if attributes.len() + shared.overriding.len() + 2 > self.limits.labels_max {
            return Ok(Err(LABELS_TOO_MANY));
        }
        let mut pairs = Vec::with_capacity(attributes.len());
        for attribute in attributes {
            let (key, value) = read_pair(*attribute)?;
            pairs.push((key, text(&value, renderer)?));
        }
        // Of attributes that become the same label, values are joined in order of their keys.
        pairs.sort_by(|a, b| a.0.cmp(&b.0));
        self.labels.clear();
        for (key, value) in &pairs {
            let (name, value) = match self.label(key, value) {
                Ok(label) => label,
                Err(reason) => return Ok(Err(reason)),
            };
            if let Some((_, joined)) = self.labels.iter_mut().find(|(other, _)| *other == name) {
                joined.push(';');
                joined.push_str(&value);
            } else {
                self.labels.push((name, value));
            }
        }
        for (name, value) in &shared.promoted {
            if self.labels.iter().all(|(other, _)| other != name) {
                self.labels.push((name.clone(), value.clone()));
            }
        }
        // Of a name given twice, label sets keep the last.
        self.labels.extend(shared.overriding.iter().cloned());
        if self.labels.len() + 2 > self.limits.labels_max {
            return Ok(Err(LABELS_TOO_MANY));
        }
        Ok(Ok(PointLabels(std::mem::take(&mut self.labels))))
    }
}

/// The labels of a point without the metric's name.
#[derive(Debug, Clone, Default)]
pub(super) struct PointLabels(Vec<(String, String)>);

impl PointLabels {
    /// The series of this name.
    pub(super) fn named(&self, name: &str) -> Labels {
        self.with(name, None)
    }

    /// The series of this name with one more label.
    pub(super) fn with(&self, name: &str, more: Option<(&str, &str)>) -> Labels {
        let own = self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        Labels::from_pairs(own.chain([(NAME_LABEL, name)]).chain(more))
    }
}
