//! Checks of names, with the messages of Prometheus.

use signals::metric::NAME_LABEL;
use signals::relabel::NameScheme;

/// What is wrong with the name of a recording rule; all that applies.
pub(super) fn record(name: &str, names: NameScheme) -> Vec<String> {
    let mut wrong = Vec::new();
    if !names.is_metric_name(name) {
        wrong.push(format!("invalid recording rule name: {name}"));
    }
    // A valid name, and nearly always an expression in the wrong place.
    if name.contains(['{', '}']) {
        wrong.push(format!(
            "braces present in the recording rule name; should it be in expr?: {name}"
        ));
    }
    wrong
}

/// What is wrong with the name of a label.
pub(super) fn label(name: &str, names: NameScheme) -> Option<String> {
    let is_valid = names.is_label_name(name) && name != NAME_LABEL;
    (!is_valid).then(|| format!("invalid label name: {name}"))
}

/// What is wrong with the name of an annotation.
pub(super) fn annotation(name: &str, names: NameScheme) -> Option<String> {
    (!names.is_label_name(name)).then(|| format!("invalid annotation name: {name}"))
}
