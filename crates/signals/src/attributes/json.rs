//! Attributes of resources, scopes, events and links as JSON, and nested values.
//!
//! Integers are JSON numbers without a fraction; doubles always have a fraction or an exponent, so
//! the type survives. Two types do not: bytes become base64 text, and doubles that JSON cannot
//! represent become the texts `NaN`, `inf` and `-inf`.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Number, Value};

use super::ValueType;

/// Appends a JSON string literal.
pub fn push_text(json: &mut String, text: &str) {
    json.push('"');
    let mut clean_from = 0;
    for (i, byte) in text.bytes().enumerate() {
        let escape = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0..0x20 => "",
            _ => continue,
        };
        // Only ASCII bytes reach this point, so both cuts are on character boundaries.
        json.push_str(text.get(clean_from..i).unwrap_or_default());
        clean_from = i + 1;
        if escape.is_empty() {
            let _ = write!(json, "\\u{byte:04x}");
        } else {
            json.push_str(escape);
        }
    }
    json.push_str(text.get(clean_from..).unwrap_or_default());
    json.push('"');
}

/// Appends an integer.
pub fn push_int(json: &mut String, number: i64) {
    json.push_str(itoa::Buffer::new().format(number));
}

/// Appends a double; values that JSON cannot represent become text.
pub fn push_double(json: &mut String, number: f64) {
    let quote = if number.is_finite() { "" } else { "\"" };
    let _ = write!(json, "{quote}{number:?}{quote}");
}

/// Appends bytes as base64 text.
pub fn push_bytes(json: &mut String, bytes: &[u8]) {
    json.push('"');
    STANDARD.encode_string(bytes, json);
    json.push('"');
}

/// A row's attribute as the JSON value of its type.
#[must_use]
pub fn value(text: &str, kind: ValueType) -> Value {
    let parsed = match kind {
        ValueType::String | ValueType::Bytes => None,
        ValueType::Empty => return Value::Null,
        ValueType::Int => text.parse::<i64>().ok().map(Value::from),
        ValueType::Bool => text.parse::<bool>().ok().map(Value::from),
        ValueType::Double => text.parse::<f64>().ok().and_then(Number::from_f64).map(Value::Number),
        ValueType::Json => serde_json::from_str(text).ok(),
    };
    parsed.unwrap_or_else(|| Value::String(text.to_owned()))
}

/// The members of a JSON object's text; empty if the text is not an object.
#[must_use]
pub fn object(text: &str) -> Map<String, Value> {
    serde_json::from_str(text).unwrap_or_default()
}

/// The stored text and type of an attribute with this JSON value.
#[must_use]
pub fn text(value: &Value) -> (String, ValueType) {
    match value {
        Value::Null => (String::new(), ValueType::Empty),
        Value::Bool(value) => (value.to_string(), ValueType::Bool),
        Value::String(text) => (text.clone(), ValueType::String),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(number), _) => (number.to_string(), ValueType::Int),
            (None, Some(number)) => (super::build::double_text(number), ValueType::Double),
            (None, None) => (number.to_string(), ValueType::String),
        },
        Value::Array(_) | Value::Object(_) => (value.to_string(), ValueType::Json),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped_as_json_reads_it() {
        let text = "q\" b\\ n\n r\r t\t nul\0 é 漢 \u{1f}";
        let mut json = String::new();
        push_text(&mut json, text);
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
    }

    #[test]
    fn integers_and_doubles_stay_apart() {
        let mut json = String::new();
        push_double(&mut json, 1.0);
        assert_eq!(text(&serde_json::from_str(&json).unwrap()), ("1".into(), ValueType::Double));
        assert_eq!(value("1", ValueType::Double).to_string(), "1.0");
        assert_eq!(value("1", ValueType::Int).to_string(), "1");
        assert_eq!(value("NaN", ValueType::Double), Value::from("NaN"));
        assert_eq!(value("[1,{\"a\":null}]", ValueType::Json).to_string(), "[1,{\"a\":null}]");
    }
}
