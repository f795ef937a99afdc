//! State of the running process that the APIs report: received data, configuration and readiness.
//! The binary implements it.

use std::collections::BTreeMap;

use serde::Serialize;
use signals::Timestamp;

/// State of the running process.
pub trait ServerInfo: Send + Sync {
    /// Received data by signal, service and receiver.
    fn overview(&self) -> Overview;
    /// The process's own metrics, in the Prometheus text format.
    fn metrics(&self) -> String;
    /// Whether data is accepted and queries are answered.
    fn is_ready(&self) -> bool;
    /// The configuration as YAML, without secrets.
    fn configuration(&self) -> String;
    /// The command line's flags and their values.
    fn flags(&self) -> BTreeMap<String, String>;
    /// When the process started.
    fn started_at(&self) -> Timestamp;
}

/// `GET /api/overview`
#[derive(Debug, Clone, Serialize)]
pub struct Overview {
    /// Version of the program.
    pub version: String,
    /// Milliseconds since 1970.
    pub now_unix_ms: i64,
    /// Seconds since the start.
    pub uptime_s: u64,
    /// Size of what is in the data folder.
    pub data_dir_bytes: u64,
    /// By name of the signal.
    pub signals: BTreeMap<&'static str, SignalOverview>,
    /// In order of names.
    pub services: Vec<ServiceOverview>,
    /// All receivers, including disabled ones.
    pub receivers: Vec<ReceiverOverview>,
    /// Possible reasons for missing data.
    pub hints: Vec<Hint>,
}

/// One signal.
#[derive(Debug, Clone, Serialize)]
pub struct SignalOverview {
    /// Items taken since the start.
    pub items_total: u64,
    /// Items a second over the last minute.
    pub rate_per_s: f64,
    /// Items refused since the start.
    pub rejected_total: u64,
    /// When the last item came.
    pub last_received_unix_ms: Option<i64>,
    /// Rows in memory.
    pub head_rows: u64,
    /// Rows in parts.
    pub part_rows: u64,
    /// Size of the parts.
    pub part_bytes: u64,
    /// How long they are kept.
    pub retention_s: u64,
    /// Series in memory; metrics only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active_series: Option<u64>,
}

/// One service.
#[derive(Debug, Clone, Serialize)]
pub struct ServiceOverview {
    /// `service.name`
    pub name: String,
    /// Spans a second over the last minute.
    pub spans_per_s: f64,
    /// Log records a second over the last minute.
    pub logs_per_s: f64,
    /// Samples a second over the last minute.
    pub samples_per_s: f64,
    /// When the last item came.
    pub last_received_unix_ms: Option<i64>,
}

/// One way in.
#[derive(Debug, Clone, Serialize)]
pub struct ReceiverOverview {
    /// Key of its port.
    pub protocol: String,
    /// Where it listens; empty when it is off.
    pub address: String,
    /// `listening` or `off`.
    pub state: &'static str,
    /// Requests since the start.
    pub requests_total: u64,
    /// Requests of which nothing was kept.
    pub errors_total: u64,
    /// When the last request came.
    pub last_request_unix_ms: Option<i64>,
    /// The last request of which something was not kept.
    pub last_error: Option<LastError>,
}

/// What went wrong last.
#[derive(Debug, Clone, Serialize)]
pub struct LastError {
    /// The words that the sender got.
    pub message: String,
    /// When.
    pub at_unix_ms: i64,
}

/// Possible reasons for missing data.
#[derive(Debug, Clone, Serialize)]
pub struct Hint {
    /// The signal it is about.
    pub signal: String,
    /// For a person.
    pub message: String,
}
