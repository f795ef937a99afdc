//! Log records: 20 templates, 50 services, 5 levels, about 300 bytes each.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, any_value};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use prost::Message;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::patch::{self, marker, marker_positions, put, splitmix64};
use crate::send::Payload;
use crate::spans::{int, resource, text};

const PAYLOADS: u64 = 50;
const RECORDS: u32 = 1_000;
const TEMPLATES: [&str; 20] = [
    "request finished",
    "model answered",
    "tool finished",
    "tool failed, trying again",
    "session created",
    "session expired",
    "cache miss",
    "cache hit",
    "slow query detected",
    "rate limit reached",
    "embedding batch done",
    "memory stored",
    "memory searched",
    "connection closed by peer",
    "retry scheduled",
    "token budget at 80 percent",
    "stream opened",
    "stream closed",
    "webhook delivered",
    "configuration reloaded",
];
const LEVELS: [(&str, i32); 5] =
    [("DEBUG", 5), ("INFO", 9), ("INFO", 9), ("WARN", 13), ("ERROR", 17)];

const TIME: u32 = 0;
const TRACE_HIGH: u32 = 1 << 24;
const TRACE_LOW: u32 = 2 << 24;
const SPAN_ID: u32 = 3 << 24;

/// The payloads of the workload, one per service.
pub(crate) fn payloads() -> Vec<Payload> {
    (0..PAYLOADS).map(payload).collect()
}

fn payload(seed: u64) -> Payload {
    let mut random = StdRng::seed_from_u64(seed);
    let log_records = (0..RECORDS).map(|number| record(number, &mut random)).collect();
    let request = ExportLogsServiceRequest {
        resource_logs: vec![ResourceLogs {
            resource: Some(resource(&format!("service-{seed:02}"), seed as u32)),
            scope_logs: vec![ScopeLogs { log_records, ..ScopeLogs::default() }],
            ..ResourceLogs::default()
        }],
    };
    let body = request.encode_to_vec();
    let positions = marker_positions(&body);
    let renew = move |body: &mut Vec<u8>, n: u64| {
        let base = patch::start_ns() + n * 3_000_000;
        for &(at, number) in &positions {
            let (kind, i) = (number & 0xFF00_0000, u64::from(number & 0x00FF_FFFF));
            let value = match kind {
                TIME => base + i * 2_900 + splitmix64(n ^ i) % 2_000,
                _ => splitmix64(seed ^ (n << 32) ^ u64::from(kind) ^ (i / 8)) | 1,
            };
            put(body, at, value);
        }
    };
    Payload { body, items: u64::from(RECORDS), renew: Box::new(renew) }
}

fn record(number: u32, random: &mut StdRng) -> LogRecord {
    let (level, severity_number) = LEVELS[random.random_range(0..LEVELS.len())];
    let template = TEMPLATES[random.random_range(0..TEMPLATES.len())];
    let line = format!(
        r#"{{"message":"{template}","session":"session-{:04x}","duration_ms":{},"path":"/v1/sessions/{}","bytes":{},"attempt":{}}}"#,
        random.random_range(0..4096),
        random.random_range(1..4000),
        random.random_range(0..100_000),
        random.random_range(100..90_000),
        random.random_range(1..4),
    );
    let mut trace_id = marker(TRACE_HIGH | number).to_le_bytes().to_vec();
    trace_id.extend(marker(TRACE_LOW | number).to_le_bytes());
    LogRecord {
        time_unix_nano: marker(TIME | number),
        severity_number,
        severity_text: level.to_owned(),
        body: Some(AnyValue { value: Some(any_value::Value::StringValue(line)) }),
        attributes: vec![
            text("code.function", "handle"),
            int("code.lineno", random.random_range(10..900)),
            text("http.route", "/v1/sessions/{id}"),
        ],
        trace_id,
        span_id: marker(SPAN_ID | number).to_le_bytes().to_vec(),
        ..LogRecord::default()
    }
}
