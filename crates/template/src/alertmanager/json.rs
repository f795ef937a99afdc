//! Values as JSON, in the format of Go's `encoding/json`.

use crate::go::float::format_float;
use crate::go::time::RFC3339_NANO;
use crate::text::Text;
use crate::value::Value;

/// Writes a value as JSON.
///
/// # Errors
/// If a number is not finite, or the text is full.
pub(super) fn write(value: &Value, out: &mut Text) -> Result<(), String> {
    match value {
        Value::Nil => out.push("null")?,
        Value::Bool(value) => out.push(if *value { "true" } else { "false" })?,
        Value::Int(number) | Value::Named(_, number) => out.push(&number.to_string())?,
        Value::Float(number) => out.push(&float(*number)?)?,
        Value::String(text) | Value::Safe(_, text) => string(text, out)?,
        Value::Time(time) => {
            out.push("\"")?;
            time.format(RFC3339_NANO, out)?;
            out.push("\"")?;
        }
        Value::List(list) => {
            out.push("[")?;
            for (index, item) in list.items().iter().enumerate() {
                out.push(if index > 0 { "," } else { "" })?;
                write(item, out)?;
            }
            out.push("]")?;
        }
        Value::Map(map) => {
            let entries = map.entries().iter().map(|(key, value)| (key.as_str(), value));
            object(entries, out)?;
        }
        Value::Struct(fields) => {
            object(fields.fields().map(|(field, value)| (field.json, value)), out)?;
        }
    }
    Ok(())
}

fn object<'a>(
    entries: impl Iterator<Item = (&'a str, &'a Value)>,
    out: &mut Text,
) -> Result<(), String> {
    out.push("{")?;
    for (index, (key, value)) in entries.enumerate() {
        out.push(if index > 0 { "," } else { "" })?;
        string(key, out)?;
        out.push(":")?;
        write(value, out)?;
    }
    out.push("}")?;
    Ok(())
}

fn float(number: f64) -> Result<String, String> {
    if !number.is_finite() {
        return Err(format!("json: unsupported value: {}", format_float(number, 'g', None)));
    }
    let magnitude = number.abs();
    if magnitude == 0.0 || (1e-6..1e21).contains(&magnitude) {
        return Ok(format_float(number, 'f', None));
    }
    Ok(format_float(number, 'e', None).replace("e-0", "e-"))
}

/// Writes a string literal that is safe in HTML.
fn string(text: &str, out: &mut Text) -> Result<(), String> {
    out.push("\"")?;
    for c in text.chars() {
        match c {
            '"' => out.push("\\\"")?,
            '\\' => out.push("\\\\")?,
            '\u{8}' => out.push("\\b")?,
            '\u{c}' => out.push("\\f")?,
            '\n' => out.push("\\n")?,
            '\r' => out.push("\\r")?,
            '\t' => out.push("\\t")?,
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..'\u{20}' => {
                out.push(&format!("\\u{:04x}", u32::from(c)))?;
            }
            c => out.fill(c, 1)?,
        }
    }
    out.push("\"")?;
    Ok(())
}
