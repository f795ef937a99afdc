//! Expands the templates of settings with the data of one notification.

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::time::Duration;

use serde_json::{Map, Value as Json};
use template::alertmanager::{Alert, Data, Expander, RouteLabels, Status};
use template::{Error, Limits, Run, Value};
use tokio::time::Instant;

use crate::harmless::{self, Write};
use crate::notification::{Failure, Notification};
use crate::templates::Shared;
use crate::truncate;

/// Bounds of the expansion of one setting.
const LIMITS: Limits = Limits { text_bytes: 1 << 20, steps: 5_000_000, output_bytes: 16 << 20 };
/// How long the expansions of one notification may take together.
const TIME_MAX: Duration = Duration::from_secs(5);
/// Alerts, and characters of each value, that a text shows which exceeds its bounds otherwise.
const ALERTS_FEW: usize = 100;
const VALUE_CHARS_FEW: usize = 1000;

/// The texts of one notification.
pub(crate) struct Texts<'a> {
    shared: &'a Shared,
    notification: &'a Notification,
    seen: Seen,
    /// What our own templates see, if values are written differently for the receiver.
    harmless: Option<Seen>,
    route_labels: RouteLabels,
    deadline: Instant,
}

/// What templates see.
struct Seen {
    data: Data,
    value: Value,
    /// Less of it, once it is needed.
    few: OnceLock<Value>,
}

impl Seen {
    fn new(data: Data) -> Self {
        Self { value: data.to_value(), data, few: OnceLock::new() }
    }

    /// Less of the data if it is large: a message that leaves something out is better than none.
    fn few(&self) -> Option<&Value> {
        let is_long = |labels: &BTreeMap<String, String>| {
            labels.values().any(|value| value.len() > VALUE_CHARS_FEW)
        };
        let alerts = &self.data.alerts;
        let is_large = alerts.len() > ALERTS_FEW
            || alerts.iter().any(|alert| is_long(&alert.labels) || is_long(&alert.annotations));
        is_large.then(|| self.few.get_or_init(|| few(&self.data).to_value()))
    }
}

fn few(data: &Data) -> Data {
    let alerts = data.alerts.iter().take(ALERTS_FEW).cloned().collect();
    let few = Data { alerts, ..data.clone() };
    harmless::data(&few, |value| truncate::to_chars(value.to_owned(), VALUE_CHARS_FEW))
}

impl<'a> Texts<'a> {
    /// The texts of a notification of these alerts.
    pub(crate) fn new(
        shared: &'a Shared,
        notification: &'a Notification,
        alerts: &[Alert],
        write: Option<Write>,
    ) -> Self {
        let group_labels = notification.group_labels.clone();
        let data = Data {
            notification_reason: notification.reason.clone(),
            external_url: shared.external_url.clone(),
            route_labels: notification.route_labels.clone(),
            ..Data::new(&notification.receiver, group_labels, alerts.to_vec())
        };
        let values = notification.route_labels.clone();
        let mut texts = Self {
            shared,
            notification,
            seen: Seen::new(data),
            harmless: None,
            route_labels: RouteLabels { values, are_rendered: false },
            deadline: Instant::now() + TIME_MAX,
        };
        texts.render_route_labels();
        texts.harmless = write.map(|write| Seen::new(harmless::data(texts.data(), write)));
        texts
    }

    /// Route labels are templates, too. One that fails is left out, as in Alertmanager.
    fn render_route_labels(&mut self) {
        let labels = &self.notification.route_labels;
        if labels.is_empty() {
            return;
        }
        let rendered = labels.iter().filter_map(|(name, template)| {
            let rendered = self.expand(&self.seen, |expander| expander.text(template));
            Some((name.clone(), rendered.ok()?))
        });
        let values: BTreeMap<_, _> = rendered.collect();
        let data = Data { route_labels: values.clone(), ..self.seen.data.clone() };
        self.seen = Seen::new(data);
        self.route_labels = RouteLabels { values, are_rendered: true };
    }

    /// Expands with what is seen; with less of it if that fails and it is large.
    fn expand(
        &self,
        seen: &Seen,
        expand: impl Fn(&Expander<'_>) -> Result<String, Error>,
    ) -> Result<String, Failure> {
        let is_cancelled = || Instant::now() > self.deadline;
        let all = Expander {
            templates: self.shared.templates(),
            data: &seen.value,
            route_labels: &self.route_labels,
            now_ns: self.notification.now_ns,
            run: Run { limits: LIMITS, is_cancelled: &is_cancelled },
        };
        let expanded = expand(&all).or_else(|error| match seen.few() {
            Some(data) => expand(&Expander { data, ..all }).map_err(|_| error),
            None => Err(error),
        });
        expanded.map_err(|error| Failure::permanent(error.to_string()))
    }

    /// What a setting sees: other values if it does nothing but call a template of ours.
    fn seen_by(&self, setting: &str) -> &Seen {
        let harmless = self.harmless.as_ref().filter(|_| self.shared.is_ours(setting));
        harmless.unwrap_or(&self.seen)
    }

    /// What templates see.
    pub(crate) fn data(&self) -> &Data {
        &self.seen.data
    }

    /// The text of a setting.
    ///
    /// # Errors
    /// Go's message.
    pub(crate) fn text(&self, setting: &str) -> Result<String, Failure> {
        self.expand(self.seen_by(setting), |expander| expander.text(setting))
    }

    /// The document of a setting.
    ///
    /// # Errors
    /// Go's message.
    pub(crate) fn html(&self, setting: &str) -> Result<String, Failure> {
        self.expand(self.seen_by(setting), |expander| expander.html(setting))
    }

    /// The text of a setting if values were written so.
    ///
    /// # Errors
    /// Go's message.
    pub(crate) fn text_with(&self, setting: &str, write: Write) -> Result<String, Failure> {
        let seen = Seen::new(harmless::data(self.data(), write));
        self.expand(&seen, |expander| expander.text(setting))
    }

    /// The value of a setting, of which each text and each key is a template. A text that is YAML
    /// of another type than text becomes a value of that type.
    ///
    /// # Errors
    /// Go's message.
    pub(crate) fn json(&self, setting: &Json) -> Result<Json, Failure> {
        match setting {
            Json::String(template) => {
                let text = self.text(template)?;
                match adopt::yaml_to_json(&text) {
                    None | Some(Json::String(_)) => Ok(Json::String(text)),
                    Some(value) => Ok(value),
                }
            }
            Json::Array(items) => items.iter().map(|item| self.json(item)).collect(),
            Json::Object(entries) => {
                let entries = entries.iter().map(|(key, value)| (key.as_str(), value));
                Ok(Json::Object(self.object(entries)?))
            }
            other => Ok(other.clone()),
        }
    }

    fn object<'j>(
        &self,
        entries: impl Iterator<Item = (&'j str, &'j Json)>,
    ) -> Result<Map<String, Json>, Failure> {
        entries.map(|(key, value)| Ok((self.text(key)?, self.json(value)?))).collect()
    }

    /// Values by names, which are no templates.
    ///
    /// # Errors
    /// Go's message.
    pub(crate) fn values(&self, settings: &[(String, Json)]) -> Result<Map<String, Json>, Failure> {
        settings.iter().map(|(name, value)| Ok((name.clone(), self.json(value)?))).collect()
    }

    /// Whether an alert is firing.
    pub(crate) fn is_firing(&self) -> bool {
        self.data().status == Status::Firing
    }

    /// The notification.
    pub(crate) fn notification(&self) -> &'a Notification {
        self.notification
    }

    /// The hash by which other systems recognise the group.
    pub(crate) fn key(&self) -> String {
        crate::hash::sha256(&self.notification.group_key)
    }
}
