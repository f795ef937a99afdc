//! Spans and log records compared with prost as an oracle, and malformed bytes.

mod arbitrary;
mod cost;
mod deltas;
pub(crate) mod known;
mod limits;
mod metric_oracle;
mod oracle;
mod repaired;

use conformance::{Corpus, Tolerated};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use proptest::prelude::*;
use prost::Message as _;
use signals::{Batch, MemoryBudget, MemoryReservation, Signal, Timestamp};

use super::*;
use crate::Limits;
use crate::known::NoKnownSeries;

/// 2026-11-20, the arrival time in all tests.
pub(crate) const NOW: Timestamp = 1_795_000_000_000_000_000;

/// Decodes without a memory limit and with all series by label.
fn decode(
    signal: Signal,
    body: &[u8],
    encoding: Encoding,
    received_at: Timestamp,
    limits: &Limits,
) -> Result<Decoded, WireError> {
    let memory = &unbounded();
    let context = DecodeContext { received_at, limits, known: &NoKnownSeries, memory };
    Export { signal, encoding, translation: Arc::default() }.decode(body, &context)
}

/// A reservation without a limit.
pub(crate) fn unbounded() -> MemoryReservation {
    MemoryBudget::new("test", usize::MAX).reservation()
}

fn decode_ok(signal: Signal, body: &[u8]) -> Decoded {
    decode(signal, body, Encoding::Protobuf, NOW, &Limits::default()).unwrap()
}

fn rendered(decoded: &Decoded) -> Vec<String> {
    decoded.batches.iter().flat_map(oracle::render).collect()
}

proptest! {
    #[test]
    fn spans_are_what_prost_reads(request in arbitrary::traces()) {
        let decoded = decode_ok(Signal::Spans, &request.encode_to_vec());
        let (expected, rejected) = oracle::spans(&request, NOW);
        prop_assert_eq!((rendered(&decoded), decoded.rejected), (expected, rejected));
    }

    #[test]
    fn log_records_are_what_prost_reads(request in arbitrary::logs()) {
        let decoded = decode_ok(Signal::Logs, &request.encode_to_vec());
        let (expected, rejected) = oracle::logs(&request, NOW);
        prop_assert_eq!((rendered(&decoded), decoded.rejected), (expected, rejected));
    }

    #[test]
    fn samples_are_what_prost_reads(request in arbitrary::metrics()) {
        let decoded = decode_ok(Signal::Metrics, &request.encode_to_vec());
        let mut facts = metric_oracle::Facts {
            accepted: decoded.accepted,
            rejected: decoded.rejected,
            deltas: decoded.deltas.len(),
            ..metric_oracle::Facts::default()
        };
        if let Some(Batch::Metrics(batch)) = decoded.batches.first() {
            metric_oracle::of_batch(batch, &mut facts);
        }
        prop_assert_eq!(facts, metric_oracle::of_request(&request, NOW));
    }

    #[test]
    fn spans_survive_the_way_back_to_otlp(request in arbitrary::traces()) {
        let decoded = decode_ok(Signal::Spans, &request.encode_to_vec());
        if let [Batch::Spans(batch)] = &decoded.batches[..] {
            let again = decode_ok(Signal::Spans, &encode_traces(batch).unwrap());
            let mut before = rendered(&decoded);
            let mut after = rendered(&again);
            before.sort();
            after.sort();
            prop_assert_eq!(before, after);
        }
    }

    #[test]
    fn json_says_the_same_as_protobuf(request in arbitrary::traces()) {
        let decoded = decode_ok(Signal::Spans, &request.encode_to_vec());
        if let [Batch::Spans(batch)] = &decoded.batches[..] {
            let spans = encode_traces_json(batch, JsonStyle::Otlp).unwrap();
            let json = serde_json::json!({ "resourceSpans": spans }).to_string();
            let again = decode(Signal::Spans, json.as_bytes(), Encoding::Json, NOW, &Limits::default());
            let mut before = rendered(&decoded);
            let mut after = rendered(&again.unwrap());
            before.sort();
            after.sort();
            prop_assert_eq!(before, after);
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(body in proptest::collection::vec(any::<u8>(), 0..300)) {
        for signal in Signal::ALL {
            for encoding in [Encoding::Protobuf, Encoding::Json] {
                let _ = decode(signal, &body, encoding, NOW, &Limits::default());
            }
        }
    }

    #[test]
    fn mutated_requests_never_panic(
        request in arbitrary::any_request(),
        mutations in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let (signal, mut body) = request;
        for (place, byte) in mutations {
            if !body.is_empty() {
                let place = place.index(body.len());
                body[place] = byte;
            }
        }
        if let Ok(decoded) = decode(signal, &body, Encoding::Protobuf, NOW, &Limits::default()) {
            for batch in &decoded.batches {
                prop_assert_eq!(oracle::render(batch).len(), batch.items());
            }
        }
    }

    #[test]
    fn truncation_never_panics(request in arbitrary::any_request()) {
        let (signal, body) = request;
        for length in 0..body.len().min(2_000) {
            let _ = decode(signal, &body[..length], Encoding::Protobuf, NOW, &Limits::default());
        }
    }
}

#[test]
fn empty_requests_are_empty() {
    for signal in Signal::ALL {
        let decoded = decode_ok(signal, b"");
        assert!(decoded.batches.is_empty() && decoded.accepted == 0 && decoded.message.is_empty());
        assert!(decode(signal, b"{}", Encoding::Json, NOW, &Limits::default()).is_ok());
        for body in ["", "[]", "null", "{} x", "{\"resource"] {
            assert!(
                decode(signal, body.as_bytes(), Encoding::Json, NOW, &Limits::default()).is_err()
            );
        }
    }
}

fn one_span(
    change: impl FnOnce(&mut opentelemetry_proto::tonic::trace::v1::Span),
) -> ExportTraceServiceRequest {
    use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
    let mut span = Span {
        trace_id: vec![1; 16],
        span_id: vec![2; 8],
        name: "one".into(),
        start_time_unix_nano: NOW as u64 - 10,
        end_time_unix_nano: NOW as u64,
        ..Span::default()
    };
    let mut good = span.clone();
    good.name = "good".into();
    change(&mut span);
    let scope_spans = vec![ScopeSpans { spans: vec![span, good], ..ScopeSpans::default() }];
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans { scope_spans, ..ResourceSpans::default() }],
    }
}

#[test]
fn a_bad_span_is_rejected_and_the_good_one_kept() {
    type Change = fn(&mut opentelemetry_proto::tonic::trace::v1::Span);
    let cases: [(Change, &str); 9] = [
        (|span| span.trace_id = vec![1; 15], "trace id"),
        (|span| span.trace_id = vec![1; 17], "trace id"),
        (|span| span.trace_id = vec![0; 16], "trace id"),
        (|span| span.span_id = vec![], "span id"),
        (|span| span.span_id = vec![0; 8], "span id"),
        (|span| span.parent_span_id = vec![1; 7], "parent span id"),
        (|span| span.start_time_unix_nano = u64::MAX, "before 1970 or after 2262"),
        (|span| span.end_time_unix_nano = i64::MAX as u64, "future"),
        (|span| span.start_time_unix_nano = NOW as u64 + 601_000_000_000, "future"),
    ];
    for (change, reason) in cases {
        let decoded = decode_ok(Signal::Spans, &one_span(change).encode_to_vec());
        assert_eq!((decoded.accepted, decoded.rejected), (1, 1), "{reason}");
        assert!(decoded.message.contains(reason), "{}", decoded.message);
        assert!(decoded.message.contains("\"one\""), "{}", decoded.message);
    }
}

#[test]
fn odd_times_and_parents_are_normalised() {
    let rows = |change: fn(&mut opentelemetry_proto::tonic::trace::v1::Span)| {
        rendered(&decode_ok(Signal::Spans, &one_span(change).encode_to_vec())).swap_remove(0)
    };
    assert!(rows(|span| span.end_time_unix_nano = 5).contains("duration=0"));
    assert!(rows(|span| span.end_time_unix_nano = 0).contains("duration=0"));
    assert!(
        rows(|span| span.start_time_unix_nano = 0).contains(&format!("start={NOW} duration=0"))
    );
    assert!(rows(|span| span.parent_span_id = vec![2; 8]).contains("parent=None"));
    assert!(rows(|span| span.parent_span_id = vec![0; 8]).contains("parent=None"));
    let decoded = decode_ok(
        Signal::Spans,
        &one_span(|span| span.start_time_unix_nano = 1_795_000_000_000).encode_to_vec(),
    );
    assert!(decoded.rejected == 0 && decoded.message.contains("look like milliseconds"));
}

/// Requests with one log record whose body, `true`, is nested this deep in arrays or key-value
/// lists, as protobuf and as JSON.
fn nested_log(depth: usize, in_pairs: bool) -> [Vec<u8>; 2] {
    let wrap = |number: u8, inner: &[u8]| {
        let mut out = vec![number << 3 | 2];
        prost::encoding::encode_varint(inner.len() as u64, &mut out);
        out.extend_from_slice(inner);
        out
    };
    let mut value = vec![0x10, 1];
    for _ in 0..depth {
        value = if in_pairs {
            wrap(6, &wrap(1, &[&wrap(1, b"k")[..], &wrap(2, &value)].concat()))
        } else {
            wrap(5, &wrap(1, &value))
        };
    }
    let protobuf = wrap(1, &wrap(2, &wrap(2, &wrap(5, &value))));
    [protobuf, nested_json(depth, in_pairs).into_bytes()]
}

fn nested_json(depth: usize, in_pairs: bool) -> String {
    let [open, close] = if in_pairs {
        [r#"{"kvlistValue":{"values":[{"key":"k","value":"#, "}]}}"]
    } else {
        [r#"{"arrayValue":{"values":["#, "]}}"]
    };
    format!(
        r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{{"body":{}{{"boolValue":true}}{}}}]}}]}}]}}"#,
        open.repeat(depth),
        close.repeat(depth)
    )
}

#[test]
fn lists_beyond_a_depth_are_left_out_and_the_record_is_marked() {
    for (in_pairs, open, close) in [(false, "[", "]"), (true, r#"{"k":"#, "}")] {
        for depth in [1, 15, 16, 17, 40, 63, 64, 65, 66, 100, 2_000] {
            let rows =
                [Encoding::Protobuf, Encoding::Json].into_iter().zip(nested_log(depth, in_pairs));
            for (encoding, body) in rows {
                let decoded = decode(Signal::Logs, &body, encoding, NOW, &Limits::default());
                let decoded = decoded.unwrap_or_else(|e| panic!("{encoding:?} {depth}: {e}"));
                assert_eq!((decoded.accepted, decoded.rejected), (1, 0));
                let row = rendered(&decoded).remove(0);
                let is_cut = depth > 64;
                let (kept, inner) = match (is_cut, in_pairs) {
                    (false, _) => (depth, "true"),
                    (true, false) => (64, "[]"),
                    (true, true) => (64, "{}"),
                };
                let body = format!("body=j:{}{inner}{}", open.repeat(kept), close.repeat(kept));
                assert!(row.contains(&body), "{encoding:?} {depth}: {row}");
                assert_eq!(row.contains("glasshouse.truncated"), is_cut, "{encoding:?}: {row}");
            }
        }
        let json = nested_json(100_000, in_pairs);
        let decoded =
            decode(Signal::Logs, json.as_bytes(), Encoding::Json, NOW, &Limits::default());
        assert_eq!(decoded.unwrap().accepted, 1);
    }
}

#[test]
fn a_mistake_inside_deep_lists_is_an_error() {
    let json = nested_json(40, false);
    for bad in [json.replace("true", "5"), json.replace("true}", "true")] {
        assert!(
            decode(Signal::Logs, bad.as_bytes(), Encoding::Json, NOW, &Limits::default()).is_err()
        );
    }
}

#[test]
fn a_field_of_a_wrong_type_is_an_error_that_says_where() {
    // resource_spans { scope_spans { spans { name: 1 } } }
    let body = [0x0a, 6, 0x12, 4, 0x12, 2, 0x28, 1];
    let error = decode(Signal::Spans, &body, Encoding::Protobuf, NOW, &Limits::default());
    assert_eq!(
        error.unwrap_err().to_string(),
        "malformed protobuf at byte 6 in resource_spans.scope_spans.spans.name: field has the wrong wire type"
    );
}

fn log_json(record: &str) -> Vec<String> {
    let json = format!(r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{record}]}}]}}]}}"#);
    rendered(
        &decode(Signal::Logs, json.as_bytes(), Encoding::Json, NOW, &Limits::default()).unwrap(),
    )
}

#[test]
fn json_takes_every_form_that_the_mapping_allows() {
    let same = log_json(r#"{"timeUnixNano":"1000","severityNumber":9,"body":{"intValue":"5"}}"#);
    for record in [
        r#"{"time_unix_nano":1000,"severity_number":"9","body":{"intValue":5}}"#,
        r#"{"timeUnixNano":1e3,"severityNumber":"SEVERITY_NUMBER_INFO","body":{"int_value":5.0}}"#,
        r#"{"timeUnixNano":"1000","severityNumber":9,"body":{"intValue":"5"},"unknown":{"a":[1,{}]}}"#,
        r#"{"timeUnixNano":"1000","severityNumber":9,"body":{"intValue":"5"},"attributes":null,"traceId":null}"#,
        r#"{"timeUnixNano":"1000","severityNumber":9,"body":{"stringValue":"x","intValue":"5"},"traceId":"","spanId":"zz"}"#,
    ] {
        assert_eq!(log_json(record), same, "{record}");
    }
    assert!(log_json(r#"{"body":{}}"#)[0].contains("body=n:"));
    assert!(log_json(r#"{"body":null}"#)[0].contains("body=n:"));
    assert!(log_json(r#"{"body":{"bytesValue":"-_8"}}"#)[0].contains("body=x:+/8="));
    assert!(log_json(r#"{"body":{"doubleValue":"NaN"}}"#)[0].contains("body=d:NaN"));
    assert!(
        log_json(r#"{"traceId":"0AF7651916CD43dd8448eb211c80319c"}"#)[0]
            .contains("0af7651916cd43dd8448eb211c80319c")
    );
    // An invalid time rejects one record, not the batch.
    for time in ["-5", "\"-5\"", "1e30", "\"99999999999999999999999999999999999999999999999\""] {
        assert!(log_json(&format!(r#"{{"timeUnixNano":{time}}}"#)).is_empty());
    }
}

#[test]
fn json_of_a_wrong_type_is_an_error_that_says_where() {
    let error = |record: &str| {
        let json = format!(r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{record}]}}]}}]}}"#);
        decode(Signal::Logs, json.as_bytes(), Encoding::Json, NOW, &Limits::default())
            .unwrap_err()
            .to_string()
    };
    for (record, expected) in [
        (r#"{"body":{"intValue":"x"}}"#, "log_records.body.int_value: text is not an integer"),
        (r#"{"body":{"intValue":9223372036854775808}}"#, "out of range"),
        (r#"{"body":[]}"#, "body: unexpected array"),
        (r#"{"body":"text"}"#, "body: expected an object"),
        (r#"{"attributes":{}}"#, "attributes: expected an array"),
        (r#"{"attributes":[[]]}"#, "attributes: unexpected array"),
        (r#"{"severityText":5}"#, "severity_text: expected a text"),
        (r#"{"body":{"boolValue":"true"}}"#, "bool_value: expected true or false"),
    ] {
        let error = error(record);
        assert!(error.contains(expected) && error.contains("line 1 column"), "{error}");
    }
}

#[test]
fn streams_are_made_of_the_listed_resource_attributes() {
    let stream = |attributes: &str| {
        let json = format!(
            r#"{{"resourceLogs":[{{"resource":{{"attributes":[{attributes}]}},"scopeLogs":[{{"logRecords":[{{}}]}}]}}]}}"#
        );
        let decoded =
            decode(Signal::Logs, json.as_bytes(), Encoding::Json, NOW, &Limits::default()).unwrap();
        let [Batch::Logs(batch)] = &decoded.batches[..] else { panic!() };
        let rows = signals::log::LogRows::new(batch).unwrap();
        (rows.stream(0).to_owned(), rows.service_name(0).to_owned())
    };
    let pair = |key: &str, value: &str| {
        format!(r#"{{"key":"{key}","value":{{"stringValue":"{value}"}}}}"#)
    };
    let (selector, service) = stream(
        &[pair("service.name", "a\\\"b"), pair("host.name", "h"), pair("cloud.region", "eu")]
            .join(","),
    );
    assert_eq!(
        (selector.as_str(), service.as_str()),
        (r#"{cloud_region="eu", service_name="a\"b"}"#, "a\"b")
    );
    let (selector, service) = stream(&pair("k8s.container.name", "web"));
    assert_eq!(
        (selector.as_str(), service.as_str()),
        (r#"{k8s_container_name="web", service_name="web"}"#, "web")
    );
    assert_eq!(stream("").0, r#"{service_name="unknown_service"}"#);
}

fn example(name: &str, signal: Signal) -> Option<Decoded> {
    let body = conformance::corpus_bytes(&format!("otlp/examples/{name}.json"))?;
    Some(decode(signal, &body, Encoding::Json, NOW, &Limits::default()).unwrap())
}

#[test]
fn the_examples_of_the_specification_are_taken_whole() {
    if let Some(traces) = example("trace", Signal::Spans) {
        assert_eq!((traces.accepted, traces.rejected), (1, 0));
        let row = rendered(&traces).remove(0);
        assert!(row.starts_with("5b8efff798038103d269b633813fc60c eee19b7ec3c1b174"), "{row}");
        assert!(row.contains("kind=Server start=1544712660000000000 duration=1000000000"), "{row}");
        assert!(row.contains(r#"service="my.service""#), "{row}");
    }
    if let Some(logs) = example("logs", Signal::Logs) {
        let row = rendered(&logs).remove(0);
        assert!(row.contains(r#"severity=10 "Information""#), "{row}");
        assert!(row.contains(r#""boolean.attribute\"=b:true"#), "{row}");
        assert!(row.ends_with("body=s:Example log record"), "{row}");
    }
    if let Some(events) = example("events", Signal::Logs) {
        let row = rendered(&events).remove(0);
        assert!(row.contains(r#"event="browser.page_view""#) && row.contains("body=j:{"), "{row}");
    }
    if let Some(metrics) = example("metrics", Signal::Metrics) {
        assert_eq!(metrics.rejected, 0, "{}", metrics.message);
        assert!(metrics.accepted >= 4);
    }
}

#[test]
fn json_numbers_are_read_as_the_collector_reads_them() {
    let path = "otlp/derived-collector/pdata__internal__json__iterator_test.json";
    let Some(file) = conformance::corpus_text(path) else { return };
    let file: serde_json::Value = serde_json::from_str(&file).unwrap();
    let mut corpus = Corpus::new("iterator_test.json", Tolerated::default());
    for table in file["tables"].as_array().unwrap() {
        let (field, prefix) = match table["test"].as_str().unwrap() {
            "TestReadInt64" => (r#""body":{"intValue":#}"#, "body=i:"),
            "TestReadUint32" => (r#""droppedAttributesCount":#"#, "dropped="),
            "TestReadFloat64" => (r#""body":{"doubleValue":#}"#, "body=d:"),
            _ => continue,
        };
        for case in table["cases"].as_array().unwrap() {
            let record = field.replace('#', case["jsonStr"].as_str().unwrap());
            let json = format!(
                r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{{{record}}}]}}]}}]}}"#
            );
            let decoded =
                decode(Signal::Logs, json.as_bytes(), Encoding::Json, NOW, &Limits::default());
            let is_same = if case["wantErr"] == true {
                decoded.is_err()
            } else {
                let want =
                    case["want"].as_str().map_or_else(|| case["want"].to_string(), str::to_owned);
                let want = want.replace("+Inf", "inf").replace("-Inf", "-inf");
                let row = rendered(&decoded.unwrap()).remove(0);
                row.contains(&format!("{prefix}{want}"))
            };
            corpus.note(&format!("{field} {case}"), (!is_same).then(|| case.to_string()));
        }
    }
    corpus.finish();
}

#[test]
fn few_bytes_do_not_become_many() {
    // Ten thousand log records, span events and buckets in a few bytes each.
    let limits = Limits { decoded_bytes_max: 1 << 20, ..Limits::default() };
    let records = "{},".repeat(9_999);
    let json =
        format!(r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{records}{{}}]}}]}}]}}"#);
    let decoded = decode(Signal::Logs, json.as_bytes(), Encoding::Json, NOW, &limits).unwrap();
    assert_eq!(decoded.accepted + decoded.rejected, 10_000);
    assert!(
        decoded.accepted < 4_000 && decoded.message.contains("exceeds the memory limit"),
        "{}",
        decoded.message
    );

    let bounds: Vec<_> = (0..900).collect();
    let point = serde_json::json!({
        "attributes": [{ "key": "k", "value": { "stringValue": "x".repeat(4_000) } }],
        "explicitBounds": bounds,
        "bucketCounts": vec![1; 901],
    });
    let histogram = serde_json::json!({ "aggregationTemporality": 2, "dataPoints": [point] });
    let metrics = serde_json::json!([{ "name": "h", "histogram": histogram }]);
    let json =
        serde_json::json!({ "resourceMetrics": [{ "scopeMetrics": [{ "metrics": metrics }] }] });
    let decoded =
        decode(Signal::Metrics, json.to_string().as_bytes(), Encoding::Json, NOW, &limits).unwrap();
    assert_eq!((decoded.accepted, decoded.rejected), (0, 1));
    assert!(decoded.message.contains("exceeds the memory limit"), "{}", decoded.message);
}
