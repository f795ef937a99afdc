//! Remote write from one store into another.

#![allow(clippy::unwrap_used, clippy::panic, reason = "the helpers of tests are tests too")]

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use adopt::SystemFiles;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use parking_lot::Mutex;
use receive::remote_storage::{RemoteStorage, ServerStatus};
use receive::{DeltaTotals, Limits, Receiver};
use signals::metric::{Exemplar, Metadata, MetricKind, NAME_LABEL, Sample, Samples};
use signals::time::{MILLISECOND, SystemClock};
use signals::{Batch, Clock, Labels, MatchOp, Matcher, MemoryBudget, SeriesBatch};
use store::{Config, Dependencies, NoTotals, Store, WriteRequest};

async fn open(folder: &std::path::Path) -> Store {
    let dependencies = Dependencies::disk(folder);
    Store::open(Config::default(), dependencies, Arc::new(NoTotals)).await.unwrap().0
}

/// The statuses with which the next requests are refused.
type Refusals = Arc<Mutex<Vec<u16>>>;

/// A server that takes remote write.
struct Remote {
    _folder: tempfile::TempDir,
    store: Store,
    refusals: Refusals,
    requests: Arc<AtomicUsize>,
    address: String,
}

impl Remote {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path()).await;
        let (totals, clock) = (Arc::new(DeltaTotals::new()), Arc::new(SystemClock::new()));
        let receiver = Receiver::new(store.clone(), totals, Limits::default(), clock);
        let (refusals, requests) = (Refusals::default(), Arc::new(AtomicUsize::new(0)));
        let state = (Arc::clone(&refusals), Arc::clone(&requests));
        let router = receive::remote_write::router(Arc::new(receiver))
            .layer(from_fn_with_state(state, refuse));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { _folder: folder, store, refusals, requests, address }
    }

    fn refuse(&self, statuses: &[u16]) {
        *self.refusals.lock() = statuses.to_vec();
    }

    /// All values by labels; staleness markers as `NaN`.
    async fn series(&self) -> Vec<(String, Vec<f64>)> {
        let matcher = Matcher::new(NAME_LABEL, MatchOp::Regex, ".+").unwrap();
        let memory = MemoryBudget::new("test", 64 << 20).reservation();
        let selected =
            self.store.select(&[matcher], i64::MIN, i64::MAX, 10_000, &memory).await.unwrap();
        let read = |series: &store::SeriesChunks| {
            let mut samples = Samples::default();
            series.read(i64::MIN, i64::MAX, &mut samples).unwrap();
            (format!("{:?}", series.labels), samples.values)
        };
        selected.iter().map(read).collect()
    }

    /// Waits until there are so many samples.
    async fn wait(&self, samples: usize) -> Vec<(String, Vec<f64>)> {
        for _ in 0..200 {
            let series = self.series().await;
            if series.iter().map(|(_, values)| values.len()).sum::<usize>() >= samples {
                return series;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{:?}", self.series().await);
    }
}

async fn refuse(
    State((refusals, requests)): State<(Refusals, Arc<AtomicUsize>)>,
    request: Request,
    next: Next,
) -> Response {
    requests.fetch_add(1, Ordering::Relaxed);
    let refusal = refusals.lock().pop();
    match refusal {
        Some(status) => (StatusCode::from_u16(status).unwrap(), "not now").into_response(),
        None => next.run(request).await,
    }
}

fn storage(store: &Store) -> RemoteStorage {
    let memory = MemoryBudget::new("remote write", 16 << 20);
    let addresses = [("remote.example".to_owned(), [127, 0, 0, 1].into())].into();
    RemoteStorage::new(store.clone(), Arc::new(SystemClock::new()), addresses, memory)
}

/// How long samples wait for others, unless a test is about it.
const SOON: &str = "batch_send_deadline: 100ms";

/// Sends to the remote with these settings of `remote_write` and its queue, in YAML.
fn apply(storage: &RemoteStorage, remote: &Remote, settings: &str, queue: &str) {
    let port = remote.address.rsplit_once(':').unwrap().1;
    let text = format!(
        "global: {{external_labels: {{region: eu, job: other}}}}\n\
         remote_write:\n- url: http://remote.example:{port}/write\n  \
         queue_config: {{max_samples_per_send: 4, max_shards: 3, \
         min_backoff: 10ms, max_backoff: 20ms, {queue}}}\n{settings}"
    );
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    let config = adopt::prometheus::load(file.path(), &SystemFiles).unwrap();
    let external = Labels::from_pairs(config.global.external_labels.iter());
    storage.apply(config.remote_write, &external).unwrap();
}

fn status(storage: &RemoteStorage) -> ServerStatus {
    storage.status().remove(0)
}

/// Stores samples with ascending times; the value is the place.
async fn store_samples(store: &Store, series: &[&[(&str, &str)]], values: std::ops::Range<usize>) {
    let now = SystemClock::new().now() / MILLISECOND;
    let mut batch = SeriesBatch::default();
    for (place, pairs) in series.iter().enumerate() {
        batch.series.push(Labels::from_pairs(pairs.iter().copied()).into());
        batch.samples.extend(values.clone().map(|value| Sample {
            series: place as u32,
            timestamp_ms: now - 10_000 + value as i64,
            value: value as f64,
        }));
    }
    batch.exemplars.push(Exemplar {
        series: 0,
        timestamp_ms: now,
        value: 1.0,
        labels: Labels::from_pairs([("trace_id", "t")]),
    });
    batch.metadata.push(Metadata {
        metric: "a".to_owned(),
        kind: MetricKind::Counter,
        help: "What a is.".to_owned(),
        unit: String::new(),
    });
    let batches = vec![Batch::Metrics(batch)];
    let received_at = now * MILLISECOND;
    let request = WriteRequest { received_at, batches, ..WriteRequest::default() };
    store.append(request).await.unwrap();
}

const A: &[(&str, &str)] = &[("__name__", "a"), ("job", "j")];
const B: &[(&str, &str)] = &[("__name__", "b")];
const C: &[(&str, &str)] = &[("__name__", "c")];

fn values(range: std::ops::Range<usize>) -> Vec<f64> {
    range.map(|value| value as f64).collect()
}

#[tokio::test]
async fn samples_arrive_with_external_labels_and_after_relabelling() {
    for message in ["prometheus.WriteRequest", "io.prometheus.write.v2.Request"] {
        let (folder, remote) = (tempfile::tempdir().unwrap(), Remote::new().await);
        let store = open(folder.path()).await;
        store_samples(&store, &[A], 0..1).await;
        let storage = storage(&store);
        apply(
            &storage,
            &remote,
            &format!(
                "  protobuf_message: {message}\n  send_exemplars: true\n  write_relabel_configs:\n  \
                 - {{source_labels: [__name__], regex: b, action: drop}}\n"
            ),
            SOON,
        );
        // A server that is new gets what is stored from now on.
        tokio::time::sleep(Duration::from_millis(100)).await;
        store_samples(&store, &[A, B, C], 1..11).await;
        let series = remote.wait(20).await;
        let expected = [
            (r#"{__name__="a", job="j", region="eu"}"#.to_owned(), values(1..11)),
            (r#"{__name__="c", job="other", region="eu"}"#.to_owned(), values(1..11)),
        ];
        assert_eq!(series, expected);
        assert!(remote.requests.load(Ordering::Relaxed) >= 5, "four samples a request");
        let name = Matcher::new(NAME_LABEL, MatchOp::Equal, "a").unwrap();
        let exemplars = remote.store.exemplars(&[name], i64::MIN, i64::MAX).await.unwrap();
        assert_eq!(exemplars.len(), 1, "{exemplars:?}");
        let help: Vec<String> = remote.store.metadata().into_iter().map(|it| it.help).collect();
        assert_eq!(help, ["What a is."]);
        let status = status(&storage);
        assert_eq!((status.sent, status.dropped, status.failed), (20, 10, 0));
    }
}

#[tokio::test]
async fn what_may_succeed_is_sent_again_and_what_may_not_is_counted() {
    let (folder, remote) = (tempfile::tempdir().unwrap(), Remote::new().await);
    let store = open(folder.path()).await;
    let storage = storage(&store);
    apply(&storage, &remote, "", SOON);
    tokio::time::sleep(Duration::from_millis(100)).await;
    remote.refuse(&[500, 503]);
    store_samples(&store, &[C], 0..3).await;
    remote.wait(3).await;
    assert_eq!((status(&storage).retried, status(&storage).failed), (6, 0));
    // 429 is not retried unless the configuration asks for it.
    for refusal in [400, 429] {
        remote.refuse(&[refusal]);
        let before = status(&storage).failed;
        store_samples(&store, &[C], 3..4).await;
        while status(&storage).failed == before {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let error = status(&storage).last_error.unwrap();
        assert!(error.contains(&refusal.to_string()) && error.contains("not now"), "{error}");
    }
    store_samples(&store, &[C], 4..6).await;
    assert_eq!(remote.wait(5).await[0].1, [0.0, 1.0, 2.0, 4.0, 5.0]);
}

#[tokio::test]
async fn the_last_samples_are_sent_at_the_deadline_although_no_others_follow() {
    let (folder, remote) = (tempfile::tempdir().unwrap(), Remote::new().await);
    let store = open(folder.path()).await;
    let storage = storage(&store);
    apply(&storage, &remote, "", "batch_send_deadline: 500ms");
    tokio::time::sleep(Duration::from_millis(100)).await;
    store_samples(&store, &[C], 0..3).await;
    remote.wait(3).await;
}

#[tokio::test]
async fn samples_that_become_too_old_are_given_up() {
    let (folder, remote) = (tempfile::tempdir().unwrap(), Remote::new().await);
    let store = open(folder.path()).await;
    let storage = storage(&store);
    // Samples of the tests are ten seconds old.
    apply(&storage, &remote, "", "batch_send_deadline: 100ms, sample_age_limit: 11s");
    tokio::time::sleep(Duration::from_millis(100)).await;
    remote.refuse(&[503; 1000]);
    store_samples(&store, &[C], 0..3).await;
    while status(&storage).dropped < 3 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(status(&storage).retried > 0);
    remote.refuse(&[]);
    store_samples(&store, &[A], 3..5).await;
    assert_eq!(remote.wait(2).await.len(), 1);
}

#[tokio::test]
async fn what_was_not_sent_is_sent_by_the_next_process() {
    let (folder, remote) = (tempfile::tempdir().unwrap(), Remote::new().await);
    let store = open(folder.path()).await;
    let sending = storage(&store);
    apply(&sending, &remote, "", SOON);
    tokio::time::sleep(Duration::from_millis(100)).await;
    store_samples(&store, &[A], 0..5).await;
    remote.wait(5).await;
    remote.refuse(&[503; 1000]);
    store_samples(&store, &[A], 5..10).await;
    store.flush().await.unwrap();
    store_samples(&store, &[A], 10..15).await;
    drop(sending);
    tokio::time::sleep(Duration::from_millis(100)).await;
    store.close().await.unwrap();
    drop(store);

    remote.refuse(&[]);
    let store = open(folder.path()).await;
    let sending = storage(&store);
    apply(&sending, &remote, "", SOON);
    let series = remote.wait(15).await;
    assert_eq!(series.len(), 1);
    assert_eq!(series[0].1, values(0..15));
    store_samples(&store, &[A], 15..17).await;
    assert_eq!(remote.wait(17).await[0].1, values(0..17));
    assert_eq!(status(&sending).lost_records, 0);
}
