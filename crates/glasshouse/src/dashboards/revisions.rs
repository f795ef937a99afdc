//! What dashboards were before their saves: a folder of files for each of them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use page_api::DashboardRevision;

/// Revisions that are kept of a dashboard.
const REVISIONS_MAX: usize = 50;

/// The folder of the revisions of all dashboards.
#[derive(Debug)]
pub(super) struct Revisions {
    folder: PathBuf,
}

impl Revisions {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Keeps a content, and removes the oldest ones over the limit.
    pub(super) fn keep(&self, uid: &str, content: &[u8], now_ms: i64) -> io::Result<()> {
        let folder = self.folder.join(uid);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(format!("{now_ms}.json")), content)?;
        for old in self.list(uid).into_iter().skip(REVISIONS_MAX) {
            fs::remove_file(folder.join(format!("{}.json", old.revision)))?;
        }
        Ok(())
    }

    /// All of a dashboard, newest first.
    pub(super) fn list(&self, uid: &str) -> Vec<DashboardRevision> {
        let Ok(entries) = fs::read_dir(self.folder.join(uid)) else { return Vec::new() };
        let revision = |path: &Path| {
            let name = path.file_stem()?.to_str()?.to_owned();
            Some(DashboardRevision { replaced_unix_ms: name.parse().ok()?, revision: name })
        };
        let mut all: Vec<_> =
            entries.flatten().filter_map(|entry| revision(&entry.path())).collect();
        all.sort_by_key(|revision| std::cmp::Reverse(revision.replaced_unix_ms));
        all
    }

    /// The content of one; `None` if there is none.
    pub(super) fn read(&self, uid: &str, revision: &str) -> Option<Vec<u8>> {
        // A number, and so not a path.
        let time: i64 = revision.parse().ok()?;
        fs::read(self.folder.join(uid).join(format!("{time}.json"))).ok()
    }
}
