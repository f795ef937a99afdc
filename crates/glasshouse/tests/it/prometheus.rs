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

#[test]
fn the_admin_api_deletes_series_and_makes_snapshots_where_it_is_enabled() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let admin = |server: &Server, path: &str| {
        let path = format!("/api/v1/admin/tsdb/{path}");
        server.post("prometheus", &path, "application/x-www-form-urlencoded", b"")
    };
    let count = |server: &Server| {
        let found = server.get("prometheus", "/api/v1/series?match[]=%7Bjob%3D%22shop%22%7D");
        found.text().matches("__name__").count()
    };
    let server = Server::start(&data);
    let refused = admin(&server, "snapshot");
    assert_eq!(refused.status, 500);
    assert!(refused.text().contains("\"admin APIs disabled\""), "{}", refused.text());
    drop(server);

    let server = Server::start_with(&data, "admin_api: true\n");
    let body = metrics("shop", 7).to_string();
    assert_eq!(server.post("otlp_http", "/v1/metrics", JSON, body.as_bytes()).status, 200);
    let before = count(&server);
    assert!(before > 0);
    for (path, error) in [
        ("delete_series", "no match[] parameter provided"),
        ("delete_series?match[]=%7B", "match[]"),
        ("delete_series?match[]=up&start=x", "cannot parse \\\"x\\\" to a valid timestamp"),
        ("delete_series?match[]=up&start=2&end=1", "end timestamp must not be before start time"),
        ("snapshot?skip_head=x", "unable to parse boolean"),
    ] {
        let refused = admin(&server, path);
        assert_eq!(refused.status, 400, "{path}");
        assert!(refused.text().contains(error), "{path}: {}", refused.text());
    }
    let snapshot = admin(&server, "snapshot");
    assert_eq!(snapshot.status, 200, "{}", snapshot.text());
    let text = snapshot.text();
    let name = text.split('"').nth_back(1).unwrap_or_default().to_owned();
    assert_eq!(admin(&server, "delete_series?match[]=%7Bjob%3D%22shop%22%7D").status, 204);
    assert_eq!(admin(&server, "clean_tombstones").status, 204);
    assert_eq!(count(&server), 0);
    drop(server);

    let copy = Server::start(&data.join("snapshots").join(name));
    assert_eq!(count(&copy), before);
}

#[test]
fn an_adopted_file_says_how_otlp_metrics_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("prometheus.yml");
    let write = |otlp: &str| {
        std::fs::write(&file, format!("scrape_configs: []\notlp: {{{otlp}}}\n")).unwrap();
    };
    write("translation_strategy: NoTranslation, promote_all_resource_attributes: true");
    let adopt = format!("adopt: [{}]\n", file.display());
    let server = Server::start_with(&folder.path().join("data"), &adopt);
    let send = || {
        let body = metrics("shop", 7).to_string();
        assert_eq!(server.post("otlp_http", "/v1/metrics", JSON, body.as_bytes()).status, 200);
    };
    let series =
        || server.get("prometheus", "/api/v1/series?match[]=%7Bjob%3D%22shop%22%7D").text();
    send();
    let before = series();
    assert!(before.contains("\"service.name\":\"shop\""), "{before}");
    write("promote_resource_attributes: [service.name]");
    assert_eq!(server.post("prometheus", "/-/reload", JSON, b"").status, 200);
    send();
    let after = series();
    assert!(after.contains("\"service_name\":\"shop\""), "{after}");
}
