//! Cache of the footers of recently read parts, bounded by the budget of caches.

use std::collections::HashMap;

use object_store::path::Path;
use parquet::arrow::arrow_reader::ArrowReaderMetadata;
use signals::{MemoryBudget, MemoryReservation};

/// The footers, and the last use of each, counted in uses.
#[derive(Debug)]
pub(super) struct Footers {
    by_path: HashMap<Path, (ArrowReaderMetadata, u64)>,
    uses: u64,
    memory: MemoryReservation,
}

impl Footers {
    pub(super) fn new(memory: &MemoryBudget) -> Self {
        Self { by_path: HashMap::new(), uses: 0, memory: memory.reservation() }
    }

    pub(super) fn get(&mut self, path: &Path) -> Option<ArrowReaderMetadata> {
        self.uses += 1;
        let (footer, used) = self.by_path.get_mut(path)?;
        *used = self.uses;
        Some(footer.clone())
    }

    /// Inserts a footer, evicting the least recently used ones until it fits.
    pub(super) fn insert(&mut self, path: Path, footer: &ArrowReaderMetadata) {
        let bytes = footer.metadata().memory_size();
        if bytes > self.memory.budget().bytes_max() {
            return;
        }
        self.remove(&path);
        while self.memory.try_grow(bytes).is_err() {
            let oldest = self.by_path.iter().min_by_key(|(_, (_, used))| *used);
            let Some(oldest) = oldest.map(|(path, _)| path.clone()) else { return };
            self.remove(&oldest);
        }
        self.uses += 1;
        self.by_path.insert(path, (footer.clone(), self.uses));
    }

    fn remove(&mut self, path: &Path) {
        if let Some((footer, _)) = self.by_path.remove(path) {
            self.memory.shrink(footer.metadata().memory_size());
        }
    }
}
