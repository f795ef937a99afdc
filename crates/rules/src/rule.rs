//! A rule and what is known of its evaluations.

use std::sync::Arc;
use std::time::Duration;

use adopt::rules::{self, Language};
use signals::Labels;

use crate::alerting::{AlertingRule, Alerts, Texts};
use crate::{Alert, AlertState, RecordingRule};

/// Whether the last evaluation of a rule succeeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// It was not evaluated yet.
    Unknown,
    /// It succeeded.
    Good,
    /// It failed.
    Bad,
}

impl Health {
    /// The name in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Good => "ok",
            Self::Bad => "err",
        }
    }
}

/// A rule as its file defines it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// What it makes.
    pub definition: Definition,
    /// The language of the expression.
    pub language: Language,
    /// The expression, as its language prints it.
    pub expr: String,
    /// The line in the file, from 1.
    pub line: u32,
}

/// What a rule makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Definition {
    /// Series.
    Recording(RecordingRule),
    /// Alerts.
    Alerting(AlertingRule),
}

impl Rule {
    /// A rule of a file.
    #[must_use]
    pub fn new(rule: &rules::Rule, language: Language) -> Self {
        let text = &rule.expr.text;
        let expr = match language {
            Language::PromQl => promql::format(text).unwrap_or_else(|_| text.clone()),
            Language::LogQl => text.clone(),
        };
        let labels = rule.labels.clone();
        let definition = match &rule.kind {
            rules::RuleKind::Recording { record } => {
                Definition::Recording(RecordingRule { record: record.clone(), labels })
            }
            rules::RuleKind::Alerting { alert, hold, keep_firing_for, annotations } => {
                Definition::Alerting(AlertingRule {
                    alert: alert.clone(),
                    hold_ms: milliseconds(*hold),
                    keep_firing_for_ms: milliseconds(*keep_firing_for),
                    labels,
                    annotations: annotations.clone(),
                })
            }
        };
        Self { definition, language, expr, line: rule.line }
    }

    /// The name of the series or of the alert.
    #[must_use]
    pub fn name(&self) -> &str {
        match &self.definition {
            Definition::Recording(rule) => &rule.record,
            Definition::Alerting(rule) => &rule.alert,
        }
    }

    /// The labels that the rule sets, as the file has them.
    #[must_use]
    pub fn labels(&self) -> &std::collections::BTreeMap<String, String> {
        match &self.definition {
            Definition::Recording(rule) => &rule.labels,
            Definition::Alerting(rule) => &rule.labels,
        }
    }
}

/// A duration in milliseconds.
pub(crate) fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// A rule with its state.
#[derive(Debug, Clone)]
pub struct RuleState {
    /// The rule.
    pub rule: Arc<Rule>,
    /// Whether the last evaluation succeeded.
    pub health: Health,
    /// Why the last evaluation failed.
    pub last_error: Option<String>,
    /// When it was last evaluated, in milliseconds since 1970.
    pub evaluated_at_ms: Option<i64>,
    /// How long the last evaluation took.
    pub duration: Duration,
    /// Whether any evaluation has returned a series.
    pub has_had_result: bool,
    pub(crate) texts: Arc<Texts>,
    pub(crate) alerts: Alerts,
    /// The series of the last evaluation, sorted; those that vanish get a staleness marker.
    pub(crate) series: Vec<Labels>,
}

impl RuleState {
    pub(crate) fn new(rule: Rule, is_restored: bool) -> Self {
        // Only alerts are restored.
        let is_restored = is_restored || matches!(rule.definition, Definition::Recording(_));
        let texts = match &rule.definition {
            Definition::Alerting(rule) => Texts::of(rule),
            Definition::Recording(_) => Texts::default(),
        };
        Self {
            texts: Arc::new(texts),
            rule: Arc::new(rule),
            health: Health::Unknown,
            last_error: None,
            evaluated_at_ms: None,
            duration: Duration::ZERO,
            has_had_result: false,
            alerts: Alerts { is_restored, ..Alerts::default() },
            series: Vec::new(),
        }
    }

    /// The state of an alerting rule: the highest of its alerts. `None` before its first evaluation.
    #[must_use]
    pub fn state(&self) -> Option<AlertState> {
        self.evaluated_at_ms?;
        let states = self.alerts.active.values().map(|alert| alert.state);
        Some(states.max().unwrap_or(AlertState::Inactive))
    }

    /// The pending and firing alerts.
    pub fn active_alerts(&self) -> impl Iterator<Item = &Alert> {
        self.alerts.active.values().filter(|alert| alert.resolved_at_ms.is_none())
    }
}
