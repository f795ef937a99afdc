//! What an answer lacks because it was lost, gathered while the answer is made.
//!
//! Every language reads through one source, so that the source is what adds warnings, and whoever
//! answers the client is what gives them their form.

use std::collections::BTreeSet;
use std::sync::Arc;

use parking_lot::Mutex;

tokio::task_local! {
    static GATHERED: Arc<Mutex<BTreeSet<String>>>;
}

/// Answers a question, and says what of the answer was lost. Around another call of this, the inner
/// one gathers.
pub async fn gather<T>(question: impl Future<Output = T>) -> (T, Vec<String>) {
    let answer = async {
        let answer = question.await;
        (answer, gathered())
    };
    GATHERED.scope(Arc::default(), answer).await
}

/// What was gathered so far of the question that this task answers.
pub fn gathered() -> Vec<String> {
    let all = |gathered: &Arc<Mutex<BTreeSet<String>>>| gathered.lock().iter().cloned().collect();
    GATHERED.try_with(all).unwrap_or_default()
}

/// Has a future that becomes a task of its own gather for the question of this task.
pub(crate) fn carried<F: Future>(future: F) -> impl Future<Output = F::Output> {
    let gathered = GATHERED.try_with(Arc::clone);
    async move {
        match gathered {
            Ok(gathered) => GATHERED.scope(gathered, future).await,
            Err(_) => future.await,
        }
    }
}

/// Adds what the source knows to be lost; without somebody who gathers it is dropped.
pub(crate) fn add(warnings: Vec<String>) {
    let _ = GATHERED.try_with(|gathered| gathered.lock().extend(warnings));
}
