//! Reading all manifests at start. A damaged one is quarantined and its day is rebuilt from the
//! parts' footers, as is a day that has parts and no manifest at all.

use std::collections::{BTreeMap, HashMap, HashSet};

use futures::{StreamExt, TryStreamExt, stream};
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStoreExt};
use signals::Signal;

use super::catalog::Days;
use super::documents::{Broken, Documents, GETS};
use super::{Manifest, origin, rebuild};
use crate::write_ahead::quarantine::{Quarantine, Quarantined};
use crate::{StoreError, calendar};

/// All manifests in the object store, and the problems that were found.
#[derive(Debug, Default)]
pub(crate) struct Loaded {
    pub(crate) days: Days,
    /// Damaged manifests that were quarantined.
    pub(crate) quarantined: Vec<Quarantined>,
    /// Days, as `spans/2026-11-20`, whose parts were found without a manifest that lists them.
    pub(crate) rebuilt: Vec<String>,
    /// Parts that are listed but are missing or have the wrong size.
    pub(crate) missing: Vec<String>,
}

/// The versions of one day.
struct Day {
    key: (Signal, i32),
    /// The number of the newest, whether or not it can be read.
    version: u64,
    intact: Option<Manifest>,
    broken: Vec<Broken>,
}

/// Reads all manifests. With a quarantine, damaged and missing ones are rebuilt; without one
/// nothing is changed, and the version before a damaged one is used.
///
/// If no other process writes, a part that no manifest lists and no listed part covers was listed
/// by a lost version; it is listed again, unless it is in `aside`.
pub(crate) async fn load(
    documents: &Documents,
    quarantine: Option<&Quarantine>,
    aside: Option<&HashSet<&str>>,
) -> Result<Loaded, StoreError> {
    let listed = documents.list().await?;
    let reads: Vec<_> =
        listed.into_iter().map(|(key, versions)| read(documents, key, versions)).collect();
    let days: Vec<Day> = stream::iter(reads).buffered(GETS).try_collect().await?;
    let mut files = parts(documents).await?;
    for files in files.values_mut() {
        files.retain(|file| !aside.is_some_and(|aside| aside.contains(file.location.as_ref())));
    }
    let mut loaded = Loaded::default();
    for day in days {
        let key = day.key;
        let files = files.get(&key).map_or(&[][..], Vec::as_slice);
        let mut manifest = loaded.restore(documents, quarantine, day, files).await?;
        if aside.is_some() {
            manifest = loaded.rebuild(documents, key, manifest, files, false).await?;
        }
        loaded.find_missing(&manifest, files);
        loaded.days.insert(key, manifest);
    }
    files.retain(|key, _| !loaded.days.contains_key(key));
    if quarantine.is_some() {
        for (key, files) in files {
            let empty = Manifest::empty(key.0, key.1);
            let manifest = loaded.rebuild(documents, key, empty, &files, false).await?;
            if manifest.version > 0 {
                loaded.days.insert(key, manifest);
            }
        }
    }
    Ok(loaded)
}

/// The newest version of a day that can be read, and those after it that cannot.
async fn read(
    documents: &Documents,
    key: (Signal, i32),
    versions: Vec<u64>,
) -> Result<Day, StoreError> {
    let version = versions.last().copied().unwrap_or(0);
    let mut day = Day { key, version, intact: None, broken: Vec::new() };
    for version in versions.into_iter().rev() {
        match documents.read(key, version).await? {
            Some(Ok(manifest)) => {
                day.intact = Some(manifest);
                break;
            }
            Some(Err(broken)) => day.broken.push(broken),
            None => {}
        }
    }
    if day.intact.is_none() && day.broken.is_empty() {
        // All were replaced by other processes since the list.
        day.intact = documents.newest(key).await?;
    }
    Ok(day)
}

/// All files in the folders of parts.
async fn parts(
    documents: &Documents,
) -> Result<BTreeMap<(Signal, i32), Vec<ObjectMeta>>, StoreError> {
    let folder = Path::from(origin::PARTS);
    let listed: Vec<_> = documents.objects().list(Some(&folder)).try_collect().await?;
    let mut files: BTreeMap<(Signal, i32), Vec<ObjectMeta>> = BTreeMap::new();
    for meta in listed {
        if let Some(key) = origin::parse_path(&meta.location) {
            files.entry(key).or_default().push(meta);
        }
    }
    Ok(files)
}

impl Loaded {
    /// The manifest of a day, rebuilt if its newest version is damaged.
    async fn restore(
        &mut self,
        documents: &Documents,
        quarantine: Option<&Quarantine>,
        day: Day,
        files: &[ObjectMeta],
    ) -> Result<Manifest, StoreError> {
        let Day { key, version, intact, broken } = day;
        let mut manifest = intact.unwrap_or_else(|| Manifest::empty(key.0, key.1));
        let Some(quarantine) = quarantine.filter(|_| !broken.is_empty()) else {
            for Broken { path, reason, .. } in broken {
                tracing::error!(%path, reason, "damaged manifest; using the previous version");
            }
            return Ok(manifest);
        };
        for Broken { path, bytes, reason } in &broken {
            let reason = format!("manifest: {reason}");
            self.quarantined.push(quarantine.keep(path.as_ref(), 0, bytes, &reason, None)?);
        }
        // No number is reused, not even that of a damaged version, and a damaged version is removed
        // only when there is a newer one.
        manifest.version = version;
        let manifest = self.rebuild(documents, key, manifest, files, true).await?;
        for Broken { path, .. } in broken {
            match documents.objects().delete(&path).await {
                // It may also have been removed as an old version.
                Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(manifest)
    }

    /// Adds the parts that should be listed but are in no version of a day.
    async fn rebuild(
        &mut self,
        documents: &Documents,
        key: (Signal, i32),
        manifest: Manifest,
        files: &[ObjectMeta],
        is_damaged: bool,
    ) -> Result<Manifest, StoreError> {
        let found = rebuild::find(documents.objects(), key, &manifest, files).await?;
        if found.is_empty() && !is_damaged {
            return Ok(manifest);
        }
        let (signal, day) = key;
        let day = format!("{}/{}", signal.name(), calendar::day_name(day));
        tracing::warn!(day, parts = found.len(), "the list of parts was rebuilt from footers");
        self.rebuilt.push(day);
        let change = |manifest: &mut Manifest| {
            rebuild::list(manifest, &found);
            Ok(true)
        };
        documents.change(key, manifest, change).await
    }

    /// Records which listed parts are missing or have the wrong size. Manifests are not changed: a
    /// disk that was not mounted may come back.
    fn find_missing(&mut self, manifest: &Manifest, files: &[ObjectMeta]) {
        let sizes: HashMap<&str, u64> =
            files.iter().map(|meta| (meta.location.as_ref(), meta.size)).collect();
        for part in &manifest.parts {
            if sizes.get(part.path.as_str()) != Some(&part.bytes) {
                tracing::error!(path = part.path, "a part is missing or truncated");
                self.missing.push(part.path.clone());
            }
        }
    }
}
