//! Scrubbing: all parts are regularly read and compared with their checksums. A flipped bit may
//! change a value and leave its page readable.
//!
//! Only parts on a local disk are scrubbed: buckets verify their objects themselves.

use std::sync::Arc;
use std::time::Duration;

use object_store::path::Path;
use signals::Clock;

use super::verify::Verifier;
use crate::StoreError;
use crate::context::Context;
use crate::manifest::catalog::Catalog;

/// Bytes to read per round; a round reads at least one part.
const ROUND_BYTES: u64 = 64 << 20;
/// Interval between the starts of two passes over all parts.
const PASS_EVERY: Duration = Duration::from_hours(24);

/// Verifies all parts, a few each round.
#[derive(Debug)]
pub(crate) struct Scrubber {
    catalog: Arc<Catalog>,
    clock: Arc<dyn Clock>,
    verifier: Verifier,
    is_local: bool,
    /// When the current pass began; `None` before the first.
    begun: Option<Duration>,
    /// Remaining parts of the pass, with the next one last.
    left: Vec<(Path, u64)>,
}

impl Scrubber {
    pub(crate) fn new(context: &Context) -> Self {
        Self {
            catalog: Arc::clone(&context.catalog),
            clock: Arc::clone(&context.clock),
            verifier: Verifier::new(context),
            is_local: context.disk.is_some(),
            begun: None,
            left: Vec::new(),
        }
    }

    /// Verifies the next parts, if a pass is due.
    pub(crate) async fn run(&mut self) -> Result<(), StoreError> {
        if !self.is_local {
            return Ok(());
        }
        let now = self.clock.monotonic();
        let is_due = self.begun.is_none_or(|begun| now.saturating_sub(begun) >= PASS_EVERY);
        if self.left.is_empty() && is_due {
            self.begun = Some(now);
            let list = |days: &crate::manifest::catalog::Days| {
                let parts = days.values().flat_map(|manifest| &manifest.parts);
                parts.map(|part| (Path::from(part.path.as_str()), part.bytes)).collect()
            };
            self.left = self.catalog.with_days(list).await;
        }
        let (mut paths, mut bytes) = (Vec::new(), 0);
        while bytes < ROUND_BYTES
            && let Some((path, size)) = self.left.pop()
        {
            paths.push(path);
            bytes += size;
        }
        self.verifier.verify(&paths).await?;
        Ok(())
    }
}
