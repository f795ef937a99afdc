//! Files that rot: what an answer lacks is said in the words of each protocol.

use std::path::{Path, PathBuf};

use crate::requests::{logs, metrics, traces};
use crate::server::Server;

/// Every part of a signal.
fn parts(folder: &Path, signal: &str) -> Vec<PathBuf> {
    let days = std::fs::read_dir(folder.join("parts").join(signal)).unwrap();
    days.flat_map(|day| std::fs::read_dir(day.unwrap().path()).unwrap())
        .map(|entry| entry.unwrap().path())
        .collect()
}

#[test]
fn an_answer_says_what_it_lacks() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("data");
    let server = Server::start(&folder);
    for (path, body) in [
        ("/v1/traces", traces("shop", "0af7651916cd43dd8448eb211c80319c")),
        ("/v1/logs", logs("shop")),
        ("/v1/metrics", metrics("shop", 42)),
    ] {
        let body = body.to_string();
        let answer = server.post("otlp_http", path, "application/json", body.as_bytes());
        assert_eq!(answer.status, 200, "{path}");
    }
    assert_eq!(server.stop().code(), Some(0));
    for signal in ["spans", "logs", "metrics"] {
        for part in parts(&folder, signal) {
            let mut bytes = std::fs::read(&part).unwrap();
            let pages = bytes.len() * 3 / 5;
            bytes[4..pages].fill(0x5a);
            std::fs::write(&part, bytes).unwrap();
        }
    }
    let server = Server::start(&folder);
    let ask = |key, query: &str| match key {
        "page" => {
            let body = serde_json::json!({"query": query}).to_string();
            server.post(key, "/api/sql", "application/json", body.as_bytes())
        }
        _ => server.get(key, query),
    };
    for (signal, key, query) in [
        ("metrics", "prometheus", "/api/v1/query?query=requests_total"),
        ("metrics", "page", "SELECT * FROM metrics"),
        ("logs", "loki", "/loki/api/v1/query_range?query=%7Bservice_name%3D%22shop%22%7D"),
        ("logs", "page", "SELECT * FROM logs"),
        ("spans", "tempo", "/api/search?q=%7B%7D"),
        ("spans", "jaeger", "/api/traces?service=shop"),
        ("spans", "page", "SELECT * FROM spans"),
    ] {
        // The first to meet the damage fails by name, and its part is quarantined.
        let first = ask(key, query);
        if first.status != 200 {
            let text = first.text();
            assert!(text.contains("parts/") && text.contains(signal), "{query}: {text}");
        }
        let next = ask(key, query);
        assert_eq!(next.status, 200, "{query}: {}", next.text());
        let warning = next.header("warning").unwrap_or_default();
        let lost = format!("199 glasshouse \"parts/{signal}/");
        assert!(warning.starts_with(&lost), "{query}: {:?}", next.headers);
        let has_warnings = matches!(key, "prometheus" | "loki");
        assert_eq!(next.text().contains("\"warnings\":[\"parts/"), has_warnings, "{}", next.text());
    }
    let text = server.get("metrics", "/metrics").text();
    assert!(text.contains("glasshouse_store_quarantined_total 3\n"), "{text}");
}
