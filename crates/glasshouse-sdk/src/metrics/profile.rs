//! Naming profiles: a stack's names for the SDK's metrics, spans and log fields.
//!
//! A profile is a YAML file (`profiles/`), not code. Everything is recorded once, under
//! OpenTelemetry's names; profiles derive their metrics on export, so that totals are the same in
//! every profile.

use std::borrow::Cow;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};

use opentelemetry::{Array, KeyValue, StringValue, Value};
use opentelemetry_sdk::trace::SpanData;
use serde::Deserialize;

use super::{Kind, Metric, Point, Reading};
use crate::log::LogFields;

/// The built-in profiles.
const BUILT_IN: [(&str, &str); 6] = [
    ("otel", include_str!("../../profiles/otel.yaml")),
    ("otel-1.41", include_str!("../../profiles/otel-1.41.yaml")),
    ("alex", include_str!("../../profiles/alex.yaml")),
    ("ai-platform", include_str!("../../profiles/ai-platform.yaml")),
    ("botticelli", include_str!("../../profiles/botticelli.yaml")),
    ("refly", include_str!("../../profiles/refly.yaml")),
];

type Labels = Vec<(Cow<'static, str>, String)>;

/// An invalid or unknown profile.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProfileError {
    #[error("there is no naming profile {name:?}; there are {}", BUILT_IN.map(|(name, _)| name).join(", "))]
    Unknown { name: String },
    #[error("naming profile {origin}: {problem}")]
    Unreadable { origin: String, problem: String },
}

/// A stack's names for the SDK's data.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Profile {
    /// Derived metrics. A canonical metric from which one is derived is not exported under its own
    /// name; all others are.
    #[serde(default)]
    metrics: Vec<MetricRule>,
    #[serde(default)]
    spans: Vec<SpanRule>,
    /// The keys of log lines.
    pub(crate) logs: Option<LogFields>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct MetricRule {
    name: String,
    /// The canonical metric.
    from: String,
    #[serde(rename = "as")]
    kind: RuleKind,
    #[serde(default)]
    take: Take,
    #[serde(default = "one")]
    scale: f64,
    #[serde(default)]
    unit: String,
    /// Labels that a series must have: a value, `"*"` for any value, or an empty text for none.
    #[serde(default, rename = "where")]
    only: BTreeMap<String, String>,
    #[serde(default)]
    labels: BTreeMap<String, LabelRule>,
}

fn one() -> f64 {
    1.0
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RuleKind {
    Counter,
    UpDown,
    Gauge,
    Histogram,
}

/// What is derived from a canonical point.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Take {
    /// The number, or the whole distribution.
    #[default]
    Value,
    /// The number of measurements in a distribution.
    Count,
    /// The sum of a distribution.
    Sum,
}

/// The source of a label's value.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum LabelRule {
    /// The canonical label with this key.
    Key(String),
    Mapped(MappedLabel),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct MappedLabel {
    /// The canonical label; `is` is its default.
    #[serde(default)]
    of: String,
    is: Option<String>,
    /// The value when the canonical label is absent.
    absent: Option<String>,
    /// The value when it is present and not in `map`.
    present: Option<String>,
    #[serde(default)]
    map: BTreeMap<String, String>,
}

impl LabelRule {
    fn value(&self, point: &Point) -> Option<String> {
        match self {
            Self::Key(key) => point.label(key).map(str::to_owned),
            Self::Mapped(rule) if rule.is.is_some() => rule.is.clone(),
            Self::Mapped(rule) => match point.label(&rule.of) {
                None => rule.absent.clone(),
                Some(value) => rule
                    .map
                    .get(value)
                    .or(rule.present.as_ref())
                    .cloned()
                    .or_else(|| Some(value.to_owned())),
            },
        }
    }
}

/// A stack's name for a span.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct SpanRule {
    /// Attributes that the span must have; `"*"` matches any value.
    when: BTreeMap<String, String>,
    name: Option<String>,
    /// Attributes to add: the key of another attribute, or a sum of several.
    #[serde(default)]
    attributes: BTreeMap<String, AttributeRule>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum AttributeRule {
    Key(String),
    Sum { sum: Vec<String> },
}

impl Profile {
    /// A built-in profile.
    ///
    /// # Errors
    /// If there is no profile of this name.
    pub(crate) fn built_in(name: &str) -> Result<Self, ProfileError> {
        let text = BUILT_IN.iter().find(|(known, _)| *known == name).map(|(_, text)| *text);
        let text = text.ok_or_else(|| ProfileError::Unknown { name: name.to_owned() })?;
        Self::parse(name, text)
    }

    /// Parses a profile from YAML; `origin` identifies the text in errors.
    ///
    /// # Errors
    /// If the text is not a profile; the message has line and column.
    pub(crate) fn parse(origin: &str, text: &str) -> Result<Self, ProfileError> {
        let unreadable =
            |problem: String| ProfileError::Unreadable { origin: origin.to_owned(), problem };
        let text = if text.trim().is_empty() { "{}" } else { text };
        let options = serde_saphyr::options! { with_snippet: false };
        let profile: Self =
            serde_saphyr::from_str_with_options(text, options).map_err(|error| {
                unreadable(error.to_string().lines().next().unwrap_or_default().to_owned())
            })?;
        match profile.fault() {
            Some(fault) => Err(unreadable(fault)),
            None => Ok(profile),
        }
    }

    /// A semantic error in the profile, if there is one.
    fn fault(&self) -> Option<String> {
        self.metrics.iter().enumerate().find_map(|(index, rule)| {
            let name = &rule.name;
            let is_other = |earlier: &&MetricRule| {
                earlier.name == *name && (earlier.kind != rule.kind || earlier.unit != rule.unit)
            };
            if name.trim().is_empty() {
                Some(format!("metric {} has an empty `name`", index + 1))
            } else if !(rule.scale.is_finite() && rule.scale > 0.0) {
                Some(format!("metric {name}: `scale` has to be a number above 0"))
            } else if rule.kind == RuleKind::Histogram && rule.take != Take::Value {
                Some(format!("metric {name}: a histogram takes the `value`, not {:?}", rule.take))
            } else if self.metrics.iter().take(index).any(|rule| is_other(&rule)) {
                Some(format!("metric {name} is there twice with another `as` or `unit`"))
            } else {
                None
            }
        })
    }
}

/// Applies the profiles to canonical metrics; the first of several metrics of one name wins.
pub(crate) fn apply(profiles: &[Profile], canonical: Vec<Metric>) -> Vec<Metric> {
    let [first, others @ ..] = profiles else { return canonical };
    if others.is_empty() {
        return first.derive(canonical);
    }
    let mut spelled = first.derive(canonical.clone());
    for metric in others.iter().flat_map(|profile| profile.derive(canonical.clone())) {
        if spelled.iter().all(|known| known.name != metric.name) {
            spelled.push(metric);
        }
    }
    spelled
}

impl Profile {
    fn derive(&self, canonical: Vec<Metric>) -> Vec<Metric> {
        let mut derived: Vec<Metric> = Vec::new();
        // The index of a derived metric's series, by its labels.
        let mut places: HashMap<(usize, Labels), usize> = HashMap::new();
        for rule in &self.metrics {
            let Some(source) = canonical.iter().find(|metric| metric.name == rule.from) else {
                continue;
            };
            let index = derived.iter().position(|metric| metric.name == rule.name);
            let index = index.unwrap_or_else(|| {
                derived.push(rule.empty_metric(source));
                derived.len() - 1
            });
            let Some(metric) = derived.get_mut(index) else { continue };
            for point in source.points.iter().filter(|point| rule.takes(point)) {
                let point = rule.point(point);
                // A rule cannot convert between distributions and other types.
                if matches!(point.reading, Reading::Histogram { .. })
                    != (rule.kind == RuleKind::Histogram)
                {
                    continue;
                }
                match places.entry((index, point.labels.clone())) {
                    Entry::Occupied(place) => {
                        if let Some(known) = metric.points.get_mut(*place.get()) {
                            merge(known, point);
                        }
                    }
                    Entry::Vacant(place) => {
                        place.insert(metric.points.len());
                        metric.points.push(point);
                    }
                }
            }
        }
        derived.retain(|metric| !metric.points.is_empty());
        let is_replaced = |name: &str| self.metrics.iter().any(|rule| rule.from == name);
        derived.extend(canonical.into_iter().filter(|metric| !is_replaced(&metric.name)));
        derived
    }
}

impl MetricRule {
    fn empty_metric(&self, source: &Metric) -> Metric {
        Metric {
            name: Cow::Owned(self.name.clone()),
            unit: Cow::Owned(self.unit.clone()),
            description: source.description.clone(),
            kind: match self.kind {
                RuleKind::Counter => Kind::Counter,
                RuleKind::UpDown => Kind::UpDown,
                RuleKind::Gauge => Kind::Gauge,
                RuleKind::Histogram => Kind::Histogram,
            },
            points: Vec::new(),
        }
    }

    fn takes(&self, point: &Point) -> bool {
        self.only.iter().all(|(key, wanted)| match (wanted.as_str(), point.label(key)) {
            ("", found) => found.is_none(),
            ("*", found) => found.is_some(),
            (wanted, found) => found == Some(wanted),
        })
    }

    fn point(&self, point: &Point) -> Point {
        let overflow = point.labels.iter().find(|(key, _)| key == "otel.metric.overflow");
        let labels = match overflow {
            Some(overflow) => vec![overflow.clone()],
            None => self
                .labels
                .iter()
                .filter_map(|(key, rule)| Some((Cow::Owned(key.clone()), rule.value(point)?)))
                .collect(),
        };
        let reading = match (&point.reading, self.take) {
            (Reading::Histogram { counts, .. }, Take::Count) => {
                Reading::Integer(i64::try_from(counts.iter().sum::<u64>()).unwrap_or(i64::MAX))
            }
            (Reading::Histogram { sum, .. }, Take::Sum) => Reading::Float(sum * self.scale),
            (Reading::Histogram { bounds, counts, sum }, Take::Value) => Reading::Histogram {
                bounds: bounds.iter().map(|bound| scaled(*bound, self.scale)).collect(),
                counts: counts.clone(),
                sum: sum * self.scale,
            },
            (Reading::Float(value), _) => Reading::Float(scaled(*value, self.scale)),
            (Reading::Integer(value), _) if self.scale == 1.0 => Reading::Integer(*value),
            (Reading::Integer(value), _) => Reading::Float(*value as f64 * self.scale),
        };
        let exemplars = match &reading {
            Reading::Histogram { .. } => point.exemplars.clone(),
            // The latest exemplar of all buckets is used for the counter.
            _ => vec![point.exemplars.iter().flatten().max_by_key(|one| one.time_ns).copied()],
        };
        let exemplars = exemplars
            .into_iter()
            .map(|one| {
                one.map(|one| super::Exemplar { value: scaled(one.value, self.scale), ..one })
            })
            .collect();
        Point { labels, start_ns: point.start_ns, reading, exemplars }
    }
}

/// A scaled bound without binary rounding errors (`0.01 * 1000`).
fn scaled(value: f64, scale: f64) -> f64 {
    let product = value * scale;
    let rounded = (product * 1e6).round() / 1e6;
    if (rounded - product).abs() <= product.abs() * 1e-12 { rounded } else { product }
}

/// Adds a point to the one with the same labels.
fn merge(known: &mut Point, point: Point) {
    known.start_ns = known.start_ns.min(point.start_ns);
    match (&mut known.reading, point.reading) {
        (Reading::Integer(total), Reading::Integer(more)) => *total = total.saturating_add(more),
        (Reading::Float(total), Reading::Float(more)) => *total += more,
        (
            Reading::Histogram { counts, sum, .. },
            Reading::Histogram { counts: more, sum: extra, .. },
        ) => {
            for (total, more) in counts.iter_mut().zip(more) {
                *total += more;
            }
            *sum += extra;
        }
        _ => {}
    }
    if known.exemplars.len() < point.exemplars.len() {
        known.exemplars.resize(point.exemplars.len(), None);
    }
    for (kept, other) in known.exemplars.iter_mut().zip(point.exemplars) {
        let is_newer = match (&kept, &other) {
            (Some(kept), Some(other)) => other.time_ns > kept.time_ns,
            (None, Some(_)) => true,
            _ => false,
        };
        if is_newer {
            *kept = other;
        }
    }
}

/// The span rules of all active profiles; they run on the export worker.
#[derive(Debug, Clone, Default)]
pub(crate) struct SpanRules(Vec<SpanRule>);

impl SpanRules {
    pub(crate) fn of(profiles: &[Profile]) -> Self {
        Self(profiles.iter().flat_map(|profile| profile.spans.clone()).collect())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Renames the span by the first matching rule, and adds the attributes of all matching rules.
    pub(crate) fn rewrite(&self, span: &mut SpanData) {
        let mut is_named = false;
        for rule in &self.0 {
            let fits = rule.when.iter().all(|(key, wanted)| {
                attribute(&span.attributes, key)
                    .is_some_and(|value| wanted == "*" || text(value) == wanted.as_str())
            });
            if !fits {
                continue;
            }
            if let Some(name) = rule.name.as_ref().filter(|_| !is_named) {
                span.name = Cow::Owned(name.clone());
                is_named = true;
            }
            for (key, rule) in &rule.attributes {
                if attribute(&span.attributes, key).is_some() {
                    continue;
                }
                if let Some(value) = rule.value(&span.attributes) {
                    span.attributes.push(KeyValue::new(key.clone(), value));
                }
            }
        }
    }
}

impl AttributeRule {
    fn value(&self, attributes: &[KeyValue]) -> Option<Value> {
        match self {
            Self::Key(key) => attribute(attributes, key).cloned(),
            Self::Sum { sum } => {
                let parts: Vec<i64> = sum
                    .iter()
                    .filter_map(|key| match attribute(attributes, key) {
                        Some(Value::I64(value)) => Some(*value),
                        _ => None,
                    })
                    .collect();
                (!parts.is_empty())
                    .then(|| Value::I64(parts.into_iter().fold(0, i64::saturating_add)))
            }
        }
    }
}

fn attribute<'a>(attributes: &'a [KeyValue], key: &str) -> Option<&'a Value> {
    attributes.iter().find(|pair| pair.key.as_str() == key).map(|pair| &pair.value)
}

/// An attribute as text, for comparisons.
fn text(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Array(Array::String(values)) => {
            Cow::Owned(values.iter().map(StringValue::as_str).collect::<Vec<_>>().join(","))
        }
        other => other.as_str(),
    }
}

#[cfg(test)]
mod tests;
