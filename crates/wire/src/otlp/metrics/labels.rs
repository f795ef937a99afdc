//! The labels of a series, from resource, scope and point.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use signals::attributes::Value;
use signals::metric::{Labels, NAME_LABEL};

use super::Translation;
use super::name::LabelRules;
use crate::Limits;
use crate::otlp::resource::Kept;
use crate::otlp::value::{AnyValue, Renderer, read_pair};
use crate::protobuf::Fault;

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
    pub(super) overriding: Vec<(Arc<str>, String)>,
    /// Promoted resource attributes: a point's attributes override them.
    pub(super) promoted: Vec<(Arc<str>, String)>,
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

/// Translated names that are remembered for one request.
const NAMES_MAX: usize = 1_000;

/// Builds label sets under limits.
pub(super) struct LabelBuilder<'l> {
    limits: &'l Limits,
    rules: LabelRules,
    /// Label names by attribute key: points of a request use the same few keys again and again.
    names: HashMap<Box<str>, Arc<str>>,
}

impl<'l> LabelBuilder<'l> {
    pub(super) fn new(limits: &'l Limits, translation: &Translation) -> Self {
        Self { limits, rules: LabelRules::new(translation.strategy), names: HashMap::new() }
    }

    /// A name and value within limits.
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

    /// The labels of a point without the metric's name. The outer error is malformed protobuf,
    /// the inner one the reason why the point is not taken.
    pub(super) fn point<'a>(
        &mut self,
        shared: &Shared,
        attributes: &Kept<'a>,
        renderer: &mut Renderer<'_>,
    ) -> Result<Result<PointLabels<'a>, &'static str>, Fault> {
        // The metric's name and `le` or `quantile` are still to come.
        let others = shared.overriding.len() + shared.promoted.len() + 2;
        if attributes.count() + others > self.limits.labels_max {
            return Ok(Err(LABELS_TOO_MANY));
        }
        let mut pairs = Vec::with_capacity(attributes.count());
        for attribute in &attributes.messages {
            let (key, value) = read_pair(*attribute)?;
            pairs.push((key, text(&value, renderer)?));
        }
        // Of attributes that become the same label, values are joined in order of their keys.
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

/// The labels that a point itself has.
#[derive(Debug)]
pub(super) struct PointLabels<'a>(Vec<(Arc<str>, Cow<'a, str>)>);

impl PointLabels<'_> {
    /// Bytes of all names and values.
    pub(super) fn bytes(&self, shared: &Shared) -> usize {
        let shared = shared.promoted.iter().chain(&shared.overriding);
        let shared = shared.map(|(name, value)| name.len() + value.len());
        let own = self.0.iter().map(|(name, value)| name.len() + value.len());
        shared.chain(own).sum()
    }

    /// The series of this name with one more label.
    pub(super) fn with(&self, shared: &Shared, name: &str, more: Option<(&str, &str)>) -> Labels {
        // Of a name given twice, label sets keep the last.
        let promoted = shared.promoted.iter().map(|(name, value)| (&**name, value.as_str()));
        let own = self.0.iter().map(|(name, value)| (&**name, &**value));
        let overriding = shared.overriding.iter().map(|(name, value)| (&**name, value.as_str()));
        let all = promoted.chain(own).chain(overriding);
        Labels::from_pairs(all.chain([(NAME_LABEL, name)]).chain(more))
    }
}
