//! `key=value` pairs of log lines.

use std::borrow::Cow;

/// Calls `each` with every key and its value; `None` for a key without a value. With `strict` the
/// first malformed pair is an error; otherwise it is skipped.
pub(super) fn pairs<'a>(
    line: &'a str,
    strict: bool,
    mut each: impl FnMut(&'a str, Option<Cow<'a, str>>),
) -> Result<(), String> {
    let bytes = line.as_bytes();
    let mut at = 0;
    loop {
        while bytes.get(at).is_some_and(|b| *b <= b' ') {
            at += 1;
        }
        let start = at;
        while bytes.get(at).is_some_and(|b| !matches!(b, 0..=b' ' | b'=' | b'"')) {
            at += 1;
        }
        let key = line.get(start..at).unwrap_or_default();
        match bytes.get(at) {
            None => {
                if !key.is_empty() {
                    each(key, None);
                }
                return Ok(());
            }
            Some(b'=') if !key.is_empty() => at += 1,
            Some(b'=' | b'"') => {
                let found = char::from(*bytes.get(at).unwrap_or(&b'='));
                if strict {
                    return Err(format!(
                        "logfmt syntax error at pos {} : unexpected '{found}'",
                        at + 1
                    ));
                }
                at = skip_word(bytes, at);
                continue;
            }
            Some(_) => {
                each(key, None);
                continue;
            }
        }
        if bytes.get(at) == Some(&b'"') {
            let Some((value, end)) = quoted(line, at) else {
                if strict {
                    return Err(format!(
                        "logfmt syntax error at pos {} : unterminated quoted value",
                        at + 1
                    ));
                }
                return Ok(());
            };
            each(key, Some(value));
            at = end;
            continue;
        }
        let value_start = at;
        while bytes.get(at).is_some_and(|b| !matches!(b, 0..=b' ' | b'=' | b'"')) {
            at += 1;
        }
        match bytes.get(at) {
            Some(b @ (b'=' | b'"')) => {
                if strict {
                    return Err(format!(
                        "logfmt syntax error at pos {} : unexpected '{}'",
                        at + 1,
                        char::from(*b)
                    ));
                }
                at = skip_word(bytes, at);
            }
            _ => each(key, Some(Cow::Borrowed(line.get(value_start..at).unwrap_or_default()))),
        }
    }
}

fn skip_word(bytes: &[u8], mut at: usize) -> usize {
    while bytes.get(at).is_some_and(|b| *b > b' ') {
        at += 1;
    }
    at
}

/// The quoted value at `start` and the offset after it.
fn quoted(line: &str, start: usize) -> Option<(Cow<'_, str>, usize)> {
    let bytes = line.as_bytes();
    let mut at = start + 1;
    let mut has_escapes = false;
    loop {
        at += memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes.get(at) == Some(&b'"') {
            break;
        }
        has_escapes = true;
        at += 2;
    }
    let inside = line.get(start + 1..at)?;
    if !has_escapes {
        return Some((Cow::Borrowed(inside), at + 1));
    }
    let mut text = String::with_capacity(inside.len());
    let mut chars = inside.chars();
    while let Some(c) = chars.next() {
        match (c, if c == '\\' { chars.next() } else { None }) {
            ('\\', Some('n')) => text.push('\n'),
            ('\\', Some('t')) => text.push('\t'),
            ('\\', Some('r')) => text.push('\r'),
            ('\\', Some('b')) => text.push('\u{8}'),
            ('\\', Some('f')) => text.push('\u{c}'),
            ('\\', Some('u')) => {
                let code: String = chars.by_ref().take(4).collect();
                text.push(
                    u32::from_str_radix(&code, 16).ok().and_then(char::from_u32).unwrap_or(' '),
                );
            }
            ('\\', Some(other)) => text.push(other),
            (c, _) => text.push(c),
        }
    }
    Some((Cow::Owned(text), at + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str, strict: bool) -> (Vec<String>, bool) {
        let mut out = Vec::new();
        let result = pairs(line, strict, |key, value| match value {
            Some(value) => out.push(format!("{key}={value}")),
            None => out.push(key.to_owned()),
        });
        (out, result.is_ok())
    }

    #[test]
    fn pairs_are_read_with_quotes_and_escapes() {
        let line = r#"a=1 b="x y" c="q\"\n\\r" d= e f=é"#;
        assert_eq!(
            read(line, true),
            (["a=1", "b=x y", "c=q\"\n\\r", "d=", "e", "f=é"].map(str::to_owned).to_vec(), true)
        );
    }

    #[test]
    fn malformed_pairs_are_passed_over_unless_strict() {
        assert_eq!(read("foobar====wqe=sdad1r", false), (vec![], true));
        assert_eq!(read("a=b=c d=e", false), (vec!["d=e".to_owned()], true));
        assert!(!read("a=b=c d=e", true).1);
        assert_eq!(read("a=\"open", false), (vec![], true));
        assert!(!read("a=\"open", true).1);
        assert_eq!(read("\"x\" =y z=1", false), (vec!["z=1".to_owned()], true));
    }
}
