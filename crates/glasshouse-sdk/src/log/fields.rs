//! The keys of a line, one set per naming profile.

use std::collections::BTreeMap;

use serde::Deserialize;

/// A set of keys. In a naming profile it is the block `logs:`; omitted keys are those of the
/// profile `otel`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LogFields {
    /// Key of the time.
    pub(crate) timestamp: String,
    /// Format of the time.
    pub(crate) time_style: TimeStyle,
    /// Key of the level.
    pub(crate) level: String,
    /// Format of the level.
    pub(crate) level_style: LevelStyle,
    /// Key of the event's target; `None` omits it.
    pub(crate) logger: Option<String>,
    /// Key of the message.
    pub(crate) message: String,
    /// Key of the service name; `None` omits it.
    pub(crate) service: Option<String>,
    /// Key of the process id; `None` omits it.
    pub(crate) process_id: Option<String>,
    /// Key of the host name; `None` omits it.
    pub(crate) host_name: Option<String>,
    /// Key of the trace id, within a span.
    pub(crate) trace_id: String,
    /// Key of the span id, within a span.
    pub(crate) span_id: String,
    /// Key of the session id, within a session.
    pub(crate) session_id: String,
    /// Event fields with other names in the line.
    pub(crate) renames: BTreeMap<String, String>,
}

/// Format of a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TimeStyle {
    /// `2024-01-01T12:00:00.000Z`.
    Rfc3339,
    /// Milliseconds since the Unix epoch, as a number.
    EpochMs,
}

/// Format of a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LevelStyle {
    /// `info`.
    Lower,
    /// `INFO`.
    Upper,
    /// Pino's number: 10 trace, 20 debug, 30 info, 40 warn, 50 error.
    Pino,
}

impl Default for LogFields {
    fn default() -> Self {
        Self {
            timestamp: "timestamp".to_owned(),
            time_style: TimeStyle::Rfc3339,
            level: "level".to_owned(),
            level_style: LevelStyle::Lower,
            logger: Some("logger".to_owned()),
            message: "message".to_owned(),
            service: Some("service".to_owned()),
            process_id: None,
            host_name: None,
            trace_id: "trace_id".to_owned(),
            span_id: "span_id".to_owned(),
            session_id: "session_id".to_owned(),
            renames: BTreeMap::new(),
        }
    }
}

impl LogFields {
    /// The keys of a built-in naming profile. Profiles without keys use those of `otel`.
    pub(crate) fn of_profile(name: &str) -> Self {
        match name {
            "alex" => Self { logger: None, ..Self::default() },
            "ai-platform" => Self { level_style: LevelStyle::Upper, ..Self::default() },
            "refly" => Self::pino(),
            _ => Self::default(),
        }
    }

    /// Pino's keys with Refly's naming.
    fn pino() -> Self {
        let renames = [
            ("status_code", "statusCode"),
            ("duration_ms", "durationMs"),
            ("latency_ms", "latencyMs"),
            ("batch_size", "batchSize"),
            ("user_id", "userId"),
            ("request_id", "requestId"),
            ("session_id", "sessionId"),
            ("mcp_server", "mcpServer"),
            ("mcp_operation", "mcpOperation"),
            ("drift_score", "driftScore"),
            ("error", "err"),
        ];
        Self {
            timestamp: "time".to_owned(),
            time_style: TimeStyle::EpochMs,
            level_style: LevelStyle::Pino,
            logger: None,
            message: "msg".to_owned(),
            process_id: Some("pid".to_owned()),
            host_name: Some("hostname".to_owned()),
            trace_id: "traceId".to_owned(),
            span_id: "spanId".to_owned(),
            session_id: "sessionId".to_owned(),
            renames: renames.map(|(from, to)| (from.to_owned(), to.to_owned())).into(),
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_can_be_written_as_data() {
        let text = "{timestamp: time, time_style: epoch_ms, level_style: pino, logger: ~, \
                    message: msg, process_id: pid, host_name: hostname, trace_id: traceId, \
                    span_id: spanId, session_id: sessionId}";
        let fields: LogFields = serde_saphyr::from_str(text).unwrap();
        assert_eq!(
            fields,
            LogFields { renames: BTreeMap::new(), ..LogFields::of_profile("refly") }
        );
        let fields: LogFields =
            serde_saphyr::from_str("{level_style: upper, renames: {a: b}}").unwrap();
        assert_eq!(fields.renames["a"], "b");
        assert!(serde_saphyr::from_str::<LogFields>("{mesage: msg}").is_err());
    }
}
