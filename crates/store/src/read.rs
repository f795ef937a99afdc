//! Reading parts while other processes replace and remove them.

use std::collections::HashSet;
use std::sync::Arc;

use object_store::path::Path;
use signals::Signal;

use crate::manifest::catalog::Catalog;
use crate::part::Part;
use crate::state::State;
use crate::{StoreError, TimeRange};

/// How often a read is attempted when other processes remove its parts.
const ATTEMPTS: u32 = 3;

/// A read of the parts that may have rows in a range. It may need several attempts.
pub(crate) struct PartRead<'a> {
    catalog: &'a Catalog,
    state: &'a State,
    signal: Signal,
    range: TimeRange,
    read: Vec<Arc<Part>>,
    attempts: u32,
}

impl<'a> PartRead<'a> {
    pub(crate) fn new(
        catalog: &'a Catalog,
        state: &'a State,
        signal: Signal,
        range: TimeRange,
    ) -> Self {
        Self { catalog, state, signal, range, read: Vec::new(), attempts: 0 }
    }

    /// The parts to read, oldest first.
    pub(crate) fn parts(&mut self) -> Vec<Arc<Part>> {
        self.read = self.state.parts(self.signal, self.range);
        self.read.clone()
    }

    /// Whether a read failed because another process replaced one of its parts. The catalog is
    /// fresh when this returns.
    pub(crate) async fn is_outdated(&mut self, error: &StoreError) -> bool {
        self.attempts += 1;
        if !matches!(error, StoreError::Io(_) | StoreError::Unreadable { .. })
            || self.attempts >= ATTEMPTS
        {
            return false;
        }
        if let Err(error) = self.catalog.refresh().await {
            tracing::warn!(%error, "parts of other processes could not be listed");
            return false;
        }
        let now = self.state.parts(self.signal, self.range);
        let listed: HashSet<&Path> = now.iter().map(|part| &part.path).collect();
        self.read.iter().any(|part| !listed.contains(&part.path))
    }
}
