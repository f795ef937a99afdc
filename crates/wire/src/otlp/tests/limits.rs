//! Limits of one item: what is kept, what is dropped first, and how that is marked.

use super::*;

/// A span of [`one_span`] with these attributes, as it is stored.
fn span_with(pairs: &[(String, String)]) -> (Decoded, Vec<(String, String)>, u32) {
    use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};
    let request = one_span(|span| {
        let pair = |(key, text): &(String, String)| KeyValue {
            key: key.clone(),
            value: Some(AnyValue { value: Some(Value::StringValue(text.clone())) }),
            ..KeyValue::default()
        };
        span.attributes = pairs.iter().map(pair).collect();
        span.dropped_attributes_count = 1;
    });
    let decoded = decode_ok(Signal::Spans, &request.encode_to_vec());
    let [Batch::Spans(batch)] = &decoded.batches[..] else { panic!() };
    let rows = signals::span::SpanRows::new(batch).unwrap();
    assert_eq!(rows.attributes(1).count(), 0);
    let attributes = rows.attributes(0).map(|(key, text, _)| (key.to_owned(), text.to_owned()));
    let (attributes, dropped) = (attributes.collect(), rows.dropped_attributes_count(0));
    (decoded, attributes, dropped)
}

#[test]
fn a_list_of_tools_stays_json() {
    let tools = format!("[{{\"description\":\"{}\"}}]", "x".repeat(55_000));
    let (decoded, attributes, _) =
        span_with(&[("gen_ai.tool.definitions".to_owned(), tools.clone())]);
    assert_eq!((decoded.truncated, attributes.len()), (0, 1));
    assert!(serde_json::from_str::<serde_json::Value>(&attributes[0].1).is_ok());
    assert_eq!(attributes[0].1, tools);
}

#[test]
fn a_span_with_204_attributes_keeps_all() {
    let pairs: Vec<_> = (0..204).map(|i| (format!("k{i}"), i.to_string())).collect();
    let (decoded, attributes, dropped) = span_with(&pairs);
    assert_eq!((decoded.truncated, dropped), (0, 1));
    assert_eq!(attributes, pairs);
}

#[test]
fn of_3000_attributes_those_of_the_call_and_its_session_are_kept_in_order() {
    let mut pairs: Vec<_> = (0..3000).map(|i| (format!("k{i}"), i.to_string())).collect();
    let of_call =
        ["gen_ai.request.model", "gen_ai.usage.input_tokens", "llm.cost.total", "session.id"];
    for (i, key) in of_call.iter().enumerate() {
        pairs.insert(2000 + 200 * i, ((*key).to_owned(), "v".to_owned()));
    }
    let (decoded, attributes, dropped) = span_with(&pairs);
    assert_eq!((decoded.truncated, dropped), (3004 - 1024, 1 + 3004 - 1024));
    let keys: Vec<&str> = attributes.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!((keys.len(), keys[1019], &keys[1020..]), (1024, "k1019", &of_call[..]));
}

#[test]
fn what_is_too_long_or_too_many_is_cut_and_marked() {
    let max = Limits::default();
    let pairs: Vec<_> = [
        ("a", max.value_bytes_max + 1),
        ("b", max.value_bytes_max),
        ("c", 2 * max.value_bytes_max),
    ]
    .map(|(key, bytes)| (key.to_owned(), "x".repeat(bytes)))
    .into();
    let (decoded, attributes, dropped) = span_with(&pairs);
    assert_eq!((decoded.truncated, dropped, attributes.len()), (2, 1, 4));
    assert!(attributes[..3].iter().all(|(_, text)| text.len() == max.value_bytes_max));
    let mark = ("glasshouse.truncated".to_owned(), r#"["a","c"]"#.to_owned());
    assert_eq!(attributes[3], mark);
}

#[test]
fn a_resource_says_what_it_lost() {
    let limits = Limits { attributes_max: 2, value_bytes_max: 3, ..Limits::default() };
    let pair = |key| format!(r#"{{"key":"{key}","value":{{"stringValue":"long"}}}}"#);
    let json = format!(
        r#"{{"resourceLogs":[{{"resource":{{"attributes":[{}]}},"scopeLogs":[{{"logRecords":[{{}}]}}]}}]}}"#,
        ["a", "b", "service.name", "c"].map(pair).join(",")
    );
    let decoded = decode(Signal::Logs, json.as_bytes(), Encoding::Json, NOW, &limits).unwrap();
    let [Batch::Logs(batch)] = &decoded.batches[..] else { panic!() };
    let rows = signals::log::LogRows::new(batch).unwrap();
    assert_eq!(
        rows.resource_attributes(0),
        r#"{"a":"lon","service.name":"lon","glasshouse.truncated":["a","service.name"],"glasshouse.dropped_attributes_count":2}"#
    );
    assert_eq!(decoded.truncated, 4);
}
