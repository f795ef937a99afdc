//! Requests that violate OTLP and are stored after repair.

use signals::log::LogRows;
use signals::{Batch, Signal};

use super::{NOW, decode};
use crate::otlp::Encoding;
use crate::{Decoded, Limits};

fn record(record: &str) -> Decoded {
    let json = format!(r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{record}]}}]}}]}}"#);
    decode(Signal::Logs, json.as_bytes(), Encoding::Json, NOW, &Limits::default()).unwrap()
}

fn rows(decoded: &Decoded) -> LogRows<'_> {
    let [Batch::Logs(batch)] = &decoded.batches[..] else { panic!() };
    LogRows::new(batch).unwrap()
}

#[test]
fn a_lone_surrogate_becomes_the_replacement_character_and_is_counted() {
    let decoded = record(
        r#"{"body":{"stringValue":"cut \ud83d"},"attributes":[{"key":"\udc00","value":{"stringValue":"\ud83d\ude00"}}]}"#,
    );
    assert_eq!((decoded.accepted, decoded.truncated), (1, 2));
    assert_eq!(decoded.message, "2 lone surrogates in text replaced by U+FFFD");
    let rows = rows(&decoded);
    assert_eq!(rows.body(0), "cut \u{fffd}");
    let attributes: Vec<_> = rows.attributes(0).map(|(key, value, _)| (key, value)).collect();
    assert_eq!(attributes, [("\u{fffd}", "\u{1f600}")]);
}

#[test]
fn of_attributes_with_one_key_the_first_is_stored_and_the_others_are_counted() {
    let pair = |value: &str| format!(r#"{{"key":"a","value":{{"stringValue":"{value}"}}}}"#);
    let pairs = [pair("first"), pair("second"), pair("first")].join(",");
    let decoded = record(&format!(r#"{{"attributes":[{pairs}],"droppedAttributesCount":1}}"#));
    assert_eq!((decoded.accepted, decoded.truncated), (1, 2));
    let rows = rows(&decoded);
    assert_eq!(rows.dropped_attributes_count(0), 3);
    let attributes: Vec<_> = rows.attributes(0).map(|(key, value, _)| (key, value)).collect();
    assert_eq!(attributes, [("a", "first")]);
}
