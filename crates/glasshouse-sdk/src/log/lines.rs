//! Log lines common to AI services, with the fields used by dashboards and log queries.
//!
//! The targets are `glasshouse_sdk::request`, `::inference`, `::mcp` and `::drift`, so that each
//! can be filtered: `info,glasshouse_sdk::request=warn`.

use std::time::Duration;

use tracing::{error, info, warn};

/// An HTTP request: `method`, `endpoint`, `status_code`, `duration_ms`, and `user_id` and
/// `request_id` if known. Statuses from 500 on are errors, which also mark the current span as
/// failed.
pub fn request(
    method: &str,
    endpoint: &str,
    status: u16,
    duration: Duration,
    user_id: Option<&str>,
    request_id: Option<&str>,
) {
    let duration_ms = milliseconds(duration);
    if status >= 500 {
        error!(target: "glasshouse_sdk::request", method, endpoint, status_code = status,
            duration_ms, user_id, request_id, "Request failed");
    } else {
        info!(target: "glasshouse_sdk::request", method, endpoint, status_code = status,
            duration_ms, user_id, request_id, "Request processed");
    }
}

/// An inference of a model server: `model`, `latency_ms`, and `batch_size` if known.
pub fn inference(model: &str, latency: Duration, batch_size: impl Into<Option<u64>>) {
    info!(target: "glasshouse_sdk::inference", model, latency_ms = milliseconds(latency),
        batch_size = batch_size.into(), "Inference completed");
}

/// An MCP server operation: `mcp_server`, `mcp_operation`, `duration_ms`, `status`. Every status
/// except `success` is a warning.
pub fn mcp(server: &str, operation: &str, duration: Duration, status: &str) {
    let duration_ms = milliseconds(duration);
    if status == "success" {
        info!(target: "glasshouse_sdk::mcp", mcp_server = server, mcp_operation = operation,
            duration_ms, status, "MCP operation completed");
    } else {
        warn!(target: "glasshouse_sdk::mcp", mcp_server = server, mcp_operation = operation,
            duration_ms, status, "MCP operation failed");
    }
}

/// A drift check: `model`, `drift_score`, `threshold`. A score above the threshold is a warning.
pub fn drift(model: &str, score: f64, threshold: f64) {
    if score > threshold {
        warn!(target: "glasshouse_sdk::drift", model, drift_score = score, threshold,
            "Drift detected");
    } else {
        info!(target: "glasshouse_sdk::drift", model, drift_score = score, threshold,
            "Drift checked");
    }
}

/// Milliseconds with three decimals: 125.5 rather than 125.49999.
fn milliseconds(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1000.0
}
