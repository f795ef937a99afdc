//! Dashboards as files, in adopted folders and in the data folder, and those of the program.

mod built_in;
mod content;
mod revisions;
mod scan;
#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use adopt::grafana::{DashboardProvider, DataSource};
use adopt::{Files as _, SystemFiles};
use page_api::{
    Dashboard, DashboardEntry, DashboardList, DashboardProblem, DashboardRevision, DashboardSave,
    DataSourceEntry,
};
use parking_lot::Mutex;
use serde_json::value::RawValue;
use serve::DashboardFault;
use signals::Clock;
use signals::time::MILLISECOND;

use self::content::is_uid;
use self::revisions::Revisions;
use self::scan::{Found, Scanner, version};

/// The folder of own dashboards in the data folder.
const OWN: &str = "dashboards";
/// The folder of revisions in the data folder.
const REVISIONS: &str = "dashboard-revisions";

/// What adopted files say of dashboards.
#[derive(Debug, Clone, Default)]
pub(crate) struct Provisioned {
    pub(crate) folders: Vec<Folder>,
    pub(crate) data_sources: Vec<DataSource>,
}

/// A folder with dashboards, or a single file.
#[derive(Debug, Clone, Default)]
pub(crate) struct Folder {
    pub(crate) path: PathBuf,
    /// What provisioning in this folder says.
    pub(crate) providers: Vec<DashboardProvider>,
}

/// The files of all dashboards.
pub(crate) struct DashboardFiles {
    own: PathBuf,
    revisions: Revisions,
    clock: Arc<dyn Clock>,
    provisioned: Mutex<Provisioned>,
    scanner: Mutex<Scanner>,
    /// Held while a file is compared and written.
    writing: Mutex<()>,
}

/// Whether a folder has a dashboard, or a file is one.
pub(crate) fn are_below(path: &Path) -> bool {
    let files = adopt::files_below(path, &["json"], &SystemFiles).unwrap_or_default();
    files.iter().any(|file| {
        SystemFiles.read(file).is_ok_and(|bytes| matches!(content::head(&bytes), Ok(Some(_))))
    })
}

/// The number of dashboards in a folder or file, and what is wrong with others.
pub(crate) fn check(path: &Path) -> (usize, Vec<DashboardProblem>) {
    let Found { dashboards, problems } =
        Scanner::default().scan(&[Folder { path: path.to_owned(), providers: Vec::new() }]);
    (dashboards.len(), problems)
}

impl DashboardFiles {
    pub(crate) fn new(data: &Path, clock: Arc<dyn Clock>, provisioned: Provisioned) -> Self {
        Self {
            own: data.join(OWN),
            revisions: Revisions::new(data.join(REVISIONS)),
            clock,
            provisioned: Mutex::new(provisioned),
            scanner: Mutex::default(),
            writing: Mutex::default(),
        }
    }

    /// Replaces what adopted files say.
    pub(crate) fn apply(&self, provisioned: Provisioned) {
        *self.provisioned.lock() = provisioned;
    }

    fn scan(&self) -> Found {
        // Own ones first: a copy of an adopted dashboard has the same identifier.
        let mut folders = vec![Folder { path: self.own.clone(), providers: Vec::new() }];
        folders.extend(self.provisioned.lock().folders.iter().cloned());
        // On a machine that ran Grafana itself, the paths of its provisioning exist.
        let named = folders.iter().flat_map(|folder| &folder.providers).map(|provider| Folder {
            path: provider.path.clone(),
            providers: vec![provider.clone()],
        });
        let named: Vec<Folder> = named.collect();
        folders.extend(named);
        let mut found = self.scanner.lock().scan(&folders);
        for (entry, file) in &mut found.dashboards {
            entry.is_deletable = file.starts_with(&self.own);
        }
        found
    }

    fn find(&self, uid: &str) -> Result<(DashboardEntry, PathBuf), DashboardFault> {
        let mut found = self.scan().dashboards.into_iter();
        found
            .find(|(entry, _)| entry.uid == uid)
            .ok_or_else(|| DashboardFault::NotFound(uid.to_owned()))
    }

    fn write(&self, uid: &str, file: &Path, content: &[u8]) -> Result<(), DashboardFault> {
        let written = || {
            if let Ok(replaced) = fs::read(file) {
                let now_ms = self.clock.now().div_euclid(MILLISECOND);
                self.revisions.keep(uid, &replaced, now_ms)?;
            }
            replace(file, content)
        };
        written().map_err(|error| not_written(file, &error))
    }

    fn entry(&self, uid: &str) -> Result<DashboardEntry, DashboardFault> {
        Ok(self.find(uid)?.0)
    }
}

impl serve::Dashboards for DashboardFiles {
    fn list(&self, metrics: &[String]) -> DashboardList {
        let Found { dashboards, problems } = self.scan();
        let mut dashboards: Vec<DashboardEntry> =
            dashboards.into_iter().map(|(entry, _)| entry).collect();
        // A file with the same identifier is an edited copy.
        let built_in: Vec<DashboardEntry> = built_in::with_data(metrics)
            .filter(|entry| dashboards.iter().all(|other| other.uid != entry.uid))
            .collect();
        dashboards.extend(built_in);
        DashboardList { dashboards, problems }
    }

    fn get(&self, uid: &str) -> Result<Dashboard, DashboardFault> {
        let (entry, file) = match (self.find(uid), built_in::find(uid)) {
            (Err(_), Some((entry, content))) => {
                return Ok(Dashboard { entry, dashboard: json(content.into())? });
            }
            (found, _) => found?,
        };
        let not_found = |_| DashboardFault::NotFound(uid.to_owned());
        let bytes = fs::read(file).map_err(not_found)?;
        let entry = DashboardEntry { version: version(&bytes), ..entry };
        Ok(Dashboard { entry, dashboard: json(bytes)? })
    }

    fn save(&self, uid: &str, save: &DashboardSave) -> Result<DashboardEntry, DashboardFault> {
        let content = save.dashboard.get().as_bytes();
        checked(content)?;
        let _writing = self.writing.lock();
        let (_, file) = match (self.find(uid), built_in::find(uid)) {
            (Err(_), Some(_)) => {
                let reason = "it comes with the program: save it as a new dashboard".to_owned();
                return Err(DashboardFault::NotWritten { file: uid.to_owned(), reason });
            }
            (found, _) => found?,
        };
        let current = fs::read(&file).map_err(|error| not_written(&file, &error))?;
        if save.base_version.as_ref().is_some_and(|base| *base != version(&current)) {
            return Err(DashboardFault::Changed(file.display().to_string()));
        }
        self.write(uid, &file, content)?;
        self.entry(uid)
    }

    fn create(&self, dashboard: &RawValue) -> Result<DashboardEntry, DashboardFault> {
        let content = dashboard.get().as_bytes();
        let head = checked(content)?;
        let uid = if head.uid.is_empty() { version(content) } else { head.uid };
        let _writing = self.writing.lock();
        let file = self.own.join(format!("{uid}.json"));
        if self.find(&uid).is_ok() || file.exists() {
            let reason = format!("there is a dashboard with the uid {uid:?} already");
            return Err(DashboardFault::Invalid(reason));
        }
        fs::create_dir_all(&self.own).map_err(|error| not_written(&self.own, &error))?;
        self.write(&uid, &file, content)?;
        let mut found = self.scan().dashboards.into_iter();
        let created = found.find(|(_, other)| *other == file);
        created.map(|(entry, _)| entry).ok_or(DashboardFault::NotFound(uid))
    }

    fn delete(&self, uid: &str) -> Result<(), DashboardFault> {
        let _writing = self.writing.lock();
        let (_, file) = self.find(uid)?;
        if !file.starts_with(&self.own) {
            let reason = "it is not in the data folder: remove the file yourself".to_owned();
            return Err(DashboardFault::NotWritten { file: file.display().to_string(), reason });
        }
        let removed = || {
            let now_ms = self.clock.now().div_euclid(MILLISECOND);
            self.revisions.keep(uid, &fs::read(&file)?, now_ms)?;
            fs::remove_file(&file)
        };
        removed().map_err(|error| not_written(&file, &error))
    }

    fn history(&self, uid: &str) -> Vec<DashboardRevision> {
        if is_uid(uid) { self.revisions.list(uid) } else { Vec::new() }
    }

    fn revision(&self, uid: &str, revision: &str) -> Result<Box<RawValue>, DashboardFault> {
        let content = is_uid(uid).then(|| self.revisions.read(uid, revision)).flatten();
        json(content.ok_or_else(|| DashboardFault::NotFound(format!("{uid}/{revision}")))?)
    }

    fn data_sources(&self) -> Vec<DataSourceEntry> {
        let provisioned = self.provisioned.lock();
        let entry = |source: &DataSource| DataSourceEntry {
            name: source.name.clone(),
            uid: source.uid.clone(),
            kind: source.kind.clone(),
            is_default: source.is_default,
            time_interval: source.time_interval.clone().unwrap_or_default(),
        };
        provisioned.data_sources.iter().map(entry).collect()
    }
}

/// The head of what a client sends.
fn checked(content: &[u8]) -> Result<content::Head, DashboardFault> {
    let head = content::head(content).map_err(DashboardFault::Invalid)?;
    head.ok_or_else(|| {
        DashboardFault::Invalid(
            "the content is not a dashboard: it has no title, or neither panels, rows nor elements"
                .to_owned(),
        )
    })
}

fn json(bytes: Vec<u8>) -> Result<Box<RawValue>, DashboardFault> {
    let text = String::from_utf8(bytes).map_err(|error| error.to_string());
    let json = text.and_then(|text| {
        // `from_string` keeps no white space around the value.
        RawValue::from_string(text.trim().to_owned()).map_err(|error| error.to_string())
    });
    json.map_err(DashboardFault::Invalid)
}

fn not_written(file: &Path, error: &io::Error) -> DashboardFault {
    DashboardFault::NotWritten { file: file.display().to_string(), reason: error.to_string() }
}

/// Replaces a file at once, and keeps its permissions.
fn replace(file: &Path, content: &[u8]) -> io::Result<()> {
    // A link stays one.
    let file = fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    let new = file.with_extension("json.new");
    let written = || {
        let mut writer = File::create(&new)?;
        if let Ok(metadata) = fs::metadata(&file) {
            writer.set_permissions(metadata.permissions())?;
        }
        writer.write_all(content)?;
        writer.write_all(b"\n")?;
        writer.sync_all()?;
        fs::rename(&new, &file)
    };
    written().inspect_err(|_| drop(fs::remove_file(&new)))
}
