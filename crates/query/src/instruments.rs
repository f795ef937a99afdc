//! Histograms of queries, for the metrics of the process.

use std::time::Duration;

use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use crate::QueryError;

/// The language of a query, or of the API for names and values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    Promql,
    Logql,
    Traceql,
    Sql,
}

impl Language {
    fn name(self) -> &'static str {
        match self {
            Self::Promql => "promql",
            Self::Logql => "logql",
            Self::Traceql => "traceql",
            Self::Sql => "sql",
        }
    }
}

type Labels = [(&'static str, &'static str); 2];

/// Durations of queries. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Instruments {
    duration: Family<Labels, Histogram, fn() -> Histogram>,
}

impl Default for Instruments {
    fn default() -> Self {
        // From a millisecond to a minute.
        let durations = || Histogram::new(exponential_buckets(0.001, 2.0, 17));
        Self { duration: Family::new_with_constructor(durations) }
    }
}

impl Instruments {
    /// A query has ended.
    pub(crate) fn ended<T>(
        &self,
        language: Language,
        duration: Duration,
        answer: &Result<T, QueryError>,
    ) {
        let labels = [("language", language.name()), ("outcome", outcome(answer))];
        self.duration.get_or_create(&labels).observe(duration.as_secs_f64());
    }

    /// Registers them with the metrics of the process.
    pub(crate) fn register(&self, registry: &mut Registry) {
        let help = "Queries from their arrival to their answer";
        registry.register("glasshouse_query_duration_seconds", help, self.duration.clone());
    }
}

fn outcome<T>(answer: &Result<T, QueryError>) -> &'static str {
    match answer {
        Ok(_) => "answered",
        Err(QueryError::Invalid(_) | QueryError::Execution(_) | QueryError::Unsupported(_)) => {
            "invalid"
        }
        Err(QueryError::TooLarge(_)) => "too_large",
        Err(QueryError::Timeout(_)) => "timeout",
        Err(QueryError::Busy(_)) => "busy",
        Err(QueryError::Store(_) | QueryError::Internal(_)) => "failed",
    }
}
