//! What the API v2 of Alertmanager takes and returns, with its JSON.
//!
//! Specification: `api/v2/openapi.yaml` and `api/v2/api.go` of Alertmanager. Queries are methods of
//! [`Alertmanager`](crate::Alertmanager); HTTP is not part of this crate. Times are UTC, where
//! Alertmanager returns the zone of the sender.

mod alerts;
mod filter;
mod general;
mod groups;
mod post;
mod silences;
mod time;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use alerts::{AlertState, AlertStatus, AlertsQuery, GettableAlert, ReceiverReference};
pub use general::{AlertmanagerConfig, AlertmanagerStatus, ClusterStatus, Receiver, VersionInfo};
pub use groups::AlertGroup;
pub use post::{PostableAlert, check_alerts};
pub use silences::{GettableSilence, Matcher, PostableSilence, SilenceStatus, SilencesQuery};
pub use time::ApiTime;

/// Labels or annotations by name.
pub type LabelSet = BTreeMap<String, String>;

/// Why a request is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// Status 400. The body is the message as a JSON string.
    #[error("{0}")]
    BadRequest(String),
    /// Status 404. `POST /silences` has the message as a JSON string; other requests have no body.
    #[error("silence not found")]
    NotFound,
    /// Status 422. The body is [`SchemaError`].
    #[error("{0}")]
    Schema(SchemaError),
    /// Status 500. The body is the message as a JSON string.
    #[error("{0}")]
    Internal(String),
}

/// A body that does not have the form that the specification demands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct SchemaError {
    /// The number of the rule: 602 for what is missing.
    pub code: u32,
    /// What is wrong, and where.
    pub message: String,
}

impl SchemaError {
    fn required(name: &str) -> Self {
        Self { code: 602, message: format!("{name} in body is required") }
    }
}
