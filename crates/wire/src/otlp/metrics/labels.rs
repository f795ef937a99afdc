//! Builds the labels of a series from resource, scope and point.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use signals::attributes::Value;
use signals::metric::{Labels, NAME_LABEL};

use super::Translation;
use super::name::LabelRules;
use crate::Limits;
use crate::otlp::resource::BoundedMessages;
use crate::otlp::value::{AnyValue, Renderer, read_pair};
use crate::protobuf::Fault;

/// Reason for rejecting a point.
pub(super) const BAD_LABEL: &str = "an attribute has an empty name";
/// Reason for rejecting a point.
pub(super) const LABELS_TOO_MANY: &str = "too many attributes for the labels of a series";
/// Reason for rejecting a point.
pub(super) const LABEL_TOO_LONG: &str = "an attribute is too long for a label";

/// Labels shared by all points of a resource and scope.
#[derive(Debug, Clone, Default)]
pub(super) struct Shared {
    /// `job`, `instance` and scope labels: they override a point's attributes.
    pub(super) overriding: Vec<(Arc<str>, String)>,
    /// Promoted resource attributes: overridden by a point's attributes.
    pub(super) promoted: Vec<(Arc<str>, String)>,
}

/// An attribute as a label value; nested values as JSON.
pub(super) fn text<'a>(
    value: &AnyValue<'a>,
    renderer: &mut Renderer<'_>,
) -> Result<Cow<'a, str>, Fault> {
    if let AnyValue::Text(text) = value {
        return Ok(text.clone());
    }
    // The same format as in the Collector and Prometheus.
    if let AnyValue::Double(number) = value
        && number.is_infinite()
    {
        return Ok(Cow::Borrowed(if *number > 0.0 { "Infinity" } else { "-Infinity" }));
    }
    let mut text = String::new();
    renderer.value(value, usize::MAX, |value: Value<'_>| value.push_to(&mut text))?;
    Ok(Cow::Owned(text))
}

/// Maximum cached label names per request.
const NAMES_MAX: usize = 1_000;

/// Builds label sets within limits.
pub(super) struct LabelBuilder<'l> {
    limits: &'l Limits,
    rules: LabelRules,
    /// Label names by attribute key: the points of a request share few keys.
    names: HashMap<Box<str>, Arc<str>>,
}

impl<'l> LabelBuilder<'l> {
    pub(super) fn new(limits: &'l Limits, translation: &Translation) -> Self {
        Self { limits, rules: LabelRules::new(translation), names: HashMap::new() }
    }

    /// A label name and value within limits.
    pub(super) fn label(
        &mut self,
        key: &str,
        value: &str,
    ) -> Result<(Arc<str>, String), &'static str> {
        if value.len() > self.limits.label_value_bytes_max {
            return Err(LABEL_TOO_LONG);
        }
        Ok((self.name(key)?, value.to_owned()))
    }

    fn name(&mut self, key: &str) -> Result<Arc<str>, &'static str> {
        if let Some(name) = self.names.get(key) {
            return Ok(Arc::clone(name));
        }
        let name: Arc<str> = self.rules.label(key).map_err(|_| BAD_LABEL)?.into();
        if name.len() > self.limits.name_bytes_max {
            return Err(LABEL_TOO_LONG);
        }
        if self.names.len() < NAMES_MAX {
            self.names.insert(key.into(), Arc::clone(&name));
        }
        Ok(name)
    }

    /// The labels of a point without the metric name. The outer error is malformed protobuf, the
    /// inner one the reason for rejecting the point.
    pub(super) fn point<'a>(
        &mut self,
        shared: &Shared,
        attributes: &BoundedMessages<'a>,
        renderer: &mut Renderer<'_>,
    ) -> Result<Result<PointLabels<'a>, &'static str>, Fault> {
        // Two more labels follow: the metric name and `le` or `quantile`.
        let others = shared.overriding.len() + shared.promoted.len() + 2;
        if attributes.count() + others > self.limits.labels_max {
            return Ok(Err(LABELS_TOO_MANY));
        }
        let mut pairs = Vec::with_capacity(attributes.count());
        for attribute in &attributes.messages {
            let (key, value) = read_pair(*attribute)?;
            pairs.push((key, text(&value, renderer)?));
        }
        // Attributes that map to the same label are joined in key order.
        pairs.sort_by(|a, b| a.0.cmp(&b.0));
        let mut labels: Vec<(Arc<str>, Cow<'a, str>)> = Vec::with_capacity(pairs.len());
        for (key, value) in pairs {
            let name = match self.name(&key) {
                Ok(name) => name,
                Err(reason) => return Ok(Err(reason)),
            };
            let other = labels.iter_mut().find(|(other, _)| *other == name);
            let joined = if let Some((_, joined)) = other {
                let joined = joined.to_mut();
                joined.push(';');
                joined.push_str(&value);
                joined.len()
            } else {
                let bytes = value.len();
                labels.push((name, value));
                bytes
            };
            if joined > self.limits.label_value_bytes_max {
                return Ok(Err(LABEL_TOO_LONG));
            }
        }
        Ok(Ok(PointLabels(labels)))
    }
}

/// The labels from a point's own attributes.
#[derive(Debug)]
pub(super) struct PointLabels<'a>(Vec<(Arc<str>, Cow<'a, str>)>);

impl PointLabels<'_> {
    /// Total bytes of all names and values.
    pub(super) fn bytes(&self, shared: &Shared) -> usize {
        let shared = shared.promoted.iter().chain(&shared.overriding);
        let shared = shared.map(|(name, value)| name.len() + value.len());
        let own = self.0.iter().map(|(name, value)| name.len() + value.len());
        shared.chain(own).sum()
    }

    /// The labels of a series with this name and one additional label.
    pub(super) fn with(&self, shared: &Shared, name: &str, more: Option<(&str, &str)>) -> Labels {
        // Label sets keep the last value of a duplicate name.
        let promoted = shared.promoted.iter().map(|(name, value)| (&**name, value.as_str()));
        let own = self.0.iter().map(|(name, value)| (&**name, &**value));
        let overriding = shared.overriding.iter().map(|(name, value)| (&**name, value.as_str()));
        let all = promoted.chain(own).chain(overriding);
        Labels::from_pairs(all.chain([(NAME_LABEL, name)]).chain(more))
    }
}
