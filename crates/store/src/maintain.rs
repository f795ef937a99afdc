//! One round of upkeep: merge small parts, drop old ones, remove files that nobody needs.

mod compact;
mod garbage;
mod retain;
mod verify;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crate::inner::Inner;
use crate::{Part, StoreError};

/// What upkeep remembers from one round to the next. Times are of the monotonic clock.
#[derive(Debug, Default)]
pub(crate) struct Upkeep {
    /// Parts that are not listed any more, since when, and their readers.
    replaced: Vec<(Duration, Arc<Part>)>,
    /// Parts that are too old, by path, and since when the clock has said so without a break.
    expired: HashMap<String, Duration>,
    /// Files that no manifest lists, by path, and since when.
    orphans: HashMap<String, Duration>,
    /// How often merging failed, by the last input's path.
    failed_merges: HashMap<String, u32>,
}

impl Inner {
    /// Does everything that is due now.
    pub(crate) async fn maintain(&self) -> Result<(), StoreError> {
        let mut upkeep = self.upkeep.lock().await;
        let rounds = [
            self.drop_expired(&mut upkeep).await,
            self.compact(&mut upkeep).await,
            self.remove_replaced(&mut upkeep).await,
            self.remove_orphans(&mut upkeep).await,
        ];
        // One that fails must not keep the others from being done.
        let failed = rounds.into_iter().find_map(Result::err);
        if let (Some(StoreError::Fatal(reason)), Some(log)) = (&failed, self.log.get()) {
            log.fail(reason);
        }
        failed.map_or(Ok(()), Err)
    }
}
