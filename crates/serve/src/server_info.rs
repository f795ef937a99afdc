//! State of the running process exposed by the APIs: received data, configuration and readiness.
//! The binary implements it.

use std::collections::BTreeMap;

use page_api::Overview;
use signals::{Labels, Timestamp};

use crate::{ScrapePool, TargetMetadata};

/// The last time that the configuration was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reload {
    /// When.
    pub at: Timestamp,
    /// Whether it was used.
    pub is_successful: bool,
}

/// State of the running process.
pub trait ServerInfo: Send + Sync {
    /// Received data by signal, service and receiver.
    fn overview(&self) -> Overview;
    /// The process's own metrics, in the Prometheus text format.
    fn metrics(&self) -> String;
    /// Whether data is accepted and queries are answered.
    fn is_ready(&self) -> bool;
    /// The configuration as YAML, without secrets: the adopted `prometheus.yml`, if there is one.
    fn configuration(&self) -> String;
    /// The labels that tell this server from others: those of the adopted `prometheus.yml`.
    fn external_labels(&self) -> Labels;
    /// The jobs that are scraped, with their targets.
    fn scrape_pools(&self) -> Vec<ScrapePool>;
    /// The metadata of the metrics of each scraped target.
    fn target_metadata(&self) -> Vec<TargetMetadata>;
    /// The URLs of the Alertmanagers that get alerts, and of those that relabelling drops.
    fn alertmanagers(&self) -> [Vec<String>; 2];
    /// When the configuration was read last, and whether that succeeded.
    fn last_reload(&self) -> Reload;
    /// Reads the adopted files again; it may block.
    ///
    /// # Errors
    /// What is wrong with them; everything stays as it was.
    fn reload(&self) -> Result<(), String>;
    /// The command line's flags and their values.
    fn flags(&self) -> BTreeMap<String, String>;
    /// When the process started.
    fn started_at(&self) -> Timestamp;
}
