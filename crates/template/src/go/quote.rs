//! String literals: `strconv.Quote` and `strconv.Unquote`.

use std::fmt::Write as _;

/// Whether Go prints a character as it is.
fn is_printable(c: char) -> bool {
    if c == ' ' || c.is_ascii_graphic() || c.is_alphanumeric() {
        return true;
    }
    !c.is_whitespace() && !c.is_control() && !c.escape_debug().any(|c| c == '{') || is_mark(c)
}

/// Combining marks, which `escape_debug` escapes and Go does not.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{20d0}'..='\u{20f0}' | '\u{fe00}'..='\u{fe0f}')
}

/// The text as Go writes it as a literal in double quotes: `strconv.Quote`.
#[must_use]
pub fn quote(text: &str) -> String {
    quote_with(text, is_printable)
}

/// The text as a string literal of ASCII characters.
pub(crate) fn quote_ascii(text: &str) -> String {
    quote_with(text, |c| c.is_ascii() && is_printable(c))
}

/// The text as a literal in which some characters stay as they are.
fn quote_with(text: &str, stays: fn(char) -> bool) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        push_escaped(&mut quoted, c, '"', stays);
    }
    quoted.push('"');
    quoted
}

/// The character as a literal in single quotes.
pub(crate) fn quote_char(c: char) -> String {
    let mut quoted = String::from('\'');
    push_escaped(&mut quoted, c, '\'', is_printable);
    quoted.push('\'');
    quoted
}

/// Whether a raw string literal can hold the text.
pub(crate) fn can_be_raw(text: &str) -> bool {
    !text.chars().any(|c| c == '`' || c == '\u{feff}' || (c.is_control() && c != '\t'))
}

fn push_escaped(out: &mut String, c: char, delimiter: char, stays: fn(char) -> bool) {
    let escape = match c {
        '\u{7}' => 'a',
        '\u{8}' => 'b',
        '\u{c}' => 'f',
        '\n' => 'n',
        '\r' => 'r',
        '\t' => 't',
        '\u{b}' => 'v',
        '\\' => '\\',
        c if c == delimiter => c,
        c if stays(c) => {
            out.push(c);
            return;
        }
        c => {
            let code = u32::from(c);
            // Writing to a string cannot fail.
            let _infallible = match code {
                0..0x80 => write!(out, "\\x{code:02x}"),
                0x80..0x1_0000 => write!(out, "\\u{code:04x}"),
                _ => write!(out, "\\U{code:08x}"),
            };
            return;
        }
    };
    out.push('\\');
    out.push(escape);
}

/// The text of a string literal with its quotes; `None` if its syntax is invalid. Bytes that are no
/// UTF-8 become U+FFFD.
pub(crate) fn unquote(literal: &str) -> Option<String> {
    if let Some(raw) = literal.strip_prefix('`') {
        return Some(raw.strip_suffix('`')?.replace('\r', ""));
    }
    let mut rest = literal.strip_prefix('"')?.strip_suffix('"')?;
    let mut bytes = Vec::with_capacity(rest.len());
    while let Some(c) = rest.chars().next() {
        if matches!(c, '"' | '\n') {
            return None;
        }
        let (unit, after) = next(rest, '"')?;
        match unit {
            Unit::Char(c) => bytes.extend(c.encode_utf8(&mut [0; 4]).bytes()),
            Unit::Byte(byte) => bytes.push(byte),
        }
        rest = after;
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// The character of a literal in single quotes.
///
/// # Errors
/// The message of the template parser.
pub(crate) fn unquote_char(literal: &str) -> Result<char, String> {
    let inner = literal.strip_prefix('\'').and_then(|inner| inner.strip_suffix('\''));
    match inner.and_then(|inner| next(inner, '\'')) {
        Some((Unit::Char(c), "")) => Ok(c),
        Some((Unit::Byte(byte), "")) => Ok(char::from(byte)),
        Some(_) => Err(format!("malformed character constant: {literal}")),
        None => Err("invalid syntax".to_owned()),
    }
}

enum Unit {
    Char(char),
    Byte(u8),
}

/// The first character or byte of a literal's inside, and what follows.
fn next(text: &str, delimiter: char) -> Option<(Unit, &str)> {
    let mut chars = text.chars();
    let c = chars.next()?;
    if c != '\\' {
        return Some((Unit::Char(c), chars.as_str()));
    }
    let escape = chars.next()?;
    let rest = chars.as_str();
    let simple = match escape {
        'a' => '\u{7}',
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\u{b}',
        '\\' => '\\',
        '\'' | '"' if escape == delimiter => escape,
        'x' => return digits(rest, 2, 16).and_then(byte),
        'u' => return digits(rest, 4, 16).and_then(char_of),
        'U' => return digits(rest, 8, 16).and_then(char_of),
        '0'..='7' => return digits(chars_from(text, 1)?, 3, 8).and_then(byte),
        _ => return None,
    };
    Some((Unit::Char(simple), rest))
}

fn chars_from(text: &str, skipped: usize) -> Option<&str> {
    text.get(skipped..)
}

fn digits(text: &str, count: usize, radix: u32) -> Option<(u32, &str)> {
    let (digits, rest) = text.split_at_checked(count)?;
    if !digits.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    Some((u32::from_str_radix(digits, radix).ok()?, rest))
}

fn byte((code, rest): (u32, &str)) -> Option<(Unit, &str)> {
    Some((Unit::Byte(u8::try_from(code).ok()?), rest))
}

fn char_of((code, rest): (u32, &str)) -> Option<(Unit, &str)> {
    Some((Unit::Char(char::from_u32(code)?), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_quoted_as_in_go() {
        for (text, quoted) in [
            ("a\"b\\{}", r#""a\"b\\{}""#),
            ("\n\t\u{7}\u{1}", r#""\n\t\a\x01""#),
            ("äé日\u{301}", "\"äé日\u{301}\""),
            ("\u{a0}\u{200b}\u{e000}", r#""\u00a0\u200b\ue000""#),
        ] {
            assert_eq!(quote(text), quoted);
            assert_eq!(unquote(quoted).as_deref(), Some(text));
        }
        assert_eq!(quote_char('\''), r"'\''");
    }

    #[test]
    fn literals_are_read_as_in_go() {
        for (literal, text) in [
            ("`a\\n\r`", Some("a\\n")),
            (r#""\x41\101\u00e4\U0001f600""#, Some("AAä😀")),
            (r#""\xff""#, Some("\u{fffd}")),
            (r#""\'""#, None),
            (r#""\8""#, None),
            (r#""\x4""#, None),
            (r#""\ud800""#, None),
            ("\"a", None),
        ] {
            assert_eq!(unquote(literal).as_deref(), text, "{literal}");
        }
        assert_eq!(unquote_char("'a'"), Ok('a'));
        assert_eq!(unquote_char(r"'\n'"), Ok('\n'));
        assert!(unquote_char("'ab'").is_err() && unquote_char("''").is_err());
    }
}
