//! `file_sd_configs`: groups in JSON and YAML files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use adopt::prometheus as config;
use adopt::{Files as _, SystemFiles};

use super::{TargetGroup, Updates, pause, read_groups};

/// The label with the file of a target.
const FILE_LABEL: &str = "__meta_filepath";
/// Interval between looks at the files; a change is found in this time.
const WATCH_INTERVAL: Duration = Duration::from_secs(5);

/// Reads files again when they change.
#[derive(Debug)]
pub(super) struct FileDiscovery {
    config: config::FileDiscovery,
    files: BTreeMap<PathBuf, File>,
}

/// A file as it was read last.
#[derive(Debug)]
struct File {
    version: Version,
    groups: Vec<TargetGroup>,
}

/// What differs between two versions of a file.
type Version = (Option<SystemTime>, u64);

impl FileDiscovery {
    pub(super) fn new(config: config::FileDiscovery) -> Self {
        Self { config, files: BTreeMap::new() }
    }

    pub(super) async fn run(mut self, updates: Updates) {
        let interval = self.config.refresh_interval.min(WATCH_INTERVAL);
        loop {
            let log = updates.clone();
            let Ok((files, is_changed)) = tokio::task::spawn_blocking(move || {
                let is_changed = self.refresh(&log);
                (self, is_changed)
            })
            .await
            else {
                return;
            };
            self = files;
            if is_changed {
                let groups = self.files.values().flat_map(|file| file.groups.clone()).collect();
                if !updates.send(groups).await {
                    return;
                }
            } else if updates.sender.is_closed() {
                return;
            }
            pause(interval).await;
        }
    }

    /// Reads what changed; returns whether anything did. A file that cannot be read keeps its last
    /// groups; one that is gone has none.
    fn refresh(&mut self, log: &Updates) -> bool {
        let mut paths = Vec::new();
        for pattern in &self.config.files {
            match adopt::matching_files(pattern, &SystemFiles) {
                Ok(found) => paths.extend(found),
                Err(error) => log.warn("file", &error),
            }
        }
        let known = self.files.len();
        self.files.retain(|path, _| paths.contains(path));
        let mut is_changed = self.files.len() < known;
        for path in paths {
            let Ok(metadata) = std::fs::metadata(&path) else { continue };
            let version = (metadata.modified().ok(), metadata.len());
            if self.files.get(&path).is_some_and(|file| file.version == version) {
                continue;
            }
            match read(&path) {
                Ok(groups) => {
                    is_changed = true;
                    self.files.insert(path, File { version, groups });
                }
                Err(error) => {
                    log.warn("file", &error);
                    if let Some(file) = self.files.get_mut(&path) {
                        file.version = version;
                    }
                }
            }
        }
        is_changed
    }
}

fn read(path: &Path) -> Result<Vec<TargetGroup>, String> {
    let text = SystemFiles.read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    read_groups(text, FILE_LABEL, &path.display().to_string())
}
