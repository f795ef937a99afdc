//! Rebuilding a day's list of parts from the parts' footers, when its newest manifest is damaged or
//! gone.
//!
//! Parts that the last intact version lists are kept. The footer of every other file records which
//! ranges it holds; a file whose ranges lie within another's was merged, or is left over from
//! a failed flush, and is skipped.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::{FutureExt, StreamExt, TryStreamExt, stream};
use object_store::{ObjectMeta, ObjectStore};
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::errors::ParquetError;
use parquet::file::metadata::FileMetaData;
use signals::Signal;
use signals::time::DAY;

use super::documents::GETS;
use super::origin::Origin;
use super::{Entry, Manifest};
use crate::StoreError;
use crate::maintenance::verify;
use crate::part::Part;
use crate::part::object::PartObject;
use crate::part::write::ORIGIN_KEY;

/// The files of a day that its manifest should list but does not, in order of arrival.
pub(crate) async fn find(
    objects: &Arc<dyn ObjectStore>,
    (signal, day): (Signal, i32),
    manifest: &Manifest,
    files: &[ObjectMeta],
) -> Result<Vec<Entry>, StoreError> {
    let is_listed =
        |meta: &&ObjectMeta| manifest.parts.iter().any(|part| part.path == meta.location.as_ref());
    let unlisted = files.iter().filter(|meta| !is_listed(meta));
    let described: Vec<_> = unlisted.map(|meta| describe(objects, signal, day, meta)).collect();
    let described: Vec<Option<Entry>> =
        stream::iter(described).buffered(GETS).try_collect().await?;
    let mut found: Vec<Entry> = described.into_iter().flatten().collect();
    let all = found.clone();
    found.retain(|part| {
        let is_held = |other: &Entry| holds(other, part) || repeats(other, part);
        !manifest.parts.iter().any(is_held)
            && !all
                .iter()
                .any(|other| holds(other, part) || (repeats(other, part) && other.path < part.path))
    });
    found.sort_by_key(|part| (part.created, part.range.sequence));
    Ok(found)
}

/// Adds the found parts, replacing parts whose rows they hold.
pub(crate) fn list(manifest: &mut Manifest, found: &[Entry]) {
    manifest.parts.retain(|part| !found.iter().any(|other| holds(other, part)));
    for part in found {
        let is_held =
            |other: &Entry| other.path == part.path || holds(other, part) || repeats(other, part);
        if manifest.parts.iter().any(is_held) {
            continue;
        }
        manifest.parts.push(part.clone());
        part.ranges().for_each(|range| manifest.advance(range));
    }
}

/// Whether one part holds all rows of another and is not merely a copy of it.
fn holds(whole: &Entry, part: &Entry) -> bool {
    let is_inside = part.ranges().all(|part| whole.ranges().any(|whole| whole.holds(part)));
    whole.path != part.path
        && is_inside
        && (whole.level > part.level || !holds_the_same(whole, part))
}

/// Whether two parts come from two attempts at the same flush or merge.
fn repeats(one: &Entry, other: &Entry) -> bool {
    one.path != other.path && one.level == other.level && holds_the_same(one, other)
}

fn holds_the_same(one: &Entry, other: &Entry) -> bool {
    let is_in = |a: &Entry, b: &Entry| a.ranges().all(|a| b.ranges().any(|b| a == b));
    is_in(one, other) && is_in(other, one)
}

/// The entry described by a file's footer; `None` if the file is not a part.
async fn describe(
    objects: &Arc<dyn ObjectStore>,
    signal: Signal,
    day: i32,
    meta: &ObjectMeta,
) -> Result<Option<Entry>, StoreError> {
    let crc32c = match verify::checksum(objects.as_ref(), &meta.location).await {
        Ok((_, crc32c)) => crc32c,
        Err(error) if verify::is_permanent_failure(&error) => {
            tracing::error!(path = %meta.location, %error, "a part cannot be read");
            return Ok(None);
        }
        Err(error) => return Err(error.into()),
    };
    let part =
        Part { path: meta.location.clone(), bytes: meta.size, rows: 0, min_time: 0, max_time: 0 };
    let mut object = PartObject::new(objects, &Arc::new(part));
    // The Parquet reader panics on some damaged footers.
    let footer = match AssertUnwindSafe(object.get_metadata(None)).catch_unwind().await {
        Ok(Ok(footer)) => footer,
        Ok(Err(ParquetError::External(error))) if error.is::<object_store::Error>() => {
            return Err(StoreError::Io(error.to_string()));
        }
        Ok(Err(_)) | Err(_) => {
            tracing::error!(path = %meta.location, "the file at a part's path is not a part");
            return Ok(None);
        }
    };
    Ok(entry((signal, day), meta, crc32c, footer.file_metadata()))
}

fn entry(
    (signal, day): (Signal, i32),
    meta: &ObjectMeta,
    crc32c: u32,
    footer: &FileMetaData,
) -> Option<Entry> {
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
        // These bounds of the day cover all of its rows.
        min_time: i64::from(day).saturating_mul(DAY),
        max_time: i64::from(day).saturating_mul(DAY).saturating_add(DAY - 1),
        level: origin.level,
        created: origin.created,
        // Detects damage from now on, not earlier damage.
        crc32c: Some(crc32c),
        range: origin.range,
        others: origin.others,
    })
}
