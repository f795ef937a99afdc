//! Escapes and truncates text, so that no value can start a new line, end its string or control a
//! terminal.

use std::fmt;

/// Maximum length of a value, escaped.
pub(crate) const VALUE_BYTES_MAX: usize = 32 << 10;

/// Marks a truncated value.
pub(crate) const CUT: &str = "…[cut]";

/// Appends text as the content of a JSON string.
pub(crate) fn json(out: &mut Vec<u8>, text: &str) {
    escaped(out, text, |out, c| match c {
        '"' => out.extend_from_slice(b"\\\""),
        '\\' => out.extend_from_slice(b"\\\\"),
        '\n' => out.extend_from_slice(b"\\n"),
        '\r' => out.extend_from_slice(b"\\r"),
        '\t' => out.extend_from_slice(b"\\t"),
        c => unicode(out, c, b"\\u", b""),
    });
}

/// Appends human-readable text without control characters.
pub(crate) fn plain(out: &mut Vec<u8>, text: &str) {
    escaped(out, text, |out, c| match c {
        '"' => out.push(b'"'),
        '\\' => out.push(b'\\'),
        '\n' => out.extend_from_slice(b"\\n"),
        '\r' => out.extend_from_slice(b"\\r"),
        '\t' => out.extend_from_slice(b"\\t"),
        c => unicode(out, c, b"\\u{", b"}"),
    });
}

/// Appends a human-readable value, in quotes if it is ambiguous.
pub(crate) fn word(out: &mut Vec<u8>, text: &str) {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'=' | b'\\');
    if !text.is_empty() && text.bytes().all(|byte| is_plain(byte) || byte >= 0x80) {
        plain(out, text);
    } else {
        out.push(b'"');
        json(out, text);
        out.push(b'"');
    }
}

fn escaped(out: &mut Vec<u8>, text: &str, mut escape: impl FnMut(&mut Vec<u8>, char)) {
    let end = out.len() + VALUE_BYTES_MAX;
    let mut rest = text;
    while let Some(at) = rest.bytes().position(is_suspect) {
        let (clean, tail) = rest.split_at(at);
        if out.len() + clean.len() > end {
            break;
        }
        out.extend_from_slice(clean.as_bytes());
        let mut chars = tail.chars();
        let Some(c) = chars.next() else { return };
        if is_harmless(c) {
            let mut buffer = [0; 4];
            out.extend_from_slice(c.encode_utf8(&mut buffer).as_bytes());
        } else {
            escape(out, c);
        }
        rest = chars.as_str();
        if out.len() > end {
            break;
        }
    }
    let room = end.saturating_sub(out.len());
    if rest.len() <= room && out.len() <= end {
        out.extend_from_slice(rest.as_bytes());
    } else {
        let clean = rest.bytes().position(is_suspect).unwrap_or(rest.len());
        let keep = rest.floor_char_boundary(room.min(clean));
        out.extend_from_slice(rest.get(..keep).unwrap_or_default().as_bytes());
        out.extend_from_slice(CUT.as_bytes());
    }
}

/// Bytes to check: controls, quotes, and first bytes of characters that may need escaping.
fn is_suspect(byte: u8) -> bool {
    matches!(byte, 0..=0x1f | b'"' | b'\\' | 0x7f | 0xc2 | 0xe2)
}

/// Whether a character that starts with a suspect byte is harmless. Not harmless are C1 controls,
/// which some terminals interpret, line and paragraph separators, and bidirectional controls.
fn is_harmless(c: char) -> bool {
    !c.is_control() && !matches!(c, '"' | '\\' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn unicode(out: &mut Vec<u8>, c: char, before: &[u8], after: &[u8]) {
    out.extend_from_slice(before);
    for shift in [12, 8, 4, 0] {
        out.push(hexadecimal(u32::from(c) >> shift & 15));
    }
    out.extend_from_slice(after);
}

/// Appends bytes in lower-case hexadecimal.
pub(crate) fn hex(out: &mut Vec<u8>, bytes: &[u8]) {
    for byte in bytes {
        out.push(hexadecimal(u32::from(byte >> 4)));
        out.push(hexadecimal(u32::from(byte & 15)));
    }
}

fn hexadecimal(digit: u32) -> u8 {
    let digit = digit as u8;
    if digit < 10 { b'0' + digit } else { b'a' + digit - 10 }
}

/// Text with a length limit; exceeding it is a formatting error, which stops endless formatters.
pub(crate) struct Bounded<'a>(pub(crate) &'a mut String);

impl fmt::Write for Bounded<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = VALUE_BYTES_MAX.saturating_sub(self.0.len());
        if text.len() <= room {
            self.0.push_str(text);
            return Ok(());
        }
        let keep = text.floor_char_boundary(room);
        // One byte over the limit, so that the line truncates its value, too.
        self.0.push_str(text.get(..keep).unwrap_or_default());
        while self.0.len() <= VALUE_BYTES_MAX {
            self.0.push(' ');
        }
        Err(fmt::Error)
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    fn text(of: impl Fn(&mut Vec<u8>, &str), text: &str) -> String {
        let mut out = Vec::new();
        of(&mut out, text);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn json_strings_mean_what_was_said() {
        let cases = [
            "",
            "plain",
            "a\"b\\c",
            "\0\n\r\t\u{7f}\u{1b}[31m",
            "ü€𝄞",
            "\u{85}\u{a0}\u{2028}\u{202e}\u{2013}",
        ];
        for case in cases {
            let escaped = text(json, case);
            assert!(!escaped.chars().any(char::is_control), "{escaped:?}");
            let back: String = serde_json::from_str(&format!("\"{escaped}\"")).unwrap();
            assert_eq!(back, case);
        }
        assert_eq!(text(json, "\u{a0}\u{2013}"), "\u{a0}\u{2013}");
    }

    #[test]
    fn text_for_people_has_no_controls() {
        assert_eq!(
            text(plain, "a\n2024 ERROR \u{1b}[2J \"b\""),
            "a\\n2024 ERROR \\u{001b}[2J \"b\""
        );
        assert_eq!(text(word, "two words"), "\"two words\"");
        assert_eq!(text(word, ""), "\"\"");
        assert_eq!(text(word, "a=b"), "\"a=b\"");
        assert_eq!(text(word, "/v1/chat"), "/v1/chat");
        assert_eq!(text(word, "\u{202e}x"), "\\u{202e}x");
    }

    #[test]
    fn long_values_are_cut_between_characters() {
        let cases =
            ["a".repeat(100_000), "€".repeat(50_000), "\n".repeat(50_000), "\0".repeat(50_000)];
        for case in cases.iter().cloned().chain([format!("{}\n{}", cases[0], cases[0])]) {
            let escaped = text(json, &case);
            assert!(escaped.ends_with(CUT) && escaped.len() < VALUE_BYTES_MAX + 32);
            let back: String = serde_json::from_str(&format!("\"{escaped}\"")).unwrap();
            assert!(case.starts_with(back.strip_suffix(CUT).unwrap()));
        }
        let exact = "a".repeat(VALUE_BYTES_MAX);
        assert_eq!(text(json, &exact), exact);
    }

    #[test]
    fn formatting_ends_at_the_bound() {
        let mut out = String::new();
        assert!(write!(Bounded(&mut out), "{:>60000}", "€").is_err());
        assert_eq!(out.len(), VALUE_BYTES_MAX + 1);
    }
}
