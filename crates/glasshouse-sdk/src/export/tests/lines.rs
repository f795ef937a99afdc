//! Log lines of the export, and their rate limit.

use super::{
    backend::{Answer, Backend},
    *,
};
use crate::export::{deliver::Deliverer, stop, transport::Transport, warnings};
use std::{io, sync::Mutex};
use tracing_subscriber::fmt::MakeWriter;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// The lines logged by `work`.
fn lines_of(work: impl Future<Output = ()>) -> Vec<String> {
    let lines = Lines::default();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(lines.clone())
        .with_ansi(false)
        .without_time()
        .with_max_level(tracing::Level::INFO)
        .finish();
    // With a single subscriber, tracing caches the interest of the thread that first reaches a
    // callsite, which may be the worker of another test, without a subscriber.
    let _second = Dispatch::new(tracing::subscriber::NoSubscriber::default());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tracing::subscriber::with_default(subscriber, || runtime.block_on(work));
    let written = lines.0.lock().unwrap().clone();
    String::from_utf8(written).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn drops_are_told_when_they_begin_and_then_not_at_once_again() {
    let statistics = Arc::new(ExportStatistics::default());
    let dropped = Arc::new(Notify::new());
    let lines = lines_of(async {
        let drops = async {
            for _ in 0..10 {
                statistics.spans.dropped_queue_full.fetch_add(3, Ordering::Relaxed);
                dropped.notify_one();
                tokio::task::yield_now().await;
            }
        };
        let watch = warnings::watch_drops(Arc::clone(&statistics), Arc::clone(&dropped));
        tokio::select! {
            biased;
            () = watch => {}
            () = drops => {}
        }
    });
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("WARN glasshouse_sdk::export: the export queue is full"));
    assert!(lines[0].contains("signal=\"spans\" dropped=3 dropped_total=3"), "{lines:?}");
}

#[test]
fn a_failing_backend_is_one_line_a_reason_and_one_when_it_works_again() {
    let refusal = Answer::Now(400, Vec::new(), b"no such\ntenant".to_vec());
    let busy = Answer::status(503);
    let script =
        vec![busy.clone(), busy.clone(), busy, refusal.clone(), refusal, Answer::status(200)];
    let backend = Backend::start(script);
    let url = backend.url().replace("http://", "http://me:hidden@");
    let lines = lines_of(async {
        let (_stop, stop) = stop::stop();
        let transport = Transport::otlp(&http(url), Signal::Logs, &mut Vec::new()).unwrap();
        let statistics = Arc::default();
        let pause = Duration::from_millis(1);
        let mut deliverer = Deliverer::new(Signal::Logs, transport, statistics, stop, pause);
        for _ in 0..3 {
            deliverer.deliver(bytes::Bytes::new(), 1, None).await;
        }
    });
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(lines[0].contains("it is tried again") && lines[0].contains("503"), "{lines:?}");
    assert!(lines[1].contains("the batch is dropped"), "{lines:?}");
    assert!(lines[1].contains("400 Bad Request: no such tenant"), "{lines:?}");
    assert!(lines[2].contains("INFO") && lines[2].contains("works again"), "{lines:?}");
    let endpoint = format!("endpoint=\"{}\"", backend.url());
    assert!(lines.iter().all(|line| line.contains(&endpoint)), "{lines:?}");
}

#[test]
fn a_backend_that_fails_every_other_time_is_not_told_each_time() {
    let script = [503, 200].repeat(4).into_iter().map(Answer::status).collect();
    let backend = Backend::start(script);
    let lines = lines_of(async {
        let (_stop, stop) = stop::stop();
        let transport =
            Transport::otlp(&http(backend.url()), Signal::Logs, &mut Vec::new()).unwrap();
        let pause = Duration::from_millis(1);
        let mut deliverer = Deliverer::new(Signal::Logs, transport, Arc::default(), stop, pause);
        for _ in 0..4 {
            deliverer.deliver(bytes::Bytes::new(), 1, None).await;
        }
    });
    assert_eq!(lines.len(), 2, "{lines:?}");
}
