//! Transcodes OTLP's JSON encoding to protobuf.
//!
//! Driven by [`schema`]; streams from JSON text to protobuf bytes without an intermediate tree.
//! Follows protobuf's JSON mapping with OTLP's exceptions: names in lower camel case (snake case is
//! accepted), ids in hexadecimal of any case, enums as numbers (names are accepted), 64-bit
//! integers as numbers or strings, bytes in base64, unknown fields ignored, `null` like an absent
//! field. Values nested more deeply than the protobuf decoder reads are dropped here.

mod scalar;
mod schema;
mod surrogates;

use std::fmt;

use serde::Deserialize as _;
use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::value::RawValue;

use self::scalar::Scalar;
use self::schema::{Field, Kind, Schema};
use crate::WireError;
use crate::limits::VALUE_DEPTH_MAX;

/// A request transcoded to protobuf.
#[derive(Debug)]
pub struct Transcoded {
    /// The bytes.
    pub protobuf: Vec<u8>,
    /// Number of lone surrogates replaced by U+FFFD.
    pub surrogates: usize,
}

/// Transcodes an `ExportTraceServiceRequest`.
///
/// # Errors
/// [`WireError::Json`]
pub fn traces_to_protobuf(body: &[u8]) -> Result<Transcoded, WireError> {
    transcode(body, &schema::TRACES)
}

/// Transcodes an `ExportLogsServiceRequest`.
///
/// # Errors
/// [`WireError::Json`]
pub fn logs_to_protobuf(body: &[u8]) -> Result<Transcoded, WireError> {
    transcode(body, &schema::LOGS)
}

/// Transcodes an `ExportMetricsServiceRequest`.
///
/// # Errors
/// [`WireError::Json`]
pub fn metrics_to_protobuf(body: &[u8]) -> Result<Transcoded, WireError> {
    transcode(body, &schema::METRICS)
}

/// `AnyValue`s nested within one parser. `serde_json` limits nesting to 128 lists and objects, of
/// which a value uses up to four; deeper values get a new parser.
const VALUES_PER_PARSER: usize = 16;

fn transcode(body: &[u8], schema: &'static Schema) -> Result<Transcoded, WireError> {
    match protobuf(body, schema) {
        Ok(protobuf) => Ok(Transcoded { protobuf, surrogates: 0 }),
        // Senders that split text between two surrogates produce invalid Unicode.
        Err(error) => match surrogates::replaced(body) {
            Some((body, surrogates)) => {
                Ok(Transcoded { protobuf: protobuf(&body, schema)?, surrogates })
            }
            None => Err(error),
        },
    }
}

fn protobuf(body: &[u8], schema: &'static Schema) -> Result<Vec<u8>, WireError> {
    let bytes = Vec::with_capacity(body.len() / 2);
    let mut writer = Writer { bytes, path: Vec::new(), value_depth: 0 };
    let mut json = serde_json::Deserializer::from_slice(body);
    let result = json
        .deserialize_map(MessageVisitor { writer: &mut writer, schema })
        .and_then(|()| json.end());
    match result {
        Ok(()) => Ok(writer.bytes),
        Err(error) => {
            let path = writer.path.join(".");
            Err(WireError::Json { path, reason: error.to_string() })
        }
    }
}

/// The protobuf output and the current path, which is preserved on errors.
#[derive(Debug)]
struct Writer {
    bytes: Vec<u8>,
    path: Vec<&'static str>,
    /// Number of enclosing `AnyValue`s.
    value_depth: usize,
}

impl Writer {
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.bytes.push(value as u8);
    }

    fn tag(&mut self, number: u32, wire_type: u32) {
        self.varint(u64::from(number << 3 | wire_type));
    }

    fn delimited(&mut self, number: u32, bytes: &[u8]) {
        self.tag(number, 2);
        self.varint(bytes.len() as u64);
        self.bytes.extend_from_slice(bytes);
    }

    /// Writes a message field whose content is written by `content`.
    fn message<E>(
        &mut self,
        number: u32,
        content: impl FnOnce(&mut Self) -> Result<(), E>,
    ) -> Result<(), E> {
        self.tag(number, 2);
        let start = self.bytes.len();
        self.bytes.push(0);
        content(self)?;
        let length = self.bytes.len() - start - 1;
        if let (Some(place), Ok(length @ 0..0x80)) =
            (self.bytes.get_mut(start), u8::try_from(length))
        {
            *place = length;
        } else {
            // Long messages are rare, so moving them for a longer length prefix is cheap.
            self.varint(length as u64);
            let prefix: Vec<u8> = self.bytes.drain(start + 1 + length..).collect();
            self.bytes.splice(start..=start, prefix);
        }
        Ok(())
    }
}

/// Parses a JSON object as the fields of a message.
struct MessageVisitor<'w> {
    writer: &'w mut Writer,
    schema: &'static Schema,
}

impl<'de> DeserializeSeed<'de> for MessageVisitor<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for MessageVisitor<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(field) = map.next_key_seed(KeyVisitor(self.schema))? {
            let Some(field) = field else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            self.writer.path.push(field.name);
            map.next_value_seed(ValueVisitor { writer: self.writer, field, is_item: false })?;
            self.writer.path.pop();
        }
        Ok(())
    }
}

/// Parses a key; `None` for unknown fields.
struct KeyVisitor(&'static Schema);

impl<'de> DeserializeSeed<'de> for KeyVisitor {
    type Value = Option<&'static Field>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for KeyVisitor {
    type Value = Option<&'static Field>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field name")
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(self.0.field(key))
    }
}

/// Parses the value of a field or one item of a repeated field.
struct ValueVisitor<'w> {
    writer: &'w mut Writer,
    field: &'static Field,
    is_item: bool,
}

impl<'de> DeserializeSeed<'de> for ValueVisitor<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        let Self { writer, field, is_item } = self;
        if field.is_repeated != is_item || !field.kind.is_any_value() {
            return deserializer.deserialize_any(Self { writer, field, is_item });
        }
        let depth = writer.value_depth;
        writer.value_depth += 1;
        let value = ValueVisitor { writer: &mut *writer, field, is_item };
        if depth > VALUE_DEPTH_MAX {
            // Leaves an empty value, where the decoder cuts and reports it.
            IgnoredAny::deserialize(deserializer)?;
            writer.message(field.number, |_| Ok(()))?;
        } else if depth > 0 && depth.is_multiple_of(VALUES_PER_PARSER) {
            let text = <&RawValue>::deserialize(deserializer)?.get();
            let mut parser = serde_json::Deserializer::from_str(text);
            parser.deserialize_any(value).map_err(D::Error::custom)?;
        } else {
            deserializer.deserialize_any(value)?;
        }
        writer.value_depth -= 1;
        Ok(())
    }
}

impl ValueVisitor<'_> {
    fn scalar<E: serde::de::Error>(self, value: Scalar<'_>) -> Result<(), E> {
        if self.field.is_repeated && !self.is_item {
            return Err(E::custom("expected an array"));
        }
        scalar::write(self.writer, self.field, value).map_err(E::custom)
    }
}

impl<'de> Visitor<'de> for ValueVisitor<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a value of the field {}", self.field.name)
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        // A null item is still an item.
        if self.is_item && matches!(self.field.kind, Kind::Message(_)) {
            self.writer.message(self.field.number, |_| Ok(()))?;
        }
        Ok(())
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<(), E> {
        self.scalar(Scalar::Bool(value))
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<(), E> {
        self.scalar(Scalar::Int(value.into()))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<(), E> {
        self.scalar(Scalar::Int(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<(), E> {
        self.scalar(Scalar::Double(value))
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<(), E> {
        self.scalar(Scalar::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        if !self.field.is_repeated || self.is_item {
            return Err(A::Error::custom("unexpected array"));
        }
        let Self { writer, field, .. } = self;
        while items.next_element_seed(ValueVisitor { writer, field, is_item: true })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        let Kind::Message(schema) = self.field.kind else {
            return Err(A::Error::custom("unexpected object"));
        };
        if self.field.is_repeated && !self.is_item {
            return Err(A::Error::custom("expected an array"));
        }
        self.writer
            .message(self.field.number, |writer| MessageVisitor { writer, schema }.visit_map(map))
    }
}
