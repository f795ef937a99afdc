//! String literals, names and numbers in the notation of PromQL.

use std::fmt::Write;

/// Unescapes a string literal; `quoted` includes the quotes (`"`, `'` or `` ` ``).
///
/// Bytes that are not UTF-8 after unescaping become U+FFFD. Returns `None` if the text is not
/// well-formed, which the lexer has excluded for its tokens.
#[must_use]
pub fn unquote(quoted: &str) -> Option<String> {
    let bytes = unquoted_bytes(quoted)?;
    Some(
        String::from_utf8(bytes)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()),
    )
}

/// As [`unquote`], with all bytes as they are.
#[must_use]
pub fn unquoted_bytes(quoted: &str) -> Option<Vec<u8>> {
    let quote = quoted.chars().next()?;
    let inner = quoted.get(1..quoted.len().checked_sub(1)?)?;
    if quote == '`' {
        return Some(inner.replace('\r', "").into_bytes());
    }
    let mut bytes = Vec::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(at) = rest.find('\\') {
        bytes.extend_from_slice(&rest.as_bytes()[..at]);
        rest = push_escape(&rest[at + 1..], &mut bytes)?;
    }
    bytes.extend_from_slice(rest.as_bytes());
    Some(bytes)
}

/// Appends the value of an escape (without its backslash); returns the text after it.
fn push_escape<'a>(escape: &'a str, bytes: &mut Vec<u8>) -> Option<&'a str> {
    let kind = escape.chars().next()?;
    let (radix, digits, skip) = match kind {
        '0'..='7' => (8, 3, 0),
        'x' => (16, 2, 1),
        'u' => (16, 4, 1),
        'U' => (16, 8, 1),
        _ => {
            bytes.push(match kind {
                'a' => 7,
                'b' => 8,
                'f' => 12,
                'n' => b'\n',
                'r' => b'\r',
                't' => b'\t',
                'v' => 11,
                '\\' | '\'' | '"' => kind as u8,
                _ => return None,
            });
            return escape.get(1..);
        }
    };
    let code = u32::from_str_radix(escape.get(skip..skip + digits)?, radix).ok()?;
    if matches!(kind, 'u' | 'U') {
        let mut buffer = [0; 4];
        bytes.extend_from_slice(char::from_u32(code)?.encode_utf8(&mut buffer).as_bytes());
    } else {
        bytes.push(u8::try_from(code).ok()?);
    }
    escape.get(skip + digits..)
}

/// Quotes a text with double quotes, escaped as in Prometheus.
#[must_use]
pub fn quote(text: &str) -> String {
    quote_bytes(text.as_bytes())
}

/// As [`quote`]; bytes that are not UTF-8 are written as `\xff`.
#[must_use]
pub fn quote_bytes(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() + 2);
    out.push('"');
    for chunk in bytes.utf8_chunks() {
        push_escaped(&mut out, chunk.valid());
        for byte in chunk.invalid() {
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    out.push('"');
    out
}

fn push_escaped(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{b}' => out.push_str("\\v"),
            c if (c as u32) < 0x20 || c as u32 == 0x7f => {
                let _ = write!(out, "\\x{:02x}", c as u32);
            }
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
}

/// Whether the name of a label can be written without quotes.
#[must_use]
pub fn is_label_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Whether the name of a metric can be written without quotes.
#[must_use]
pub fn is_metric_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b':')
}

/// Formats a number as Prometheus does: shortest decimal, no exponent, `+Inf`, `-Inf`, `NaN`.
#[must_use]
pub fn format_float(value: f64) -> String {
    if value.is_nan() {
        "NaN".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { "+Inf".to_owned() } else { "-Inf".to_owned() }
    } else {
        format!("{value}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_resolved_and_written() {
        let cases = [
            (r#""a\"b""#, "a\"b"),
            (r"'\x41\101\u00e9\U0001F600'", "AAé😀"),
            ("`a\\n`", "a\\n"),
            (r"'\a\b\f\n\r\t\v\\'", "\u{7}\u{8}\u{c}\n\r\t\u{b}\\"),
        ];
        for (quoted, text) in cases {
            assert_eq!(unquote(quoted).as_deref(), Some(text), "{quoted}");
            assert_eq!(unquote(&quote(text)).as_deref(), Some(text), "{text:?}");
        }
        assert_eq!(unquote(r"'\q'"), None);
        assert_eq!(unquote("'"), None);
    }
}
