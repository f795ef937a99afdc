//! Parts that are being written and that no manifest lists yet.
//!
//! The garbage collector of the same process skips them. Those of other processes skip them because
//! of their age: [`COMMIT_WITHIN`] is far below the age at which a foreign file is collected.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use object_store::path::Path;
use parking_lot::Mutex;
use signals::{Clock, Timestamp};

use super::origin::Origin;
use crate::StoreError;
use crate::write_ahead::format::WriterId;

/// Age after which a part is not committed any more, because another process may collect it as
/// garbage.
pub(crate) const COMMIT_WITHIN: Duration = Duration::from_hours(1);

/// All drafts of this process. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Drafts {
    writer: WriterId,
    clock: Arc<dyn Clock>,
    paths: Arc<Mutex<HashSet<String>>>,
}

/// One part that is being written, until this is dropped.
#[derive(Debug)]
pub(crate) struct Draft {
    path: String,
    drafts: Drafts,
    begun: (Timestamp, Duration),
}

impl Drafts {
    /// An empty set; the names of its drafts contain `writer`.
    pub(crate) fn new(writer: WriterId, clock: Arc<dyn Clock>) -> Self {
        Self { writer, clock, paths: Arc::default() }
    }

    /// The process that writes them.
    pub(crate) fn writer(&self) -> WriterId {
        self.writer
    }

    /// Begins a part under a unique name.
    pub(crate) fn begin(&self, origin: &Origin) -> Draft {
        let path = origin.new_path(self.writer);
        self.paths.lock().insert(path.clone());
        let begun = (self.clock.now(), self.clock.monotonic());
        Draft { path, drafts: self.clone(), begun }
    }

    /// The paths of all current drafts.
    pub(crate) fn paths(&self) -> HashSet<String> {
        self.paths.lock().clone()
    }
}

impl Draft {
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    pub(crate) fn location(&self) -> Path {
        Path::from(self.path.as_str())
    }

    /// Checks that a manifest may still list the part, by both clocks: the monotonic clock stops
    /// while a machine is suspended, and the wall clock may be set.
    ///
    /// # Errors
    /// [`StoreError::Io`]: the part must be written again under another name.
    pub(crate) fn check_age(&self) -> Result<(), StoreError> {
        let (wall, monotonic) = self.begun;
        let wall = self.drafts.clock.now().saturating_sub(wall);
        let wall = Duration::from_nanos(u64::try_from(wall).unwrap_or(0));
        let age = wall.max(self.drafts.clock.monotonic().saturating_sub(monotonic));
        if age <= COMMIT_WITHIN {
            return Ok(());
        }
        Err(StoreError::Io(format!(
            "writing {} took more than an hour; it will be retried",
            self.path
        )))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        self.drafts.paths.lock().remove(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use signals::Signal;
    use signals::time::{ManualClock, SECOND};

    use super::*;
    use crate::manifest::origin::SequenceRange;

    #[test]
    fn a_part_that_took_an_hour_by_either_clock_is_not_listed() {
        let range = SequenceRange { writer: "ab".into(), after: 0, sequence: 1 };
        let origin = Origin::flushed(Signal::Logs, 0, range, 0);
        let clock = Arc::new(ManualClock::at(0));
        let drafts = Drafts::new(WriterId::random(), Arc::clone(&clock) as _);
        let draft = drafts.begin(&origin);
        assert_eq!(drafts.paths(), HashSet::from([draft.path().to_owned()]));
        clock.advance(COMMIT_WITHIN);
        draft.check_age().unwrap();
        clock.advance(Duration::from_secs(1));
        draft.check_age().unwrap_err();
        let asleep = drafts.begin(&origin);
        clock.jump_to(3 * 3_600 * SECOND);
        asleep.check_age().unwrap_err();
        drop((draft, asleep));
        assert_eq!(drafts.paths(), HashSet::new());
    }
}
