//! `GET /api/overview`: received data by signal, service and receiver.

use serde::Serialize;

/// Answer of `GET /api/overview`.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Overview {
    /// Version of the program.
    pub version: String,
    /// Milliseconds since 1970.
    pub now_unix_ms: i64,
    /// Seconds since the start.
    pub uptime_s: u64,
    /// Size of the files in the data folder.
    pub data_dir_bytes: u64,
    /// By signal.
    pub signals: SignalOverviews,
    /// In order of names.
    pub services: Vec<ServiceOverview>,
    /// All receivers, including disabled ones.
    pub receivers: Vec<ReceiverOverview>,
    /// Possible reasons for missing data.
    pub hints: Vec<Hint>,
}

/// An overview of each signal.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct SignalOverviews {
    /// Spans.
    pub spans: SignalOverview,
    /// Log records.
    pub logs: SignalOverview,
    /// Samples.
    pub metrics: SignalOverview,
}

/// Received and stored data of one signal.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct SignalOverview {
    /// Items accepted since the start.
    pub items_total: u64,
    /// Items per second over the last minute.
    pub rate_per_s: f64,
    /// Items rejected since the start.
    pub rejected_total: u64,
    /// When the last item was received.
    pub last_received_unix_ms: Option<i64>,
    /// Rows in memory.
    pub head_rows: u64,
    /// Rows in parts.
    pub part_rows: u64,
    /// Size of the parts.
    pub part_bytes: u64,
    /// How long items are kept.
    pub retention_s: u64,
    /// Series in memory; metrics only.
    pub active_series: Option<u64>,
}

/// Received data of one service.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ServiceOverview {
    /// `service.name`
    pub name: String,
    /// Spans per second over the last minute.
    pub spans_per_s: f64,
    /// Log records per second over the last minute.
    pub logs_per_s: f64,
    /// Samples per second over the last minute.
    pub samples_per_s: f64,
    /// When the last item was received.
    pub last_received_unix_ms: Option<i64>,
}

/// Requests to one receiver.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ReceiverOverview {
    /// Key of its port.
    pub protocol: String,
    /// Where it listens; empty when it is off.
    pub address: String,
    /// Whether it listens.
    pub state: ReceiverState,
    /// Requests since the start.
    pub requests_total: u64,
    /// Requests of which nothing was kept.
    pub errors_total: u64,
    /// When the last request was received.
    pub last_request_unix_ms: Option<i64>,
    /// The last request of which something was not kept.
    pub last_error: Option<LastError>,
}

/// Whether a receiver listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum ReceiverState {
    /// It accepts requests.
    Listening,
    /// It is disabled.
    Off,
}

/// The last error of a receiver.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct LastError {
    /// The message that the sender got.
    pub message: String,
    /// When.
    pub at_unix_ms: i64,
}

/// A possible reason for missing data.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Hint {
    /// The affected signal.
    pub signal: String,
    /// For users.
    pub message: String,
}
