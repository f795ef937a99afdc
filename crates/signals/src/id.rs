//! Trace and span ids.

use std::fmt;

/// A 16-byte trace id. All zeros is invalid in every protocol.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TraceId(pub [u8; 16]);

/// An 8-byte span id. All zeros is invalid in every protocol.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SpanId(pub [u8; 8]);

/// A text that is not an id: wrong length, a non-hexadecimal digit, or all zeros.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a valid id: expected up to {1} hexadecimal digits, not all zero")]
pub struct InvalidId(String, usize);

impl TraceId {
    /// Parses 1 to 32 hexadecimal digits; shorter ids are zero-padded on the left, as Jaeger, Tempo
    /// and Zipkin do for 64-bit ids.
    ///
    /// # Errors
    /// [`InvalidId`] for other lengths, other characters, or zero.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        parse_hex(text).map(Self)
    }
}

impl SpanId {
    /// Parses 1 to 16 hexadecimal digits; shorter ids are zero-padded on the left.
    ///
    /// # Errors
    /// [`InvalidId`] for other lengths, other characters, or zero.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        parse_hex(text).map(Self)
    }
}

fn parse_hex<const N: usize>(text: &str) -> Result<[u8; N], InvalidId> {
    let invalid = || InvalidId(text.chars().take(64).collect(), 2 * N);
    let digits = text.as_bytes();
    if digits.is_empty() || digits.len() > 2 * N {
        return Err(invalid());
    }
    let mut padded = vec![b'0'; 2 * N - digits.len()];
    padded.extend_from_slice(digits);
    let mut id = [0; N];
    hex::decode_to_slice(&padded, &mut id).map_err(|_| invalid())?;
    if id == [0; N] { Err(invalid()) } else { Ok(id) }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_ids_are_padded_on_the_left() {
        assert_eq!(TraceId::parse("1f").unwrap().to_string(), format!("{:0>32}", "1f"));
        assert_eq!(SpanId::parse("ABCDEF").unwrap().to_string(), "0000000000abcdef");
    }

    #[test]
    fn what_is_not_an_id_is_refused() {
        for text in ["", "0", "xyz", "00000000000000000000000000000000", &"1".repeat(33)] {
            assert!(TraceId::parse(text).is_err(), "{text}");
        }
    }
}
