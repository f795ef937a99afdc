//! Tests of lines and records: golden lines, injection, hostile fields, correlation.

use std::fmt;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use opentelemetry::Context;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use parking_lot::Mutex;
use tracing::{error, info, info_span, warn};
use tracing_subscriber::layer::SubscriberExt;

use super::layer::RecordSink;
use super::*;

mod correlation;

const TRACE_ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN_ID: &str = "00f067aa0ba902b7";

#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Vec<u8>>>);

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Memory {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().clone()).unwrap()
    }
}

#[derive(Clone, Default)]
struct Records(Arc<Mutex<Vec<LogRecord>>>);

impl Records {
    fn sink(&self) -> RecordSink {
        let records = self.clone();
        Box::new(move |record| records.0.lock().push(record))
    }

    fn take(&self) -> Vec<LogRecord> {
        std::mem::take(&mut *self.0.lock())
    }
}

fn layer(profile: &str, format: LogFormat, output: impl Write + Send + 'static) -> LogLayer {
    layer_with_records(profile, format, output, None)
}

fn layer_with_records(
    profile: &str,
    format: LogFormat,
    output: impl Write + Send + 'static,
    records: Option<RecordSink>,
) -> LogLayer {
    LogLayer::new(LogLines {
        service_name: "gateway".to_owned(),
        fields: LogFields::of_profile(profile),
        format,
        output: Output::to(output),
        records,
    })
}

/// The output of this work.
fn logged(profile: &str, format: LogFormat, work: impl FnOnce()) -> String {
    let memory = Memory::default();
    let subscriber = tracing_subscriber::registry().with(layer(profile, format, memory.clone()));
    tracing::subscriber::with_default(subscriber, work);
    memory.text()
}

fn json_lines(work: impl FnOnce()) -> Vec<serde_json::Value> {
    let text = logged("otel", LogFormat::Json, work);
    assert!(text.ends_with('\n'));
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}")))
        .collect()
}

fn json_line(work: impl FnOnce()) -> serde_json::Value {
    let lines = json_lines(work);
    assert_eq!(lines.len(), 1, "{lines:?}");
    lines.into_iter().next().unwrap()
}

/// Replaces times, which differ between runs.
fn without_times(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let line = match line.split_once("\"timestamp\":\"") {
            Some((before, rest)) => format!("{before}\"timestamp\":\"<time>{}", &rest[24..]),
            None => match line.strip_prefix("{\"time\":") {
                Some(rest) => format!("{{\"time\":<time>{}", &rest[13..]),
                None => format!("<time>{}", &line[24..]),
            },
        };
        out.push_str(&line.replace(&format!("\"pid\":{}", std::process::id()), "\"pid\":<pid>"));
        out.push('\n');
    }
    out
}

fn sample() {
    let _session = crate::scope::with_session(&Context::current(), "session456").attach();
    with_trace(TRACE_ID, SPAN_ID, || {
        info!(
            target: "gateway_service",
            method = "POST",
            endpoint = "/v1/chat",
            status_code = 200,
            duration_ms = 125.5,
            cached = false,
            "Request processed"
        );
    });
    warn!(target: "gateway_service", "outside");
}

#[test]
fn lines_have_the_fields_of_their_profile() {
    let cases = [
        (
            "otel",
            r#"{"timestamp":"<time>","level":"info","logger":"gateway_service","message":"Request processed","service":"gateway","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","span_id":"00f067aa0ba902b7","session_id":"session456","method":"POST","endpoint":"/v1/chat","status_code":200,"duration_ms":125.5,"cached":false}
{"timestamp":"<time>","level":"warn","logger":"gateway_service","message":"outside","service":"gateway","session_id":"session456"}
"#,
        ),
        (
            "alex",
            r#"{"timestamp":"<time>","level":"info","message":"Request processed","service":"gateway","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","span_id":"00f067aa0ba902b7","session_id":"session456","method":"POST","endpoint":"/v1/chat","status_code":200,"duration_ms":125.5,"cached":false}
{"timestamp":"<time>","level":"warn","message":"outside","service":"gateway","session_id":"session456"}
"#,
        ),
        (
            "ai-platform",
            r#"{"timestamp":"<time>","level":"INFO","logger":"gateway_service","message":"Request processed","service":"gateway","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","span_id":"00f067aa0ba902b7","session_id":"session456","method":"POST","endpoint":"/v1/chat","status_code":200,"duration_ms":125.5,"cached":false}
{"timestamp":"<time>","level":"WARN","logger":"gateway_service","message":"outside","service":"gateway","session_id":"session456"}
"#,
        ),
    ];
    for (profile, expected) in cases {
        assert_eq!(without_times(&logged(profile, LogFormat::Json, sample)), expected, "{profile}");
    }
    let botticelli = without_times(&logged("botticelli", LogFormat::Json, sample));
    assert_eq!(botticelli, cases[0].1);
}

#[test]
fn lines_of_refly_are_those_of_pino() {
    let text = without_times(&logged("refly", LogFormat::Json, sample));
    let host = text.split("\"hostname\":\"").nth(1).and_then(|rest| rest.split('"').next());
    let text = text.replace(host.unwrap(), "<host>");
    let expected = r#"{"time":<time>,"level":30,"msg":"Request processed","pid":<pid>,"hostname":"<host>","service":"gateway","traceId":"4bf92f3577b34da6a3ce929d0e0e4736","spanId":"00f067aa0ba902b7","sessionId":"session456","method":"POST","endpoint":"/v1/chat","statusCode":200,"durationMs":125.5,"cached":false}
{"time":<time>,"level":40,"msg":"outside","pid":<pid>,"hostname":"<host>","service":"gateway","sessionId":"session456"}
"#;
    assert_eq!(text, expected);
}

#[test]
fn text_is_for_people() {
    let text = without_times(&logged("otel", LogFormat::Text, sample));
    let expected = "<time>  INFO gateway_service: Request processed service=gateway \
        trace_id=4bf92f3577b34da6a3ce929d0e0e4736 span_id=00f067aa0ba902b7 session_id=session456 \
        method=POST endpoint=/v1/chat status_code=200 duration_ms=125.5 cached=false\n\
        <time>  WARN gateway_service: outside service=gateway session_id=session456\n";
    assert_eq!(text, expected);
}

#[test]
fn helpers_write_the_fields_that_queries_look_for() {
    let lines = json_lines(|| {
        request(
            "POST",
            "/v1/chat",
            200,
            Duration::from_micros(125_500),
            Some("user123"),
            Some("req456"),
        );
        request("GET", "/", 503, Duration::from_millis(1), None, None);
        inference("llama-3.3-8b", Duration::from_micros(250_500), 4);
        inference("llama-3.3-8b", Duration::ZERO, None);
        mcp("github", "search_repositories", Duration::from_millis(50), "success");
        mcp("github", "search_repositories", Duration::from_millis(50), "timeout");
        drift("llama-3.3-8b", 0.18, 0.15);
        drift("llama-3.3-8b", 0.1, 0.15);
    });
    let expected = [
        r#"{"level":"info","method":"POST","endpoint":"/v1/chat","status_code":200,"duration_ms":125.5,"user_id":"user123","request_id":"req456"}"#,
        r#"{"level":"error","method":"GET","endpoint":"/","status_code":503,"duration_ms":1.0}"#,
        r#"{"level":"info","model":"llama-3.3-8b","latency_ms":250.5,"batch_size":4}"#,
        r#"{"level":"info","model":"llama-3.3-8b","latency_ms":0.0}"#,
        r#"{"level":"info","mcp_server":"github","mcp_operation":"search_repositories","duration_ms":50.0,"status":"success"}"#,
        r#"{"level":"warn","mcp_server":"github","mcp_operation":"search_repositories","duration_ms":50.0,"status":"timeout"}"#,
        r#"{"level":"warn","model":"llama-3.3-8b","drift_score":0.18,"threshold":0.15}"#,
        r#"{"level":"info","model":"llama-3.3-8b","drift_score":0.1,"threshold":0.15}"#,
    ];
    for (mut line, expected) in lines.into_iter().zip(expected) {
        let keys = line.as_object_mut().unwrap();
        for key in ["timestamp", "logger", "message", "service"] {
            assert!(keys.remove(key).is_some(), "{key}");
        }
        assert_eq!(line, serde_json::from_str::<serde_json::Value>(expected).unwrap());
    }
}

#[test]
fn a_field_never_replaces_what_the_line_says_itself() {
    let line = json_line(|| {
        with_trace(TRACE_ID, SPAN_ID, || {
            info!(
                level = "fatal",
                timestamp = 1,
                service = "other",
                trace_id = "forged",
                session_id = "mine",
                "true"
            );
        });
    });
    assert_eq!(line["level"], "info");
    assert_eq!(line["fields.level"], "fatal");
    assert_eq!(line["fields.timestamp"], 1);
    assert_eq!(line["fields.service"], "other");
    assert_eq!((&line["trace_id"], &line["fields.trace_id"]), (&TRACE_ID.into(), &"forged".into()));
    // Without a session in the context, the key is free.
    assert_eq!(line["session_id"], "mine");
    // Renamed fields are checked under their new name.
    let text = logged("refly", LogFormat::Json, || info!(msg = "a", status_code = 404, "b"));
    assert!(text.contains(r#""msg":"b""#) && text.contains(r#""fields.msg":"a""#), "{text}");
    assert!(text.contains(r#""statusCode":404"#), "{text}");
}

#[test]
fn no_value_starts_a_new_line_or_drives_a_terminal() {
    let evil =
        "x\n2024-01-01T00:00:00.000Z  INFO forged: \"line\"\r\u{1b}[2J\u{9b}31m\u{2028}\u{202e}\0";
    for format in [LogFormat::Json, LogFormat::Text] {
        let text = logged("otel", format, || {
            let _session = crate::scope::with_session(&Context::current(), evil).attach();
            info!(evil, shown = %evil, debug = ?evil, "weird \" =\n name" = 1, "{evil}");
        });
        assert_eq!(text.matches('\n').count(), 1, "{text:?}");
        let line = text.trim_end_matches('\n');
        assert!(
            !line.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{202e}')),
            "{line:?}"
        );
        if format == LogFormat::Json {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            assert_eq!(line["evil"], evil);
            assert_eq!(line["message"], evil);
            assert_eq!(line["session_id"], evil);
        }
    }
}

#[test]
fn every_kind_of_value_is_written() {
    let cause = io::Error::other(Outer(io::Error::other("inner")));
    let line = json_line(|| {
        info!(
            text = "t",
            signed = -5_i64,
            large = u64::MAX,
            huge = u128::MAX,
            float = 1e300,
            nan = f64::NAN,
            infinite = f64::NEG_INFINITY,
            flag = true,
            debug = ?vec![1, 2],
            display = %Duration::from_secs(1).as_secs(),
            error = &cause as &(dyn std::error::Error + 'static),
            none = tracing::field::Empty,
            "m"
        );
    });
    let expected: serde_json::Value = serde_json::from_str(
        r#"{"text":"t","signed":-5,"large":18446744073709551615,"float":1e300,"nan":"NaN",
            "huge":"340282366920938463463374607431768211455",
            "infinite":"-Infinity","flag":true,"debug":"[1, 2]","display":"1",
            "error":"outer: inner"}"#,
    )
    .unwrap();
    for (key, value) in expected.as_object().unwrap() {
        assert_eq!(&line[key], value, "{key}");
    }
    assert!(line.get("none").is_none());
}

#[derive(Debug)]
struct Outer(io::Error);

impl fmt::Display for Outer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("outer")
    }
}

impl std::error::Error for Outer {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

/// Writes more than the limit, and stops only on an error.
struct Endless;

impl fmt::Debug for Endless {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        loop {
            f.write_str("€\n")?;
        }
    }
}

#[test]
fn values_and_lines_are_bounded() {
    let long = "€".repeat(1 << 20);
    let records = Records::default();
    for format in [LogFormat::Json, LogFormat::Text, LogFormat::Off] {
        let memory = Memory::default();
        let layer = layer_with_records("otel", format, memory.clone(), Some(records.sink()));
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            info!(
                a = ?Endless, b = ?Endless, c = %long, d = long.as_str(), e = ?Endless, f = ?Endless,
                g = ?Endless, h = ?Endless, i = ?Endless, j = 1, "{long}"
            );
        });
        let text = memory.text();
        assert!(text.len() <= 256 << 10, "{}", text.len());
        let record = records.take().pop().unwrap();
        assert!(record.dropped_attributes_count >= 3, "{}", record.dropped_attributes_count);
        match format {
            LogFormat::Json => {
                let line: serde_json::Value = serde_json::from_str(&text).unwrap();
                assert!(line["a"].as_str().unwrap().ends_with("…[cut]"));
                assert!(line["message"].as_str().unwrap().ends_with("…[cut]"));
                assert_eq!(line["fields_dropped"], record.dropped_attributes_count);
            }
            LogFormat::Text => assert!(
                text.ends_with(&format!("fields_dropped={}\n", record.dropped_attributes_count))
            ),
            LogFormat::Off => assert_eq!(text, ""),
        }
    }
}

/// Logs during its own formatting.
struct Talkative;

impl fmt::Debug for Talkative {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        nested();
        f.write_str("talkative")
    }
}

fn nested() {
    // A thread-local subscriber does not receive events from inside an event; a global one does.
    // Both must return.
    info!(nested = true, "nested");
}

#[test]
fn an_event_inside_an_event_harms_neither() {
    let lines = json_lines(|| info!(value = ?Talkative, "outer"));
    let outer = lines.last().unwrap();
    assert_eq!((&outer["message"], &outer["value"]), (&"outer".into(), &"talkative".into()));
    let mut scratches = 0;
    scratch::with_scratch(|_| {
        scratches += 1;
        scratch::with_scratch(|_| scratches += 1);
    });
    assert_eq!(scratches, 2);
}

/// Fails three times, then accepts everything.
struct Failing(u32, Memory);

impl Write for Failing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // As a custom writer might: it must not deadlock.
        info!("while writing");
        if self.0 == 0 {
            return self.1.write(bytes);
        }
        self.0 -= 1;
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn lines_that_cannot_be_written_are_counted_on_the_next_one() {
    for (format, expected) in
        [(LogFormat::Json, ",\"lines_lost\":3}"), (LogFormat::Text, " lines_lost=3")]
    {
        let memory = Memory::default();
        let layer = layer("otel", format, Failing(3, memory.clone()));
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            for _ in 0..5 {
                info!("line");
            }
        });
        let text = memory.text();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 2, "{text}");
        assert!(lines[0].ends_with(expected) && !lines[1].contains("lines_lost"), "{text}");
    }
    // Lines logged by a writer itself are lost without waiting.
    let output = Arc::new(Mutex::new(None::<Arc<Output>>));
    let inner = Arc::clone(&output);
    let writer = Arc::new(Output::to(Reentrant(inner)));
    *output.lock() = Some(Arc::clone(&writer));
    assert!(writer.write(b"x\n").is_err());
    *output.lock() = None;
    assert!(writer.write(b"x\n").is_ok());
}

struct Reentrant(Arc<Mutex<Option<Arc<Output>>>>);

impl Write for Reentrant {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let output = self.0.lock().clone();
        output.map_or(Ok(()), |output| output.write(b"again\n"))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn lines_of_several_threads_stay_whole() {
    let memory = Memory::default();
    let subscriber =
        tracing_subscriber::registry().with(layer("otel", LogFormat::Json, memory.clone()));
    let dispatch = tracing::Dispatch::new(subscriber);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let dispatch = dispatch.clone();
            scope.spawn(move || {
                tracing::dispatcher::with_default(&dispatch, || {
                    for i in 0..500 {
                        info!(thread, i, padding = %"x".repeat(i), "line");
                    }
                });
            });
        }
    });
    let text = memory.text();
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2000);
}

#[test]
fn events_of_the_crate_log_have_their_own_target() {
    let line = json_line(|| {
        info!(target: "log", { log.target = "library", log.line = 7, log.file = "x.rs" }, "said");
    });
    assert_eq!((&line["logger"], &line["message"]), (&"library".into(), &"said".into()));
    assert!(line.get("log.line").is_none() && line.get("log.file").is_none());
}
