//! The configuration file: YAML; every key is optional, unknown keys are errors.
//!
//! A key exists only if it has an effect. Each crate has its own settings and defaults; only this
//! module maps keys to them.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub(crate) mod ports;
pub(crate) mod units;

use ports::Ports;
use units::{Memory, Size, Span};

/// Minimum memory ceiling.
const MEMORY_MIN: u64 = 64 << 20;
/// Minimum ceiling as a multiple of the largest body: requests get a quarter of the budget, which
/// must fit two of the largest bodies, compressed and decompressed.
const MEMORY_PER_BODY: u64 = 12;

/// Maximum size of a configuration file.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// All settings.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Config {
    /// Default address of ports without an address of their own.
    pub(crate) listen: IpAddr,
    /// Data folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) data: Option<PathBuf>,
    /// Names, other than `localhost`, by which browsers reach this machine.
    pub(crate) hosts: Vec<String>,
    /// Configuration files, or folders of them, of the systems that are replaced.
    pub(crate) adopt: Vec<PathBuf>,
    /// Addresses of host names, as in `/etc/hosts`.
    pub(crate) resolve: BTreeMap<String, IpAddr>,
    /// The URL under which users reach the page, for links in alerts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) external_url: Option<String>,
    /// Whether the admin API, which deletes samples and makes snapshots, is enabled.
    pub(crate) admin_api: bool,
    /// The address of each port.
    pub(crate) ports: Ports,
    /// Cross-origin access.
    pub(crate) cors: Cors,
    /// How long data is kept.
    pub(crate) retention: Retention,
    /// Limits on ingest.
    pub(crate) limits: Limits,
    /// Limits on queries.
    pub(crate) query: Query,
    /// Rules that come with the program.
    pub(crate) rules: Rules,
    /// The process's own log.
    pub(crate) log: Log,
}

/// Rules that come with the program.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Rules {
    /// The groups that are evaluated. By default all but the watchdog, or none where files of rules
    /// are adopted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) built_in: Option<Vec<String>>,
    /// Numbers in place of those at the ends of expressions, by alert.
    pub(crate) thresholds: BTreeMap<String, f64>,
}

/// Origins that may send OTLP from a browser.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Cors {
    /// Origins; `*` matches any text.
    pub(crate) allowed_origins: Vec<String>,
}

/// Retention per signal.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Retention {
    /// Samples.
    pub(crate) metrics: Span,
    /// Spans.
    pub(crate) spans: Span,
    /// Log records.
    pub(crate) logs: Span,
}

/// Limits on ingest.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Limits {
    /// One HTTP request body, compressed or decompressed.
    pub(crate) body: Size,
    /// One gRPC message, decompressed.
    pub(crate) grpc_message: Size,
    /// All memory for data: requests, unflushed data, merges, queries, caches.
    pub(crate) memory: Memory,
    /// Concurrent connections, over all ports.
    pub(crate) connections: usize,
    /// Series of one scraped target.
    pub(crate) target_series: usize,
}

/// Limits on queries.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Query {
    /// Wall time of one query.
    pub(crate) timeout: Span,
    /// Concurrent queries.
    pub(crate) concurrency: usize,
    /// Samples read by one PromQL query.
    pub(crate) samples: usize,
    /// Series matched by one selector.
    pub(crate) series: usize,
    /// Log lines returned by one query.
    pub(crate) lines: usize,
    /// Rows returned by one SQL query.
    pub(crate) rows: usize,
    /// Optional features of PromQL.
    pub(crate) promql_features: Vec<PromqlFeature>,
}

/// A feature of PromQL that Prometheus enables by a flag of this name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) enum PromqlFeature {
    /// Names are dropped at the end of a query rather than by each function.
    #[serde(rename = "promql-delayed-name-removal")]
    DelayedNameRemoval,
    /// Functions of counters use start times.
    #[serde(rename = "use-start-timestamps")]
    UseStartTimestamps,
}

/// The process's own log.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Log {
    /// `error`, `warn`, `info`, `debug`, `trace`, or directives such as `info,store=debug`.
    pub(crate) level: String,
    /// `text` or `json`.
    pub(crate) format: LogFormat,
}

/// The format of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// Human-readable text.
    Text,
    /// One JSON object per line.
    Json,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: IpAddr::V4(Ipv4Addr::LOCALHOST),
            data: None,
            hosts: Vec::new(),
            adopt: Vec::new(),
            resolve: BTreeMap::new(),
            external_url: None,
            admin_api: false,
            ports: Ports::default(),
            cors: Cors::default(),
            retention: Retention::default(),
            limits: Limits::default(),
            query: Query::default(),
            rules: Rules::default(),
            log: Log::default(),
        }
    }
}

impl Default for Cors {
    fn default() -> Self {
        Self {
            allowed_origins: ["http://localhost:*", "http://127.0.0.1:*"].map(Into::into).into(),
        }
    }
}

impl Default for Retention {
    fn default() -> Self {
        let days = |days: u64| Span(Duration::from_hours(24 * days));
        Self { metrics: days(30), spans: days(7), logs: days(7) }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body: Size(20 << 20),
            grpc_message: Size(16 << 20),
            memory: Memory::Auto,
            connections: 1024,
            target_series: 500_000,
        }
    }
}

impl Default for Query {
    fn default() -> Self {
        let limits = query::Limits::default();
        Self {
            timeout: Span(limits.timeout),
            concurrency: limits.concurrency,
            samples: limits.samples_max,
            series: limits.series_max,
            lines: limits.lines_max,
            rows: limits.rows_max,
            promql_features: Vec::new(),
        }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self { level: "info".to_owned(), format: LogFormat::Text }
    }
}

/// An error in a configuration file, with its location.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}{place}: {message}")]
pub(crate) struct ConfigError {
    path: String,
    place: Place,
    message: String,
}

/// A line and column, if known.
#[derive(Debug, PartialEq, Eq)]
struct Place(Option<(u64, u64)>);

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some((line, column)) => write!(f, ":{line}:{column}"),
            None => Ok(()),
        }
    }
}

impl ConfigError {
    /// An error without a location in a file.
    pub(crate) fn new(path: &str, message: String) -> Self {
        Self { path: path.to_owned(), place: Place(None), message }
    }
}

impl Config {
    /// Reads and validates a file.
    ///
    /// # Errors
    /// A description with its location: an unknown key with the known ones, or an invalid value.
    pub(crate) fn read(path: &Path) -> Result<Self, ConfigError> {
        let fail = |message| ConfigError::new(&path.display().to_string(), message);
        let size = std::fs::metadata(path).map_err(|error| fail(error.to_string()))?.len();
        if size > FILE_BYTES_MAX {
            return Err(fail(format!("larger than {FILE_BYTES_MAX} bytes")));
        }
        let text = std::fs::read_to_string(path).map_err(|error| fail(error.to_string()))?;
        Self::parse(&text, &path.display().to_string())
    }

    /// Parses and validates the text of a file.
    pub(crate) fn parse(text: &str, path: &str) -> Result<Self, ConfigError> {
        let has_content =
            text.lines().any(|line| !matches!(line.trim().bytes().next(), None | Some(b'#')));
        let config = if has_content {
            serde_saphyr::from_str::<Self>(text).map_err(|error| {
                let place = error.location().map(|location| (location.line(), location.column()));
                ConfigError {
                    path: path.to_owned(),
                    place: Place(place),
                    message: first_line(&error.to_string()),
                }
            })?
        } else {
            Self::default()
        };
        config.validate().map_err(|message| ConfigError::new(path, message))?;
        Ok(config)
    }

    /// The URL under which users reach the page: the configured one, or that on this machine.
    pub(crate) fn external_url(&self, page: Option<&SocketAddr>) -> String {
        match (&self.external_url, page) {
            (Some(url), _) => url.trim_end_matches('/').to_owned(),
            (None, Some(page)) if page.ip().is_unspecified() => {
                format!("http://localhost:{}", page.port())
            }
            (None, Some(page)) => format!("http://{page}"),
            (None, None) => String::new(),
        }
    }

    /// The effective configuration as a YAML file.
    pub(crate) fn to_yaml(&self) -> String {
        // Cannot fail: all keys are strings and all values are scalars.
        serde_saphyr::to_string(self).unwrap_or_default()
    }

    /// Validates values individually and in combination.
    pub(crate) fn validate(&self) -> Result<(), String> {
        let is_zero = [
            ("retention.metrics", self.retention.metrics.0.is_zero()),
            ("retention.spans", self.retention.spans.0.is_zero()),
            ("retention.logs", self.retention.logs.0.is_zero()),
            ("limits.body", self.limits.body.0 == 0),
            ("limits.grpc_message", self.limits.grpc_message.0 == 0),
            ("limits.connections", self.limits.connections == 0),
            ("limits.target_series", self.limits.target_series == 0),
            ("query.timeout", self.query.timeout.0.is_zero()),
            ("query.concurrency", self.query.concurrency == 0),
        ];
        if let Some((key, _)) = is_zero.iter().find(|(_, is_zero)| *is_zero) {
            return Err(format!("{key}: must be greater than zero"));
        }
        let least = self.limits.memory_min();
        if let Memory::Bytes(memory) = self.limits.memory
            && memory.0 < least
        {
            return Err(format!(
                "limits.memory: must be at least {least} bytes, which is {MEMORY_PER_BODY} times \
                 the larger of limits.body and limits.grpc_message, and not less than {MEMORY_MIN}"
            ));
        }
        self.ports.validate(self.listen)
    }
}

impl Limits {
    /// The minimum ceiling with which the largest body fits.
    pub(crate) fn memory_min(&self) -> u64 {
        let largest = self.body.0.max(self.grpc_message.0);
        largest.saturating_mul(MEMORY_PER_BODY).max(MEMORY_MIN)
    }
}

/// serde-saphyr appends a source excerpt to the message; the line with the position suffices.
fn first_line(message: &str) -> String {
    let line = message.lines().next().unwrap_or_default();
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fmt::Write as _;

    use super::ports::{Listen, Port};
    use super::*;

    #[test]
    fn an_empty_file_is_the_default() {
        for text in ["", "# nothing\n", "ports: {}\n"] {
            let config = Config::parse(text, "x.yaml").unwrap();
            assert_eq!(config.ports, Ports::default(), "{text:?}");
        }
    }

    #[test]
    fn every_documented_key_is_read() {
        let text = "
listen: ::1
data: /tmp/x
hosts: [watch.example]
cors: {allowed_origins: ['https://*.example']}
ports: {page: 80, prometheus: off, loki: 'off', tempo: 0, jaeger: '127.0.0.2:80'}
retention: {metrics: 90d, spans: 36h, logs: 1w}
limits: {memory: 512MiB, body: 4MiB, grpc_message: 4MiB, connections: 10, target_series: 5}
query: {timeout: 30s, concurrency: 2, samples: 10, series: 20, lines: 30, rows: 40}
log: {level: 'info,store=debug', format: json}
rules: {built_in: [watchdog], thresholds: {Slow: 2}}
adopt: [prometheus.yml]
resolve: {api: 127.0.0.1}
";
        let config = Config::parse(text, "x.yaml").unwrap();
        let on = |number| Listen::On { address: None, number };
        let jaeger = Listen::On { address: Some(Ipv4Addr::new(127, 0, 0, 2).into()), number: 80 };
        for (port, listen) in [
            (Port::Page, on(80)),
            (Port::Prometheus, Listen::Off),
            (Port::Loki, Listen::Off),
            (Port::Tempo, on(0)),
            (Port::Jaeger, jaeger),
            (Port::Health, on(13133)),
        ] {
            assert_eq!(config.ports.get(port), listen, "{port}");
        }
        assert_eq!(config.retention.metrics.0, Duration::from_hours(90 * 24));
        assert_eq!(config.log.format, LogFormat::Json);
    }

    #[test]
    fn what_is_shown_can_be_read_again() {
        let text =
            "{data: '/tmp/a b', hosts: [x.example], ports: {loki: off}, retention: {logs: 36h}}";
        let shown = Config::parse(text, "x.yaml").unwrap().to_yaml();
        assert_eq!(Config::parse(&shown, "y.yaml").unwrap().to_yaml(), shown);
        assert!(shown.contains("loki: \"off\"") && shown.contains("logs: 1d12h"), "{shown}");
    }

    #[test]
    fn mistakes_are_named_with_their_place() {
        let cases = [
            ("ports:\n  pgae: 3000\n", ["x.yaml:2:3", "pgae", "prometheus"]),
            ("retnetion: {}\n", ["x.yaml:1:1", "retnetion", "retention"]),
            ("ports:\n  page: 70000\n", ["x.yaml:2:", "70000", "port"]),
            ("retention:\n  logs: 7\n", ["x.yaml:2:", "7", "duration"]),
            ("limits: {memory: 1GB, body: 1GB}\n", ["limits.memory", "12 times", "limits.body"]),
            ("limits: {memory: much}\n", ["x.yaml:1:", "much", "auto"]),
            ("listen: 0.0.0.0\n", ["0.0.0.0", "authentication", "127.0.0.1"]),
            ("ports: {loki: '10.0.0.1:1'}\n", ["ports.loki", "authentication", "127.0.0.1"]),
            ("ports: {loki: 3200}\n", ["ports.tempo", "3200", "ports.loki"]),
            ("query: {timeout: 0s}\n", ["query.timeout", "zero", "x.yaml"]),
        ];
        for (text, parts) in cases {
            let error = Config::parse(text, "x.yaml").unwrap_err().to_string();
            for part in parts {
                assert!(error.contains(part), "{text:?}: {error:?} lacks {part:?}");
            }
        }
    }

    /// The documentation is written by hand; this keeps it complete and its defaults correct.
    #[test]
    fn the_page_for_users_has_every_key_with_its_default() {
        let page = include_str!("../../../docs/configuration.md");
        let rows: Vec<(&str, Option<&str>)> = page.lines().filter_map(documented).collect();

        let names: BTreeSet<String> = rows.iter().map(|(name, _)| (*name).to_owned()).collect();
        let (data, external_url) = (Some("/x".into()), Some("http://x".to_owned()));
        let rules = Rules { built_in: Some(Vec::new()), ..Rules::default() };
        let everything = Config { data, external_url, rules, ..Config::default() };
        assert_eq!(names, keys(&everything.to_yaml()));

        let mut text = String::new();
        let mut section = "";
        for &(name, default) in &rows {
            let Some(default) = default else { continue };
            let (parent, key) = name.split_once('.').unwrap_or(("", name));
            if parent != section {
                writeln!(text, "{parent}:").unwrap();
                section = parent;
            }
            let indent = if parent.is_empty() { "" } else { "  " };
            writeln!(text, "{indent}{key}: {default}").unwrap();
        }
        let config = Config::parse(&text, "docs/configuration.md").unwrap();
        assert_eq!(config.to_yaml(), Config::default().to_yaml());
    }

    /// The key and default in a row ``| `key` | type | `default` | meaning |``.
    fn documented(line: &str) -> Option<(&str, Option<&str>)> {
        let mut cells = line.strip_prefix('|')?.split('|').map(str::trim);
        let name = code(cells.next()?)?;
        let is_key = name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'_' | b'.'));
        is_key.then_some((name, code(cells.nth(1)?)))
    }

    fn code(cell: &str) -> Option<&str> {
        cell.strip_prefix('`')?.strip_suffix('`')
    }

    /// The keys of a serialised configuration, prefixed with their section and a dot.
    fn keys(shown: &str) -> BTreeSet<String> {
        let mut section = "";
        let mut keys = BTreeSet::new();
        for line in shown.lines() {
            let (name, value) = line.trim().split_once(':').unwrap();
            if name.starts_with("- ") {
                // An item of a list.
            } else if line.starts_with(' ') {
                keys.insert(format!("{section}.{name}"));
            } else if value.is_empty() {
                section = name;
            } else {
                keys.insert(name.to_owned());
            }
        }
        keys
    }
}
