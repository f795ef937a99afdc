//! `docs/compatibility.md`: what it says of each endpoint is what the program answers.

use crate::http;
use crate::requests::{call, framed, logs, metrics, traces};
use crate::server::Server;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
/// The default port of each key, as the document names it.
const PORTS: [(&str, &str); 11] = [
    ("3000", "page"),
    ("3100", "loki"),
    ("3200", "tempo"),
    ("4317", "otlp_grpc"),
    ("4318", "otlp_http"),
    ("8888", "metrics"),
    ("8889", "otlp_exposition"),
    ("9090", "prometheus"),
    ("9093", "alertmanager"),
    ("13133", "health"),
    ("16686", "jaeger"),
];
/// What is put in the place of names in paths: what has data.
const VALUES: [(&str, &str); 8] = [
    ("{receiver}", "nobody"),
    ("{*path}", "alerts"),
    ("{id}", TRACE),
    ("{uid}", "board"),
    ("{revision}", "1"),
    ("{service}", "shop"),
    ("{name}", "service_name"),
    ("{tag}", "resource.service.name"),
];
/// What a client takes for an endpoint that is not there.
const ABSENT: [&str; 4] = ["404", "405", "501", "UNIMPLEMENTED"];

/// One method of one path, at one place, and what the document says of it.
struct Claim {
    key: &'static str,
    method: String,
    path: String,
    says: String,
}

impl Claim {
    /// What is wrong with it, if anything.
    fn disagreement(&self, answered: &str) -> Option<String> {
        let holds = match self.says.strip_prefix("no: ") {
            Some(status) => answered == status,
            None => matches!(self.says.as_str(), "yes" | "partly") && !ABSENT.contains(&answered),
        };
        let Self { key, method, path, says } = self;
        (!holds).then(|| format!("{method} {key}:{path} is {answered}, the document says {says}"))
    }
}

fn key_of(port: &str) -> &'static str {
    PORTS.iter().find(|(default, _)| *default == port).expect("a port of ours").1
}

/// The places of a section, from the line under its heading: its port, and a prefix of the page's.
fn places(line: &str) -> Vec<(&'static str, String)> {
    let port = line.strip_prefix("Port ").and_then(|rest| rest.split([',', '.']).next());
    let port = port.map(|port| (key_of(port), String::new()));
    let prefix = line.split_once("below `").and_then(|(_, rest)| rest.split_once('`'));
    port.into_iter().chain(prefix.map(|(prefix, _)| ("page", prefix.to_owned()))).collect()
}

/// Every claim of the document's tables.
fn claims(document: &str) -> Vec<Claim> {
    let mut claims = Vec::new();
    let mut section = Vec::new();
    for line in document.lines() {
        if line.starts_with("Port ") || line.starts_with("No port ") {
            section = places(line);
        }
        let Some((endpoints, rest)) =
            line.strip_prefix("| `").and_then(|row| row.split_once("` | "))
        else {
            continue;
        };
        let (says, _) = rest.split_once(" |").unwrap();
        for endpoint in endpoints.split('`').step_by(2) {
            claims.extend(of_endpoint(endpoint, &section, says));
        }
    }
    claims
}

/// The claims of `GET POST /path`, or of `GET :9090/path` at that port alone.
fn of_endpoint(endpoint: &str, section: &[(&'static str, String)], says: &str) -> Vec<Claim> {
    let (methods, address) = endpoint.rsplit_once(' ').unwrap();
    let (places, path) = match address.strip_prefix(':').and_then(|rest| rest.split_once('/')) {
        Some((port, path)) => (vec![(key_of(port), String::new())], format!("/{path}")),
        None => (section.to_vec(), address.to_owned()),
    };
    let fill = |path: String, (name, value): &(&str, &str)| path.replace(name, value);
    let path = VALUES.iter().fold(path, fill);
    let mut claims = Vec::new();
    for (key, prefix) in &places {
        claims.extend(methods.split(' ').map(|method| Claim {
            key,
            method: method.to_owned(),
            path: format!("{prefix}{path}"),
            says: says.to_owned(),
        }));
    }
    claims
}

/// The status of an answer, in the words of the document.
fn ask(server: &Server, claim: &Claim) -> String {
    const UNIMPLEMENTED: u32 = 12;
    let address = server.address(claim.key);
    if claim.method == "gRPC" {
        let (status, _) = call(address, &claim.path, framed(&[]), &[]);
        return if status == UNIMPLEMENTED { "UNIMPLEMENTED".into() } else { status.to_string() };
    }
    let form = [("content-type", "application/x-www-form-urlencoded")];
    http::request(address, &claim.method, &claim.path, &form, &[]).status.to_string()
}

#[test]
fn every_endpoint_answers_as_the_document_says() {
    let document = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/compatibility.md");
    let claims = claims(&std::fs::read_to_string(document).unwrap());
    for (_, key) in PORTS {
        assert!(claims.iter().any(|claim| claim.key == key), "nothing is said of {key}");
    }
    let parent = tempfile::tempdir().unwrap();
    let data = parent.path().join("data");
    let board = r#"{"uid": "board", "title": "Board", "panels": []}"#;
    for file in ["dashboards/board.json", "dashboard-revisions/board/1.json"] {
        let file = data.join(file);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, board).unwrap();
    }
    let server = Server::start(&data);
    for (path, body) in [
        ("/v1/traces", traces("shop", TRACE)),
        ("/v1/logs", logs("shop")),
        ("/v1/metrics", metrics("shop", 42)),
    ] {
        let body = body.to_string();
        let answer = server.post("otlp_http", path, "application/json", body.as_bytes());
        assert_eq!(answer.status, 200, "{path}");
    }
    let wrong: Vec<String> =
        claims.iter().filter_map(|claim| claim.disagreement(&ask(&server, claim))).collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), claims.len(), wrong.join("\n"));
}
