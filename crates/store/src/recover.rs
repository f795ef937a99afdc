//! Opening a data folder: the lock, the manifests, and the replay of what is not in parts yet.
//!
//! Damage is put aside and reported; it is never a reason not to start. Memory stays bounded: a
//! head over its budget is flushed in the middle of the replay.

pub(crate) mod replay;

use std::io;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::files::{self, Files};
use crate::manifest::catalog::Days;
use crate::manifest::documents::Documents;
use crate::manifest::load::{Loaded, load};
use crate::manifest::origin::PARTS;
use crate::write_ahead::FOLDER;
use crate::write_ahead::format::{WriterId, parse_segment_name};
use crate::write_ahead::quarantine::{Quarantine, Quarantined};
use crate::write_ahead::reader::SegmentReader;
use crate::{Seams, StoreError};

/// The lock that keeps a second process out.
const LOCK: &str = "lock";
/// Who writes here, and in which version of the layout.
const IDENTITY: &str = "identity.json";
const IDENTITY_BYTES_MAX: u64 = 4096;
/// The version of the folder's layout that this program writes.
const LAYOUT: u32 = 1;

/// What was found when the store was opened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecoveryReport {
    /// Segments of the write-ahead log.
    pub segments: u64,
    /// Whole records in them.
    pub records: u64,
    /// Bytes of these records.
    pub bytes: u64,
    /// Records that were not needed: all their rows are in parts.
    pub skipped: u64,
    /// Bytes of an unfinished write at the very end, which were never acknowledged.
    pub torn_tail_bytes: u64,
    /// Stretches of sequences that are in no segment, both ends inside.
    pub gaps: Vec<(u64, u64)>,
    /// Days, as `spans/2026-11-20`, whose list of parts was damaged or gone and was rebuilt from the
    /// footers of the parts.
    pub rebuilt_days: Vec<String>,
    /// Parts that a manifest lists and that are not there, or not as long as they should be.
    pub missing_parts: Vec<String>,
    /// Damaged bytes that were put aside.
    pub quarantined: Vec<Quarantined>,
}

#[derive(Serialize, Deserialize)]
struct Identity {
    layout: u32,
    writer: String,
}

/// A locked folder with its manifests, before the replay.
pub(crate) struct Opened {
    pub(crate) lock: Box<dyn Send + Sync>,
    pub(crate) writer: WriterId,
    pub(crate) documents: Documents,
    pub(crate) days: Days,
    pub(crate) quarantine: Quarantine,
    pub(crate) report: RecoveryReport,
}

/// Takes the lock and reads what says which rows are where.
pub(crate) async fn open(seams: &Seams) -> Result<Opened, StoreError> {
    let files = seams.files.as_ref();
    files.create_folder("")?;
    let lock = files.lock(LOCK).map_err(|error| match error.kind() {
        io::ErrorKind::WouldBlock => StoreError::Locked(format!(
            "the data folder {} is in use by {error}: stop that one first, or choose another folder",
            files.location()
        )),
        _ => StoreError::Io(format!("the data folder {}: {error}", files.location())),
    })?;
    let quarantine =
        Quarantine { files: Arc::clone(&seams.files), clock: Arc::clone(&seams.clock) };
    let mut report = RecoveryReport::default();
    let writer = identify(files, &quarantine, &mut report)?;
    files.create_folder(FOLDER)?;
    files.sync_folder("")?;
    remove_unfinished(files)?;
    for folder in ["", FOLDER, crate::manifest::FOLDER, PARTS] {
        make_durable(files, folder)?;
    }
    let documents = Documents::new(Arc::clone(&seams.objects), Arc::clone(&seams.clock));
    if seams.objects_disk.is_none() {
        documents.check_conditional_puts().await?;
    }
    let Loaded { days, quarantined, rebuilt, missing } =
        load(&documents, Some(&quarantine)).await?;
    report.quarantined.extend(quarantined);
    report.rebuilt_days = rebuilt;
    report.missing_parts = missing;
    Ok(Opened { lock, writer, documents, days, quarantine, report })
}

/// The folder's writer id: from its file, else from its log, else a new one.
fn identify(
    files: &dyn Files,
    quarantine: &Quarantine,
    report: &mut RecoveryReport,
) -> Result<WriterId, StoreError> {
    match files::read_all(files, IDENTITY, IDENTITY_BYTES_MAX) {
        Ok(bytes) => {
            let identity = serde_json::from_slice::<Identity>(&bytes).ok();
            if let Some(identity) = &identity
                && identity.layout > LAYOUT
            {
                return Err(StoreError::Format(format!(
                    "the data folder {} has layout {}, this program knows up to {LAYOUT}: use a newer one",
                    files.location(),
                    identity.layout
                )));
            }
            if let Some(writer) = identity.and_then(|identity| WriterId::from_hex(&identity.writer))
            {
                return Ok(writer);
            }
            report.quarantined.push(quarantine.keep(IDENTITY, 0, &bytes, "not an identity")?);
            files.remove(IDENTITY)?;
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            return Err(StoreError::Io(error.to_string()));
        }
        Err(error) => return Err(error.into()),
    }
    let mut writer = WriterId::random();
    for entry in files.list(FOLDER)? {
        if parse_segment_name(&entry.name).is_some() {
            let file = files.open(&format!("{FOLDER}/{}", entry.name))?;
            if let Ok(header) = SegmentReader::header(file.as_ref())? {
                writer = header.writer;
                break;
            }
        }
    }
    let identity = Identity { layout: LAYOUT, writer: writer.to_hex() };
    let bytes = serde_json::to_vec_pretty(&identity).map_err(io::Error::other)?;
    let unfinished = format!("{IDENTITY}.new");
    if files.stat(&unfinished).is_ok() {
        files.remove(&unfinished)?;
    }
    files::write_new(files, &unfinished, &[&bytes])?;
    files.rename(&unfinished, IDENTITY)?;
    files.sync_folder("")?;
    Ok(writer)
}

/// After a kill the system still shows names that were never made durable. What is about to be
/// relied on must not vanish with the next power loss, so they are made durable first.
fn make_durable(files: &dyn Files, folder: &str) -> io::Result<()> {
    let entries = files.list(folder)?;
    if !entries.is_empty() {
        files.sync_folder(folder)?;
    }
    for entry in entries.into_iter().filter(|entry| entry.is_folder && !folder.is_empty()) {
        make_durable(files, &format!("{folder}/{}", entry.name))?;
    }
    Ok(())
}

/// Objects that a crash left half written.
fn remove_unfinished(files: &dyn Files) -> io::Result<()> {
    for entry in files.list(crate::objects::IN_PROGRESS)? {
        files.remove(&format!("{}/{}", crate::objects::IN_PROGRESS, entry.name))?;
    }
    Ok(())
}
