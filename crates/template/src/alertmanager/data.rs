//! The data of a notification: what its templates and a webhook show.

use std::collections::BTreeMap;

use super::labels::kv;
use crate::call::{Method, Parameters, Returned};
use crate::go::time::Time;
use crate::value::{Field, TooDeep, Type, Value};

/// Labels or annotations.
type Labels = BTreeMap<String, String>;

/// Whether alerts are firing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// At least one is.
    Firing,
    /// None is.
    Resolved,
}

impl Status {
    /// As templates show it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Firing => "firing",
            Self::Resolved => "resolved",
        }
    }
}

/// An alert of a notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// Whether it is firing.
    pub status: Status,
    /// Its labels.
    pub labels: Labels,
    /// Its annotations.
    pub annotations: Labels,
    /// When it started.
    pub starts_at: Time,
    /// When it ended, or is expected to.
    pub ends_at: Time,
    /// Where it comes from.
    pub generator_url: String,
    /// The hash of its labels, in hexadecimal digits.
    pub fingerprint: String,
}

/// The data of a notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Data {
    /// The receiver, with characters that mean something in patterns escaped.
    pub receiver: String,
    /// Whether an alert is firing.
    pub status: Status,
    /// The alerts.
    pub alerts: Vec<Alert>,
    /// Why the notification is sent.
    pub notification_reason: String,
    /// The labels that the alerts are grouped by.
    pub group_labels: Labels,
    /// Labels that all alerts have.
    pub common_labels: Labels,
    /// Annotations that all alerts have.
    pub common_annotations: Labels,
    /// The labels of the route.
    pub route_labels: Labels,
    /// The URL under which users reach the server.
    pub external_url: String,
}

impl Data {
    /// The data of a group of alerts. Status and common labels follow from the alerts.
    pub fn new(receiver: &str, group_labels: Labels, alerts: Vec<Alert>) -> Self {
        let is_firing = alerts.iter().any(|alert| alert.status == Status::Firing);
        Self {
            receiver: regex_escaped(receiver),
            status: if is_firing { Status::Firing } else { Status::Resolved },
            common_labels: common(alerts.iter().map(|alert| &alert.labels)),
            common_annotations: common(alerts.iter().map(|alert| &alert.annotations)),
            group_labels,
            alerts,
            notification_reason: String::new(),
            route_labels: Labels::new(),
            external_url: String::new(),
        }
    }

    /// The value for templates.
    pub fn to_value(&self) -> Value {
        self.value().unwrap_or(Value::Nil)
    }

    fn value(&self) -> Result<Value, TooDeep> {
        let alerts = self.alerts.iter().map(Alert::value).collect::<Result<_, _>>()?;
        let fields = vec![
            self.receiver.as_str().into(),
            self.status.name().into(),
            Value::list(&ALERTS, alerts)?,
            self.notification_reason.as_str().into(),
            kv(&self.group_labels),
            kv(&self.common_labels),
            kv(&self.common_annotations),
            kv(&self.route_labels),
            self.external_url.as_str().into(),
        ];
        Value::structure(&DATA, fields)
    }
}

impl Alert {
    fn value(&self) -> Result<Value, TooDeep> {
        let fields = vec![
            self.status.name().into(),
            kv(&self.labels),
            kv(&self.annotations),
            Value::Time(self.starts_at.clone()),
            Value::Time(self.ends_at.clone()),
            self.generator_url.as_str().into(),
            self.fingerprint.as_str().into(),
        ];
        Value::structure(&ALERT, fields)
    }
}

/// The text with Go's special characters of patterns escaped.
fn regex_escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if r"\.+*?()|[]{}^$".contains(c) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// What all label sets have.
fn common<'a>(mut sets: impl Iterator<Item = &'a Labels>) -> Labels {
    let mut common = sets.next().cloned().unwrap_or_default();
    for set in sets {
        common.retain(|name, value| set.get(name) == Some(value));
    }
    common
}

const fn field(name: &'static str, json: &'static str) -> Field {
    Field { name, json }
}

/// `template.Data`
pub(super) static DATA: Type = Type {
    fields: &[
        field("Receiver", "receiver"),
        field("Status", "status"),
        field("Alerts", "alerts"),
        field("NotificationReason", "notification_reason"),
        field("GroupLabels", "groupLabels"),
        field("CommonLabels", "commonLabels"),
        field("CommonAnnotations", "commonAnnotations"),
        field("RouteLabels", "routeLabels"),
        field("ExternalURL", "externalURL"),
    ],
    ..Type::new("*template.Data")
};

/// `template.Alert`
pub(super) static ALERT: Type = Type {
    fields: &[
        field("Status", "status"),
        field("Labels", "labels"),
        field("Annotations", "annotations"),
        field("StartsAt", "startsAt"),
        field("EndsAt", "endsAt"),
        field("GeneratorURL", "generatorURL"),
        field("Fingerprint", "fingerprint"),
    ],
    ..Type::new("template.Alert")
};

/// `template.Alerts`
pub(super) static ALERTS: Type = Type {
    methods: &[
        Method {
            name: "Firing",
            parameters: Parameters::NONE,
            body: |_, alerts, _| with_status(alerts, Status::Firing),
        },
        Method {
            name: "Resolved",
            parameters: Parameters::NONE,
            body: |_, alerts, _| with_status(alerts, Status::Resolved),
        },
    ],
    ..Type::new("template.Alerts")
};

/// `[]template.Alert`
static ALERT_LIST: Type = Type::new("[]template.Alert");

fn with_status(alerts: &Value, status: Status) -> Returned {
    let has_status = |alert: &&Value| match alert {
        Value::Struct(alert) => {
            alert.field("Status").and_then(Value::as_text) == Some(status.name())
        }
        _ => false,
    };
    let alerts = alerts.items().iter().filter(has_status).cloned().collect();
    Ok(Value::list(&ALERT_LIST, alerts)?)
}
