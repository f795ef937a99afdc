//! State of the running process exposed by the APIs: received data, configuration and readiness.
//! The binary implements it.

use std::collections::BTreeMap;

use page_api::Overview;
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
