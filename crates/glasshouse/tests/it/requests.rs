//! OTLP requests in JSON, and over gRPC.

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};

/// A time today would do, but a test has none: old enough to be kept, new enough for retention.
pub(crate) fn now_ns() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "the server under test has the machine's clock")]
    let now = std::time::SystemTime::now();
    u64::try_from(now.duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos()).unwrap()
}

fn resource(service: &str) -> Value {
    json!({ "attributes": [{ "key": "service.name", "value": { "stringValue": service } }] })
}

/// A trace of a root and one failed child.
pub(crate) fn traces(service: &str, trace_id: &str) -> Value {
    let start = now_ns() - 2_000_000_000;
    let span = |id: &str, parent: &str, name: &str, kind: u8, status: Value| {
        json!({
            "traceId": trace_id, "spanId": id, "parentSpanId": parent, "name": name, "kind": kind,
            "startTimeUnixNano": start.to_string(), "endTimeUnixNano": (start + 250_000_000).to_string(),
            "attributes": [
                { "key": "tokens", "value": { "intValue": "1234" } },
                { "key": "cost", "value": { "doubleValue": 0.25 } },
                { "key": "stream", "value": { "boolValue": true } },
            ],
            "events": [{ "name": "exception", "timeUnixNano": start.to_string() }],
            "status": status,
        })
    };
    let root = span("00000000000000a1", "", "solve_task", 2, json!({}));
    let error = json!({ "code": 2, "message": "rate limit" });
    let child = span("00000000000000a2", "00000000000000a1", "generate", 3, error);
    json!({ "resourceSpans": [{
        "resource": resource(service),
        "scopeSpans": [{ "scope": { "name": "it" }, "spans": [root, child] }],
    }] })
}

/// Two lines, both JSON.
pub(crate) fn logs(service: &str) -> Value {
    let record = |text: &str, number: u8, severity: &str| {
        json!({
            "timeUnixNano": (now_ns() - 1_000_000_000).to_string(), "severityNumber": number,
            "severityText": severity, "body": { "stringValue": text },
        })
    };
    json!({ "resourceLogs": [{
        "resource": resource(service),
        "scopeLogs": [{ "logRecords": [
            record(r#"{"message":"accepted"}"#, 9, "INFO"),
            record(r#"{"message":"failed","code":429}"#, 17, "ERROR"),
        ] }],
    }] })
}

/// A counter.
pub(crate) fn metrics(service: &str, value: u64) -> Value {
    let now = now_ns();
    json!({ "resourceMetrics": [{
        "resource": resource(service),
        "scopeMetrics": [{ "metrics": [{
            "name": "requests", "description": "What was asked", "unit": "1",
            "sum": { "aggregationTemporality": 2, "isMonotonic": true, "dataPoints": [{
                "asInt": value.to_string(), "startTimeUnixNano": (now - 60_000_000_000).to_string(),
                "timeUnixNano": now.to_string(),
                "attributes": [{ "key": "model", "value": { "stringValue": "small" } }],
            }] },
        }] }],
    }] })
}

/// A counter of delta temporality: what happened in the second that ended `seconds_ago`.
pub(crate) fn delta(service: &str, value: u64, seconds_ago: u64) -> Value {
    let end = now_ns() - seconds_ago * 1_000_000_000;
    json!({ "resourceMetrics": [{
        "resource": resource(service),
        "scopeMetrics": [{ "metrics": [{
            "name": "events", "sum": { "aggregationTemporality": 1, "isMonotonic": true, "dataPoints": [{
                "asInt": value.to_string(), "startTimeUnixNano": (end - 1_000_000_000).to_string(),
                "timeUnixNano": end.to_string(),
            }] },
        }] }],
    }] })
}

/// A unary gRPC call with a body that is framed already; status and message of the answer.
pub(crate) fn call(
    address: &str,
    method: &str,
    framed: Vec<u8>,
    headers: &[(&str, &str)],
) -> (u32, Vec<u8>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let client = Client::builder(TokioExecutor::new()).http2_only(true).build_http();
        let mut request = Request::post(format!("http://{address}{method}"))
            .header("content-type", "application/grpc")
            .header("te", "trailers");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response =
            client.request(request.body(Full::new(Bytes::from(framed))).unwrap()).await.unwrap();
        let mut status = response.headers().get("grpc-status").cloned();
        let mut body = response.into_body();
        let mut bytes = Vec::new();
        while let Some(frame) = body.frame().await {
            match frame.unwrap().into_data() {
                Ok(data) => bytes.extend_from_slice(&data),
                Err(frame) => {
                    let trailers = frame.into_trailers().unwrap();
                    status = trailers.get("grpc-status").cloned().or(status);
                }
            }
        }
        (status.unwrap().to_str().unwrap().parse().unwrap(), bytes)
    })
}

/// gRPC's prefix before a message.
pub(crate) fn framed(message: &[u8]) -> Vec<u8> {
    let mut framed = vec![0];
    framed.extend_from_slice(&u32::try_from(message.len()).unwrap().to_be_bytes());
    framed.extend_from_slice(message);
    framed
}

/// Protobuf of a trace with one span of this service, written by hand.
pub(crate) fn traces_protobuf(service: &str, trace_id: [u8; 16], span_id: [u8; 8]) -> Vec<u8> {
    let field = |number: u8, bytes: &[u8]| {
        let mut out = vec![number << 3 | 2, u8::try_from(bytes.len()).unwrap()];
        out.extend_from_slice(bytes);
        out
    };
    let fixed = |number: u8, value: u64| {
        let mut out = vec![number << 3 | 1];
        out.extend_from_slice(&value.to_le_bytes());
        out
    };
    let value = field(1, service.as_bytes());
    let attribute = [field(1, b"service.name"), field(2, &value)].concat();
    let resource = field(1, &field(1, &attribute));
    let start = now_ns();
    let ids = [field(1, &trace_id), field(2, &span_id), field(5, b"grpc span")].concat();
    let span = [ids, fixed(7, start - 1000), fixed(8, start)].concat();
    field(1, &[resource, field(2, &field(2, &span))].concat())
}
