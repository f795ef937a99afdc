//! Warnings about lost data, collected while an answer is computed.
//!
//! Every language reads through a source, so the source adds the warnings, and each API formats
//! them for its clients.

use std::collections::BTreeSet;
use std::sync::Arc;

use parking_lot::Mutex;

tokio::task_local! {
    static GATHERED: Arc<Mutex<BTreeSet<String>>>;
}

/// Runs a query and collects the warnings about its answer. In nested calls the innermost one
/// collects.
pub async fn gather<T>(query: impl Future<Output = T>) -> (T, Vec<String>) {
    let answer = async {
        let answer = query.await;
        (answer, gathered())
    };
    GATHERED.scope(Arc::default(), answer).await
}

/// The warnings collected so far for the query of this task.
pub fn gathered() -> Vec<String> {
    let all = |gathered: &Arc<Mutex<BTreeSet<String>>>| gathered.lock().iter().cloned().collect();
    GATHERED.try_with(all).unwrap_or_default()
}

/// Makes a future that is spawned as a task collect for the query of this task.
pub(crate) fn inherit<F: Future>(future: F) -> impl Future<Output = F::Output> {
    let gathered = GATHERED.try_with(Arc::clone);
    async move {
        match gathered {
            Ok(gathered) => GATHERED.scope(gathered, future).await,
            Err(_) => future.await,
        }
    }
}

/// Adds warnings; they are dropped outside of [`gather`].
pub(crate) fn add(warnings: Vec<String>) {
    let _ = GATHERED.try_with(|gathered| gathered.lock().extend(warnings));
}
