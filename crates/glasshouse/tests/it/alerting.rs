//! Rules: those that come with the program, and replays.

use serde_json::{Value, json};

use crate::requests::now_ns;
use crate::server::{Server, output};

const JSON: &str = "application/json";

/// Sends a gauge that is 1 for the last ten minutes but 5 from minute 6 to minute 3 before now.
fn send_load(server: &Server) {
    let now = now_ns();
    let points = (0..60_u64).map(|step| {
        let ago = 600 - step * 10;
        let value = if (180..=360).contains(&ago) { 5.0 } else { 1.0 };
        json!({ "asDouble": value, "timeUnixNano": (now - ago * 1_000_000_000).to_string() })
    });
    let points: Vec<Value> = points.collect();
    let body = json!({ "resourceMetrics": [{
        "scopeMetrics": [{ "metrics": [{ "name": "load", "gauge": { "dataPoints": points } }] }],
    }] });
    let answer = server.post("otlp_http", "/v1/metrics", JSON, body.to_string().as_bytes());
    assert_eq!(answer.status, 200, "{}", answer.text());
}

fn rules(hold: &str) -> String {
    format!(
        "groups:\n- name: g\n  interval: 10s\n  rules:\n  - {{record: twice, expr: load * 2}}\n  \
         - {{alert: High, expr: twice > 4, for: {hold}}}\n"
    )
}

#[test]
fn rules_are_replayed_over_what_is_stored() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    send_load(&server);
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (short, long, routes) = (path("short.yml"), path("long.yml"), path("alertmanager.yml"));
    std::fs::write(&short, rules("1m")).unwrap();
    std::fs::write(&long, rules("5m")).unwrap();
    std::fs::write(
        &routes,
        "route: {receiver: team, group_wait: 1s, group_interval: 5s}\n\
         receivers: [{name: team, webhook_configs: [{url: 'http://127.0.0.1:9/'}]}]\n",
    )
    .unwrap();
    let page = format!("http://{}", server.address("page"));
    let replay = |more: &[&str]| {
        let mut arguments = vec!["replay", "rules", &short, "--from", "10m"];
        arguments.extend(["--alertmanager", &routes, "--addr", &page]);
        arguments.extend(more);
        let ended = output(&arguments);
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!(ended.status.code(), Some(0), "{said}");
        String::from_utf8_lossy(&ended.stdout).into_owned()
    };

    let answer: Value = serde_json::from_str(&replay(&["--json"])).unwrap();
    let high = &answer["rules"][1];
    assert_eq!((&high["name"], &high["fired_total"]), (&json!("High"), &json!(1)), "{answer}");
    assert_eq!(high["episodes"][0]["peak"], "10", "{answer}");
    let firing_s = high["firing_s"].as_f64().unwrap();
    assert!((100.0..=140.0).contains(&firing_s), "{firing_s}");
    // One message that it fires, and one that it is resolved.
    assert_eq!(answer["integrations"][0]["messages"], 2, "{answer}");
    assert_eq!(answer["notifications"][0]["reason"], "first notification", "{answer}");

    let compared = replay(&["--against", &long]);
    let columns: Vec<&str> = compared.lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!([columns[0], columns[1], columns[3]], ["High", "1", "0"], "{compared}");
    // Nothing was stored.
    let stored = server.json("prometheus", "/api/v1/query?query=twice");
    assert_eq!(stored["data"]["result"], json!([]), "{stored}");
}

#[test]
fn a_replay_that_is_not_possible_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let file = |content: &str| json!([{ "file": "a.yml", "content": content }]);
    for (body, said) in [
        (json!({ "from_unix_ms": 2, "to_unix_ms": 1 }), "ends before it starts"),
        (json!({ "from_unix_ms": 1, "to_unix_ms": 2, "rules": file("groups: 5") }), "a.yml:1"),
        (
            json!({ "from_unix_ms": 1, "to_unix_ms": 2, "alertmanager": "route: {receiver: a}" }),
            "undefined receiver",
        ),
        (
            json!({ "from_unix_ms": 0, "to_unix_ms": 1_000_000_000_000_i64, "rules": file(&rules("1m")) }),
            "evaluations",
        ),
        (
            json!({ "from_unix_ms": 1, "to_unix_ms": 2, "rules": file("groups: []"), "interval_s": 0 }),
            "interval",
        ),
    ] {
        let answer = server.post("page", "/api/alerting/replay", JSON, body.to_string().as_bytes());
        assert!((400..500).contains(&answer.status), "{body}: {}", answer.text());
        assert!(answer.text().contains(said), "{body}: {}", answer.text());
    }
}

#[test]
fn built_in_rules_are_evaluated_as_the_configuration_says() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_with(folder.path(), "rules: {built_in: [watchdog]}\n");
    let rules = server.json("prometheus", "/api/v1/rules");
    assert_eq!(rules["data"]["groups"][0]["name"], "watchdog", "{rules}");
    let files = server.json("page", "/api/alerting/rule-files");
    let file = &files["files"][0];
    assert_eq!((&file["file"], &file["name"]), (&json!("built in/watchdog.yml"), &Value::Null));
    assert!(file["content"].as_str().unwrap().contains("vector(1)"), "{files}");
}
