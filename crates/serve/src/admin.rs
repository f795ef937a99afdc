//! What an administrator can do with stored data. The binary implements it.

use futures::future::BoxFuture;
use query::QueryError;
use signals::Matcher;

/// Actions on stored data. Once started they run to their end, even if the client goes away.
pub trait Admin: Send + Sync {
    /// Deletes the samples in `start_ms..=end_ms` of all series that satisfy all matchers of one of
    /// `selectors`.
    ///
    /// # Errors
    /// [`QueryError::Store`]: some of the samples may be left, and the call can be repeated.
    fn delete_series(
        &self,
        selectors: Vec<Vec<Matcher>>,
        start_ms: i64,
        end_ms: i64,
    ) -> BoxFuture<'static, Result<(), QueryError>>;

    /// Copies all parts to a new folder below `snapshots` in the data folder or bucket, and returns
    /// its name. Data that is not in parts yet is included unless `skip_head`.
    ///
    /// # Errors
    /// [`QueryError::Store`]; the copy is incomplete.
    fn snapshot(&self, skip_head: bool) -> BoxFuture<'static, Result<String, QueryError>>;
}
