//! Start and end: restarts, taken ports, locked folders, wrong configuration, signals.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

use crate::http;
use crate::requests::{delta, logs, metrics, traces};
use crate::server::{Server, output};

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn what_was_acknowledged_is_there_after_a_kill_and_after_an_orderly_end() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("data");
    let mut expected = 0;
    for round in 0..3_u32 {
        let server = Server::start(&folder);
        assert_eq!(
            server.sql("SELECT count(*) AS n FROM spans")[0]["n"],
            expected,
            "round {round}"
        );
        assert_eq!(server.sql("SELECT count(*) AS n FROM logs")[0]["n"], expected, "round {round}");
        assert_eq!(
            server.sql("SELECT count(*) AS n FROM metrics")[0]["n"],
            expected / 2,
            "round {round}"
        );
        for (path, body) in [
            ("/v1/traces", traces("shop", &format!("{:032x}", round + 1))),
            ("/v1/logs", logs("shop")),
            ("/v1/metrics", metrics("shop", round.into())),
        ] {
            let answer =
                server.post("otlp_http", path, "application/json", body.to_string().as_bytes());
            assert_eq!(answer.status, 200, "{}", answer.text());
        }
        expected += 2;
        if round == 1 {
            assert_eq!(server.stop().code(), Some(0));
        } else {
            server.kill();
        }
    }
}

#[test]
fn deltas_go_on_counting_after_a_kill_and_after_an_orderly_end() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("data");
    let rounds = [(3, 50, "3"), (4, 40, "7"), (5, 30, "12"), (6, 20, "18"), (7, 10, "25")];
    for (i, (value, seconds_ago, total)) in rounds.into_iter().enumerate() {
        let server = Server::start(&folder);
        let body = delta("shop", value, seconds_ago).to_string();
        let answer = server.post("otlp_http", "/v1/metrics", "application/json", body.as_bytes());
        assert_eq!((answer.status, answer.text().as_str()), (200, "{}"));
        let found = server.json("prometheus", "/api/v1/query?query=events_total");
        assert_eq!(found["data"]["result"][0]["value"][1], total, "{found}");
        // An orderly end brings everything into parts and leaves nothing else in the log.
        if i % 2 == 0 {
            assert_eq!(server.stop().code(), Some(0));
        } else {
            server.kill();
        }
    }
}

#[test]
fn a_taken_port_is_named_with_its_key_and_nothing_starts() {
    let parent = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let config = parent.path().join("c.yaml");
    let others = "page: 0, prometheus: 0, alertmanager: 0, tempo: 0, jaeger: 0, otlp_grpc: 0, otlp_http: 0, metrics: 0, otlp_exposition: 0, health: 0";
    std::fs::write(&config, format!("ports: {{loki: {port}, {others}}}\n")).unwrap();
    let data = parent.path().join("data");
    let ended = output(&["--config", config.to_str().unwrap(), "--data", data.to_str().unwrap()]);
    let error = text(&ended.stderr);
    assert_eq!(ended.status.code(), Some(3), "{error}");
    for part in [format!("port {port} is taken").as_str(), "ports.loki", "off", "--port-offset"] {
        assert!(error.contains(part), "{error:?} lacks {part:?}");
    }
    assert!(!data.exists(), "nothing was started");
}

#[test]
fn a_second_process_on_the_folder_is_refused() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("data");
    let _first = Server::start(&folder);
    let config = folder.with_extension("yaml");
    let ended = output(&["--config", config.to_str().unwrap(), "--data", folder.to_str().unwrap()]);
    let error = text(&ended.stderr);
    assert_eq!(ended.status.code(), Some(4), "{error}");
    assert!(error.contains("in use"), "{error}");
}

#[test]
fn mistakes_in_the_configuration_are_named_with_their_place() {
    let parent = tempfile::tempdir().unwrap();
    let config = parent.path().join("c.yaml");
    std::fs::write(&config, "ports:\n  loky: 1\n").unwrap();
    for (mut arguments, status) in [(vec!["--config"], 2), (vec!["check", "config"], 1)] {
        arguments.push(config.to_str().unwrap());
        let ended = output(&arguments);
        let said = text(&ended.stderr) + &text(&ended.stdout);
        assert_eq!(ended.status.code(), Some(status), "{said}");
        assert!(
            said.contains("c.yaml:2:3") && said.contains("loky") && said.contains("jaeger"),
            "{said}"
        );
    }
}

#[test]
fn dashboards_are_checked() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().to_str().unwrap();
    for (content, status, said) in [
        (r#"{"title": "A", "panels": []}"#, 0, "1 dashboards"),
        (r#"{"title": "A"}"#, 1, "no dashboard"),
        ("{", 1, "a.json: not valid JSON: EOF"),
    ] {
        std::fs::write(parent.path().join("a.json"), content).unwrap();
        let ended = output(&["check", "dashboards", folder]);
        let output = text(&ended.stdout);
        assert_eq!((ended.status.code(), output.contains(said)), (Some(status), true), "{output}");
    }
}

#[test]
fn rules_and_routes_are_checked() {
    let parent = tempfile::tempdir().unwrap();
    let file = parent.path().join("a.yml");
    let rule = |expr: &str, summary: &str| {
        format!(
            "groups:\n- name: g\n  rules:\n  - alert: A\n    expr: '{expr}'\n    annotations:\n      \
             summary: '{summary}'\n"
        )
    };
    let route = |receiver: &str| {
        format!(
            "route: {{receiver: {receiver}}}\nreceivers: [{{name: a}}]\ntemplates: [x/*.tmpl]\n"
        )
    };
    for (kind, content, status, said) in [
        ("rules", rule("up == 0", "{{ $labels.job }}"), 0, "a.yml: 1 rules"),
        ("rules", rule("up ==", "x"), 1, "a.yml:5: group \"g\", rule 1, \"A\": could not parse"),
        ("rules", rule("up", "{{ $x }}"), 1, "undefined variable \"$x\""),
        ("rules", rule("{job=\"a\"} |= \"x\"", "x"), 1, "could not parse"),
        ("loki-rules", rule("rate({job=\"a\"} [1m]) > 0", "x"), 0, "1 rules"),
        ("alertmanager", route("a"), 0, "1 receivers, 0 files of templates"),
        ("alertmanager", route("b"), 1, "a.yml:1: undefined receiver \"b\" used in route"),
    ] {
        std::fs::write(&file, &content).unwrap();
        let ended = output(&["check", kind, file.to_str().unwrap()]);
        let output = text(&ended.stdout);
        let outcome = (ended.status.code(), output.contains(said));
        assert_eq!(outcome, (Some(status), true), "{content}\n{output}");
    }
}

#[test]
fn listening_for_others_is_refused_without_authentication() {
    let ended = output(&["--listen", "0.0.0.0"]);
    assert_eq!(ended.status.code(), Some(2));
    assert!(text(&ended.stderr).contains("authentication"), "{}", text(&ended.stderr));
}

#[test]
fn an_unusable_data_folder_is_an_error_at_start() {
    let parent = tempfile::tempdir().unwrap();
    let file = parent.path().join("file");
    std::fs::write(&file, "not a folder").unwrap();
    let config = parent.path().join("c.yaml");
    std::fs::write(&config, "ports: {page: 0, prometheus: 0, alertmanager: 0, loki: 0, tempo: 0, jaeger: 0, otlp_grpc: 0, otlp_http: 0, metrics: 0, otlp_exposition: 0, health: 0}\n").unwrap();
    let ended = output(&["--config", config.to_str().unwrap(), "--data", file.to_str().unwrap()]);
    let error = text(&ended.stderr);
    assert_eq!(ended.status.code(), Some(4), "{error}");
    assert!(error.contains("cannot open the data folder"), "{error}");
}

#[test]
fn data_are_private_and_a_folder_that_is_not_is_named() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("data");
    let server = Server::start(&folder);
    let body = logs("shop").to_string();
    let answer = server.post("otlp_http", "/v1/logs", "application/json", body.as_bytes());
    assert_eq!(answer.status, 200);
    assert_eq!(server.stop().code(), Some(0));
    let mut paths = vec![folder.clone()];
    while let Some(path) = paths.pop() {
        let metadata = std::fs::metadata(&path).unwrap();
        assert_eq!(metadata.permissions().mode() & 0o077, 0, "{}", path.display());
        if metadata.is_dir() {
            paths.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        }
    }
    let config = folder.with_extension("yaml");
    let arguments = ["--config", config.to_str().unwrap(), "--data", folder.to_str().unwrap()];
    for (mode, is_named) in [(0o700, false), (0o755, true)] {
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(mode)).unwrap();
        let said = text(&output(&[&["doctor"], &arguments[..]].concat()).stdout);
        assert_eq!(said.contains("run `chmod 700 "), is_named, "{said}");
    }
    // It also warns at its start, before it finds that the folder is another's.
    let _first = Server::start(&folder);
    let said = output(&arguments);
    let said = text(&said.stdout) + &text(&said.stderr);
    assert!(said.contains("WARN") && said.contains("run `chmod 700 "), "{said}");
}

#[test]
fn the_command_line_asks_a_running_server() {
    let parent = tempfile::tempdir().unwrap();
    let server = Server::start(&parent.path().join("data"));
    let body = metrics("shop", 42).to_string();
    assert_eq!(
        server.post("otlp_http", "/v1/metrics", "application/json", body.as_bytes()).status,
        200
    );
    let page = format!("http://{}", server.address("page"));
    for (language, query, expected) in [
        ("promql", "requests_total * 2", "84"),
        ("sql", "SELECT value FROM metrics WHERE name = 'requests_total'", "value\n42.0\n"),
    ] {
        let ended = output(&["query", language, query, "--addr", &page]);
        let said = text(&ended.stdout);
        assert!(ended.status.success() && said.contains(expected), "{said}{}", text(&ended.stderr));
    }
    let ended = output(&["query", "promql", "sum(", "--addr", &page]);
    assert_eq!(ended.status.code(), Some(1));
    assert!(text(&ended.stderr).contains("query"), "{}", text(&ended.stderr));
    let health = http::request(server.address("health"), "GET", "/", &[], &[]);
    assert_eq!(health.status, 200);
}
