//! Prometheus' ways to read series of another server: federation and remote read.

use signals::Labels;
use signals::metric::NAME_LABEL;
use signals::{MatchOp, Matcher, MemoryBudget};
use wire::body::decompress_snappy;
use wire::remote::read::{
    Frame, Query, ReadRequest, ReadSeries, ResponseType, decode_samples, split_frame,
};

use crate::http::Answer;
use crate::requests::{metrics, now_ns};
use crate::server::Server;

const JSON: &str = "application/json";

/// A server with one series, and its labels.
fn with_a_series(folder: &std::path::Path) -> Server {
    std::fs::write(
        folder.join("prometheus.yml"),
        "global: {external_labels: {region: eu}}\nscrape_configs: []\n",
    )
    .unwrap();
    let adopt = format!("adopt: [{}]\n", folder.join("prometheus.yml").display());
    let server = Server::start_with(&folder.join("data"), &adopt);
    let body = metrics("shop", 7).to_string();
    assert_eq!(server.post("otlp_http", "/v1/metrics", JSON, body.as_bytes()).status, 200);
    server
}

#[test]
fn federate_shows_the_latest_samples() {
    let folder = tempfile::tempdir().unwrap();
    let server = with_a_series(folder.path());
    let page = server.get("prometheus", "/federate?match[]=%7Bjob%3D%22shop%22%7D");
    assert_eq!(page.status, 200, "{}", page.text());
    let kind = page.header("content-type").unwrap_or_default();
    assert!(kind.starts_with("text/plain; version=0.0.4"), "{kind}");
    let text = page.text();
    let line = text.lines().find(|line| !line.starts_with('#')).unwrap_or_default();
    assert!(text.starts_with("# TYPE "), "{text}");
    assert!(line.contains("job=\"shop\"") && line.contains("region=\"eu\""), "{line}");
    assert!(line.contains("instance=\""), "{line}");
    assert_eq!(line.split(' ').nth(1), Some("7"), "{line}");

    assert_eq!(server.get("prometheus", "/federate").text(), "");
    let refused = server.get("prometheus", "/federate?match[]=%7B");
    assert_eq!(refused.status, 400, "{}", refused.text());
}

#[test]
fn remote_read_answers_in_both_ways() {
    let folder = tempfile::tempdir().unwrap();
    let server = with_a_series(folder.path());
    let now_ms = i64::try_from(now_ns() / 1_000_000).unwrap();
    let read = |accepted: &[ResponseType]| {
        let query = Query {
            start_ms: now_ms - 60_000,
            end_ms: now_ms + 60_000,
            matchers: vec![Matcher::new("job", MatchOp::Equal, "shop").unwrap()],
            hints: None,
        };
        let request = ReadRequest::new(vec![query], accepted).encode().unwrap();
        server.post("prometheus", "/api/v1/read", "application/x-protobuf", &request)
    };
    let name = |labels: &Labels| labels.get(NAME_LABEL).unwrap_or_default().to_owned();

    let samples = read(&[]);
    assert_eq!(kind(&samples), ResponseType::Samples, "{}", samples.text());
    assert_eq!(samples.header("content-encoding"), Some("snappy"));
    let memory = MemoryBudget::new("test", 1 << 20).reservation();
    let body = decompress_snappy(&samples.body, 1 << 20).unwrap();
    let limits = wire::Limits::default();
    let results = decode_samples(&body, &limits, &memory).unwrap();
    let [series] = results.as_slice() else { panic!("{results:?}") };
    let is_sent = |series: &&ReadSeries| series.samples.values == [7.0];
    let sent: Vec<_> = series.iter().filter(is_sent).map(|series| name(&series.labels)).collect();
    assert_eq!(sent.len(), 1, "{series:?}");

    let frames = read(&[ResponseType::StreamedXorChunks, ResponseType::Samples]);
    assert_eq!(kind(&frames), ResponseType::StreamedXorChunks, "{}", frames.text());
    let (mut rest, mut streamed) = (frames.body.as_slice(), Vec::new());
    while !rest.is_empty() {
        let (message, length) = split_frame(rest, 1 << 20).unwrap().expect("a whole frame");
        streamed.extend(Frame::decode(message, &limits, &memory).unwrap().series);
        rest = &rest[length..];
    }
    assert_eq!(&streamed, series);

    let garbage = server.post("prometheus", "/api/v1/read", "application/x-protobuf", b"\xff\xff");
    assert_eq!(garbage.status, 400, "{}", garbage.text());
}

fn kind(answer: &Answer) -> ResponseType {
    let kind = answer.header("content-type").unwrap_or_default();
    ResponseType::from_content_type(kind).unwrap_or_else(|| panic!("{answer:?}"))
}
