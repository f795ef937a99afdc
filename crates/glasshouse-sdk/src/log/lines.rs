//! Lines that every AI service has, with the fields that dashboards and log queries look for.
//!
//! Targets are `glasshouse_sdk::request`, `::inference`, `::mcp` and `::drift`, so that each can be
//! turned on and off: `info,glasshouse_sdk::request=warn`.

use std::time::Duration;

use tracing::{error, info, warn};

/// One HTTP request that was answered: `method`, `endpoint`, `status_code`, `duration_ms`, and
/// `user_id` and `request_id` where they are known. A status of 500 and above is an error, which
/// also marks the current span as failed.
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

/// One inference of a model server: `model`, `latency_ms`, and `batch_size` where it is known.
pub fn inference(model: &str, latency: Duration, batch_size: impl Into<Option<u64>>) {
    info!(target: "glasshouse_sdk::inference", model, latency_ms = milliseconds(latency),
        batch_size = batch_size.into(), "Inference completed");
}

/// One operation of an MCP server: `mcp_server`, `mcp_operation`, `duration_ms`, `status`. Every
/// status but `success` is a warning.
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

/// One check for drift: `model`, `drift_score`, `threshold`. A score above the threshold is a
/// warning.
pub fn drift(model: &str, score: f64, threshold: f64) {
    if score > threshold {
        warn!(target: "glasshouse_sdk::drift", model, drift_score = score, threshold,
            "Drift detected");
    } else {
        info!(target: "glasshouse_sdk::drift", model, drift_score = score, threshold,
            "Drift checked");
    }
}

/// Milliseconds with three digits after the point: 125.5 rather than 125.49999.
fn milliseconds(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1000.0
}
