//! How fast the other side of a connection goes, and when we have waited long enough.
//!
//! Hyper has one timer for the head of a request, which also ends idle connections, and none
//! before the first byte or for an answer that nobody reads. Here each has its own bound.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};

use signals::Clock;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// From the first byte of a request to the end of its head.
const HEAD_MS_MAX: u64 = 10_000;
/// Without any request.
const IDLE_MS_MAX: u64 = 120_000;
/// With an answer that the other side does not take.
const BLOCKED_MS_MAX: u64 = 60_000;
/// Stands for "not at the moment".
const NEVER: u64 = u64::MAX;

/// What to do with a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Go on.
    Fine,
    /// End it after what it is doing.
    Idle,
    /// End it now.
    TooSlow,
}

/// What a connection is waiting for, and since when, in milliseconds of the monotonic clock.
#[derive(Debug)]
pub(super) struct Pace {
    clock: Arc<dyn Clock>,
    requests: AtomicUsize,
    head_since: AtomicU64,
    idle_since: AtomicU64,
    blocked_since: AtomicU64,
    is_http2: AtomicBool,
}

impl Pace {
    /// A connection that has just been made: its first head is due.
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        let now = milliseconds(&*clock);
        Self {
            clock,
            requests: AtomicUsize::new(0),
            head_since: AtomicU64::new(now),
            idle_since: AtomicU64::new(now),
            blocked_since: AtomicU64::new(NEVER),
            is_http2: AtomicBool::new(false),
        }
    }

    /// A head has arrived; the request is in flight until the guard is dropped.
    pub(super) fn request(self: &Arc<Self>) -> impl Drop + use<> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.head_since.store(NEVER, Ordering::Relaxed);
        InFlight(Arc::clone(self))
    }

    /// What to do now.
    pub(super) fn verdict(&self) -> Verdict {
        let now = milliseconds(&*self.clock);
        let is_over = |since: &AtomicU64, max: u64| {
            let since = since.load(Ordering::Relaxed);
            since != NEVER && now.saturating_sub(since) > max
        };
        if is_over(&self.blocked_since, BLOCKED_MS_MAX) || is_over(&self.head_since, HEAD_MS_MAX) {
            Verdict::TooSlow
        } else if self.requests.load(Ordering::Relaxed) == 0
            && is_over(&self.idle_since, IDLE_MS_MAX)
        {
            Verdict::Idle
        } else {
            Verdict::Fine
        }
    }

    fn bytes_came(&self, bytes: &[u8], is_first: bool) {
        if is_first && bytes.starts_with(b"PRI") {
            // Heads of HTTP/2 come in frames between pings; idleness and pings bound it instead.
            self.is_http2.store(true, Ordering::Relaxed);
            self.head_since.store(NEVER, Ordering::Relaxed);
        }
        if !self.is_http2.load(Ordering::Relaxed) && self.requests.load(Ordering::Relaxed) == 0 {
            let now = milliseconds(&*self.clock);
            let _ =
                self.head_since.compare_exchange(NEVER, now, Ordering::Relaxed, Ordering::Relaxed);
        }
    }
}

struct InFlight(Arc<Pace>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.idle_since.store(milliseconds(&*self.0.clock), Ordering::Relaxed);
        self.0.requests.fetch_sub(1, Ordering::Relaxed);
    }
}

fn milliseconds(clock: &dyn Clock) -> u64 {
    u64::try_from(clock.monotonic().as_millis()).unwrap_or(NEVER - 1)
}

/// A socket that tells its [`Pace`] what happens on it.
#[derive(Debug)]
pub(super) struct Paced {
    stream: TcpStream,
    pace: Arc<Pace>,
    is_first: bool,
}

impl Paced {
    /// Watches a socket.
    pub(super) fn new(stream: TcpStream, pace: Arc<Pace>) -> Self {
        Self { stream, pace, is_first: true }
    }

    fn wrote<T>(&self, result: &Poll<T>) {
        let blocked = &self.pace.blocked_since;
        if result.is_ready() {
            blocked.store(NEVER, Ordering::Relaxed);
        } else {
            let now = milliseconds(&*self.pace.clock);
            let _ = blocked.compare_exchange(NEVER, now, Ordering::Relaxed, Ordering::Relaxed);
        }
    }
}

impl AsyncRead for Paced {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let before = buffer.filled().len();
        let result = Pin::new(&mut self.stream).poll_read(context, buffer);
        if let Some(bytes @ [_, ..]) = buffer.filled().get(before..) {
            self.pace.bytes_came(bytes, self.is_first);
            self.is_first = false;
        }
        result
    }
}

impl AsyncWrite for Paced {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.wrote(&result);
        result
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[std::io::IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.wrote(&result);
        result
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use signals::time::ManualClock;

    use super::*;

    fn pace() -> (Arc<ManualClock>, Arc<Pace>) {
        let clock = Arc::new(ManualClock::at(0));
        (clock.clone(), Arc::new(Pace::new(clock)))
    }

    #[test]
    fn a_head_that_trickles_is_cut_off() {
        let (clock, pace) = pace();
        pace.bytes_came(b"GET / HT", true);
        clock.advance(Duration::from_secs(9));
        pace.bytes_came(b"TP/1.1", false);
        assert_eq!(pace.verdict(), Verdict::Fine);
        clock.advance(Duration::from_secs(2));
        assert_eq!(pace.verdict(), Verdict::TooSlow);
    }

    #[test]
    fn a_silent_new_connection_is_cut_off() {
        let (clock, pace) = pace();
        clock.advance(Duration::from_secs(11));
        assert_eq!(pace.verdict(), Verdict::TooSlow);
    }

    #[test]
    fn a_long_request_is_fine_and_idleness_ends_gently() {
        let (clock, pace) = pace();
        let request = pace.request();
        clock.advance(Duration::from_secs(600));
        assert_eq!(pace.verdict(), Verdict::Fine);
        drop(request);
        clock.advance(Duration::from_secs(119));
        assert_eq!(pace.verdict(), Verdict::Fine);
        clock.advance(Duration::from_secs(2));
        assert_eq!(pace.verdict(), Verdict::Idle);
    }

    #[test]
    fn an_idle_http2_connection_outlives_the_bound_on_heads() {
        let (clock, pace) = pace();
        pace.bytes_came(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", true);
        clock.advance(Duration::from_secs(60));
        pace.bytes_came(b"ping", false);
        clock.advance(Duration::from_secs(59));
        assert_eq!(pace.verdict(), Verdict::Fine);
    }

    #[test]
    fn an_answer_that_nobody_reads_is_cut_off() {
        let (clock, pace) = pace();
        let _request = pace.request();
        pace.blocked_since.store(0, Ordering::Relaxed);
        clock.advance(Duration::from_secs(61));
        assert_eq!(pace.verdict(), Verdict::TooSlow);
    }
}
