//! The filters that requests have in common.

use adopt::alertmanager::Config;
use adopt::matcher::Matcher;
use regex::Regex;
use signals::{MatchOp, regexp};

use super::ApiError;

/// Which receivers a request is about.
pub(super) struct ReceiverFilter {
    name: Option<Regex>,
    matchers: Vec<Matcher>,
}

impl ReceiverFilter {
    /// `receiver` is a pattern for the whole name.
    pub(super) fn new(receiver: Option<&str>, matchers: &[String]) -> Result<Self, ApiError> {
        let bad = |error| ApiError::BadRequest(format!("failed to parse receiver param: {error}"));
        let compiled = |pattern: &str| regexp::anywhere(&format!("^(?:{pattern})$"));
        let name = receiver.map(compiled).transpose().map_err(bad)?;
        Ok(Self { name, matchers: receiver_matchers(matchers)? })
    }

    /// Whether a receiver satisfies both filters.
    pub(super) fn selects(&self, config: &Config, receiver: &str) -> bool {
        self.selects_any(config, &[receiver])
    }

    /// Whether one of the receivers has the name, and one the labels.
    pub(super) fn selects_any(&self, config: &Config, receivers: &[&str]) -> bool {
        let has_name = |pattern: &Regex| receivers.iter().any(|name| pattern.is_match(name));
        let has_labels = |name: &&str| has_labels(config, name, &self.matchers);
        self.name.as_ref().is_none_or(has_name)
            && (self.matchers.is_empty() || receivers.iter().any(has_labels))
    }
}

fn has_labels(config: &Config, name: &str, matchers: &[Matcher]) -> bool {
    let mut receivers = config.receivers.iter();
    receivers.find(|receiver| receiver.name == name).is_some_and(|receiver| {
        let value = |name: &str| {
            let mut labels = receiver.labels.iter();
            labels.find(|(label, _)| label == name).map(|(_, value)| value.as_str())
        };
        matches(matchers, value)
    })
}

/// Parses `filter`.
pub(super) fn filter(texts: &[String]) -> Result<Vec<Matcher>, ApiError> {
    let parsed = |text: &String| Matcher::parse(text).map_err(ApiError::BadRequest);
    texts.iter().map(parsed).collect()
}

/// Parses `receiver_matchers`.
pub(super) fn receiver_matchers(texts: &[String]) -> Result<Vec<Matcher>, ApiError> {
    filter(texts).map_err(|error| {
        ApiError::BadRequest(format!("failed to parse receiver_matchers param: {error}"))
    })
}

/// Whether labels satisfy all matchers.
pub(super) fn matches<'l>(matchers: &[Matcher], label: impl Fn(&str) -> Option<&'l str>) -> bool {
    matchers.iter().all(|matcher| {
        let value = label(matcher.name());
        let is_negative = matches!(matcher.op(), MatchOp::NotEqual | MatchOp::NotRegex);
        // The empty value stands for the absence of the label.
        let is_about_presence = matcher.value().is_empty() && is_negative == value.is_some();
        is_about_presence || matcher.matches(value.unwrap_or_default())
    })
}
