//! Alerts that senders post.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use signals::{Labels, Timestamp};

use super::{ApiError, ApiTime, LabelSet, SchemaError};
use crate::alert::{Alert, Fingerprint};
use crate::time::after;

/// An alert as a sender posts it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PostableAlert {
    /// The labels. Empty values count as absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<LabelSet>,
    /// Texts about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub annotations: Option<LabelSet>,
    /// When it started; now, if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub starts_at: Option<ApiTime>,
    /// When it ended or ends; after `resolve_timeout`, if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<ApiTime>,
    /// Where it comes from.
    #[serde(rename = "generatorURL", skip_serializing_if = "Option::is_none")]
    pub generator_url: Option<String>,
}

/// Checks the form of the alerts of `POST /api/v2/alerts`.
///
/// # Errors
/// [`ApiError::Schema`] about the first alert that has no labels, or no URL as `generatorURL`.
pub fn check_alerts(alerts: &[PostableAlert]) -> Result<(), ApiError> {
    for (index, alert) in alerts.iter().enumerate() {
        let url = alert.generator_url.as_deref().unwrap_or_default();
        // In the order in which Alertmanager names them.
        if !url.is_empty() && !is_uri(url) {
            let url = template::quote(url);
            let message = format!("{index}.generatorURL in body must be of type uri: {url}");
            return Err(ApiError::Schema(SchemaError { code: 601, message }));
        }
        if alert.labels.is_none() {
            return Err(ApiError::Schema(SchemaError::required(&format!("{index}.labels"))));
        }
    }
    Ok(())
}

/// Whether a text is absolute as a URL or as a path.
fn is_uri(text: &str) -> bool {
    let is_scheme = |scheme: &str| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    };
    let is_absolute = text.split_once(':').is_some_and(|(scheme, _)| is_scheme(scheme));
    (text.starts_with('/') || is_absolute) && !text.chars().any(char::is_control)
}

impl PostableAlert {
    /// The alert with defaults in place of what is absent.
    ///
    /// # Errors
    /// Whether the alert is firing, and Alertmanager's message, if it is invalid.
    pub(crate) fn into_alert(
        self,
        resolve_timeout: Duration,
        bytes_max: usize,
        now: Timestamp,
    ) -> Result<Alert, (bool, String)> {
        let given = |time: Option<ApiTime>| time.filter(|time| *time != ApiTime::ZERO);
        let (starts_at, ends_at) = (given(self.starts_at), given(self.ends_at));
        let starts_at = starts_at.or(ends_at).map_or(now, |time| time.0);
        let is_timeout = ends_at.is_none();
        let ends_at = ends_at.map_or(after(now, resolve_timeout), |time| time.0);
        let invalid = |reason: &str| Err((ends_at > now, reason.to_owned()));
        if ends_at < starts_at {
            return invalid("start time must be before end time");
        }
        let (written, annotations) =
            (self.labels.unwrap_or_default(), self.annotations.unwrap_or_default());
        if written.values().all(String::is_empty) {
            return invalid("at least one label pair required");
        }
        if written.get("").is_some_and(|value| !value.is_empty()) {
            return invalid("invalid label set: invalid name \"\"");
        }
        if annotations.contains_key("") {
            return invalid("invalid annotations: invalid name \"\"");
        }
        let labels = Labels::from_pairs(written);
        let alert = Alert {
            fingerprint: Fingerprint::of(&labels),
            labels,
            annotations,
            generator_url: self.generator_url.unwrap_or_default(),
            starts_at,
            ends_at,
            updated_at: now,
            is_timeout,
        };
        if alert.size() > bytes_max {
            return invalid(&format!("the alert is larger than {bytes_max} bytes"));
        }
        Ok(alert)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = 1_000;

    fn alert(json: &str) -> Result<Alert, (bool, String)> {
        let alert: PostableAlert = serde_json::from_str(json).unwrap();
        alert.into_alert(Duration::from_nanos(300), 10_000, NOW)
    }

    #[test]
    fn absent_times_have_defaults() {
        let epoch = "1970-01-01T00:00:00.000000";
        for (times, expected) in [
            (String::new(), (1_000, 1_300, true)),
            (format!(r#","startsAt":"{epoch}500Z""#), (500, 1_300, true)),
            (format!(r#","endsAt":"{epoch}700Z""#), (700, 700, false)),
            (format!(r#","endsAt":"{epoch}700Z","startsAt":"{epoch}600Z""#), (600, 700, false)),
            (r#","endsAt":"0001-01-01T00:00:00Z""#.to_owned(), (1_000, 1_300, true)),
            (r#","startsAt":null,"endsAt":null"#.to_owned(), (1_000, 1_300, true)),
        ] {
            let alert = alert(&format!(r#"{{"labels":{{"a":"b"}}{times}}}"#)).unwrap();
            assert_eq!((alert.starts_at, alert.ends_at, alert.is_timeout), expected, "{times}");
        }
    }

    #[test]
    fn invalid_alerts_have_the_messages_of_alertmanager() {
        for (json, message) in [
            ("{}", "at least one label pair required"),
            (r#"{"labels":{"a":""}}"#, "at least one label pair required"),
            (r#"{"labels":{"":"a"}}"#, "invalid label set: invalid name \"\""),
            (
                r#"{"labels":{"a":"b"},"annotations":{"":""}}"#,
                "invalid annotations: invalid name \"\"",
            ),
            (
                r#"{"labels":{"a":"b"},"startsAt":"2026-01-02","endsAt":"2026-01-01"}"#,
                "start time must be before end time",
            ),
        ] {
            assert_eq!(alert(json).map_err(|(_, error)| error).unwrap_err(), message, "{json}");
        }
        assert!(alert(r#"{"labels":{"a":"b","00":"b","Σ":"c","🙂":"dΘ"}}"#).is_ok());
        let large = format!(r#"{{"labels":{{"a":"{}"}}}}"#, "b".repeat(10_000));
        assert!(alert(&large).is_err());
    }

    #[test]
    fn alerts_of_another_form_are_named() {
        for (json, message) in [
            (r#"[{"labels":{}},{}]"#, "1.labels in body is required"),
            (
                r#"[{"labels":{},"generatorURL":"no url"}]"#,
                "0.generatorURL in body must be of type uri: \"no url\"",
            ),
        ] {
            let alerts: Vec<PostableAlert> = serde_json::from_str(json).unwrap();
            assert_eq!(check_alerts(&alerts).unwrap_err().to_string(), message);
        }
        let json = r#"[{"labels":{},"generatorURL":"http://a:9090/graph?g0.expr=up&g0.tab=1"}]"#;
        assert_eq!(check_alerts(&serde_json::from_str::<Vec<_>>(json).unwrap()), Ok(()));
    }
}
