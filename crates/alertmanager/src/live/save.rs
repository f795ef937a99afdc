//! Saves changes: all that have come while the previous ones were written, with one sync.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::Shared;
use crate::alertmanager::Snapshot;
use crate::journal::Journal;
use crate::metrics::Metrics;

/// After which time it is tried again to save what could not be saved.
const RETRY: Duration = Duration::from_secs(5);

/// How much is on disk.
#[derive(Debug, Clone, Default)]
pub(super) struct Saved {
    /// The changes up to this number are, unless there is an error.
    pub(super) changes: u64,
    /// Why the last changes are not on disk.
    pub(super) error: Option<String>,
}

enum Work {
    Lines(Vec<u8>),
    Snapshot(Snapshot),
}

/// Saves until it is told to stop, and then once more.
pub(super) async fn run(
    shared: Arc<Shared>,
    mut journal: Journal,
    mut stop: watch::Receiver<bool>,
) {
    let mut has_failed = false;
    loop {
        let is_stopped = tokio::select! {
            () = shared.changed.notified() => false,
            () = shared.timer.sleep(RETRY), if has_failed => false,
            _ = stop.wait_for(|stop| *stop) => true,
        };
        let Some(saved) = save(&shared, journal, has_failed).await else { break };
        (journal, has_failed) = saved;
        if is_stopped {
            break;
        }
    }
    shared.publish(Saved { changes: u64::MAX, error: Some("the server stops".to_owned()) });
}

/// Saves once. Returns the journal, and whether that has failed.
async fn save(shared: &Shared, mut journal: Journal, has_failed: bool) -> Option<(Journal, bool)> {
    let (work, changes, metrics) = {
        let mut state = shared.state.lock();
        let changes = state.changes;
        let alertmanager = &mut state.alertmanager;
        let unsaved = alertmanager.take_unsaved();
        let needs_snapshot = has_failed || unsaved.is_incomplete || journal.is_large();
        let work = if needs_snapshot {
            Work::Snapshot(alertmanager.snapshot())
        } else {
            Work::Lines(unsaved.lines)
        };
        (work, changes, alertmanager.metrics().clone())
    };
    let mut result = Ok(());
    if !matches!(&work, Work::Lines(lines) if lines.is_empty()) {
        let written = tokio::task::spawn_blocking(move || {
            let result = write(&mut journal, &work, &metrics);
            (journal, result)
        });
        (journal, result) = written.await.ok()?;
    }
    let error = result.err().map(|error| error.to_string());
    if let Some(error) = &error {
        tracing::error!(error, "silences and notification log are not saved");
    }
    let has_failed = error.is_some();
    shared.publish(Saved { changes, error });
    Some((journal, has_failed))
}

fn write(journal: &mut Journal, work: &Work, metrics: &Metrics) -> io::Result<()> {
    let result = match work {
        Work::Lines(lines) => journal.append(lines),
        Work::Snapshot(snapshot) => journal.replace(&snapshot.bytes).inspect(|()| {
            let log_bytes = snapshot.bytes.len() - snapshot.silences_bytes;
            metrics.saved_snapshot(snapshot.silences_bytes, log_bytes);
        }),
    };
    if result.is_err() {
        metrics.not_saved();
    }
    result
}

impl Shared {
    fn publish(&self, now: Saved) {
        if let Some(saved) = &self.saved {
            saved.send_replace(now);
        }
    }
}
