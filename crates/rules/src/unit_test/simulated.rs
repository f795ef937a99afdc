//! A server with the series of a test.

use std::collections::BTreeMap;
use std::iter::Peekable;
use std::sync::Arc;

use adopt::rules::unit_test::TestGroup;
use promql::Sample;
use promql::memory::Value;
use promql::notation::{self, Sequence};
use signals::Labels;
use signals::time::ManualClock;

use super::text;
use promql::PreparedQueries;

use crate::in_memory::InMemory;
use crate::rule::milliseconds;
use crate::statistics::Statistics;
use crate::{Environment, Group, Settings};

/// Maximum number of samples of a test.
const SAMPLES_MAX: usize = 10_000_000;

/// A server, and the samples that it does not have yet.
pub(super) struct Simulated {
    environment: Arc<InMemory>,
    shared: Arc<dyn Environment>,
    settings: Arc<Settings>,
    clock: ManualClock,
    statistics: Statistics,
    pending: BTreeMap<Labels, Pending>,
    interval_ms: i64,
}

/// The rest of a series.
struct Pending {
    values: Peekable<Sequence>,
    next_ms: i64,
}

impl Simulated {
    /// # Errors
    /// Why a series cannot be read.
    pub(super) fn new(
        test: &TestGroup,
        queries: promql::Settings,
        prepared: &Arc<PreparedQueries>,
    ) -> Result<Self, String> {
        let mut pending = BTreeMap::new();
        for series in &test.input_series {
            let line = format!("{} {}", series.series, series.values);
            let (labels, values) = notation::series(line.trim())?;
            // A series that is given twice is what the last says.
            let values = values.peekable();
            pending.insert(labels, Pending { values, next_ms: test.start_ms });
        }
        let environment = Arc::new(InMemory::new(SAMPLES_MAX, queries, Arc::clone(prepared)));
        Ok(Self {
            shared: Arc::clone(&environment) as Arc<dyn Environment>,
            environment,
            settings: Arc::new(Settings {
                external_labels: test.external_labels.clone(),
                external_url: test.external_url.clone(),
                ..Settings::default()
            }),
            clock: ManualClock::default(),
            statistics: Statistics::default(),
            pending,
            interval_ms: milliseconds(test.interval),
        })
    }

    /// Stores the samples until a time: rules that look ahead see no others.
    ///
    /// # Errors
    /// Why a sample is not stored.
    pub(super) fn load_until(&mut self, time_ms: i64) -> Result<(), String> {
        let mut memory = self.environment.memory.lock();
        for (labels, pending) in &mut self.pending {
            while pending.next_ms <= time_ms
                && let Some(value) = pending.values.next()
            {
                let at_ms = pending.next_ms;
                pending.next_ms = at_ms.saturating_add(self.interval_ms);
                let value = match value {
                    notation::Value::Missing => continue,
                    notation::Value::Number(value) => Value::Number(value),
                    notation::Value::Histogram { histogram, .. } => Value::Histogram(histogram),
                };
                memory.append(labels, at_ms, value).map_err(|error| error.to_string())?;
            }
        }
        self.pending.retain(|_, pending| pending.values.peek().is_some());
        Ok(())
    }

    /// Evaluates all groups, one after the other. Returns the errors of rules.
    pub(super) async fn evaluate(&self, groups: &[Group], time_ms: i64) -> Vec<String> {
        let mut failures = Vec::new();
        for group in groups {
            let (settings, environment) = (&self.settings, &self.shared);
            group.evaluate(time_ms, settings, environment, &self.clock, &self.statistics).await;
            self.environment.sent.lock().clear();
            let state = group.state.lock();
            failures.extend(state.rules.iter().filter_map(|rule| {
                let (error, name) = (rule.last_error.as_ref()?, rule.rule.name());
                let at = text::go_duration(time_ms);
                Some(format!("    rule: {name}, time: {at}, err: {error}"))
            }));
        }
        failures
    }

    /// The result of a query.
    ///
    /// # Errors
    /// The message of the engine.
    pub(super) fn query(&self, query: &str, time_ms: i64) -> Result<Vec<Sample>, String> {
        self.environment.vector(query, time_ms)
    }
}
