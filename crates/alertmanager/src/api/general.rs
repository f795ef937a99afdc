//! `GET /api/v2/status` and `GET /api/v2/receivers`.

use serde::{Deserialize, Serialize};

use super::filter::{matches, receiver_matchers};
use super::{ApiError, ApiTime, LabelSet};
use crate::alertmanager::Alertmanager;

/// What the server is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AlertmanagerStatus {
    /// The cluster, which there is none.
    pub cluster: ClusterStatus,
    /// The configuration.
    pub config: AlertmanagerConfig,
    /// When the server started.
    pub uptime: ApiTime,
    /// The version.
    pub version_info: VersionInfo,
}

/// The state of the cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterStatus {
    /// `disabled`.
    pub status: String,
    /// Empty.
    pub peers: Vec<serde_json::Value>,
}

/// The configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertmanagerConfig {
    /// The text of the file without secrets.
    pub original: String,
}

/// The version of the server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VersionInfo {
    /// The version.
    pub version: String,
    /// The commit.
    pub revision: String,
    /// The branch.
    pub branch: String,
    /// Who built it.
    pub build_user: String,
    /// When it was built.
    pub build_date: String,
    /// The version of the compiler.
    pub go_version: String,
}

/// A receiver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receiver {
    /// The labels; `name` is among them.
    pub labels: LabelSet,
    /// The name.
    pub name: String,
}

impl Alertmanager {
    /// The state of the server: `GET /api/v2/status`.
    pub fn status(&self, version_info: VersionInfo) -> AlertmanagerStatus {
        AlertmanagerStatus {
            cluster: ClusterStatus { status: "disabled".to_owned(), peers: Vec::new() },
            config: AlertmanagerConfig { original: self.configuration.config.redacted.clone() },
            uptime: ApiTime(self.started_at),
            version_info,
        }
    }

    /// The receivers whose labels satisfy the matchers: `GET /api/v2/receivers`.
    ///
    /// # Errors
    /// [`ApiError::BadRequest`] if a matcher is invalid.
    pub fn receivers(&self, matchers: &[String]) -> Result<Vec<Receiver>, ApiError> {
        let matchers = receiver_matchers(matchers)?;
        let receivers = self.configuration.config.receivers.iter().map(|receiver| Receiver {
            labels: receiver.labels.iter().cloned().collect(),
            name: receiver.name.clone(),
        });
        let label = |receiver: &Receiver| {
            matches(&matchers, |name| receiver.labels.get(name).map(String::as_str))
        };
        Ok(receivers.filter(label).collect())
    }
}
