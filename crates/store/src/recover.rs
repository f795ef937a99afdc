//! Opening a data folder: the lock, the manifests, and the replay of what is not in parts yet.
//!
//! Damage is quarantined and reported, and never prevents a start. Memory stays bounded: a head
//! over its budget is flushed during the replay.

pub(crate) mod layout;
pub(crate) mod replay;

use std::collections::HashSet;
use std::io::{self, ErrorKind};
use std::sync::Arc;

use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use serde::{Deserialize, Serialize};

use crate::files::{self, Files};
use crate::manifest::catalog::Days;
use crate::manifest::documents::Documents;
use crate::manifest::load::{Loaded, load};
use crate::manifest::origin::PARTS;
use crate::write_ahead::FOLDER;
use crate::write_ahead::format::{WriterId, parse_segment_name};
use crate::write_ahead::list::{self, Listed};
use crate::write_ahead::quarantine::{Quarantine, Quarantined};
use crate::write_ahead::reader::SegmentReader;
use crate::{Dependencies, StoreError};

/// Lock file that excludes a second process.
const LOCK: &str = "lock";
/// File with the writer id and the version of the layout.
const IDENTITY: &str = "identity.json";
const IDENTITY_BYTES_MAX: u64 = 4096;
/// The version of the folder's layout that this program writes.
const LAYOUT: u32 = 1;

/// What was found when the store was opened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecoveryReport {
    /// Segments of the write-ahead log.
    pub segments: u64,
    /// Intact records in them.
    pub records: u64,
    /// Bytes of these records.
    pub bytes: u64,
    /// Records skipped because all their rows are in parts.
    pub skipped: u64,
    /// Bytes of an unfinished write at the very end, which were never acknowledged.
    pub torn_tail_bytes: u64,
    /// Ranges of sequences that are in no segment, with inclusive ends.
    pub gaps: Vec<(u64, u64)>,
    /// Days, as `spans/2026-11-20`, whose list of parts was damaged or missing and was rebuilt from
    /// the footers of the parts.
    pub rebuilt_days: Vec<String>,
    /// Parts that a manifest lists but that are missing or have the wrong size.
    pub missing_parts: Vec<String>,
    /// Missing segments of the write-ahead log: acknowledged rows are lost.
    pub missing_segments: Vec<String>,
    /// Damaged bytes that were quarantined, and notes about missing data.
    pub quarantined: Vec<Quarantined>,
}

/// The stored form. Versions before the list of segments wrote no checksum.
#[derive(Serialize, Deserialize)]
struct Identity {
    layout: u32,
    writer: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    checksum: Option<String>,
}

impl Identity {
    fn checksum(&self) -> String {
        let text = format!("{} {}", self.layout, self.writer);
        format!("crc32c:{:08x}", crc32c::crc32c(text.as_bytes()))
    }

    /// Decodes an identity, or describes what is wrong with it.
    fn decode(
        bytes: &[u8],
        location: &str,
    ) -> Result<Result<(Self, WriterId), &'static str>, StoreError> {
        let Ok(identity) = serde_json::from_slice::<Self>(bytes) else {
            return Ok(Err("not an identity"));
        };
        if identity.checksum.as_ref().is_some_and(|checksum| *checksum != identity.checksum()) {
            return Ok(Err("wrong checksum of the identity"));
        }
        if identity.layout > LAYOUT && identity.checksum.is_some() {
            return Err(StoreError::Format(format!(
                "the data folder {location} has layout {}, this version supports up to {LAYOUT}; upgrade Glasshouse",
                identity.layout
            )));
        }
        Ok(match WriterId::from_hex(&identity.writer) {
            Some(writer) if identity.layout <= LAYOUT => Ok((identity, writer)),
            _ => Err("not an identity"),
        })
    }
}

/// Encodes the identity of a layout and writer.
pub(crate) fn identity(layout: u32, writer: WriterId) -> io::Result<Vec<u8>> {
    let mut identity = Identity { layout, writer: writer.to_hex(), checksum: None };
    identity.checksum = Some(identity.checksum());
    serde_json::to_vec_pretty(&identity).map_err(io::Error::other)
}

/// A locked folder with its manifests, before the replay.
pub(crate) struct Opened {
    pub(crate) lock: Box<dyn Send + Sync>,
    pub(crate) writer: WriterId,
    /// Whether the program that wrote the folder lists the segments of the log.
    pub(crate) is_listed: bool,
    pub(crate) documents: Documents,
    pub(crate) days: Days,
    pub(crate) quarantine: Quarantine,
    /// Pieces quarantined by earlier processes.
    pub(crate) notes: Vec<Quarantined>,
    pub(crate) report: RecoveryReport,
}

/// Takes the lock and reads identity, manifests and notes.
pub(crate) async fn open(dependencies: &Dependencies) -> Result<Opened, StoreError> {
    let files = dependencies.files.as_ref();
    files.create_folder("")?;
    let quarantine = Quarantine {
        files: Arc::clone(&dependencies.files),
        clock: Arc::clone(&dependencies.clock),
    };
    let mut report = RecoveryReport::default();
    report.quarantined.extend(layout::prepare(files, &quarantine)?);
    let lock = files.lock(LOCK).map_err(|error| match error.kind() {
        ErrorKind::WouldBlock => StoreError::Locked(format!(
            "the data folder {} is in use by {error}; stop that process or use another folder",
            files.location()
        )),
        _ => StoreError::Io(format!("the data folder {}: {error}", files.location())),
    })?;
    let mut notes = quarantine.notes();
    let has_objects = dependencies.objects_disk.is_some();
    report.quarantined.extend(layout::check(files, &quarantine, has_objects)?);
    let (writer, is_listed) = identify(files, &quarantine, &mut report)?;
    files.create_folder(FOLDER)?;
    files.sync_folder("")?;
    remove_unfinished(files, &quarantine, &mut report)?;
    for folder in ["", FOLDER, crate::manifest::FOLDER, PARTS] {
        make_durable(files, folder)?;
    }
    if !is_listed {
        adopt(files, writer)?;
    }
    let documents =
        Documents::new(Arc::clone(&dependencies.objects), Arc::clone(&dependencies.clock));
    if !has_objects {
        documents.check_conditional_puts().await?;
        notes.extend(notes_of(dependencies.objects.as_ref()).await?);
    }
    let aside: HashSet<&str> = notes.iter().map(|note| note.source.as_str()).collect();
    let Loaded { days, quarantined, rebuilt, missing } =
        load(&documents, Some(&quarantine), has_objects.then_some(&aside)).await?;
    report.quarantined.extend(quarantined);
    report.rebuilt_days = rebuilt;
    report.missing_parts = missing;
    Ok(Opened { lock, writer, is_listed, documents, days, quarantine, notes, report })
}

/// The notes of parts that were quarantined in a bucket.
async fn notes_of(objects: &dyn ObjectStore) -> Result<Vec<Quarantined>, StoreError> {
    let folder = Path::from(crate::write_ahead::quarantine::FOLDER);
    let listed: Vec<_> = objects.list(Some(&folder)).try_collect().await?;
    let mut notes = Vec::new();
    for meta in listed.iter().filter(|meta| meta.location.extension() == Some("json")) {
        let bytes = objects.get(&meta.location).await?.bytes().await?;
        if let Ok(note) = serde_json::from_slice(&bytes) {
            notes.push(note);
        } else {
            tracing::warn!(path = %meta.location, "a quarantine record is damaged");
        }
    }
    Ok(notes)
}

/// The writer id of the folder: from its identity, else from its log, else a new one. Also whether
/// the identity says that the segments of the log are listed.
fn identify(
    files: &dyn Files,
    quarantine: &Quarantine,
    report: &mut RecoveryReport,
) -> Result<(WriterId, bool), StoreError> {
    match files::read_all(files, IDENTITY, IDENTITY_BYTES_MAX) {
        Ok(bytes) => match Identity::decode(&bytes, &files.location())? {
            Ok((identity, writer)) => return Ok((writer, identity.checksum.is_some())),
            Err(reason) => report.quarantined.push(quarantine.take(IDENTITY, reason, None)?),
        },
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(e) if e.kind() == ErrorKind::InvalidData || layout::is_permanent_failure(&e) => {
            report.quarantined.push(quarantine.take(IDENTITY, "not an identity", None)?);
        }
        Err(error) => return Err(error.into()),
    }
    for entry in files.list(FOLDER)? {
        if parse_segment_name(&entry.name).is_some()
            && let Ok(file) = files.open(&format!("{FOLDER}/{}", entry.name))
            && let Ok(Ok(header)) = SegmentReader::header(file.as_ref())
        {
            return Ok((header.writer, false));
        }
    }
    Ok((WriterId::random(), false))
}

/// Starts the list of segments of a folder that is new, was written by an earlier version, or has
/// lost its identity.
fn adopt(files: &dyn Files, writer: WriterId) -> Result<(), StoreError> {
    let is_known = files.stat(IDENTITY).is_ok();
    let adopted = (|| {
        if files.stat(list::PATH).is_err() {
            let names = files.list(FOLDER)?.into_iter();
            let there = names.filter_map(|entry| parse_segment_name(&entry.name));
            let segments = there.map(|first_sequence| Listed { first_sequence, created: 0 });
            // The last segment may be empty, left by a failed start.
            let mut segments: Vec<Listed> = segments.collect();
            segments.pop();
            list::write(files, &segments)?;
        }
        files::replace(files, IDENTITY, &format!("{IDENTITY}.new"), &identity(LAYOUT, writer)?)
    })();
    match adopted {
        // A later start may have more room.
        Err(error) if is_known && files::is_full(&error) => Ok(()),
        adopted => Ok(adopted?),
    }
}

/// After a kill the system still shows names that were never made durable. They are made durable
/// before anything relies on them, so that a later power loss does not remove them.
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

/// Removes objects that a crash left half written.
fn remove_unfinished(
    files: &dyn Files,
    quarantine: &Quarantine,
    report: &mut RecoveryReport,
) -> io::Result<()> {
    for entry in files.list(crate::objects::IN_PROGRESS)? {
        let path = format!("{}/{}", crate::objects::IN_PROGRESS, entry.name);
        if entry.is_folder {
            report.quarantined.push(quarantine.take(&path, "not what belongs here", None)?);
        } else {
            files.remove(&path)?;
        }
    }
    Ok(())
}
