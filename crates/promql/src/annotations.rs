//! Warnings and infos of a query, worded as in Prometheus, each with its position in the text.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat};
use lang::promql::{Span, quote};

use crate::text::{general, two_digits};

/// The annotations so far, each message once, at the position where it occurred last.
#[derive(Debug, Default)]
pub(crate) struct Annotations {
    warnings: BTreeMap<String, Note>,
    infos: BTreeMap<String, Note>,
}

/// Maximum number of different annotations of each kind.
const NOTES_MAX: usize = 1_000;

#[derive(Debug)]
struct Note {
    span: Span,
    detail: Detail,
}

/// What is added to a message when the query is done.
#[derive(Debug)]
enum Detail {
    None,
    Monotonicity(Monotonicity),
    /// The number of occurrences.
    Occurrences(i64),
}

/// Buckets of classic histograms whose counts were raised to be monotonic.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Monotonicity {
    /// Lowest and highest bound, and the greatest difference.
    pub(crate) bounds: (f64, f64),
    pub(crate) difference_max: f64,
    /// First and last step.
    pub(crate) times_ms: (i64, i64),
    /// Number of samples as Prometheus counts them.
    pub(crate) samples: i64,
}

impl Monotonicity {
    /// Adds another one.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.bounds = (self.bounds.0.min(other.bounds.0), self.bounds.1.max(other.bounds.1));
        self.difference_max = self.difference_max.max(other.difference_max);
        self.times_ms =
            (self.times_ms.0.min(other.times_ms.0), self.times_ms.1.max(other.times_ms.1));
        self.samples = self.samples.wrapping_add(other.samples);
    }

    fn shown(&self) -> String {
        let time = |time_ms: i64| {
            DateTime::from_timestamp(time_ms / 1000, 0)
                .map(|time| time.to_rfc3339_opts(SecondsFormat::Secs, true))
                .unwrap_or_default()
        };
        format!(
            ", from buckets {} to {}, with a max diff of {}, over {} samples from {} to {}",
            general(self.bounds.0),
            general(self.bounds.1),
            two_digits(self.difference_max),
            self.samples,
            time(self.times_ms.0),
            time(self.times_ms.1),
        )
    }
}

impl Note {
    fn shown(&self, text: &str, kind: &str, message: &str) -> String {
        let (line, column) = self.span.line_and_column(text);
        let detail = match &self.detail {
            Detail::None | Detail::Occurrences(..=1) => String::new(),
            Detail::Monotonicity(monotonicity) => monotonicity.shown(),
            Detail::Occurrences(count) => format!(" ({count} occurrences)"),
        };
        format!("PromQL {kind}: {message}{detail} ({line}:{column})")
    }
}

impl Annotations {
    pub(crate) fn warn(&mut self, span: Span, message: &str) {
        Self::replace(&mut self.warnings, span, message);
    }

    pub(crate) fn info(&mut self, span: Span, message: &str) {
        Self::replace(&mut self.infos, span, message);
    }

    /// Counts an occurrence of a warning.
    pub(crate) fn count(&mut self, span: Span, message: &str) {
        if let Some(Note { detail: Detail::Occurrences(count), .. }) =
            self.warnings.get_mut(message)
        {
            *count = count.saturating_add(1);
        } else if self.warnings.len() < NOTES_MAX {
            let note = Note { span, detail: Detail::Occurrences(1) };
            self.warnings.insert(message.to_owned(), note);
        }
    }

    /// Adds raised buckets to those with the same message.
    pub(crate) fn raised(&mut self, span: Span, message: &str, new: Monotonicity) {
        if let Some(Note { detail: Detail::Monotonicity(all), .. }) = self.infos.get_mut(message) {
            all.merge(&new);
        } else if self.infos.len() < NOTES_MAX {
            let note = Note { span, detail: Detail::Monotonicity(new) };
            self.infos.insert(message.to_owned(), note);
        }
    }

    fn replace(notes: &mut BTreeMap<String, Note>, span: Span, message: &str) {
        if let Some(note) = notes.get_mut(message) {
            note.span = span;
        } else if notes.len() < NOTES_MAX {
            notes.insert(message.to_owned(), Note { span, detail: Detail::None });
        }
    }

    /// Warnings and infos with their positions in the query's text.
    pub(crate) fn into_parts(self, text: &str) -> (Vec<String>, Vec<String>) {
        let shown = |notes: BTreeMap<String, Note>, kind: &str| {
            let mut all: Vec<String> =
                notes.iter().map(|(message, note)| note.shown(text, kind, message)).collect();
            all.sort();
            all
        };
        (shown(self.warnings, "warning"), shown(self.infos, "info"))
    }
}

/// ` for metric name "x"`, or nothing when the metric has no name.
pub(crate) fn for_metric(name: &str) -> String {
    if name.is_empty() { String::new() } else { format!(" for metric name {}", quote(name)) }
}
