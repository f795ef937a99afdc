//! Decodes `AnyValue`s and lists of `KeyValue` to typed attributes and to JSON text.

use std::borrow::Cow;

use signals::attributes::{AttributeBuilder, Value, json};

use super::resource::BoundedMessages;
use crate::Limits;
use crate::protobuf::{Fault, Message, Within as _};

/// The attribute that marks a truncated attribute set: a JSON array of the affected keys and
/// fields.
pub(crate) const TRUNCATED: &str = "glasshouse.truncated";
/// Number of attributes dropped from a resource or scope; rows have a column for theirs.
const DROPPED: &str = "glasshouse.dropped_attributes_count";
/// Maximum names in one mark.
const NAMES_MAX: usize = 32;

/// An `AnyValue`, decoded in place.
#[derive(Debug, Clone)]
pub(crate) enum AnyValue<'a> {
    Empty,
    Text(Cow<'a, str>),
    Bool(bool),
    Int(i64),
    Double(f64),
    Bytes(&'a [u8]),
    /// `ArrayValue`
    List(Message<'a>),
    /// `KeyValueList`
    Pairs(Message<'a>),
}

impl<'a> AnyValue<'a> {
    /// Decodes an `AnyValue`. The last of several values wins, as in every `oneof`.
    pub(crate) fn read(mut message: Message<'a>) -> Result<Self, Fault> {
        let mut value = Self::Empty;
        while let Some(field) = message.next()? {
            value = match field.number {
                1 => Self::Text(field.text().within("string_value")?),
                2 => Self::Bool(field.varint().within("bool_value")? != 0),
                3 => Self::Int(field.varint().within("int_value")? as i64),
                4 => Self::Double(field.double().within("double_value")?),
                5 => Self::List(field.message().within("array_value")?),
                6 => Self::Pairs(field.message().within("kvlist_value")?),
                7 => Self::Bytes(field.bytes().within("bytes_value")?),
                _ => continue,
            };
        }
        Ok(value)
    }
}

/// Decodes a `KeyValue`.
pub(crate) fn read_pair(mut message: Message<'_>) -> Result<(Cow<'_, str>, AnyValue<'_>), Fault> {
    let mut pair = (Cow::Borrowed(""), AnyValue::Empty);
    while let Some(field) = message.next()? {
        match field.number {
            1 => pair.0 = field.text().within("key")?,
            2 => pair.1 = field.message().and_then(AnyValue::read).within("value")?,
            _ => {}
        }
    }
    Ok(pair)
}

/// The longest prefix of a text that fits and ends at a character boundary.
pub(crate) fn cut(text: &str, bytes_max: usize) -> &str {
    if text.len() <= bytes_max {
        return text;
    }
    let end = (0..=bytes_max).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    text.get(..end).unwrap_or_default()
}

/// Renders values within limits and records truncations.
#[derive(Debug)]
pub(crate) struct Renderer<'l> {
    limits: &'l Limits,
    scratch: String,
    /// Whether a truncation has not been recorded under a name yet.
    is_cut: bool,
    /// Names of truncated values in the current attribute set.
    names: Vec<String>,
    /// Truncated values and dropped attributes in the whole request.
    lost: usize,
}

impl<'l> Renderer<'l> {
    pub(crate) fn new(limits: &'l Limits) -> Self {
        Self { limits, scratch: String::new(), is_cut: false, names: Vec::new(), lost: 0 }
    }

    /// Records a pending truncation under this name.
    #[inline]
    pub(crate) fn note_cut(&mut self, name: &str) {
        if self.is_cut {
            self.is_cut = false;
            self.lost += 1;
            if self.names.len() < NAMES_MAX {
                self.names.push(name.to_owned());
            }
        }
    }

    /// Counts dropped list items.
    pub(crate) fn note_left_out(&mut self, count: usize) {
        self.lost += count;
    }

    /// Number of truncated values and dropped attributes, events and links.
    pub(crate) fn lost(&self) -> usize {
        self.lost
    }

    /// The value of [`TRUNCATED`] for truncations since the last call; `None` if there are none.
    pub(crate) fn take_cut_names(&mut self) -> Option<String> {
        if self.names.is_empty() {
            return None;
        }
        let mut json = String::new();
        for name in self.names.drain(..) {
            json.push(if json.is_empty() { '[' } else { ',' });
            json::push_text(&mut json, &name);
        }
        json.push(']');
        Some(json)
    }

    /// A name, truncated to its limit.
    #[inline]
    pub(crate) fn name<'t>(&mut self, name: &'t str) -> &'t str {
        self.text(name, self.limits.name_bytes_max)
    }

    /// A text, truncated to a limit.
    #[inline]
    pub(crate) fn text<'t>(&mut self, text: &'t str, bytes_max: usize) -> &'t str {
        let kept = cut(text, bytes_max);
        self.is_cut |= kept.len() < text.len();
        kept
    }

    /// Calls `take` with the stored form of a value, at most `bytes_max` long.
    #[inline]
    pub(crate) fn value<T>(
        &mut self,
        value: &AnyValue<'_>,
        bytes_max: usize,
        take: impl FnOnce(Value<'_>) -> T,
    ) -> Result<T, Fault> {
        Ok(match value {
            AnyValue::Empty => take(Value::Empty),
            AnyValue::Text(text) => take(Value::String(self.text(text, bytes_max))),
            AnyValue::Bool(value) => take(Value::Bool(*value)),
            AnyValue::Int(number) => take(Value::Int(*number)),
            AnyValue::Double(number) => take(Value::Double(*number)),
            AnyValue::Bytes(bytes) => {
                // Base64 expands bytes by a third.
                let kept = bytes.get(..bytes_max / 4 * 3).unwrap_or(bytes);
                self.is_cut |= kept.len() < bytes.len();
                take(Value::Bytes(kept))
            }
            AnyValue::List(_) | AnyValue::Pairs(_) => {
                let mut text = std::mem::take(&mut self.scratch);
                text.clear();
                self.push_json(&mut text, value, 0)?;
                // Truncated JSON is no longer valid JSON.
                let kept = self.text(&text, bytes_max);
                let is_whole = kept.len() == text.len();
                let taken = take(if is_whole { Value::Json(kept) } else { Value::String(kept) });
                self.scratch = text;
                taken
            }
        })
    }

    /// Pushes an attribute of a row; false if the key is a duplicate.
    #[inline]
    pub(crate) fn push_attribute(
        &mut self,
        attributes: &mut AttributeBuilder,
        pair: Message<'_>,
    ) -> Result<bool, Fault> {
        let (key, value) = read_pair(pair)?;
        let key = self.name(&key);
        let bytes_max = self.limits.value_bytes_max;
        let is_new = self.value(&value, bytes_max, |value| attributes.push(key, value))?;
        self.note_cut(key);
        Ok(is_new)
    }

    /// [`Self::push_object`] for a resource or scope, with the number of dropped attributes as an
    /// attribute.
    pub(crate) fn push_whole_object(
        &mut self,
        json: &mut String,
        pairs: &BoundedMessages<'_>,
    ) -> Result<(), Fault> {
        let left_out = self.push_object(json, pairs)?;
        if left_out > 0 && json.pop().is_some() {
            json.push_str(if json.ends_with('{') { "\"" } else { ",\"" });
            json.push_str(DROPPED);
            json.push_str("\":");
            json::push_int(json, i64::from(left_out));
            json.push('}');
        }
        Ok(())
    }

    /// Appends a JSON object of `KeyValue`s, marked if anything was truncated. Returns the number
    /// of dropped attributes.
    pub(crate) fn push_object(
        &mut self,
        json: &mut String,
        pairs: &BoundedMessages<'_>,
    ) -> Result<u32, Fault> {
        // An event is nested in a span, whose own names are restored afterwards.
        let names_around = std::mem::take(&mut self.names);
        let was_cut = std::mem::take(&mut self.is_cut);
        json.push('{');
        let start = json.len();
        for pair in &pairs.messages {
            if json.len() > start {
                json.push(',');
            }
            let (key, value) = read_pair(*pair)?;
            self.push_bounded_member(json, &key, &value)?;
            self.note_cut(&key);
        }
        if let Some(names) = self.take_cut_names() {
            json.push_str(if json.len() > start { ",\"" } else { "\"" });
            json.push_str(TRUNCATED);
            json.push_str("\":");
            json.push_str(&names);
        }
        json.push('}');
        self.names = names_around;
        self.is_cut = was_cut;
        self.note_left_out(pairs.left_out);
        Ok(u32::try_from(pairs.left_out).unwrap_or(u32::MAX))
    }

    fn push_bounded_member(
        &mut self,
        json: &mut String,
        key: &str,
        value: &AnyValue<'_>,
    ) -> Result<(), Fault> {
        json::push_text(json, self.name(key));
        json.push(':');
        match value {
            AnyValue::List(_) | AnyValue::Pairs(_) => {
                self.value(value, self.limits.value_bytes_max, |value| match value {
                    Value::Json(text) => json.push_str(text),
                    Value::String(text) => json::push_text(json, text),
                    _ => {}
                })
            }
            value => self.push_json(json, value, 0),
        }
    }

    /// Appends a value as JSON. `depth` counts the enclosing lists and bounds the recursion.
    fn push_json(
        &mut self,
        json: &mut String,
        value: &AnyValue<'_>,
        depth: usize,
    ) -> Result<(), Fault> {
        match value {
            AnyValue::Empty => json.push_str("null"),
            AnyValue::Text(text) => {
                json::push_text(json, self.text(text, self.limits.value_bytes_max));
            }
            AnyValue::Bool(value) => json.push_str(if *value { "true" } else { "false" }),
            AnyValue::Int(number) => json::push_int(json, *number),
            AnyValue::Double(number) => json::push_double(json, *number),
            AnyValue::Bytes(bytes) => {
                let kept = bytes.get(..self.limits.value_bytes_max / 4 * 3).unwrap_or(bytes);
                self.is_cut |= kept.len() < bytes.len();
                json::push_bytes(json, kept);
            }
            AnyValue::List(values) => self.push_list(json, *values, depth)?,
            AnyValue::Pairs(pairs) => self.push_pairs(json, *pairs, depth)?,
        }
        Ok(())
    }

    fn push_list(
        &mut self,
        json: &mut String,
        mut list: Message<'_>,
        depth: usize,
    ) -> Result<(), Fault> {
        json.push('[');
        let start = json.len();
        while let Some(field) = list.next()? {
            if field.number == 1 {
                if depth >= self.limits.value_depth_max {
                    self.is_cut = true;
                    continue;
                }
                if json.len() > start {
                    json.push(',');
                }
                let value = field.message().and_then(AnyValue::read).within("values")?;
                self.push_json(json, &value, depth + 1).within("values")?;
            }
        }
        json.push(']');
        Ok(())
    }

    fn push_pairs(
        &mut self,
        json: &mut String,
        mut list: Message<'_>,
        depth: usize,
    ) -> Result<(), Fault> {
        json.push('{');
        let start = json.len();
        while let Some(field) = list.next()? {
            if field.number == 1 {
                if depth >= self.limits.value_depth_max {
                    self.is_cut = true;
                    continue;
                }
                if json.len() > start {
                    json.push(',');
                }
                let (key, value) = field.message().and_then(read_pair).within("values")?;
                json::push_text(json, self.name(&key));
                json.push(':');
                self.push_json(json, &value, depth + 1).within("values")?;
            }
        }
        json.push('}');
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_between_characters() {
        assert_eq!(cut("aé", 2), "a");
        assert_eq!(cut("aé", 3), "aé");
        assert_eq!(cut("漢", 2), "");
    }
}
