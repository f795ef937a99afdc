//! Copies of the whole store.

use std::sync::Arc;

use futures::{StreamExt, TryStreamExt, stream};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use signals::Signal;

use crate::manifest::catalog::{Catalog, Days};
use crate::part::Part;
use crate::state::State;
use crate::{StoreError, TimeRange, manifest};

/// Copies that are in progress at once.
const COPIES: usize = 8;

/// Copies all parts and manifests below `folder`. The manifests come last: a copy without all of
/// them lacks parts, but none of its manifests lists a part that is not there.
pub(crate) async fn back_up(
    objects: &Arc<dyn ObjectStore>,
    catalog: &Catalog,
    state: &State,
    folder: &Path,
) -> Result<(), StoreError> {
    let everything = TimeRange { start: i64::MIN, end: i64::MAX };
    // Parts that are held are not removed when they are replaced.
    let parts = |days: &Days| -> (Vec<Arc<Part>>, Days) {
        let parts = Signal::ALL.into_iter().flat_map(|signal| state.parts(signal, everything));
        (parts.collect(), days.clone())
    };
    let (parts, days) = catalog.with_days(parts).await;
    let copies = parts.into_iter().map(|part| {
        let (objects, to) = (Arc::clone(objects), below(folder, &part.path));
        async move { objects.copy(&part.path, &to).await }
    });
    stream::iter(copies).buffer_unordered(COPIES).try_collect::<()>().await?;
    for ((signal, day), manifest) in &days {
        let bytes = manifest.encode().map_err(|error| StoreError::Io(error.to_string()))?;
        let path = below(folder, &manifest::path(*signal, *day, manifest.version));
        objects.put(&path, bytes.into()).await?;
    }
    Ok(())
}

fn below(folder: &Path, path: &Path) -> Path {
    folder.parts().chain(path.parts()).collect()
}
