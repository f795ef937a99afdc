//! Connection timeouts: first request, headers, frames, idleness and responses.
//!
//! HTTP/1 and HTTP/2 follow one rule: whatever has begun (a connection, a header block, a frame)
//! must end within ten seconds, even if bytes keep arriving. Hyper has only a timer for HTTP/1
//! headers, which also closes idle connections, and none for the first byte, partial frames or
//! unread responses. Request bodies have their own timeouts, in [`body`].

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use http::Version;
use parking_lot::Mutex;
use signals::Clock;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use self::protocol::{Progress, Protocol};

pub(super) mod body;
mod protocol;
mod refusal;

/// From the first byte of a header block or frame to its end, and from the connection to its first
/// header block or, in HTTP/2, its settings.
const BEGUN_MS_MAX: u64 = 10_000;
/// Without a request.
const IDLE_MS_MAX: u64 = 120_000;
/// With response data that the peer does not accept.
const BLOCKED_MS_MAX: u64 = 60_000;
/// Time added for each accepted frame of a response, up to [`BLOCKED_MS_MAX`]. Requires an average
/// of 64 KiB per second, so that slow readers do not hold memory for hours.
const PIECE_MS: u64 = 250;
/// Represents an inactive timer.
const NEVER: u64 = u64::MAX;

/// What to do with a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TimeoutStatus {
    /// Within all timeouts.
    Fine,
    /// Close it gracefully.
    Idle,
    /// Close it immediately.
    TooSlow,
}

/// The timers of a connection, in milliseconds of the monotonic clock.
#[derive(Debug)]
pub(super) struct ConnectionTimeouts {
    clock: Arc<dyn Clock>,
    requests: AtomicUsize,
    /// Number of request headers received.
    heads: AtomicU64,
    /// Responses in progress, by request number.
    answers: Mutex<HashMap<u64, AnswerTimeout>>,
    begun_since: AtomicU64,
    idle_since: AtomicU64,
    blocked_since: AtomicU64,
}

impl ConnectionTimeouts {
    /// Timers of a new connection, which waits for its first request.
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        let now = milliseconds(&*clock);
        Self {
            clock,
            requests: AtomicUsize::new(0),
            heads: AtomicU64::new(0),
            answers: Mutex::default(),
            begun_since: AtomicU64::new(now),
            idle_since: AtomicU64::new(now),
            blocked_since: AtomicU64::new(NEVER),
        }
    }

    /// Records a complete request header; the request is in flight until the guard is dropped.
    pub(super) fn request(self: &Arc<Self>, version: Version) -> InFlight {
        self.requests.fetch_add(1, Ordering::Relaxed);
        // In HTTP/2 the frame parser has stopped the timer, and the next frame may have begun.
        if version != Version::HTTP_2 {
            self.begun_since.store(NEVER, Ordering::Relaxed);
        }
        let number = self.heads.fetch_add(1, Ordering::Relaxed);
        InFlight { timeouts: Arc::clone(self), number }
    }

    /// Evaluates the timers.
    pub(super) fn status(&self) -> TimeoutStatus {
        let now = milliseconds(&*self.clock);
        let is_over = |since: &AtomicU64, max| is_long(now, since.load(Ordering::Relaxed), max);
        let is_idle_for =
            |max| self.requests.load(Ordering::Relaxed) == 0 && is_over(&self.idle_since, max);
        let is_stuck = || {
            let answers = self.answers.lock();
            answers.values().any(|answer| is_long(now, answer.piece_since, answer.left_ms))
        };
        if is_over(&self.blocked_since, BLOCKED_MS_MAX)
            || is_over(&self.begun_since, BEGUN_MS_MAX)
            || is_stuck()
            // A graceful close did not succeed.
            || is_idle_for(IDLE_MS_MAX + BEGUN_MS_MAX)
        {
            TimeoutStatus::TooSlow
        } else if is_idle_for(IDLE_MS_MAX) {
            TimeoutStatus::Idle
        } else {
            TimeoutStatus::Fine
        }
    }

    fn bytes_received(&self, protocol: &mut Protocol, bytes: &[u8]) {
        let Progress { has_ended, is_within } = protocol.bytes_received(bytes);
        // In HTTP/1 only hyper knows where a body ends and the next header begins.
        let is_head =
            matches!(protocol, Protocol::Http1) && self.requests.load(Ordering::Relaxed) == 0;
        if has_ended {
            self.begun_since.store(NEVER, Ordering::Relaxed);
        }
        if is_within || is_head {
            start(&self.begun_since, &*self.clock);
        }
    }
}

/// The remaining time for the frames of a response.
#[derive(Debug)]
struct AnswerTimeout {
    /// When the last frame was handed over.
    piece_since: u64,
    /// Maximum time for it.
    left_ms: u64,
}

/// A request in flight, until its response has been sent completely.
#[derive(Debug)]
pub(super) struct InFlight {
    timeouts: Arc<ConnectionTimeouts>,
    number: u64,
}

impl InFlight {
    /// Records that a frame was handed to hyper.
    pub(super) fn frame_sent(&self) {
        let piece_since = milliseconds(&*self.timeouts.clock);
        let mut answers = self.timeouts.answers.lock();
        let first = AnswerTimeout { piece_since, left_ms: BLOCKED_MS_MAX };
        answers.entry(self.number).or_insert(first).piece_since = piece_since;
    }

    /// Records that the peer has accepted the last frame.
    pub(super) fn frame_accepted(&self) {
        let now = milliseconds(&*self.timeouts.clock);
        let mut answers = self.timeouts.answers.lock();
        if let Some(answer) = answers.get_mut(&self.number).filter(|it| it.piece_since != NEVER) {
            let left_ms = answer.left_ms.saturating_sub(now.saturating_sub(answer.piece_since));
            *answer = AnswerTimeout {
                piece_since: NEVER,
                left_ms: (left_ms + PIECE_MS).min(BLOCKED_MS_MAX),
            };
        }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.timeouts.answers.lock().remove(&self.number);
        self.timeouts.idle_since.store(milliseconds(&*self.timeouts.clock), Ordering::Relaxed);
        self.timeouts.requests.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Starts a timer, unless it is running.
fn start(since: &AtomicU64, clock: &dyn Clock) {
    let now = milliseconds(clock);
    let _ = since.compare_exchange(NEVER, now, Ordering::Relaxed, Ordering::Relaxed);
}

fn is_long(now: u64, since: u64, max: u64) -> bool {
    since != NEVER && now.saturating_sub(since) > max
}

fn milliseconds(clock: &dyn Clock) -> u64 {
    u64::try_from(clock.monotonic().as_millis()).unwrap_or(NEVER - 1)
}

/// A stream that reports its reads and writes to [`ConnectionTimeouts`].
#[derive(Debug)]
pub(super) struct TimedStream<S> {
    stream: S,
    timeouts: Arc<ConnectionTimeouts>,
    protocol: Protocol,
    /// Whether the last write was partial.
    is_in_write: bool,
}

impl<S: AsyncWrite + Unpin> TimedStream<S> {
    /// Wraps a stream.
    pub(super) fn new(stream: S, timeouts: Arc<ConnectionTimeouts>) -> Self {
        Self { stream, timeouts, protocol: Protocol::new(), is_in_write: false }
    }

    /// A response generated by hyper, with our headers added; see [`refusal`].
    fn refusal(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let is_between = !self.is_in_write && self.timeouts.requests.load(Ordering::Relaxed) == 0;
        let is_http1 = !matches!(self.protocol, Protocol::Http2(_));
        if is_between && is_http1 { refusal::secured(bytes) } else { None }
    }

    /// Writes `bytes` in place of `length` bytes, all or nothing: the socket buffer is empty.
    fn write_replacement(
        &mut self,
        context: &mut Context<'_>,
        bytes: &[u8],
        length: usize,
    ) -> Poll<std::io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(context, bytes))?;
        if written < bytes.len() {
            return Poll::Ready(Err(std::io::ErrorKind::WriteZero.into()));
        }
        Poll::Ready(Ok(length))
    }

    fn wrote(&mut self, result: &Poll<std::io::Result<usize>>, length: usize) {
        if let Poll::Ready(Ok(written)) = result {
            self.is_in_write = *written < length;
        }
        let blocked = &self.timeouts.blocked_since;
        if result.is_ready() {
            blocked.store(NEVER, Ordering::Relaxed);
        } else {
            start(blocked, &*self.timeouts.clock);
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for TimedStream<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let Self { stream, timeouts, protocol, .. } = self.get_mut();
        let before = buffer.filled().len();
        let result = Pin::new(stream).poll_read(context, buffer);
        if let Some(bytes @ [_, ..]) = buffer.filled().get(before..) {
            timeouts.bytes_received(protocol, bytes);
        }
        result
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for TimedStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        let result = match self.refusal(bytes) {
            Some(refusal) => self.write_replacement(context, &refusal, bytes.len()),
            None => Pin::new(&mut self.stream).poll_write(context, bytes),
        };
        self.wrote(&result, bytes.len());
        result
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[std::io::IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        let refusal = if let [bytes] = slices { self.refusal(bytes) } else { None };
        let length = slices.iter().map(|slice| slice.len()).sum();
        let result = match refusal {
            Some(refusal) => self.write_replacement(context, &refusal, length),
            None => Pin::new(&mut self.stream).poll_write_vectored(context, slices),
        };
        self.wrote(&result, length);
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

    fn timeouts() -> (Arc<ManualClock>, Arc<ConnectionTimeouts>) {
        let clock = Arc::new(ManualClock::at(0));
        (clock.clone(), Arc::new(ConnectionTimeouts::new(clock)))
    }

    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    const SETTINGS: &[u8] = b"\0\0\0\x04\0\0\0\0\0";
    const PING: &[u8] = b"\0\0\x08\x06\0\0\0\0\0pingpong";
    /// A complete 3-byte header block; its first half; and a continuation that is not the last.
    const HEAD: &[u8] = b"\0\0\x03\x01\x04\0\0\0\x01abc";
    const HEAD_BEGINS: &[u8] = b"\0\0\x03\x01\0\0\0\0\x01abc";
    const HEAD_GOES_ON: &[u8] = b"\0\0\x03\x09\0\0\0\0\x01abc";

    /// Bytes and the second in which they arrive.
    type Pieces<'a> = &'a [(u64, &'a [u8])];

    /// When a connection that receives these bytes is closed, in seconds.
    fn cut_off_at(pieces: Pieces<'_>) -> Option<u64> {
        let (clock, timeouts) = timeouts();
        let mut protocol = Protocol::new();
        (0..IDLE_MS_MAX / 1000).find(|second| {
            for (_, bytes) in pieces.iter().filter(|(at, _)| at == second) {
                timeouts.bytes_received(&mut protocol, bytes);
            }
            let is_cut_off = timeouts.status() == TimeoutStatus::TooSlow;
            clock.advance(Duration::from_secs(1));
            is_cut_off
        })
    }

    #[test]
    fn what_has_begun_and_does_not_end_is_cut_off_after_ten_seconds() {
        let cases: [(&str, Pieces<'_>, Option<u64>); 15] = [
            ("silence", &[], Some(11)),
            ("half a head", &[(3, b"GET / HTTP/1.1\r\n")], Some(11)),
            ("a head that trickles", &[(0, b"GET"), (5, b" / H"), (10, b"TTP/1.1\r\n")], Some(11)),
            ("a line of the preface", &[(0, b"PRI * HTTP/2.0\r\n")], Some(11)),
            ("a letter of the preface", &[(0, b"P")], Some(11)),
            ("a preface without settings", &[(0, PREFACE)], Some(11)),
            ("half of the settings", &[(0, PREFACE), (9, &SETTINGS[..5])], Some(11)),
            ("nothing after the settings", &[(0, PREFACE), (1, SETTINGS)], None),
            ("settings in pieces", &[(0, PREFACE), (1, &SETTINGS[..5]), (2, &SETTINGS[5..])], None),
            ("pings", &[(0, PREFACE), (0, SETTINGS), (50, PING), (100, PING)], None),
            ("half a frame", &[(0, PREFACE), (1, SETTINGS), (20, &PING[..12])], Some(31)),
            (
                "half a frame after a whole one",
                &[(0, PREFACE), (1, SETTINGS), (20, PING), (20, &PING[..3])],
                Some(31),
            ),
            ("a head", &[(0, PREFACE), (1, SETTINGS), (20, HEAD)], None),
            ("half a head of frames", &[(0, PREFACE), (1, SETTINGS), (20, HEAD_BEGINS)], Some(31)),
            (
                "a head of frames that trickles",
                &[
                    (0, PREFACE),
                    (1, SETTINGS),
                    (20, HEAD_BEGINS),
                    (25, HEAD_GOES_ON),
                    (30, HEAD_GOES_ON),
                ],
                Some(31),
            ),
        ];
        for (name, pieces, expected) in cases {
            assert_eq!(cut_off_at(pieces), expected, "{name}");
        }
    }

    #[test]
    fn a_request_does_not_end_the_wait_for_half_a_frame() {
        let (clock, timeouts) = timeouts();
        let mut protocol = Protocol::new();
        timeouts.bytes_received(&mut protocol, &[PREFACE, SETTINGS, HEAD, &PING[..3]].concat());
        let _request = timeouts.request(Version::HTTP_2);
        clock.advance(Duration::from_secs(11));
        assert_eq!(timeouts.status(), TimeoutStatus::TooSlow);
    }

    #[test]
    fn a_long_request_is_fine_and_idleness_ends_gently_at_first() {
        let (clock, timeouts) = timeouts();
        let request = timeouts.request(Version::HTTP_11);
        clock.advance(Duration::from_secs(600));
        // Body data.
        timeouts.bytes_received(&mut Protocol::Http1, b"data");
        clock.advance(Duration::from_secs(600));
        assert_eq!(timeouts.status(), TimeoutStatus::Fine);
        drop(request);
        for (seconds, expected) in [
            (119, TimeoutStatus::Fine),
            (2, TimeoutStatus::Idle),
            (8, TimeoutStatus::Idle),
            (2, TimeoutStatus::TooSlow),
        ] {
            clock.advance(Duration::from_secs(seconds));
            assert_eq!(timeouts.status(), expected);
        }
    }

    #[test]
    fn an_answer_that_nobody_reads_is_cut_off() {
        let (clock, timeouts) = timeouts();
        let _request = timeouts.request(Version::HTTP_11);
        start(&timeouts.blocked_since, &*clock);
        clock.advance(Duration::from_secs(61));
        assert_eq!(timeouts.status(), TimeoutStatus::TooSlow);
    }
}
