//! Trace, span and session in lines and records.

use opentelemetry::trace::{TraceContextExt, TracerProvider as _};
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use tracing::debug;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::*;

/// Runs work under a tracer without an exporter.
fn traced(sampler: Sampler, records: &Records, work: impl FnOnce()) -> Vec<serde_json::Value> {
    let provider = SdkTracerProvider::builder().with_sampler(sampler).build();
    let memory = Memory::default();
    let subscriber = tracing_subscriber::registry()
        .with(tracing_opentelemetry::layer().with_tracer(provider.tracer("test")))
        .with(layer_with_records("otel", LogFormat::Json, memory.clone(), Some(records.sink())));
    tracing::subscriber::with_default(subscriber, work);
    memory.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn ids(span: &tracing::Span) -> (String, String) {
    let context = span.context();
    let span = context.span();
    let span = span.span_context();
    (span.trace_id().to_string(), span.span_id().to_string())
}

fn ids_of(line: &serde_json::Value) -> (String, String) {
    let text = |key: &str| line[key].as_str().unwrap_or("none").to_owned();
    (text("trace_id"), text("span_id"))
}

#[test]
fn lines_and_records_inside_a_span_carry_its_ids_and_its_session() {
    for (sampler, flags) in [(Sampler::AlwaysOn, 1), (Sampler::AlwaysOff, 0)] {
        let records = Records::default();
        let mut expected = Vec::new();
        let lines = traced(sampler, &records, || {
            let session = crate::scope::with_session(&Context::current(), "session456").attach();
            let outer = info_span!("outer");
            drop(session);
            let inner = info_span!(parent: &outer, "inner");
            expected.push(ids(&outer));
            expected.push(ids(&inner));
            outer.in_scope(|| {
                info!("outer");
                inner.in_scope(|| info!("inner"));
                info!("outer again");
            });
            info!("outside");
            info!(parent: &inner, "by its parent");
        });
        let none = || ("none".to_owned(), "none".to_owned());
        let (outer, inner) = (expected[0].clone(), expected[1].clone());
        let all = [outer.clone(), inner.clone(), outer.clone(), none(), inner.clone()];
        assert_eq!(lines.iter().map(ids_of).collect::<Vec<_>>(), all);
        assert_eq!(outer.0, inner.0);
        let sessions = ["session456", "session456", "session456", "", "session456"];
        for (line, session) in lines.iter().zip(sessions) {
            assert_eq!(line["session_id"].as_str().unwrap_or_default(), session, "{line}");
        }
        let records = records.take();
        assert_eq!(records.len(), 5);
        for (record, (trace_id, span_id)) in records.iter().zip(all) {
            let hex = |bytes: &[u8]| {
                let mut out = Vec::new();
                escape::hex(&mut out, bytes);
                String::from_utf8(out).unwrap()
            };
            let is_inside = trace_id != "none";
            assert_eq!(hex(&record.trace_id), if is_inside { trace_id } else { String::new() });
            assert_eq!(hex(&record.span_id), if is_inside { span_id } else { String::new() });
            assert_eq!(record.flags, if is_inside { flags } else { 0 });
            let sessions = record.attributes.iter().filter(|it| it.key == "session.id").count();
            assert_eq!(sessions, usize::from(is_inside));
        }
    }
}

#[test]
fn a_record_says_what_the_line_says() {
    let records = Records::default();
    traced(Sampler::AlwaysOn, &records, || {
        error!(target: "gateway", count = 3_u64, huge = u64::MAX, ratio = 0.5, ok = false, level = "x", "went {}", "wrong");
        debug!("fine");
    });
    let records = records.take();
    let record = &records[0];
    assert_eq!((record.severity_number, record.severity_text.as_str()), (17, "ERROR"));
    assert_eq!(records[1].severity_number, 5);
    assert!(record.time_unix_nano > 0 && record.time_unix_nano == record.observed_time_unix_nano);
    let text = |text: &str| Some(Value::StringValue(text.to_owned()));
    assert_eq!(record.body.clone().unwrap().value, text("went wrong"));
    let attributes: Vec<_> = record
        .attributes
        .iter()
        .map(|it| (it.key.as_str(), it.value.clone().and_then(|value| value.value)))
        .collect();
    let expected = [
        ("count", Some(Value::IntValue(3))),
        ("huge", text("18446744073709551615")),
        ("ratio", Some(Value::DoubleValue(0.5))),
        ("ok", Some(Value::BoolValue(false))),
        ("level", text("x")),
        ("logger", text("gateway")),
    ];
    assert_eq!(attributes, expected);
}

#[test]
fn what_sending_itself_logs_is_written_and_not_sent() {
    let records = Records::default();
    let lines = traced(Sampler::AlwaysOn, &records, || {
        let _suppressed = Context::enter_telemetry_suppressed_scope();
        info!("retrying");
    });
    assert_eq!((lines.len(), records.take().len()), (1, 0));
}

#[test]
fn wrong_ids_change_nothing() {
    let zeros = ("0".repeat(32), "0".repeat(16));
    let cases = [
        ("abc123", "def456"),
        (TRACE_ID, ""),
        (TRACE_ID, "+0f067aa0ba902b7"),
        (&zeros.0, SPAN_ID),
        (TRACE_ID, &zeros.1),
    ];
    for (trace_id, span_id) in cases {
        let line = json_line(|| with_trace(trace_id, span_id, || info!("x")));
        assert!(line.get("trace_id").is_none(), "{line}");
    }
}
