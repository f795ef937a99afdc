//! How the keys of a line are spelled: data, one set for each naming profile.

use std::collections::BTreeMap;

use serde::Deserialize;

/// A set of keys. In a naming profile it is the block `logs:`; what that leaves out is as in the
/// set of the profile `otel`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LogFields {
    /// Key of the time.
    pub(crate) timestamp: String,
    /// How a time looks.
    pub(crate) time_style: TimeStyle,
    /// Key of the level.
    pub(crate) level: String,
    /// How a level looks.
    pub(crate) level_style: LevelStyle,
    /// Key of the event's target; none leaves it out.
    pub(crate) logger: Option<String>,
    /// Key of the message.
    pub(crate) message: String,
    /// Key of the service's name; none leaves it out.
    pub(crate) service: Option<String>,
    /// Key of the process id; none leaves it out.
    pub(crate) process_id: Option<String>,
    /// Key of the machine's name; none leaves it out.
    pub(crate) host_name: Option<String>,
    /// Key of the trace id, on lines inside a span.
    pub(crate) trace_id: String,
    /// Key of the span id, on lines inside a span.
    pub(crate) span_id: String,
    /// Key of the session, on lines inside one.
    pub(crate) session_id: String,
    /// Fields of events that have another name in the line.
    pub(crate) renames: BTreeMap<String, String>,
}

/// How a time looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TimeStyle {
    /// `2024-01-01T12:00:00.000Z`.
    Rfc3339,
    /// Milliseconds since 1970, a number.
    EpochMs,
}

/// How a level looks.
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
    /// The set of a naming profile that comes with this crate. Profiles without a set of their own
    /// have the one of `otel`.
    pub(crate) fn of_profile(name: &str) -> Self {
        match name {
            "alex" => Self { logger: None, ..Self::default() },
            "ai-platform" => Self { level_style: LevelStyle::Upper, ..Self::default() },
            "refly" => Self::pino(),
            _ => Self::default(),
        }
    }

    /// The keys of Pino and the spelling of Refly.
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
