//! Recording rules.

use std::collections::{BTreeMap, HashSet};

use promql::Sample;
use signals::Labels;
use signals::metric::NAME_LABEL;

/// A rule that stores the result of its expression as series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordingRule {
    /// The metric name of the series.
    pub record: String,
    /// Labels that the series get. An empty value removes a label.
    pub labels: BTreeMap<String, String>,
}

impl RecordingRule {
    /// The series that a result is stored as.
    ///
    /// # Errors
    /// Prometheus' message, if two samples become one series or there are more than `limit`.
    pub(crate) fn record(
        &self,
        mut result: Vec<Sample>,
        time_ms: i64,
        limit: Option<u64>,
    ) -> Result<Vec<Sample>, String> {
        let mut seen = HashSet::with_capacity(result.len());
        for sample in &mut result {
            let own = self.labels.iter().map(|(name, value)| (name.as_str(), value.as_str()));
            let all = sample.labels.iter().chain([(NAME_LABEL, self.record.as_str())]).chain(own);
            sample.labels = Labels::from_pairs(all);
            sample.timestamp_ms = time_ms;
            if !seen.insert(sample.labels.clone()) {
                return Err("vector contains metrics with the same labelset after applying rule \
                            labels"
                    .to_owned());
            }
        }
        match limit {
            Some(limit) if limit > 0 && result.len() as u64 > limit => {
                Err(format!("exceeded limit of {limit} with {} series", result.len()))
            }
            _ => Ok(result),
        }
    }
}
