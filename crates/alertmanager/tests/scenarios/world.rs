//! What tests have in common: a configuration, alerts in short, and what was sent in short.
//!
//! Times are seconds since the start, which is far from 1970.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::sync::Arc;

use adopt::Files;
use adopt::alertmanager::{Config, load};
use alertmanager::api::{ApiTime, LabelSet, Matcher, PostableAlert, PostableSilence};
use alertmanager::{Configuration, Limits, SimulatedNotification, Simulation};
use signals::Timestamp;
use template::alertmanager::{Status, Templates};

/// The start of all tests.
pub(crate) const START: Timestamp = 1_787_404_800 * 1_000_000_000;

/// A time, from seconds.
pub(crate) fn at(seconds: f64) -> Timestamp {
    START + (seconds * 1e9).round() as i64
}

/// Seconds, from a time.
pub(crate) fn seconds(time: Timestamp) -> f64 {
    (time - START) as f64 / 1e9
}

struct Memory(String);

impl Files for Memory {
    fn read(&self, _: &Path) -> io::Result<Vec<u8>> {
        Ok(self.0.clone().into())
    }

    fn names(&self, _: &Path) -> io::Result<Vec<OsString>> {
        Ok(Vec::new())
    }

    fn exists(&self, _: &Path) -> bool {
        false
    }

    fn variable(&self, _: &str) -> Option<String> {
        None
    }
}

pub(crate) fn config(text: &str) -> Config {
    load(Path::new("alertmanager.yml"), &Memory(text.to_owned())).unwrap()
}

pub(crate) fn configuration(text: &str) -> Configuration {
    Configuration {
        config: Arc::new(config(text)),
        templates: Arc::new(Templates::default()),
        external_url: "http://alerts".to_owned(),
    }
}

/// A receiver `default` with one webhook, and the given settings of the root route.
pub(crate) fn one_webhook(route: &str) -> String {
    format!(
        "route: {{receiver: default, {route}}}\n\
         receivers: [{{name: default, webhook_configs: [{{url: http://a}}]}}]\n"
    )
}

/// Alerts and receivers.
pub(crate) struct World {
    pub(crate) simulation: Simulation,
    pub(crate) sent: Vec<SimulatedNotification>,
}

impl World {
    pub(crate) fn new(text: &str) -> Self {
        Self::with(text, Limits::default())
    }

    pub(crate) fn with(text: &str, limits: Limits) -> Self {
        Self { simulation: Simulation::new(configuration(text), limits, START), sent: Vec::new() }
    }

    /// Moves the clock.
    pub(crate) fn until(&mut self, seconds: f64) -> &mut Self {
        let sent = self.simulation.advance_to(at(seconds));
        self.sent.extend(sent);
        self
    }

    /// Posts alerts at a time.
    pub(crate) fn push(&mut self, seconds: f64, alerts: &[PostableAlert]) -> &mut Self {
        self.until(seconds);
        assert_eq!(self.simulation.receive(alerts.to_vec()), alertmanager::Receipt::default());
        self
    }

    /// Creates a silence at a time; returns its id.
    pub(crate) fn silence(
        &mut self,
        seconds: f64,
        (start, end): (f64, f64),
        matchers: &[&str],
    ) -> String {
        self.until(seconds);
        self.simulation.set_silence(silence((start, end), matchers)).unwrap()
    }

    /// What was sent: `time receiver: alerts`.
    pub(crate) fn sent(&self) -> Vec<String> {
        self.sent.iter().map(shown).collect()
    }
}

/// A notification in short: `2 default/webhook[0]: test1@1 test2@1-3`, with starts and ends.
pub(crate) fn shown(sent: &SimulatedNotification) -> String {
    let alerts = sent.notification.alerts.iter().map(|alert| {
        let labels: Vec<&str> = alert.labels.values().map(String::as_str).collect();
        let annotations: Vec<String> =
            alert.annotations.values().map(|value| format!("[{value}]")).collect();
        let annotations = annotations.concat();
        let end = match alert.status {
            Status::Firing => String::new(),
            Status::Resolved => format!("-{}", seconds(alert.ends_at.nanos())),
        };
        format!("{}{annotations}@{}{end}", labels.join(","), seconds(alert.starts_at.nanos()))
    });
    let alerts: Vec<String> = alerts.collect();
    format!("{} {}: {}", seconds(sent.at), sent.integration, alerts.join(" "))
}

/// An alert with labels such as `alertname=test`.
pub(crate) fn alert(labels: &[&str]) -> PostableAlert {
    let pairs = labels.iter().map(|label| label.split_once('=').unwrap());
    let labels: LabelSet = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    PostableAlert { labels: Some(labels), ..PostableAlert::default() }
}

/// Further settings of alerts.
pub(crate) trait Settings {
    /// The alert starts at a time.
    fn from(self, start: f64) -> Self;
    /// The alert ends at a time.
    fn to(self, end: f64) -> Self;
    /// The alert has an annotation.
    fn annotated(self, value: &str) -> Self;
}

impl Settings for PostableAlert {
    fn from(self, start: f64) -> Self {
        Self { starts_at: Some(ApiTime(at(start))), ..self }
    }

    fn to(self, end: f64) -> Self {
        Self { ends_at: Some(ApiTime(at(end))), ..self }
    }

    fn annotated(self, value: &str) -> Self {
        let annotations = BTreeMap::from([("ann".to_owned(), value.to_owned())]);
        Self { annotations: Some(annotations), ..self }
    }
}

/// A silence with matchers such as `a=b` and `a=~b`.
pub(crate) fn silence((start, end): (f64, f64), matchers: &[&str]) -> PostableSilence {
    let matcher = |text: &&str| {
        let (name, value, is_regex) = match text.split_once("=~") {
            Some((name, value)) => (name, value, true),
            None => text.split_once('=').map(|(name, value)| (name, value, false)).unwrap(),
        };
        let (name, value) = (name.to_owned(), value.to_owned());
        Matcher { is_equal: true, is_regex, name, value }
    };
    PostableSilence {
        matchers: Some(matchers.iter().map(matcher).collect()),
        starts_at: Some(ApiTime(at(start))),
        ends_at: Some(ApiTime(at(end))),
        created_by: Some("tester".to_owned()),
        comment: Some("a test".to_owned()),
        ..PostableSilence::default()
    }
}
