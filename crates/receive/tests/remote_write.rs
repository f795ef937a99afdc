//! Remote write through its router into a store.

#![allow(clippy::unwrap_used, clippy::panic, reason = "the helpers of tests are tests too")]

use std::sync::Arc;

use axum::body::Body;
use http::{HeaderMap, Request};
use receive::{DeltaTotals, Limits, Receiver};
use signals::metric::{Exemplar, NAME_LABEL, Samples};
use signals::time::SystemClock;
use signals::{Labels, MatchOp, Matcher, MemoryBudget};
use store::{Config, Dependencies, Store};
use tower::ServiceExt;
use wire::remote::{OutgoingSeries, WriteMessage};

struct Fixture {
    _folder: tempfile::TempDir,
    receiver: Arc<Receiver>,
    store: Store,
}

impl Fixture {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let totals = Arc::new(DeltaTotals::new());
        let dependencies = Dependencies::disk(folder.path());
        let (store, _) =
            Store::open(Config::default(), dependencies, Arc::clone(&totals) as _).await.unwrap();
        let clock = Arc::new(SystemClock::new());
        let receiver = Receiver::new(store.clone(), totals, Limits::default(), clock);
        Self { _folder: folder, receiver: Arc::new(receiver), store }
    }

    /// Status, headers and text of the response to a body.
    async fn send(&self, headers: &[(&str, &str)], body: Vec<u8>) -> (u16, HeaderMap, String) {
        let mut request = Request::post("/write");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let router = receive::remote_write::router(Arc::clone(&self.receiver));
        let response = router.oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, 1 << 20).await.unwrap();
        (parts.status.as_u16(), parts.headers, String::from_utf8(bytes.to_vec()).unwrap())
    }

    async fn values(&self, name: &str) -> Vec<f64> {
        let matcher = Matcher::new(NAME_LABEL, MatchOp::Equal, name).unwrap();
        let memory = MemoryBudget::new("test", 64 << 20).reservation();
        let series = self.store.select(&[matcher], i64::MIN, i64::MAX, 10, &memory).await.unwrap();
        let mut samples = Samples::default();
        if let Some(series) = series.first() {
            series.read(i64::MIN, i64::MAX, &mut samples).unwrap();
        }
        samples.values
    }
}

/// A request with one sample of each series, of which the first has an exemplar.
fn request(message: WriteMessage, series: &[&[(&str, &str)]]) -> Vec<u8> {
    let labels: Vec<Labels> =
        series.iter().map(|pairs| Labels::from_pairs(pairs.iter().copied())).collect();
    let samples = Samples { timestamps: vec![1_000], values: vec![7.0], ..Samples::default() };
    let trace = Labels::from_pairs([("trace_id", "1")]);
    let exemplars = [Exemplar { series: 0, timestamp_ms: 1_000, value: 7.0, labels: trace }];
    let series = labels.iter().enumerate().map(|(i, labels)| OutgoingSeries {
        labels,
        samples: &samples,
        exemplars: if i == 0 { &exemplars } else { &[] },
        metadata: None,
        start_ms: None,
    });
    message.encode(series).unwrap()
}

const GOOD: &[(&str, &str)] = &[("__name__", "good"), ("job", "j")];
const NAMELESS: &[(&str, &str)] = &[("job", "j")];

#[tokio::test]
async fn both_versions_are_stored_and_the_second_says_how_much() {
    for message in [WriteMessage::V1, WriteMessage::V2] {
        let fixture = Fixture::new().await;
        let headers = [("content-type", message.content_type()), ("content-encoding", "snappy")];
        for _ in 0..2 {
            let (status, headers, text) = fixture.send(&headers, request(message, &[GOOD])).await;
            assert_eq!((status, text.as_str()), (204, ""));
            let written = |what: &str| {
                let name = format!("x-prometheus-remote-write-{what}-written");
                headers.get(name).map(|value| value.to_str().unwrap().to_owned())
            };
            let written = ["samples", "histograms", "exemplars"].map(written);
            match message {
                WriteMessage::V1 => assert_eq!(written, [None, None, None]),
                WriteMessage::V2 => assert_eq!(written, ["1", "0", "1"].map(|n| Some(n.into()))),
            }
        }
        assert_eq!(fixture.values("good").await, [7.0]);
    }
}

/// W03 of the collected faults.
#[tokio::test]
async fn the_good_part_of_a_request_is_stored_and_the_rest_is_refused_for_good() {
    for message in [WriteMessage::V1, WriteMessage::V2] {
        let fixture = Fixture::new().await;
        let headers = [("content-type", message.content_type())];
        let (status, headers, text) =
            fixture.send(&headers, request(message, &[NAMELESS, GOOD])).await;
        assert_eq!(status, 400, "{text}");
        assert!(text.contains("job"), "{text}");
        assert_eq!(fixture.values("good").await, [7.0]);
        if message == WriteMessage::V2 {
            assert_eq!(headers["x-prometheus-remote-write-samples-written"], "1");
        }
    }
}

#[tokio::test]
async fn the_headers_of_a_request_decide_how_it_is_read() {
    let proto = |name: &str| format!("application/x-protobuf;proto={name}");
    let (first, other) =
        (proto("prometheus.WriteRequest"), proto("io.prometheus.write.v3.Request"));
    let cases: [(&[(&str, &str)], u16); 6] = [
        // W05 of the collected faults: senders without a content type.
        (&[], 204),
        (&[("content-type", "application/x-protobuf")], 204),
        (&[("content-type", &first), ("content-encoding", "snappy")], 204),
        (&[("content-type", &other)], 415),
        (&[("content-type", "application/json")], 415),
        (&[("content-encoding", "gzip")], 415),
    ];
    for (headers, expected) in cases {
        let fixture = Fixture::new().await;
        let (status, _, text) = fixture.send(headers, request(WriteMessage::V1, &[GOOD])).await;
        assert_eq!(status, expected, "{headers:?}: {text}");
    }
    let fixture = Fixture::new().await;
    let (status, _, text) = fixture.send(&[], b"not snappy".to_vec()).await;
    assert_eq!(status, 400, "{text}");
}
