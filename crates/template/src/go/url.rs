//! Escapes of URLs: `url.QueryEscape` and `url.QueryUnescape`.

use super::quote::quote;
use crate::text::{Overflow, Text};

/// Escapes text for a value of a query; a space becomes `+`.
pub(crate) fn query_escape(text: &str, out: &mut Text) -> Result<(), Overflow> {
    for byte in text.bytes() {
        match byte {
            b' ' => out.push("+")?,
            b'-' | b'_' | b'.' | b'~' => out.fill(byte.into(), 1)?,
            byte if byte.is_ascii_alphanumeric() => out.fill(byte.into(), 1)?,
            byte => out.push(&format!("%{byte:02X}"))?,
        }
    }
    Ok(())
}

/// The text that was escaped for a query. Bytes that are no UTF-8 become U+FFFD.
///
/// # Errors
/// The error of `url.QueryUnescape`.
pub(crate) fn query_unescape(text: &str) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let after = rest.get(c.len_utf8()..).unwrap_or_default();
        rest = match c {
            '+' => {
                bytes.push(b' ');
                after
            }
            '%' => {
                let byte =
                    after.get(..2).filter(|digits| digits.chars().all(|c| c.is_ascii_hexdigit()));
                let byte = byte.and_then(|digits| u8::from_str_radix(digits, 16).ok());
                bytes.push(byte.ok_or_else(|| {
                    let shown: String = rest.chars().take(3).collect();
                    format!("invalid URL escape {}", quote(&shown))
                })?);
                after.get(2..).unwrap_or_default()
            }
            _ => {
                bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                after
            }
        };
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_escaped_as_in_go() {
        for (text, escaped) in
            [("a b&c", "a+b%26c"), ("é/~", "%C3%A9%2F~"), ("{x=\"1\"}", "%7Bx%3D%221%22%7D")]
        {
            let mut out = Text::new(100);
            query_escape(text, &mut out).unwrap();
            assert_eq!(out.as_str(), escaped);
            assert_eq!(query_unescape(escaped).as_deref(), Ok(text));
        }
        assert_eq!(query_unescape("%zz1"), Err("invalid URL escape \"%zz\"".to_owned()));
        assert_eq!(query_unescape("a%2"), Err("invalid URL escape \"%2\"".to_owned()));
    }
}
