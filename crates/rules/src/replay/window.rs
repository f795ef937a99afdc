//! The results of one expression at many times.

use std::collections::HashMap;

use promql::{Sample, Series, Value};
use signals::Labels;

/// The results of an expression, by time.
#[derive(Debug, Default)]
pub(super) struct Window {
    query: String,
    results: HashMap<i64, Result<Vec<Sample>, String>>,
}

impl Window {
    pub(super) fn new(query: &str) -> Self {
        Self { query: query.to_owned(), results: HashMap::new() }
    }

    /// Takes the result of a query at a time, if it is here.
    pub(super) fn take(
        &mut self,
        query: &str,
        time_ms: i64,
    ) -> Option<Result<Vec<Sample>, String>> {
        if self.query != query {
            return None;
        }
        self.results.remove(&time_ms)
    }

    pub(super) fn insert(&mut self, time_ms: i64, result: Result<Vec<Sample>, String>) {
        self.results.insert(time_ms, result);
    }

    /// Adds the results of a range query at these times.
    pub(super) fn extend(&mut self, times: &[i64], series: Vec<Series>) {
        for time_ms in times {
            self.results.insert(*time_ms, Ok(Vec::new()));
        }
        for Series { labels, points, histograms } in series {
            for (timestamp_ms, value) in points {
                self.push(Sample { labels: labels.clone(), timestamp_ms, value, histogram: None });
            }
            for (timestamp_ms, histogram) in histograms {
                let (labels, histogram) = (labels.clone(), Some(histogram));
                self.push(Sample { labels, timestamp_ms, value: 0.0, histogram });
            }
        }
    }

    fn push(&mut self, sample: Sample) {
        if let Some(Ok(samples)) = self.results.get_mut(&sample.timestamp_ms) {
            samples.push(sample);
        }
    }
}

/// The series of a range query.
pub(super) fn series(value: Value) -> Result<Vec<Series>, String> {
    match value {
        Value::Matrix(series) => Ok(series),
        Value::Scalar { timestamp_ms, value } => Ok(vec![Series {
            labels: Labels::empty(),
            points: vec![(timestamp_ms, value)],
            histograms: Vec::new(),
        }]),
        Value::Vector(_) | Value::Text { .. } => {
            Err("rule result is not a vector or scalar".to_owned())
        }
    }
}
