//! Finds dashboards in folders. A file is read again only when it has changed.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use adopt::grafana::DashboardProvider;
use adopt::{Files as _, SystemFiles};
use page_api::{DashboardEntry, DashboardProblem};

use super::Folder;
use super::content::{self, Head};

/// Dashboards that are listed.
const DASHBOARDS_MAX: usize = 5_000;
/// Problems that are listed.
const PROBLEMS_MAX: usize = 100;
/// Larger files are problems.
const FILE_BYTES_MAX: u64 = 8 << 20;

/// What the files of all folders are.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Each with its file.
    pub(super) dashboards: Vec<(DashboardEntry, PathBuf)>,
    pub(super) problems: Vec<DashboardProblem>,
}

/// What was read of files.
#[derive(Debug, Default)]
pub(super) struct Scanner {
    read: HashMap<PathBuf, (Stamp, Content)>,
}

/// Changes when a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    bytes: u64,
}

#[derive(Debug, Clone)]
enum Content {
    Dashboard(Head, String),
    /// JSON of something else.
    Other,
    Broken(String),
}

impl Scanner {
    /// Looks at all folders; of two dashboards with one identifier the first is listed.
    pub(super) fn scan(&mut self, folders: &[Folder]) -> Found {
        let mut found = Found::default();
        let (mut seen, mut uids) = (HashSet::new(), HashSet::new());
        for Folder { path: folder, providers } in folders {
            for file in adopt::files_below(folder, &["json"], &SystemFiles).unwrap_or_default() {
                // Folders may lie within one another.
                if !seen.insert(file.clone()) || found.dashboards.len() >= DASHBOARDS_MAX {
                    continue;
                }
                let shown = file.display().to_string();
                let mut problem = |reason: String| {
                    if found.problems.len() < PROBLEMS_MAX {
                        found.problems.push(DashboardProblem { file: shown.clone(), reason });
                    }
                };
                match self.content(&file) {
                    Content::Broken(reason) => problem(reason),
                    Content::Other => {}
                    Content::Dashboard(head, version) => {
                        let uid = if head.uid.is_empty() { uid_of(&file) } else { head.uid };
                        if !uids.insert(uid.clone()) {
                            problem(format!("another file has a dashboard with the uid {uid:?}"));
                            continue;
                        }
                        let entry = DashboardEntry {
                            uid,
                            title: head.title,
                            tags: head.tags,
                            folder: shown_folder(folder, &file, providers),
                            file: shown,
                            version,
                            is_deletable: false,
                        };
                        found.dashboards.push((entry, file));
                    }
                }
            }
        }
        self.read.retain(|file, _| seen.contains(file));
        found.dashboards.sort_by(|(a, _), (b, _)| {
            (&a.folder, &a.title, &a.uid).cmp(&(&b.folder, &b.title, &b.uid))
        });
        found
    }

    fn content(&mut self, file: &Path) -> Content {
        let Ok(metadata) = fs::metadata(file) else { return Content::Other };
        let stamp = Stamp { modified: metadata.modified().ok(), bytes: metadata.len() };
        if let Some((known, content)) = self.read.get(file)
            && *known == stamp
        {
            return content.clone();
        }
        let content = read(file, metadata.len());
        self.read.insert(file.to_owned(), (stamp, content.clone()));
        content
    }
}

fn read(file: &Path, bytes: u64) -> Content {
    if bytes > FILE_BYTES_MAX {
        return Content::Broken(format!("larger than {FILE_BYTES_MAX} bytes"));
    }
    match SystemFiles.read(file) {
        Err(error) => Content::Broken(error.to_string()),
        Ok(bytes) => match content::head(&bytes) {
            Ok(Some(head)) => Content::Dashboard(head, version(&bytes)),
            Ok(None) => Content::Other,
            Err(error) => Content::Broken(format!("not valid JSON: {error}")),
        },
    }
}

/// A text that changes with the content, white space around it apart.
pub(super) fn version(content: &[u8]) -> String {
    hashed(content.trim_ascii())
}

fn hashed(value: impl Hash) -> String {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// The identifier of a dashboard without one.
fn uid_of(file: &Path) -> String {
    hashed(file)
}

/// The folder that the provider of a file names; else the folder that the file is in.
fn shown_folder(root: &Path, file: &Path, providers: &[DashboardProvider]) -> String {
    let parent = file.parent().unwrap_or(root);
    // Containers see the folder elsewhere, mostly under the same name.
    let provided = providers.iter().find_map(|provider| {
        let name = provider.path.file_name()?;
        let is_it = |folder: &&Path| **folder == *provider.path || folder.file_name() == Some(name);
        Some((provider, parent.ancestors().find(is_it)?))
    });
    let below =
        |base: &Path| parent.strip_prefix(base).map(|below| below.to_string_lossy().into_owned());
    match provided {
        Some((provider, base)) if provider.has_folders_of_files => below(base)
            .ok()
            .filter(|below| !below.is_empty())
            .unwrap_or_else(|| provider.folder.clone()),
        Some((provider, _)) => provider.folder.clone(),
        None => below(root).unwrap_or_default(),
    }
}
