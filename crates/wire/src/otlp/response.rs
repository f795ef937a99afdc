//! Responses of OTLP endpoints: export responses and `google.rpc.Status`.

use std::time::Duration;

use prost::Message;
use serde_json::{Map, Value, json};
use signals::Signal;

use super::Encoding;

/// gRPC status codes used by OTLP endpoints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub enum Code {
    /// The request is invalid and must not be retried.
    InvalidArgument = 3,
    /// Timeout; retryable.
    DeadlineExceeded = 4,
    /// Unknown method or signal.
    NotFound = 5,
    /// Permission denied.
    PermissionDenied = 7,
    /// Too large; with a retry delay, rate-limited.
    ResourceExhausted = 8,
    /// Not implemented.
    Unimplemented = 12,
    /// Temporarily unavailable; retryable.
    Unavailable = 14,
    /// Missing credentials.
    Unauthenticated = 16,
}

/// An `Export{Trace,Logs,Metrics}ServiceResponse`. `partial_success` is set only if items were
/// rejected or there are warnings.
#[must_use]
pub fn export(signal: Signal, encoding: Encoding, rejected: usize, message: &str) -> Vec<u8> {
    let is_full_success = rejected == 0 && message.is_empty();
    match encoding {
        Encoding::Protobuf => {
            let partial_success = (!is_full_success).then(|| PartialSuccess {
                rejected: i64::try_from(rejected).unwrap_or(i64::MAX),
                error_message: message.to_owned(),
            });
            ExportResponse { partial_success }.encode_to_vec()
        }
        Encoding::Json if is_full_success => b"{}".to_vec(),
        Encoding::Json => {
            let rejected_key = match signal {
                Signal::Spans => "rejectedSpans",
                Signal::Logs => "rejectedLogRecords",
                Signal::Metrics => "rejectedDataPoints",
            };
            let mut partial_success = Map::new();
            if rejected > 0 {
                partial_success.insert(rejected_key.to_owned(), rejected.to_string().into());
            }
            if !message.is_empty() {
                partial_success.insert("errorMessage".to_owned(), message.into());
            }
            json!({ "partialSuccess": partial_success }).to_string().into_bytes()
        }
    }
}

/// A `google.rpc.Status`, with `RetryInfo` if there is a retry delay. As protobuf it is the body of
/// an HTTP response and gRPC's `grpc-status-details-bin`.
#[must_use]
pub fn status(
    encoding: Encoding,
    code: Code,
    message: &str,
    retry_after: Option<Duration>,
) -> Vec<u8> {
    const RETRY_INFO: &str = "type.googleapis.com/google.rpc.RetryInfo";
    match encoding {
        Encoding::Protobuf => {
            let details = retry_after.map(|delay| {
                let delay = ProtobufDuration {
                    seconds: i64::try_from(delay.as_secs()).unwrap_or(i64::MAX),
                    nanos: i32::try_from(delay.subsec_nanos()).unwrap_or_default(),
                };
                let info = RetryInfo { retry_delay: Some(delay) };
                Any { type_url: RETRY_INFO.to_owned(), value: info.encode_to_vec() }
            });
            let details = details.into_iter().collect();
            Status { code: code as i32, message: message.to_owned(), details }.encode_to_vec()
        }
        Encoding::Json => {
            let mut status = json!({ "code": code as i32, "message": message });
            if let (Some(delay), Some(status)) = (retry_after, status.as_object_mut()) {
                let delay = format!("{}s", delay.as_secs_f64());
                let details = json!([{ "@type": RETRY_INFO, "retryDelay": delay }]);
                status.insert("details".to_owned(), details);
            }
            Value::to_string(&status).into_bytes()
        }
    }
}

/// The three export responses use the same field numbers.
#[derive(Clone, PartialEq, Message)]
struct ExportResponse {
    #[prost(message, optional, tag = "1")]
    partial_success: Option<PartialSuccess>,
}

#[derive(Clone, PartialEq, Message)]
struct PartialSuccess {
    #[prost(int64, tag = "1")]
    rejected: i64,
    #[prost(string, tag = "2")]
    error_message: String,
}

#[derive(Clone, PartialEq, Message)]
struct Status {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<Any>,
}

#[derive(Clone, PartialEq, Message)]
struct Any {
    #[prost(string, tag = "1")]
    type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    value: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct RetryInfo {
    #[prost(message, optional, tag = "1")]
    retry_delay: Option<ProtobufDuration>,
}

#[derive(Clone, PartialEq, Message)]
struct ProtobufDuration {
    #[prost(int64, tag = "1")]
    seconds: i64,
    #[prost(int32, tag = "2")]
    nanos: i32,
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceResponse;
    use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceResponse;
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;

    use super::*;

    #[test]
    fn full_success_leaves_partial_success_out() {
        for signal in Signal::ALL {
            assert_eq!(export(signal, Encoding::Protobuf, 0, ""), b"");
            assert_eq!(export(signal, Encoding::Json, 0, ""), b"{}");
        }
    }

    #[test]
    fn partial_success_is_read_by_the_generated_types() {
        let bytes = |signal| export(signal, Encoding::Protobuf, 3, "why");
        let traces = ExportTraceServiceResponse::decode(&bytes(Signal::Spans)[..]).unwrap();
        let traces = traces.partial_success.unwrap();
        assert_eq!((traces.rejected_spans, traces.error_message.as_str()), (3, "why"));
        let logs = ExportLogsServiceResponse::decode(&bytes(Signal::Logs)[..]).unwrap();
        assert_eq!(logs.partial_success.unwrap().rejected_log_records, 3);
        let metrics = ExportMetricsServiceResponse::decode(&bytes(Signal::Metrics)[..]).unwrap();
        assert_eq!(metrics.partial_success.unwrap().rejected_data_points, 3);
        let json = export(Signal::Logs, Encoding::Json, 3, "why");
        assert_eq!(json, br#"{"partialSuccess":{"errorMessage":"why","rejectedLogRecords":"3"}}"#);
    }

    #[test]
    fn status_carries_the_retry_delay_only_when_there_is_one() {
        let delay = Duration::from_millis(1500);
        let bytes = status(Encoding::Protobuf, Code::Unavailable, "full", Some(delay));
        let read = Status::decode(&bytes[..]).unwrap();
        assert_eq!((read.code, read.message.as_str()), (14, "full"));
        let info = RetryInfo::decode(&read.details[0].value[..]).unwrap();
        assert_eq!(info.retry_delay, Some(ProtobufDuration { seconds: 1, nanos: 500_000_000 }));
        let json = status(Encoding::Json, Code::Unavailable, "full", Some(delay));
        let json: Value = serde_json::from_slice(&json).unwrap();
        assert_eq!(json["details"][0]["retryDelay"], "1.5s");
        let json = status(Encoding::Json, Code::InvalidArgument, "no", None);
        assert_eq!(json, br#"{"code":3,"message":"no"}"#);
    }
}
