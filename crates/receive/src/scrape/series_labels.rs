//! The labels that a scraped series is stored with.

use signals::Labels;
use signals::metric::NAME_LABEL;

use super::page::{PageError, SampleOptions};

/// The labels of a page and of its target. Without `honors_labels`, labels of the page that the
/// target has, too, get the prefix `exported_`.
pub(super) fn merge(scraped: &Labels, target: &Labels, honors_labels: bool) -> Labels {
    if honors_labels {
        let of_target = target.iter().filter(|(name, _)| scraped.get(name).is_none());
        return Labels::from_pairs(of_target.chain(scraped.iter()));
    }
    let (mut renamed, kept): (Vec<_>, Vec<_>) =
        scraped.iter().partition(|(name, _)| target.get(name).is_some());
    let kept = target.iter().chain(kept).map(|(name, value)| (name.to_owned(), value));
    let mut pairs: Vec<(String, &str)> = kept.collect();
    // Short names first, so that fewer prefixes are needed.
    renamed.sort_by_key(|(name, _)| name.len());
    for (name, value) in renamed {
        let mut name = name.to_owned();
        while pairs.iter().any(|(taken, _)| *taken == name) {
            name.insert_str(0, "exported_");
        }
        pairs.push((name, value));
    }
    Labels::from_pairs(pairs)
}

/// Checks names and limits of a series.
///
/// # Errors
/// Prometheus' message.
pub(super) fn check(labels: &Labels, options: &SampleOptions) -> Result<(), PageError> {
    let metric = labels.metric_name();
    if metric.is_empty() {
        let message = format!("missing metric name ({NAME_LABEL} label)");
        return Err(PageError::Labels(message));
    }
    let names = options.names;
    let is_name = |name: &str| name == NAME_LABEL || names.is_label_name(name);
    if !names.is_metric_name(metric) || !labels.iter().all(|(name, _)| is_name(name)) {
        return Err(PageError::Labels(format!("invalid metric name or label names: {labels:?}")));
    }
    let limits = options.limits;
    let count = labels.len();
    if limits.labels > 0 && count > limits.labels {
        return Err(PageError::Labels(format!(
            "label_limit exceeded (metric: {metric:.50}, number of labels: {count}, limit: {})",
            limits.labels
        )));
    }
    for (name, value) in labels.iter() {
        for (what, text, limit) in
            [("name", name, limits.label_name_bytes), ("value", value, limits.label_value_bytes)]
        {
            if limit > 0 && text.len() > limit {
                return Err(PageError::Labels(format!(
                    "label_{what}_length_limit exceeded (metric: {metric:.50}, label {what}: \
                     {text:.50}, length: {}, limit: {limit})",
                    text.len()
                )));
            }
        }
    }
    Ok(())
}
