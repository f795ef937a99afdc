//! Waiting, which tests replace.

use std::fmt::Debug;
use std::pin::Pin;
use std::time::Duration;

/// A wait.
pub(super) type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A source of waits, which take as long as its monotonic clock says.
pub(super) trait Timer: Debug + Send + Sync {
    /// Ends after a duration.
    fn sleep(&self, duration: Duration) -> Sleep;
}

/// Waits by the timers of tokio.
#[derive(Debug)]
pub(super) struct TokioTimer;

impl Timer for TokioTimer {
    fn sleep(&self, duration: Duration) -> Sleep {
        Box::pin(tokio::time::sleep(duration))
    }
}

/// The output of a future; `None` if it takes longer than `duration`.
pub(super) async fn within<T>(
    timer: &dyn Timer,
    duration: Duration,
    future: impl Future<Output = T>,
) -> Option<T> {
    tokio::select! {
        biased;
        output = future => Some(output),
        () = timer.sleep(duration) => None,
    }
}
