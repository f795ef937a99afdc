//! OTLP's status table, case by case, through both protocols' routers and a real store.

mod metrics;
mod toy_protocol;

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Request};
use http_body_util::BodyExt;
use signals::MemoryBudget;
use signals::time::SystemClock;
use store::{Config, Dependencies};
use tower::ServiceExt;

use super::*;
use crate::otlp;

const EXPORT: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
const SPAN: &str = r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"00000000000000a1","name":"x","startTimeUnixNano":"NOW","endTimeUnixNano":"NOW"}]}]}]}"#;

struct Fixture {
    _folder: tempfile::TempDir,
    receiver: Arc<Receiver>,
    store: Store,
}

async fn fixture(limits: Limits) -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let totals = Arc::new(DeltaTotals::new());
    let dependencies = Dependencies::disk(folder.path());
    let (store, _) =
        Store::open(Config::default(), dependencies, Arc::clone(&totals) as _).await.unwrap();
    let clock = Arc::new(SystemClock::new());
    let receiver = Arc::new(Receiver::new(store.clone(), totals, limits, clock));
    Fixture { _folder: folder, receiver, store }
}

fn span() -> Vec<u8> {
    let now = SystemClock::new().now().to_string();
    SPAN.replace("NOW", &now).into_bytes()
}

/// Status, headers with trailers, and body.
async fn ask(router: Router, request: Request<Body>) -> (u16, HeaderMap, Vec<u8>) {
    let response = router.oneshot(request).await.unwrap();
    let (status, mut headers) = (response.status().as_u16(), response.headers().clone());
    let mut body = response.into_body();
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        match frame.unwrap().into_data() {
            Ok(data) => bytes.extend_from_slice(&data),
            Err(frame) => headers.extend(frame.into_trailers().unwrap()),
        }
    }
    (status, headers, bytes)
}

async fn over_http(
    receiver: &Arc<Receiver>,
    kind: &str,
    body: Vec<u8>,
) -> (u16, HeaderMap, Vec<u8>) {
    let request =
        Request::post("/v1/traces").header("content-type", kind).body(Body::from(body)).unwrap();
    ask(otlp::http::router(Arc::clone(receiver)), request).await
}

/// gRPC status and details.
async fn over_grpc(receiver: &Arc<Receiver>, message: &[u8]) -> (String, Vec<u8>) {
    let mut framed = vec![0];
    framed.extend_from_slice(&u32::try_from(message.len()).unwrap().to_be_bytes());
    framed.extend_from_slice(message);
    let request = Request::post(EXPORT)
        .header("content-type", "application/grpc")
        .body(Body::from(framed))
        .unwrap();
    let (_, headers, _) = ask(otlp::grpc::router(Arc::clone(receiver)), request).await;
    let status = headers["grpc-status"].to_str().unwrap().to_owned();
    let details = headers.get("grpc-status-details-bin").map(|value| value.as_bytes().to_vec());
    (status, details.unwrap_or_default())
}

/// Whether base64 details contain `RetryInfo`, at any alignment.
fn has_retry_info(details: &[u8]) -> bool {
    let text = String::from_utf8_lossy(details);
    ["UmV0cnlJbmZv", "JldHJ5SW5mb", "SZXRyeUluZm"].iter().any(|part| text.contains(part))
}

#[tokio::test]
async fn full_memory_is_retryable_in_both_protocols() {
    let memory = MemoryBudget::new("requests in flight", 10_000);
    let others = memory.reserve(9_990).unwrap();
    let fixture = fixture(Limits { memory, ..Limits::default() }).await;
    let (status, headers, body) = over_http(&fixture.receiver, "application/json", span()).await;
    assert_eq!((status, &headers["retry-after"]), (503, &"1".parse().unwrap()));
    assert!(String::from_utf8(body).unwrap().contains("RetryInfo"));
    let (status, details) = over_grpc(&fixture.receiver, &[0; 20]).await;
    assert_eq!(status, "14");
    assert!(has_retry_info(&details), "{details:?}");
    drop(others);
    assert_eq!(fixture.receiver.limits().memory.bytes_taken(), 0);
}

#[tokio::test]
async fn what_decodes_to_more_than_there_is_memory_for_is_retryable_as_a_whole() {
    let memory = MemoryBudget::new("requests in flight", 4 << 20);
    let others = memory.reserve(3 << 20).unwrap();
    let fixture = fixture(Limits { memory, ..Limits::default() }).await;
    let records = "{},".repeat(9_999);
    let body =
        format!(r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{records}{{}}]}}]}}]}}"#);
    let post = |body: String| {
        let request = Request::post("/v1/logs").header("content-type", "application/json");
        ask(
            otlp::http::router(Arc::clone(&fixture.receiver)),
            request.body(Body::from(body)).unwrap(),
        )
    };
    let (status, headers, _) = post(body.clone()).await;
    assert_eq!((status, headers.contains_key("retry-after")), (503, true));
    drop(others);
    assert_eq!(post(body).await.0, 200);
    assert_eq!(fixture.receiver.statistics().snapshot().signals[1].accepted, 10_000);
    assert_eq!(fixture.receiver.limits().memory.bytes_taken(), 0);
}

#[tokio::test]
async fn while_closing_everything_is_retryable() {
    let fixture = fixture(Limits::default()).await;
    fixture.receiver.close();
    let (status, headers, body) =
        over_http(&fixture.receiver, "application/x-protobuf", vec![]).await;
    assert_eq!((status, &headers["retry-after"]), (503, &"1".parse().unwrap()));
    assert_eq!(headers["content-type"], "application/x-protobuf");
    assert_eq!(body[..2], [8, 14], "google.rpc.Status with code 14");
    let (status, details) = over_grpc(&fixture.receiver, &[]).await;
    assert!(status == "14" && has_retry_info(&details));
}

#[tokio::test]
async fn a_closed_store_is_retryable() {
    let fixture = fixture(Limits::default()).await;
    fixture.store.close().await.unwrap();
    let (status, headers, _) = over_http(&fixture.receiver, "application/json", span()).await;
    assert_eq!((status, headers.contains_key("retry-after")), (503, true));
}

#[tokio::test]
async fn too_large_is_final_in_both_protocols() {
    let limits = Limits {
        body_wire_bytes_max: 2000,
        http_body_bytes_max: 1000,
        grpc_body_bytes_max: 1000,
        ..Limits::default()
    };
    let fixture = fixture(limits).await;
    for size in [1001, 2001] {
        let (status, headers, body) =
            over_http(&fixture.receiver, "application/json", vec![b' '; size]).await;
        assert_eq!((status, headers.contains_key("retry-after")), (413, false), "{size}");
        assert!(String::from_utf8(body).unwrap().contains("\"code\":8"));
        let (status, details) = over_grpc(&fixture.receiver, &vec![0; size]).await;
        assert_eq!((status.as_str(), has_retry_info(&details)), ("8", false), "{size}");
    }
}

#[tokio::test]
async fn a_compressed_bomb_is_too_large_and_gives_its_memory_back() {
    let fixture = fixture(Limits { http_body_bytes_max: 1 << 20, ..Limits::default() }).await;
    // 2 MiB of zeros in stored blocks.
    let packed = gzip_of_zeroes();
    let request = Request::post("/v1/traces")
        .header("content-type", "application/x-protobuf")
        .header("content-encoding", "gzip")
        .body(Body::from(packed))
        .unwrap();
    let (status, _, _) = ask(otlp::http::router(Arc::clone(&fixture.receiver)), request).await;
    assert_eq!(status, 413);
    assert_eq!(fixture.receiver.limits().memory.bytes_taken(), 0);
}

/// A gzip member with 32 stored blocks of 65535 zeros; its checksum is never reached.
fn gzip_of_zeroes() -> Vec<u8> {
    let mut packed = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    for _ in 0..32 {
        packed.extend_from_slice(&[0, 0xff, 0xff, 0, 0]);
        packed.resize(packed.len() + 65_535, 0);
    }
    packed
}

#[tokio::test]
async fn a_panic_is_retryable_once_and_final_after() {
    let fixture = fixture(Limits::default()).await;
    let broken = || -> Result<(), WireError> { panic!("a defect") };
    let first = fixture.receiver.catch_panic(b"body", broken).unwrap_err();
    assert!(matches!(first, Rejection::Panicked { .. }), "{first:?}");
    let second = fixture.receiver.catch_panic(b"body", broken).unwrap_err();
    assert!(matches!(second, Rejection::Malformed(_)), "{second:?}");
    let other = fixture.receiver.catch_panic(b"another body", broken).unwrap_err();
    assert!(other.retry_after().is_some());
}

#[tokio::test]
async fn what_is_stored_is_counted_by_signal_and_service() {
    let fixture = fixture(Limits::default()).await;
    let (status, _, body) = over_http(&fixture.receiver, "application/json", span()).await;
    assert_eq!((status, body.as_slice()), (200, b"{}".as_slice()));
    let snapshot = fixture.receiver.statistics().snapshot();
    assert_eq!(snapshot.signals[0].accepted, 1);
    assert_eq!(snapshot.services[0].name, "unknown_service");
    assert_eq!(fixture.receiver.limits().memory.bytes_taken(), 0);
}

#[tokio::test]
async fn what_a_stored_request_lost_to_the_limits_is_counted() {
    let mut limits = Limits::default();
    limits.wire.name_bytes_max = 1;
    let fixture = fixture(limits).await;
    let name = "\"name\":\"xyz\"";
    let body = String::from_utf8(span()).unwrap().replace("\"name\":\"x\"", name);
    let (status, _, _) = over_http(&fixture.receiver, "application/json", body.into_bytes()).await;
    assert_eq!(status, 200);
    let [spans, logs, _] = fixture.receiver.statistics().snapshot().signals;
    assert_eq!((spans.accepted, spans.truncated, logs.truncated), (1, 1, 0));
}
