//! Bad requests get the answer that makes their sender do the right thing.

use crate::requests::{call, framed, traces_protobuf};
use crate::server::Server;

const JSON: &str = "application/json";
const PROTOBUF: &str = "application/x-protobuf";
/// Header names and values.
type Headers = &'static [(&'static str, &'static str)];

/// Name, method, headers, body; status, and a part of the answer.
type HttpCase<'a> = (&'a str, &'a str, Headers, &'a [u8], u16, &'a str);

const EXPORT: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

#[test]
fn every_bad_http_request_has_its_status_and_the_process_lives() {
    let parent = tempfile::tempdir().unwrap();
    let server = Server::start_with(
        &parent.path().join("data"),
        "limits: {body: 64KiB, grpc_message: 64KiB}\n",
    );
    let big = vec![0_u8; 65 << 10];
    let cases: [HttpCase<'_>; 12] = [
        ("empty protobuf", "POST", &[("content-type", PROTOBUF)], b"", 200, ""),
        ("empty JSON object", "POST", &[("content-type", JSON)], b"{}", 200, "{}"),
        (
            "parameters of the type",
            "POST",
            &[("content-type", "application/json; charset=utf-8")],
            b"{}",
            200,
            "{}",
        ),
        (
            "truncated protobuf",
            "POST",
            &[("content-type", PROTOBUF)],
            b"\x0a\xff\xff\xff\xff\x0f",
            400,
            "malformed",
        ),
        ("half an object", "POST", &[("content-type", JSON)], b"{", 400, "\"code\":3"),
        (
            "wrong type inside",
            "POST",
            &[("content-type", JSON)],
            b"{\"resourceSpans\":5}",
            400,
            "\"message\"",
        ),
        ("no content type", "POST", &[], b"{}", 415, "unsupported media type"),
        ("text", "POST", &[("content-type", "text/plain")], b"{}", 415, "unsupported media type"),
        (
            "unknown compression",
            "POST",
            &[("content-type", JSON), ("content-encoding", "br")],
            b"{}",
            415,
            "br",
        ),
        (
            "gzip that is none",
            "POST",
            &[("content-type", JSON), ("content-encoding", "gzip")],
            b"{}",
            400,
            "gzip",
        ),
        ("too large", "POST", &[("content-type", PROTOBUF)], &big, 413, "65536"),
        ("another method", "GET", &[], b"", 405, "405 method not allowed, supported: [POST]"),
    ];
    for (name, method, headers, body, status, part) in cases {
        let answer =
            crate::http::request(server.address("otlp_http"), method, "/v1/traces", headers, body);
        assert_eq!(answer.status, status, "{name}: {}", answer.text());
        assert!(answer.text().contains(part), "{name}: {}", answer.text());
        if matches!(status, 400 | 413) {
            assert_eq!(answer.header("content-type"), Some(headers[0].1), "{name}");
        }
    }
    assert_eq!(server.get("health", "/").status, 200);
}

#[test]
fn every_bad_grpc_request_has_its_status() {
    const OK: u32 = 0;
    const INVALID_ARGUMENT: u32 = 3;
    const RESOURCE_EXHAUSTED: u32 = 8;
    const UNIMPLEMENTED: u32 = 12;
    let parent = tempfile::tempdir().unwrap();
    let server = Server::start_with(
        &parent.path().join("data"),
        "limits: {body: 64KiB, grpc_message: 64KiB}\n",
    );
    let good = framed(&traces_protobuf("shop", [1; 16], [2; 8]));
    let mut flagged = good.clone();
    flagged[0] = 1;
    let cases: [(&str, &str, Vec<u8>, Headers, u32); 10] = [
        ("good", EXPORT, good.clone(), &[], OK),
        ("nothing in it", EXPORT, framed(&[]), &[], OK),
        ("no frame", EXPORT, vec![], &[], INVALID_ARGUMENT),
        ("cut frame", EXPORT, good[..good.len() - 1].to_vec(), &[], INVALID_ARGUMENT),
        ("not protobuf", EXPORT, framed(b"\x0a\xff\xff\xff\xff\x0f"), &[], INVALID_ARGUMENT),
        ("compressed with an unknown algorithm", EXPORT, flagged.clone(), &[], INVALID_ARGUMENT),
        ("not gzip", EXPORT, flagged.clone(), &[("grpc-encoding", "gzip")], INVALID_ARGUMENT),
        ("snappy", EXPORT, flagged, &[("grpc-encoding", "snappy")], UNIMPLEMENTED),
        ("too large", EXPORT, framed(&vec![0; 65 << 10]), &[], RESOURCE_EXHAUSTED),
        (
            "another service",
            "/opentelemetry.proto.collector.x.v1.X/Export",
            good,
            &[],
            UNIMPLEMENTED,
        ),
    ];
    for (name, method, body, headers, expected) in cases {
        let (status, _) = call(server.address("otlp_grpc"), method, body, headers);
        assert_eq!(status, expected, "{name}");
    }
}

#[test]
fn the_good_part_of_a_batch_is_kept() {
    let parent = tempfile::tempdir().unwrap();
    let server = Server::start(&parent.path().join("data"));
    let mut body = crate::requests::traces("shop", "0af7651916cd43dd8448eb211c80319c");
    body["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["traceId"] = "0".repeat(32).into();
    let answer = server.post("otlp_http", "/v1/traces", JSON, body.to_string().as_bytes());
    assert_eq!(answer.status, 200);
    assert!(answer.text().contains("\"rejectedSpans\":\"1\""), "{}", answer.text());
    assert_eq!(server.sql("SELECT name FROM spans").len(), 1);
}

#[test]
fn every_bad_question_has_its_status() {
    let parent = tempfile::tempdir().unwrap();
    let server = Server::start(&parent.path().join("data"));
    for (key, path, status, part) in [
        ("prometheus", "/api/v1/query", 400, "no expression found"),
        ("prometheus", "/api/v1/query?query=sum(", 400, "\"errorType\":\"bad_data\""),
        (
            "prometheus",
            "/api/v1/query?query=topk(NaN,vector(1))",
            422,
            "\"errorType\":\"execution\"",
        ),
        (
            "prometheus",
            "/api/v1/query?query=up&time=x",
            400,
            "cannot parse \\\"x\\\" to a valid timestamp",
        ),
        (
            "prometheus",
            "/api/v1/query_range?query=up&start=0&end=100000000&step=1",
            400,
            "11,000 points per timeseries",
        ),
        (
            "prometheus",
            "/api/v1/query_range?query=up&start=0&end=1&step=0",
            400,
            "zero or negative",
        ),
        ("prometheus", "/api/v1/query_range?query=up&start=2&end=1&step=1", 400, "before start"),
        ("prometheus", "/api/v1/series", 400, "no match[] parameter provided"),
        ("prometheus", "/api/v1/label/U__a_zz_/values", 400, "invalid label name"),
        ("prometheus", "/api/v1/nothing", 404, "404 page not found"),
        ("prometheus", "/-/reload", 405, "Only POST or PUT requests allowed"),
        ("loki", "/loki/api/v1/query_range?query=%7Ba%3D%22b%22", 400, "parse error"),
        (
            "loki",
            "/loki/api/v1/query?query=%7Ba%3D%22b%22%7D",
            400,
            "log queries are not supported as an instant query type",
        ),
        (
            "loki",
            "/loki/api/v1/query_range?query=%7Ba%3D%22b%22%7D&limit=1000000",
            400,
            "(1000000 > 50000)",
        ),
        ("loki", "/loki/api/v1/nothing", 404, "404 page not found"),
        ("tempo", "/api/search?q=%7B%20span.x%20%3D", 400, "invalid TraceQL query"),
        ("tempo", "/api/search?limit=0", 400, "invalid limit: must be a positive number"),
        ("tempo", "/api/search?q=%7B%7D&tags=a%3Db", 400, "tags and q"),
        ("tempo", "/api/search?start=2&end=1", 400, "start must be before end"),
        ("tempo", "/api/traces/nothex", 400, "invalid character 'n' at position 1"),
        ("jaeger", "/api/traces", 400, "parameter 'service' is required"),
        ("jaeger", "/api/traces?service=a&start=x", 400, "unable to parse param 'start'"),
        ("jaeger", "/api/traces/xyz", 400, "unable to parse param"),
    ] {
        let answer = server.get(key, path);
        assert_eq!(answer.status, status, "{path}: {}", answer.text());
        assert_eq!(answer.text().matches(part).count(), 1, "{path}: {}", answer.text());
    }
    let answer = server.post("page", "/api/sql", JSON, b"{\"query\":\"DROP TABLE spans\"}");
    assert_eq!(answer.status, 400);
    let answer = server.post("page", "/api/sql", JSON, b"{\"sql\":\"SELECT 1\"}");
    assert!(answer.status == 400 && answer.text().contains("query"), "{}", answer.text());
}
