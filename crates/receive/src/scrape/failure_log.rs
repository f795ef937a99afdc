//! The file of `scrape_failure_log_file`: a line of JSON for each failed scrape.
//!
//! The fields are those of Prometheus. A reload opens the file again, so that it can be rotated.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::Arc;

use signals::Timestamp;
use signals::time::to_rfc3339;

/// An open file.
#[derive(Debug, Clone)]
pub(super) struct FailureLog(Arc<File>);

impl FailureLog {
    /// Opens the file, or creates it.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        // Opening a pipe waits for its reader.
        if std::fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
            return Err(io::Error::other("not a regular file"));
        }
        Ok(Self(Arc::new(OpenOptions::new().create(true).append(true).open(path)?)))
    }

    /// Appends a failed scrape.
    pub(super) async fn write(&self, at: Timestamp, job: &str, target: &str, error: &str) {
        let line = serde_json::json!({
            "time": to_rfc3339(at),
            "level": "ERROR",
            "msg": error,
            "job_name": job,
            "target": target,
        });
        let (file, line) = (Arc::clone(&self.0), format!("{line}\n"));
        // In one piece: other jobs may write to the same file.
        let written = tokio::task::spawn_blocking(move || (&*file).write_all(line.as_bytes()));
        if let Ok(Err(error)) = written.await {
            tracing::warn!(%error, "a failed scrape was not written to scrape_failure_log_file");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_regular_file_is_opened() {
        let folder = tempfile::tempdir().unwrap();
        assert!(FailureLog::open(&folder.path().join("new.log")).is_ok());
        assert!(FailureLog::open(&folder.path().join("new.log")).is_ok());
        for path in [folder.path(), Path::new("/dev/null")] {
            assert!(FailureLog::open(path).is_err(), "{}", path.display());
        }
    }
}
