//! Transcodes JSON scalars to protobuf fields.

use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::Writer;
use super::schema::{Field, Kind};

/// A JSON scalar.
#[derive(Debug, Clone, Copy)]
pub(super) enum Scalar<'a> {
    Bool(bool),
    Int(i128),
    Double(f64),
    Text(&'a str),
}

/// Replaces ids with invalid hexadecimal. It has an invalid length, so the item is rejected or its
/// id dropped, and the rest of the batch is kept.
const INVALID_ID: [u8; 1] = [0];

/// Writes a field.
pub(super) fn write(writer: &mut Writer, field: &Field, value: Scalar<'_>) -> Result<(), String> {
    let number = field.number;
    match field.kind {
        Kind::Text => writer.delimited(number, text(value)?.as_bytes()),
        Kind::Id => {
            let id = hex::decode(text(value)?).unwrap_or_else(|_| INVALID_ID.to_vec());
            writer.delimited(number, &id);
        }
        Kind::Bytes => writer.delimited(number, &bytes(text(value)?)?),
        Kind::Bool => {
            let Scalar::Bool(value) = value else {
                return Err("expected true or false".to_owned());
            };
            writer.tag(number, 0);
            writer.varint(value.into());
        }
        Kind::Int64 => {
            let value = within(value, i64::MIN.into(), i64::MAX.into())? as i64;
            writer.tag(number, 0);
            writer.varint(value as u64);
        }
        Kind::Uint32 => {
            let value = within(value, 0, u32::MAX.into())?;
            writer.tag(number, 0);
            writer.varint(value as u64);
        }
        Kind::Uint64 => {
            let value = within(value, 0, u64::MAX.into())?;
            writer.tag(number, 0);
            writer.varint(value as u64);
        }
        Kind::Sint32 => {
            let value = within(value, i32::MIN.into(), i32::MAX.into())? as i32;
            writer.tag(number, 0);
            writer.varint(u64::from(((value << 1) ^ (value >> 31)) as u32));
        }
        Kind::Enum(names) => {
            let value = enumeration(value, names)?;
            writer.tag(number, 0);
            writer.varint(i64::from(value) as u64);
        }
        Kind::Fixed32 => {
            let value = within(value, 0, u32::MAX.into())? as u32;
            writer.tag(number, 5);
            writer.bytes.extend_from_slice(&value.to_le_bytes());
        }
        Kind::Fixed64 => fixed64(writer, number, within(value, 0, u64::MAX.into())? as u64),
        Kind::Sfixed64 => {
            let value = within(value, i64::MIN.into(), i64::MAX.into())? as i64;
            fixed64(writer, number, value as u64);
        }
        Kind::Time => {
            // Unrepresentable times become an out-of-range time, so that only that item is rejected
            // and not the batch.
            let value = integer(value)?;
            fixed64(writer, number, u64::try_from(value).unwrap_or(u64::MAX));
        }
        Kind::Double => fixed64(writer, number, double(value)?.to_bits()),
        Kind::Message(_) => return Err("expected an object".to_owned()),
    }
    Ok(())
}

fn fixed64(writer: &mut Writer, number: u32, bits: u64) {
    writer.tag(number, 1);
    writer.bytes.extend_from_slice(&bits.to_le_bytes());
}

fn text(value: Scalar<'_>) -> Result<&str, String> {
    if let Scalar::Text(text) = value { Ok(text) } else { Err("expected a text".to_owned()) }
}

/// Parses an integer from a number or a string, saturating at 128 bits.
fn integer(value: Scalar<'_>) -> Result<i128, String> {
    let from_double = |value: f64| {
        if value.fract() == 0.0 {
            Ok(value as i128)
        } else {
            Err(format!("{value} is not an integer"))
        }
    };
    match value {
        Scalar::Int(value) => Ok(value),
        Scalar::Double(value) => from_double(value),
        Scalar::Text(text) => match text.parse() {
            Ok(value) => Ok(value),
            Err(_) if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) => {
                Ok(i128::MAX)
            }
            Err(_) => match text.parse::<f64>() {
                Ok(value) if value.is_finite() => from_double(value),
                _ => Err("text is not an integer".to_owned()),
            },
        },
        Scalar::Bool(_) => Err("expected an integer".to_owned()),
    }
}

fn within(value: Scalar<'_>, least: i128, greatest: i128) -> Result<i128, String> {
    let value = integer(value)?;
    if (least..=greatest).contains(&value) {
        Ok(value)
    } else {
        Err(format!("{value} is out of range"))
    }
}

fn double(value: Scalar<'_>) -> Result<f64, String> {
    match value {
        Scalar::Int(value) => Ok(value as f64),
        Scalar::Double(value) => Ok(value),
        Scalar::Text("NaN") => Ok(f64::NAN),
        Scalar::Text("Infinity") => Ok(f64::INFINITY),
        Scalar::Text("-Infinity") => Ok(f64::NEG_INFINITY),
        Scalar::Text(text) => match text.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(value),
            _ => Err("text is not a number".to_owned()),
        },
        Scalar::Bool(_) => Err("expected a number".to_owned()),
    }
}

/// Parses an enum number or name; unknown names are 0, "unspecified".
fn enumeration(value: Scalar<'_>, names: &[&str]) -> Result<i32, String> {
    if let Scalar::Text(text) = value
        && !text.starts_with(|c: char| c.is_ascii_digit() || c == '-')
    {
        let place = names.iter().position(|name| *name == text).unwrap_or_default();
        return Ok(i32::try_from(place).unwrap_or_default());
    }
    Ok(within(value, i32::MIN.into(), i32::MAX.into())? as i32)
}

fn bytes(text: &str) -> Result<Vec<u8>, String> {
    const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    let alphabet = if text.contains(['-', '_']) { URL_SAFE } else { STANDARD };
    GeneralPurpose::new(&alphabet, LENIENT).decode(text).map_err(|error| error.to_string())
}
