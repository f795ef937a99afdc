//! `/api/dashboards` and `/api/data-sources`: dashboards as the files that they are.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// Answer of `GET /api/dashboards`.
#[derive(Debug, Clone, Default, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct DashboardList {
    /// In order of folders and titles.
    pub dashboards: Vec<DashboardEntry>,
    /// Files that should be dashboards and cannot be read.
    pub problems: Vec<DashboardProblem>,
}

/// A dashboard without its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct DashboardEntry {
    /// Its identifier in addresses, unique.
    pub uid: String,
    /// Its title.
    pub title: String,
    /// Its tags.
    pub tags: Vec<String>,
    /// The folder that it is shown in; empty for none.
    pub folder: String,
    /// The file that it is read from.
    pub file: String,
    /// Changes with the content of the file.
    pub version: String,
    /// Whether the server deletes the file on request: one of the data folder.
    pub is_deletable: bool,
}

/// A file that is not a dashboard, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct DashboardProblem {
    /// The file.
    pub file: String,
    /// What is wrong with it.
    pub reason: String,
}

/// Answer of `GET /api/dashboards/{uid}`.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Dashboard {
    /// What the list has of it.
    pub entry: DashboardEntry,
    /// The content of the file: Grafana's JSON in any of its forms.
    #[cfg_attr(test, ts(as = "serde_json::Value"))]
    pub dashboard: Box<RawValue>,
}

/// Body of `PUT /api/dashboards/{uid}` and `POST /api/dashboards`.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct DashboardSave {
    /// The new content of the file.
    #[cfg_attr(test, ts(as = "serde_json::Value"))]
    pub dashboard: Box<RawValue>,
    /// The version that was edited; the save fails if the file has another one. Only for `PUT`.
    pub base_version: Option<String>,
}

/// Answer to a request for dashboards that fails.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct DashboardError {
    /// What is wrong.
    pub error: String,
}

/// A saved state of a dashboard, in `GET /api/dashboards/{uid}/history`, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct DashboardRevision {
    /// Its name in `GET /api/dashboards/{uid}/history/{revision}`.
    pub revision: String,
    /// When it was replaced.
    pub replaced_unix_ms: i64,
}

/// A data source of Grafana's provisioning, in `GET /api/data-sources`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct DataSourceEntry {
    /// Its name.
    pub name: String,
    /// Its identifier; empty if the file has none.
    pub uid: String,
    /// `prometheus`, `loki`, `tempo`, `jaeger` and others.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whether panels without a data source use it.
    pub is_default: bool,
    /// The interval of its samples, as `15s`; empty if unknown.
    pub time_interval: String,
}
