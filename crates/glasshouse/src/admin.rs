//! The actions of an administrator, on the store of this process.

use std::sync::Arc;

use chrono::DateTime;
use futures::FutureExt;
use futures::future::BoxFuture;
use query::QueryError;
use signals::{Clock, Matcher};
use store::{Deletion, Store};

/// The folder of snapshots in the data folder.
const SNAPSHOTS: &str = "snapshots";

/// Implements the admin API.
pub(crate) struct Admin {
    store: Store,
    clock: Arc<dyn Clock>,
}

impl Admin {
    pub(crate) fn new(store: Store, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }
}

impl serve::Admin for Admin {
    fn delete_series(
        &self,
        selectors: Vec<Vec<Matcher>>,
        start_ms: i64,
        end_ms: i64,
    ) -> BoxFuture<'static, Result<(), QueryError>> {
        let store = self.store.clone();
        let deletion = Deletion { selectors, start_ms, end_ms };
        to_its_end(async move { Ok(store.delete(deletion).await?) })
    }

    fn snapshot(&self, skip_head: bool) -> BoxFuture<'static, Result<String, QueryError>> {
        let (store, now) = (self.store.clone(), self.clock.now());
        to_its_end(async move {
            if !skip_head {
                store.flush().await?;
            }
            let time = DateTime::from_timestamp_nanos(now).format("%Y%m%dT%H%M%SZ");
            let name = format!("{time}-{now:016x}");
            store.back_up(&format!("{SNAPSHOTS}/{name}")).await?;
            Ok(name)
        })
    }
}

/// Runs an action that does not stop when its client goes away.
fn to_its_end<T: Send + 'static>(
    action: impl Future<Output = Result<T, QueryError>> + Send + 'static,
) -> BoxFuture<'static, Result<T, QueryError>> {
    let task = tokio::spawn(action);
    async move { task.await.map_err(|error| QueryError::Internal(error.to_string()))? }.boxed()
}
