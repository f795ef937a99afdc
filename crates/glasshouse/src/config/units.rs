//! Human-readable durations (`30d`, `1h30m`, `15s`) and sizes (`20MiB`, `4MB`, `512`).

use std::fmt;
use std::time::Duration;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::{Serialize, Serializer};

/// A duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span(pub(crate) Duration);

/// A number of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size(pub(crate) u64);

/// The memory ceiling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Memory {
    /// A share of the available memory.
    Auto,
    /// A fixed size.
    Bytes(Size),
}

/// Units of time, longest first, in milliseconds.
const TIME_UNITS: [(&str, u64); 7] = [
    ("y", 365 * 86_400_000),
    ("w", 7 * 86_400_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("ms", 1),
    ("m", 60_000),
    ("s", 1_000),
];

/// Units of size.
const SIZE_UNITS: [(&str, u64); 9] = [
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("B", 1),
];

impl Span {
    /// Parses durations such as `1h30m`; every number needs a unit.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut rest = text;
        let mut milliseconds = 0_u64;
        while !rest.is_empty() {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let (number, tail) = rest.split_at_checked(digits)?;
            let (unit, factor) = TIME_UNITS.iter().find(|(unit, _)| tail.starts_with(unit))?;
            let number: u64 = number.parse().ok()?;
            milliseconds = milliseconds.checked_add(number.checked_mul(*factor)?)?;
            rest = tail.strip_prefix(unit)?;
        }
        (!text.is_empty()).then_some(Self(Duration::from_millis(milliseconds)))
    }
}

impl Size {
    /// Parses sizes such as `20MiB`, or a plain number of bytes.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at_checked(digits)?;
        let number: u64 = number.parse().ok()?;
        let unit = unit.trim();
        if unit.is_empty() {
            return Some(Self(number));
        }
        let (_, factor) = SIZE_UNITS.iter().find(|(name, _)| *name == unit)?;
        number.checked_mul(*factor).map(Self)
    }
}

struct SpanVisitor;

impl Visitor<'_> for SpanVisitor {
    type Value = Span;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a duration such as `30d`, `1h30m` or `15s`")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Span, E> {
        Span::parse(text).ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(text), &self))
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(SpanVisitor)
    }
}

struct SizeVisitor;

impl Visitor<'_> for SizeVisitor {
    type Value = Size;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a size such as `20MiB` or `1GB`")
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Size, E> {
        Ok(Size(number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Size, E> {
        Size::parse(text).ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(text), &self))
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SizeVisitor)
    }
}

struct MemoryVisitor;

impl Visitor<'_> for MemoryVisitor {
    type Value = Memory;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a size such as `512MiB`, or `auto`")
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Memory, E> {
        Ok(Memory::Bytes(Size(number)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Memory, E> {
        if text == "auto" {
            return Ok(Memory::Auto);
        }
        let size = Size::parse(text).map(Memory::Bytes);
        size.ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(text), &self))
    }
}

impl<'de> Deserialize<'de> for Memory {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MemoryVisitor)
    }
}

impl Serialize for Memory {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Auto => serializer.serialize_str("auto"),
            Self::Bytes(size) => size.serialize(serializer),
        }
    }
}

impl Serialize for Size {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.0)
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX);
        if rest == 0 {
            return f.write_str("0s");
        }
        let shown = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];
        for (unit, factor) in shown {
            if rest >= factor {
                write!(f, "{}{unit}", rest / factor)?;
                rest %= factor;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_with_their_units() {
        let seconds = |text| Span::parse(text).map(|span| span.0.as_millis());
        assert_eq!(seconds("30d"), Some(30 * 86_400_000));
        assert_eq!(seconds("1h30m"), Some(5_400_000));
        assert_eq!(seconds("250ms"), Some(250));
        for text in ["", "30", "d", "-1d", "1 d", "1x", "99999999999999999999d", "584942417355y"] {
            assert_eq!(seconds(text), None, "{text}");
        }
        assert_eq!(Span::parse("26h").unwrap().to_string(), "1d2h");
    }

    #[test]
    fn sizes_are_read_with_their_units() {
        let bytes = |text| Size::parse(text).map(|size| size.0);
        assert_eq!(bytes("20MiB"), Some(20 << 20));
        assert_eq!(bytes("4 MB"), Some(4_000_000));
        assert_eq!(bytes("512"), Some(512));
        for text in ["", "MiB", "1.5GB", "-1", "1mb", "99999999999TB"] {
            assert_eq!(bytes(text), None, "{text}");
        }
    }
}
