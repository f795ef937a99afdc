//! An environment of series in memory, for unit tests of rules.

use std::sync::Arc;

use adopt::rules::Language;
use futures::FutureExt as _;
use futures::future::{BoxFuture, ready};
use parking_lot::Mutex;
use promql::memory::{self, Memory, Refused};
use promql::{PreparedQueries, Sample, Value};
use signals::Matcher;

use crate::Alert;
use crate::environment::{Appended, Environment, LastSample};

/// How far queries look back for a sample, in milliseconds.
const LOOKBACK_MS: i64 = 300_000;

/// Series in memory.
#[derive(Debug)]
pub(crate) struct InMemory {
    pub(crate) memory: Mutex<Memory>,
    settings: promql::Settings,
    prepared: Arc<PreparedQueries>,
    /// The alerts that were sent since they were last taken.
    pub(crate) sent: Mutex<Vec<Alert>>,
}

impl InMemory {
    /// No series, and room for so many samples.
    pub(crate) fn new(
        samples_max: usize,
        settings: promql::Settings,
        prepared: Arc<PreparedQueries>,
    ) -> Self {
        let memory = Mutex::new(Memory::new(samples_max));
        Self { memory, settings, prepared, sent: Mutex::default() }
    }

    /// The instant vector of a query.
    pub(crate) fn vector(&self, text: &str, time_ms: i64) -> Result<Vec<Sample>, String> {
        let prepared = self.prepared.get(text).map_err(|error| error.to_string())?;
        let query = prepared.at(time_ms, LOOKBACK_MS);
        let answer = self.memory.lock().answer(&query, &self.settings);
        vector(answer.map_err(|error| error.to_string())?.value)
    }
}

/// The vector that a rule makes of an answer.
///
/// # Errors
/// Prometheus' message, if it is neither a vector nor a number.
pub(crate) fn vector(value: Value) -> Result<Vec<Sample>, String> {
    match value {
        Value::Vector(samples) => Ok(samples),
        Value::Scalar { timestamp_ms, value } => {
            let labels = signals::Labels::empty();
            Ok(vec![Sample { labels, timestamp_ms, value, histogram: None }])
        }
        Value::Text { .. } | Value::Matrix(_) => {
            Err("rule result is not a vector or scalar".to_owned())
        }
    }
}

/// Stores samples of rules.
///
/// # Errors
/// That there are too many.
pub(crate) fn append(memory: &mut Memory, samples: Vec<Sample>) -> Result<Appended, String> {
    let mut appended = Appended::default();
    for (at, sample) in samples.into_iter().enumerate() {
        let value = sample.histogram.map_or(memory::Value::Number(sample.value), |histogram| {
            memory::Value::Histogram(histogram)
        });
        match memory.append(&sample.labels, sample.timestamp_ms, value) {
            Ok(()) => {}
            Err(full @ Refused::Full(_)) => return Err(full.to_string()),
            Err(refused) => {
                if appended.refused.is_empty() {
                    appended.reason = refused.to_string();
                }
                appended.refused.push(at);
            }
        }
    }
    Ok(appended)
}

impl Environment for InMemory {
    fn query<'a>(
        &'a self,
        language: Language,
        query: &'a str,
        time_ms: i64,
    ) -> BoxFuture<'a, Result<Vec<Sample>, String>> {
        ready(match language {
            Language::PromQl => self.vector(query, time_ms),
            Language::LogQl => Err("there are no log lines in memory".to_owned()),
        })
        .boxed()
    }

    fn append(&self, samples: Vec<Sample>) -> BoxFuture<'_, Result<Appended, String>> {
        ready(append(&mut self.memory.lock(), samples)).boxed()
    }

    fn last_samples(
        &self,
        matchers: Vec<Matcher>,
        start_ms: i64,
        end_ms: i64,
    ) -> BoxFuture<'_, Result<Vec<LastSample>, String>> {
        let last = self.memory.lock().last_numbers(&matchers, start_ms, end_ms).into_iter();
        let sample = |(labels, timestamp_ms, value)| LastSample { labels, timestamp_ms, value };
        ready(Ok(last.map(sample).collect())).boxed()
    }

    fn send(&self, _expr: &str, alerts: Vec<Alert>) {
        self.sent.lock().extend(alerts);
    }
}
