//! Warnings and infos of a query, worded as in Prometheus, each with its position in the text.

use std::collections::BTreeSet;

use lang::promql::{Span, quote};

/// The annotations so far, each text once.
#[derive(Debug, Default)]
pub(crate) struct Annotations {
    warnings: BTreeSet<String>,
    infos: BTreeSet<String>,
}

/// Maximum number of different annotations of each kind.
const NOTES_MAX: usize = 100;

impl Annotations {
    pub(crate) fn warn(&mut self, text: &str, span: Span, message: &str) {
        Self::insert(&mut self.warnings, "warning", text, span, message);
    }

    pub(crate) fn info(&mut self, text: &str, span: Span, message: &str) {
        Self::insert(&mut self.infos, "info", text, span, message);
    }

    fn insert(set: &mut BTreeSet<String>, kind: &str, text: &str, span: Span, message: &str) {
        if set.len() < NOTES_MAX {
            let (line, column) = span.line_and_column(text);
            set.insert(format!("PromQL {kind}: {message} ({line}:{column})"));
        }
    }

    pub(crate) fn into_parts(self) -> (Vec<String>, Vec<String>) {
        (self.warnings.into_iter().collect(), self.infos.into_iter().collect())
    }
}

/// ` for metric name "x"`, or nothing when the metric has no name.
pub(crate) fn for_metric(name: &str) -> String {
    if name.is_empty() { String::new() } else { format!(" for metric name {}", quote(name)) }
}
