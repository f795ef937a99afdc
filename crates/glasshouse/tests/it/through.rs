//! Data received by each protocol is answered by every API.

use serde_json::Value;

use crate::requests::{call, framed, logs, metrics, traces, traces_protobuf};
use crate::server::Server;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

fn folder() -> (tempfile::TempDir, std::path::PathBuf) {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("data");
    (parent, folder)
}

fn send(server: &Server, path: &str, body: &Value) {
    let answer = server.post("otlp_http", path, "application/json", body.to_string().as_bytes());
    assert_eq!((answer.status, answer.text().as_str()), (200, "{}"), "{path}");
}

#[test]

fn a_trace_comes_back_from_tempo_jaeger_and_sql() {
    let (_parent, folder) = folder();
    let server = Server::start(&folder);
    send(&server, "/v1/traces", &traces("shop", TRACE));
    for (key, prefix) in [("tempo", ""), ("page", "/tempo")] {
        let trace = server.json(key, &format!("{prefix}/api/traces/{TRACE}"));
        let spans = trace["batches"][0]["scopeSpans"][0]["spans"].as_array().unwrap();
        assert_eq!(spans.len(), 2, "{trace}");
        let found = server.json(key, &format!("{prefix}/api/search?q=%7Bname%3D%22generate%22%7D"));
        assert_eq!(found["traces"][0]["traceID"], TRACE);
        assert_eq!(found["traces"][0]["rootTraceName"], "solve_task");
    }
    for (key, prefix) in [("jaeger", ""), ("page", "/jaeger")] {
        assert_eq!(server.json(key, &format!("{prefix}/api/services"))["data"][0], "shop");
        let operations = server.json(key, &format!("{prefix}/api/services/shop/operations"));
        assert_eq!(operations["data"], serde_json::json!(["generate", "solve_task"]));
        let path = format!(
            "{prefix}/api/traces?service=shop&operation=generate&tags=%7B%22error%22%3A%22true%22%7D"
        );
        let found = server.json(key, &path);
        assert_eq!(found["data"][0]["traceID"], TRACE);
        assert_eq!(found["data"][0]["spans"].as_array().unwrap().len(), 2);
        let one = server.json(key, &format!("{prefix}/api/traces/{TRACE}"));
        assert_eq!(one["data"][0]["spans"][1]["references"][0]["spanID"], "00000000000000a1");
    }
    let rows = server.sql(&format!(
        "SELECT name, status_code FROM spans WHERE trace_id = '{TRACE}' ORDER BY name"
    ));
    assert_eq!(rows[0]["status_code"], "error");
    let missing = server.get("jaeger", "/api/traces/ffffffffffffffffffffffffffffffff");
    assert_eq!(missing.status, 404, "{}", missing.text());
    assert_eq!(server.get("tempo", "/api/traces/ffffffffffffffffffffffffffffffff").status, 404);
}

#[test]
fn a_span_over_grpc_comes_back() {
    let (_parent, folder) = folder();
    let server = Server::start(&folder);
    let body = framed(&traces_protobuf("grpc-shop", [7; 16], [8; 8]));
    let method = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
    assert_eq!(call(server.address("otlp_grpc"), method, body, &[]), (0, framed(&[])));
    let rows = server.sql("SELECT name, service_name FROM spans");
    assert_eq!(rows[0]["name"], "grpc span");
    assert_eq!(rows[0]["service_name"], "grpc-shop");
}

#[test]

fn log_records_come_back_from_loki_and_sql() {
    let (_parent, folder) = folder();
    let server = Server::start(&folder);
    send(&server, "/v1/logs", &logs("shop"));
    for (key, prefix) in [("loki", "/loki"), ("page", "/loki"), ("page", "/loki/loki")] {
        let path = format!(
            "{prefix}/api/v1/query_range?query=%7Bservice_name%3D%22shop%22%7D%20%7C%3D%20%22429%22"
        );
        let found = server.json(key, &path);
        assert_eq!(found["data"]["resultType"], "streams");
        assert_eq!(
            found["data"]["result"][0]["values"][0][1],
            r#"{"message":"failed","code":429}"#
        );
        let names = server.json(key, &format!("{prefix}/api/v1/labels"));
        assert!(names["data"].as_array().unwrap().contains(&"service_name".into()), "{names}");
        let values = server.json(key, &format!("{prefix}/api/v1/label/service_name/values"));
        assert_eq!(values["data"], serde_json::json!(["shop"]));
    }
    let health = server.json("loki", "/loki/api/v1/query?query=vector(1)%2Bvector(1)");
    assert_eq!(health["data"]["result"][0]["value"][1], "2");
    let rows = server.sql("SELECT severity_text FROM logs ORDER BY body");
    assert_eq!(rows.len(), 2);
}

#[test]
fn samples_come_back_from_prometheus_sql_and_the_exposition() {
    let (_parent, folder) = folder();
    let server = Server::start(&folder);
    send(&server, "/v1/metrics", &metrics("shop", 42));
    for (key, prefix) in [("prometheus", ""), ("page", "/prometheus")] {
        let found = server.json(key, &format!("{prefix}/api/v1/query?query=requests_total"));
        let series = &found["data"]["result"][0];
        assert_eq!(series["value"][1], "42", "{found}");
        assert_eq!(series["metric"]["job"], "shop");
        let values = server.json(key, &format!("{prefix}/api/v1/label/model/values"));
        assert_eq!(values["data"], serde_json::json!(["small"]));
        let metadata = server.json(key, &format!("{prefix}/api/v1/metadata"));
        assert_eq!(metadata["data"]["requests_total"][0]["type"], "counter", "{metadata}");
        let build = server.json(key, &format!("{prefix}/api/v1/status/buildinfo"));
        assert!(build["data"].get("features").is_none());
    }
    let rows = server.sql("SELECT value FROM metrics WHERE name = 'requests_total'");
    assert_eq!(rows[0]["value"], 42.0);
    let text = server.get("otlp_exposition", "/metrics").text();
    assert!(text.contains("# TYPE requests_total counter") && text.contains("} 42\n"), "{text}");
}

#[test]
fn queries_come_as_forms_and_sql_as_an_arrow_stream() {
    let (_parent, folder) = folder();
    let server = Server::start(&folder);
    let form = "application/x-www-form-urlencoded";
    for (key, path, body) in [
        ("prometheus", "/api/v1/query", "query=1%2B1"),
        ("prometheus", "/api/v1/query_range?step=15", "query=1&start=0&end=60"),
        ("prometheus", "/api/v1/labels", "match%5B%5D=up"),
        ("prometheus", "/api/v1/series", "match%5B%5D=up"),
        ("prometheus", "/api/v1/format_query", "query=1+%2B+1"),
        ("loki", "/loki/api/v1/query_range", "query=%7Ba%3D%22b%22%7D"),
    ] {
        let answer = server.post(key, path, form, body.as_bytes());
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        assert!(answer.text().starts_with("{\"status\":\"success\","), "{}", answer.text());
    }
    let stream = "application/vnd.apache.arrow.stream";
    let headers = [("accept", stream), ("content-type", "application/json")];
    let query = br#"{"query":"SELECT 1 AS one"}"#;
    let answer = crate::http::request(server.address("page"), "POST", "/api/sql", &headers, query);
    assert_eq!((answer.status, answer.header("content-type")), (200, Some(stream)));
    assert_eq!(
        answer.body[..4],
        [0xff; 4],
        "a message of Arrow IPC begins with a continuation marker"
    );
    let end = answer.body.len() - 8;
    assert_eq!(
        answer.body[end..],
        [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0],
        "and the stream has an end"
    );
}

#[test]
fn the_overview_and_own_metrics_say_what_arrived() {
    let (_parent, folder) = folder();
    let server = Server::start(&folder);
    let before = server.json("page", "/api/overview");
    assert_eq!(before["hints"].as_array().unwrap().len(), 3, "{before}");
    send(&server, "/v1/traces", &traces("shop", TRACE));
    let bad = server.post("otlp_http", "/v1/logs", "application/json", b"{");
    assert_eq!(bad.status, 400);
    let overview = server.json("page", "/api/overview");
    assert_eq!(overview["signals"]["spans"]["items_total"], 2);
    assert_eq!(overview["services"][0]["name"], "shop");
    let receiver = &overview["receivers"][1];
    assert_eq!(
        (&receiver["protocol"], &receiver["requests_total"]),
        (&"otlp_http".into(), &2.into())
    );
    assert!(receiver["last_error"]["message"].as_str().unwrap().contains("JSON"), "{receiver}");
    let text = server.get("metrics", "/metrics").text();
    for line in [
        "glasshouse_received_items_total{signal=\"spans\"} 2",
        "glasshouse_receiver_errors_total{protocol=\"otlp_http\"} 1",
        "# TYPE process_resident_memory_bytes gauge",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    let health = server.json("health", "/");
    assert_eq!(health["status"], "Server available");
}

#[test]

fn browsers_are_led_to_the_page_and_strangers_away() {
    let (_parent, folder) = folder();
    let server = Server::start(&folder);
    let page = server.address("page").to_owned();
    for (key, path) in [
        ("prometheus", "/graph?g0.expr=up"),
        ("jaeger", "/search"),
        ("jaeger", "/trace/1f"),
        ("prometheus", "/"),
    ] {
        let answer = server.get(key, path);
        assert_eq!(
            (answer.status, answer.header("location")),
            (302, Some(format!("http://{page}{path}").as_str()))
        );
    }
    for path in ["/", "/explore/logs", "/trace/1f"] {
        let answer = server.get("page", path);
        assert_eq!(answer.status, 200, "{path}");
        assert!(answer.header("content-security-policy").is_some());
    }
    for key in ["page", "prometheus", "loki", "tempo", "jaeger", "otlp_http", "metrics"] {
        let stranger = [("host", "evil.example")];
        let answer = crate::http::request(server.address(key), "GET", "/", &stranger, &[]);
        assert_eq!(answer.status, 421, "{key}");
    }
    let origin = [("origin", "https://evil.example"), ("content-type", "application/json")];
    let answer = crate::http::request(
        server.address("page"),
        "POST",
        "/api/sql",
        &origin,
        b"{\"query\":\"SELECT 1\"}",
    );
    assert_eq!(answer.status, 403);
}
