//! Bytes in error messages, quoted as Go quotes them, because Prometheus' tests check the messages.

use std::fmt::Write as _;

/// Longest text in a message; the rest is left out.
const BYTES_MAX: usize = 512;

/// The bytes as a Go string literal, at most 512 of them: a line may be long.
pub(super) fn quoted(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().min(BYTES_MAX) + 2);
    text.push('"');
    for chunk in bytes.get(..BYTES_MAX).unwrap_or(bytes).utf8_chunks() {
        for character in chunk.valid().chars() {
            push(&mut text, character);
        }
        for byte in chunk.invalid() {
            let _infallible = write!(text, "\\x{byte:02x}");
        }
    }
    text.push('"');
    if bytes.len() > BYTES_MAX {
        text.push_str("...");
    }
    text
}

fn push(text: &mut String, character: char) {
    let _infallible = match character {
        '\x07' => text.write_str("\\a"),
        '\x08' => text.write_str("\\b"),
        '\x0c' => text.write_str("\\f"),
        '\n' => text.write_str("\\n"),
        '\r' => text.write_str("\\r"),
        '\t' => text.write_str("\\t"),
        '\x0b' => text.write_str("\\v"),
        '\\' => text.write_str("\\\\"),
        '"' => text.write_str("\\\""),
        '\0'..' ' | '\x7f' => write!(text, "\\x{:02x}", u32::from(character)),
        ' '..'\x7f' => text.write_char(character),
        _ if character.escape_debug().count() == 1 => text.write_char(character),
        '\u{80}'..='\u{ffff}' => write!(text, "\\u{:04x}", u32::from(character)),
        _ => write!(text, "\\U{:08x}", u32::from(character)),
    };
}
