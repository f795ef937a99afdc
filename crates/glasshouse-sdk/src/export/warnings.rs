//! Rate-limited log lines about export errors. They are written on the worker, whose lines are
//! never exported.

use super::{
    settings::Signal,
    statistics::{ExportStatistics, read},
};
use std::{borrow::Cow, error::Error, fmt::Write as _, sync::Arc, time::Duration};
use tokio::{sync::Notify, time::Instant};

/// The target of all log lines of the export.
pub(super) const TARGET: &str = "glasshouse_sdk::export";

/// Minimum interval between log lines with the same reason.
const PERIOD: Duration = Duration::from_secs(60);
/// Maximum number of distinct reasons remembered.
const REASONS: usize = 16;
/// Maximum length of a reason, in characters: it may come from the backend.
const REASON_LENGTH: usize = 300;

/// The reason of a failed request.
#[derive(Debug)]
pub(super) struct Fault {
    /// Identifies the reason for rate limiting; contains no text from the backend.
    pub(super) kind: Cow<'static, str>,
    /// The human-readable message.
    pub(super) detail: String,
}

impl Fault {
    pub(super) fn new(kind: impl Into<Cow<'static, str>>, detail: &str) -> Self {
        Self { kind: kind.into(), detail: printable(detail) }
    }

    /// An error with its causes.
    pub(super) fn caused(kind: impl Into<Cow<'static, str>>, error: &dyn Error) -> Self {
        let mut detail = error.to_string();
        let mut source = error.source();
        for _ in 0..6 {
            let Some(cause) = source else { break };
            let text = cause.to_string();
            if !detail.contains(&text) {
                // Writing to a string cannot fail.
                let _ = write!(detail, ": {text}");
            }
            source = cause.source();
        }
        Self::new(kind, &detail)
    }
}

/// External text, made safe for log lines.
pub(super) fn printable(text: &str) -> String {
    text.chars()
        .take(REASON_LENGTH)
        .map(|character| if character.is_control() { ' ' } else { character })
        .collect()
}

/// The recently logged reasons.
#[derive(Default)]
pub(super) struct LoggedReasons(Vec<(String, Instant)>);

impl LoggedReasons {
    /// Whether `kind` should be logged now.
    pub(super) fn is_new(&mut self, kind: &str) -> bool {
        let now = Instant::now();
        self.0.retain(|(_, at)| now.duration_since(*at) < PERIOD);
        if self.0.len() >= REASONS || self.0.iter().any(|(logged, _)| logged == kind) {
            return false;
        }
        self.0.push((kind.to_owned(), now));
        true
    }
}

/// Logs when a queue starts dropping items, then once per minute.
pub(super) async fn watch_drops(statistics: Arc<ExportStatistics>, dropped: Arc<Notify>) {
    let mut reported = [(Signal::Spans, 0), (Signal::Logs, 0)];
    loop {
        dropped.notified().await;
        for (signal, before) in &mut reported {
            let now = read(&statistics.of(*signal).dropped_queue_full);
            let lost = now.saturating_sub(*before);
            if lost > 0 {
                tracing::warn!(
                    target: TARGET,
                    signal = signal.as_str(),
                    dropped = lost,
                    dropped_total = now,
                    "the export queue is full: what does not fit is dropped"
                );
            }
            *before = now;
        }
        tokio::time::sleep(PERIOD).await;
    }
}
