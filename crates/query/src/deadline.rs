//! The time by which all queries of one request must be answered.
//!
//! A request may run several queries, each of which waits for a permit and for memory before it
//! runs. Without a common deadline, each of these could take the whole timeout.

use std::sync::OnceLock;
use std::time::Duration;

use tokio::time::Instant;

/// Longer timeouts are as good as none.
const TIMEOUT_MAX: Duration = Duration::from_secs(365 * 24 * 60 * 60);

tokio::task_local! {
    static DEADLINE: OnceLock<Instant>;
}

/// Handles a request whose queries share one deadline. Their timeout begins with the first of them.
pub async fn share<T>(request: impl Future<Output = T>) -> T {
    DEADLINE.scope(OnceLock::new(), request).await
}

/// The deadline of a query that begins now.
pub(crate) fn of_query(timeout: Duration) -> Instant {
    let own = Instant::now() + timeout.min(TIMEOUT_MAX);
    DEADLINE.try_with(|shared| *shared.get_or_init(|| own)).unwrap_or(own)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn queries_of_one_request_share_its_deadline() {
        let timeout = Duration::from_secs(1);
        let began = Instant::now();
        let (first, second) = share(async {
            let first = of_query(timeout);
            tokio::time::sleep(Duration::from_millis(1)).await;
            (first, of_query(timeout))
        })
        .await;
        assert!(first >= began + timeout);
        assert_eq!(first, second);
        assert!(of_query(timeout) > first);
        assert!(of_query(Duration::MAX) > first);
    }
}
