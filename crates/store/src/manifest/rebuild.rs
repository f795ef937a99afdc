//! Putting a day's list of parts together from the files themselves, when its newest manifest is
//! damaged.
//!
//! Files that the last good version lists are taken as listed. Every other file says in its footer
//! which stretch of the write-ahead log it holds; one that lies within another's stretch is an
//! input that was merged, or what a failed flush left, and is passed over. Parts of metrics say
//! nothing of the kind: they are all taken, since samples are the same however often they are read.

use bytes::Bytes;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt};
use parquet::file::reader::{FileReader, SerializedFileReader};
use signals::Signal;
use signals::time::DAY;

use super::{Entry, Manifest};
use crate::StoreError;
use crate::flush::Origin;
use crate::part::write::ORIGIN_KEY;

/// The files of a day that its manifest should list and does not.
pub(crate) async fn rebuild(
    objects: &dyn ObjectStore,
    signal: Signal,
    day: i32,
    manifest: &Manifest,
    files: &[ObjectMeta],
) -> Result<Vec<Entry>, StoreError> {
    let is_listed =
        |meta: &&ObjectMeta| manifest.parts.iter().any(|part| part.path == meta.location.as_ref());
    let mut found = Vec::new();
    for meta in files.iter().filter(|meta| !is_listed(meta)) {
        let bytes = objects.get(&meta.location).await?.bytes().await?;
        if let Some(entry) = describe(signal, day, meta, &bytes) {
            found.push(entry);
        } else {
            tracing::error!(path = %meta.location, "a file in the place of a part is none");
        }
    }
    let all: Vec<Entry> = manifest.parts.iter().chain(&found).cloned().collect();
    found.retain(|part| !all.iter().any(|other| signal != Signal::Metrics && covers(other, part)));
    found.sort_by_key(|part| part.sequence);
    Ok(found)
}

/// Parts of the list that one of the found ones holds as well.
pub(crate) fn is_superseded(signal: Signal, part: &Entry, found: &[Entry]) -> bool {
    signal != Signal::Metrics && found.iter().any(|other| covers(other, part))
}

/// Whether one part holds all that another does. Equal stretches differ by level.
fn covers(whole: &Entry, part: &Entry) -> bool {
    let (of, inner) = ((whole.after, whole.sequence), (part.after, part.sequence));
    whole.path != part.path
        && whole.writer == part.writer
        && of.0 <= inner.0
        && of.1 >= inner.1
        && (of != inner || whole.level > part.level)
}

fn describe(signal: Signal, day: i32, meta: &ObjectMeta, bytes: &Bytes) -> Option<Entry> {
    let reader = SerializedFileReader::new(bytes.clone()).ok()?;
    let footer = reader.metadata().file_metadata();
    let origin = footer.key_value_metadata().and_then(|pairs| {
        let pair = pairs.iter().find(|pair| pair.key == ORIGIN_KEY)?;
        serde_json::from_str::<Origin>(pair.value.as_deref()?).ok()
    });
    let origin = match origin {
        Some(origin) => origin,
        None if signal == Signal::Metrics => Origin::from_path(signal, day, meta)?,
        None => return None,
    };
    Some(Entry {
        path: meta.location.to_string(),
        bytes: meta.size,
        rows: u64::try_from(footer.num_rows()).ok()?,
        // Nothing of the day is outside of the day.
        min_time: i64::from(day).saturating_mul(DAY),
        max_time: i64::from(day).saturating_mul(DAY).saturating_add(DAY - 1),
        level: origin.level,
        created: origin.created,
        crc32c: crc32c::crc32c(bytes),
        writer: origin.writer,
        after: origin.after,
        sequence: origin.sequence,
    })
}
