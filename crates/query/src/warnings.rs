//! What an answer lacks because it was lost, gathered while the answer is made.
//!
//! Every language reads through one source, so that the source is what adds warnings, and whoever
//! answers the client is what gives them their form.

use std::cell::RefCell;
use std::collections::BTreeSet;

tokio::task_local! {
    static GATHERED: RefCell<BTreeSet<String>>;
}

/// Answers a question, and says what of the answer was lost. Around another call of this, the inner
/// one gathers.
pub async fn gather<T>(question: impl Future<Output = T>) -> (T, Vec<String>) {
    let answer = async {
        let answer = question.await;
        (answer, gathered())
    };
    GATHERED.scope(RefCell::default(), answer).await
}

/// What was gathered so far of the question that this task answers.
pub fn gathered() -> Vec<String> {
    let all = |gathered: &RefCell<BTreeSet<String>>| gathered.borrow().iter().cloned().collect();
    GATHERED.try_with(all).unwrap_or_default()
}

/// Adds what the source knows to be lost; without somebody who gathers it is dropped.
pub(crate) fn add(warnings: Vec<String>) {
    let _ = GATHERED.try_with(|gathered| gathered.borrow_mut().extend(warnings));
}
