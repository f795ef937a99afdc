//! Footers of parts that were read lately, bounded by their memory.

use std::collections::HashMap;

use object_store::path::Path;
use parquet::arrow::arrow_reader::ArrowReaderMetadata;

/// The footers, and when each was used last, counted in uses.
#[derive(Debug, Default)]
pub(super) struct Footers {
    by_path: HashMap<Path, (ArrowReaderMetadata, u64)>,
    uses: u64,
    bytes: usize,
}

impl Footers {
    pub(super) fn get(&mut self, path: &Path) -> Option<ArrowReaderMetadata> {
        self.uses += 1;
        let (footer, used) = self.by_path.get_mut(path)?;
        *used = self.uses;
        Some(footer.clone())
    }

    /// Keeps a footer and drops those that were not used for longest until all fit.
    pub(super) fn insert(&mut self, path: Path, footer: &ArrowReaderMetadata, bytes_max: usize) {
        let bytes = footer.metadata().memory_size();
        if bytes > bytes_max {
            return;
        }
        while self.bytes + bytes > bytes_max {
            let Some(oldest) = self
                .by_path
                .iter()
                .min_by_key(|(_, (_, used))| *used)
                .map(|(path, _)| path.clone())
            else {
                break;
            };
            self.remove(&oldest);
        }
        self.remove(&path);
        self.uses += 1;
        self.bytes += bytes;
        self.by_path.insert(path, (footer.clone(), self.uses));
    }

    fn remove(&mut self, path: &Path) {
        if let Some((footer, _)) = self.by_path.remove(path) {
            self.bytes = self.bytes.saturating_sub(footer.metadata().memory_size());
        }
    }
}
