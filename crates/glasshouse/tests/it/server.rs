//! The real program on free ports and a folder of its own.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};

use serde_json::Value;

use crate::http::{self, Answer};

/// Every port, as the system chooses it.
const FREE_PORTS: &str = "ports: {page: 0, prometheus: 0, alertmanager: 0, loki: 0, tempo: 0, jaeger: 0, otlp_grpc: 0, \
                          otlp_http: 0, metrics: 0, otlp_exposition: 0, health: 0}\n";

/// A running server; killed when dropped.
pub(crate) struct Server {
    child: Child,
    addresses: BTreeMap<String, String>,
}

/// The program, with nothing of this environment in its way.
pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_glasshouse"));
    for name in ["CONFIG", "DATA", "LISTEN", "LOG", "PORT_OFFSET"] {
        command.env_remove(format!("GLASSHOUSE_{name}"));
    }
    command
}

/// Runs the program to its end.
pub(crate) fn output(arguments: &[&str]) -> Output {
    program().args(arguments).output().unwrap()
}

impl Server {
    /// Starts on a folder, which is made if it is not there.
    pub(crate) fn start(folder: &Path) -> Self {
        Self::start_with(folder, "")
    }

    /// Starts with more configuration.
    pub(crate) fn start_with(folder: &Path, more: &str) -> Self {
        let config = folder.with_extension("yaml");
        std::fs::write(&config, format!("{FREE_PORTS}{more}")).unwrap();
        let mut child = program()
            .args(["--log", "warn", "--config"])
            .arg(&config)
            .arg("--data")
            .arg(folder)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut addresses = BTreeMap::new();
        for line in lines.by_ref() {
            let line = line.unwrap();
            let mut words = line.split_whitespace();
            let (key, address) =
                (words.next().unwrap_or_default(), words.next().unwrap_or_default());
            addresses.insert(key.to_owned(), address.trim_start_matches("http://").to_owned());
            if line.contains("no authentication") {
                return Self { child, addresses };
            }
        }
        panic!("the server ended: {:?}", child.wait());
    }

    /// `host:port` of a key.
    pub(crate) fn address(&self, key: &str) -> &str {
        &self.addresses[key]
    }

    /// A GET on a port.
    pub(crate) fn get(&self, key: &str, path: &str) -> Answer {
        http::request(self.address(key), "GET", path, &[], &[])
    }

    /// The JSON of a successful GET.
    pub(crate) fn json(&self, key: &str, path: &str) -> Value {
        let answer = self.get(key, path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        serde_json::from_slice(&answer.body).unwrap()
    }

    /// A POST on a port.
    pub(crate) fn post(&self, key: &str, path: &str, kind: &str, body: &[u8]) -> Answer {
        http::request(self.address(key), "POST", path, &[("content-type", kind)], body)
    }

    /// The rows of a SQL query.
    pub(crate) fn sql(&self, query: &str) -> Vec<Value> {
        let question = serde_json::json!({ "query": query }).to_string();
        let answer = self.post("page", "/api/sql", "application/json", question.as_bytes());
        assert_eq!(answer.status, 200, "{query}: {}", answer.text());
        let answer: page_api::SqlAnswer = serde_json::from_slice(&answer.body).unwrap();
        answer.rows.into_iter().map(Value::Object).collect()
    }

    /// Asks it to stop, and waits.
    pub(crate) fn stop(mut self) -> ExitStatus {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        self.child.wait().unwrap()
    }

    /// Kills it as the kernel does when memory runs out.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(mut stdout) = self.child.stdout.take() {
            let _ = stdout.read_to_end(&mut Vec::new());
        }
    }
}
