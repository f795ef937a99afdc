//! What an evaluation needs from outside.

use adopt::rules::Language;
use futures::future::BoxFuture;
use promql::Sample;
use signals::{Labels, Matcher};

use crate::Alert;

/// The last sample of a series in a range of time.
#[derive(Debug, Clone, PartialEq)]
pub struct LastSample {
    /// The series.
    pub labels: Labels,
    /// When, in milliseconds since 1970.
    pub timestamp_ms: i64,
    /// The value; it may be the staleness marker.
    pub value: f64,
}

/// What became of appended samples.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Appended {
    /// Positions of the samples that were refused, ascending.
    pub refused: Vec<usize>,
    /// Why the first of them was.
    pub reason: String,
}

/// Queries, storage, and the recipient of alerts.
pub trait Environment: Send + Sync {
    /// The instant vector of a query; a scalar is a vector of one sample without labels.
    fn query<'a>(
        &'a self,
        language: Language,
        query: &'a str,
        time_ms: i64,
    ) -> BoxFuture<'a, Result<Vec<Sample>, String>>;

    /// Stores samples, staleness markers among them. An error means that none is stored.
    fn append(&self, samples: Vec<Sample>) -> BoxFuture<'_, Result<Appended, String>>;

    /// The last sample of each series between `start_ms` and `end_ms`.
    fn last_samples(
        &self,
        matchers: Vec<Matcher>,
        start_ms: i64,
        end_ms: i64,
    ) -> BoxFuture<'_, Result<Vec<LastSample>, String>>;

    /// Sends alerts of the rule with this expression that fire or are resolved.
    fn send(&self, expr: &str, alerts: Vec<Alert>);
}
