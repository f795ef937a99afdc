//! Evaluation over series in memory.

mod clock;
mod compliance;
mod recording;
mod restoring;
mod running;
mod staleness;
mod states;
mod updates;

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use adopt::Files;
use adopt::rules::{Language, Options, RuleGroup};
use promql::memory::Value;
use promql::notation;
use signals::time::ManualClock;

use crate::in_memory::InMemory;
use crate::statistics::Statistics;
use crate::{Alert, AlertState, Environment, Group, Identity, Settings};

const MINUTE_MS: i64 = 60_000;

/// A file in memory.
struct Memory<'a>(&'a str);

impl Files for Memory<'_> {
    fn read(&self, _: &Path) -> io::Result<Vec<u8>> {
        Ok(self.0.as_bytes().to_vec())
    }

    fn names(&self, _: &Path) -> io::Result<Vec<OsString>> {
        Ok(Vec::new())
    }

    fn exists(&self, _: &Path) -> bool {
        true
    }

    fn variable(&self, _: &str) -> Option<String> {
        None
    }
}

/// The groups of a file.
fn groups(text: &str, are_restored: bool) -> Vec<Group> {
    let options = Options::new(Language::PromQl);
    let file = adopt::rules::load(Path::new("rules.yml"), &Memory(text), &options).unwrap();
    let group = |group: &RuleGroup| {
        let identity = Identity { file: file.file.clone(), name: group.name.clone() };
        let defaults = [Duration::from_secs(60), Duration::ZERO];
        Group::new(identity, group, Language::PromQl, defaults, are_restored)
    };
    file.groups.iter().map(group).collect()
}

/// A group whose rules are these lines.
fn group_of(keys: &str, rules: &[&str]) -> Group {
    let rules = rules.iter().map(|rule| format!("  - {rule}\n")).collect::<Vec<_>>().concat();
    groups(&format!("groups:\n- name: g\n{keys}  rules:\n{rules}"), true).remove(0)
}

/// A group that is evaluated by hand.
struct Server {
    environment: Arc<InMemory>,
    shared: Arc<dyn Environment>,
    settings: Arc<Settings>,
    clock: ManualClock,
    statistics: Statistics,
}

impl Server {
    /// Series with a value per minute.
    fn new(series: &[&str]) -> Self {
        Self::with_step(MINUTE_MS, series)
    }

    fn with_step(step_ms: i64, series: &[&str]) -> Self {
        let environment = InMemory::new(1_000_000, promql::Settings::default(), Arc::default());
        let environment = Arc::new(environment);
        let server = Self {
            shared: Arc::clone(&environment) as Arc<dyn Environment>,
            environment,
            settings: Arc::new(Settings::default()),
            clock: ManualClock::default(),
            statistics: Statistics::default(),
        };
        for line in series {
            let (labels, values) = notation::series(line).unwrap();
            for (at, value) in values.enumerate() {
                let value = match value {
                    notation::Value::Missing => continue,
                    notation::Value::Number(value) => Value::Number(value),
                    notation::Value::Histogram { histogram, .. } => Value::Histogram(histogram),
                };
                let time_ms = at as i64 * step_ms;
                server.environment.memory.lock().append(&labels, time_ms, value).unwrap();
            }
        }
        server
    }

    /// Evaluates a group. Returns the alerts that were sent.
    async fn evaluate_at(&self, group: &Group, time_ms: i64) -> Vec<Alert> {
        let (settings, environment) = (&self.settings, &self.shared);
        group.evaluate(time_ms, settings, environment, &self.clock, &self.statistics).await;
        std::mem::take(&mut self.environment.sent.lock())
    }

    async fn evaluate(&self, group: &Group, minute: i64) -> Vec<Alert> {
        self.evaluate_at(group, minute * MINUTE_MS).await
    }

    /// The samples of a query at a minute, as text, sorted.
    fn query(&self, query: &str, minute: i64) -> Vec<String> {
        let samples = self.environment.vector(query, minute * MINUTE_MS).unwrap();
        let text = |sample: &promql::Sample| {
            let value = sample.histogram.as_ref().map(|h| promql::histogram_text(h));
            format!("{:?} {}", sample.labels, value.unwrap_or(sample.value.to_string()))
        };
        let mut samples: Vec<String> = samples.iter().map(text).collect();
        samples.sort();
        samples
    }
}

/// A letter for each state: pending, firing, resolved.
fn letter(alert: &Alert) -> char {
    match alert.state {
        AlertState::Pending => 'P',
        AlertState::Firing => 'F',
        AlertState::Inactive => 'R',
    }
}

/// The states of all alerts of a rule.
fn letters(group: &Group, rule: usize) -> String {
    let state = group.state();
    let letters: String = state.rules[rule].alerts.active.values().map(letter).collect();
    if letters.is_empty() { "-".to_owned() } else { letters }
}

/// The error of a rule.
fn error(group: &Group, rule: usize) -> Option<String> {
    group.state().rules[rule].last_error.clone()
}
