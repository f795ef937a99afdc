//! A lenient JSON reader for log lines: finds fields without building a tree.
//!
//! Lines may be hostile and long: nested values are skipped without recursion, and flattening stops
//! at [`DEPTH_MAX`].

use std::borrow::Cow;

/// Deepest object that is flattened into labels.
const DEPTH_MAX: usize = 32;
/// Maximum bytes of all field names of a line: each repeats the names of the objects around it.
const NAMES_BYTES_MAX: usize = 1 << 20;

/// A value, as it is written in the line.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value<'a> {
    Text(Cow<'a, str>),
    /// Numbers and booleans, as written.
    Plain(&'a str),
    Null,
    /// Everything from `{` to `}`.
    Object(&'a str),
    /// Everything from `[` to `]`.
    Array(&'a str),
}

impl<'a> Value<'a> {
    /// The text of a label: nested values as written, null as empty.
    pub(super) fn into_text(self) -> Cow<'a, str> {
        match self {
            Self::Text(text) => text,
            Self::Plain(text) | Self::Object(text) | Self::Array(text) => Cow::Borrowed(text),
            Self::Null => Cow::Borrowed(""),
        }
    }
}

const BROKEN: &str = "Value looks like object, but can't find closing '}' symbol";

/// Reads values one by one.
struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn skip_space(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while bytes.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
        bytes.get(self.at).copied()
    }

    /// The end of the string that starts at `start`, and whether it has escapes.
    fn string_end(&self, start: usize) -> Option<(usize, bool)> {
        let bytes = self.text.as_bytes();
        let mut at = start + 1;
        let mut has_escapes = false;
        loop {
            at += memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
            if bytes.get(at) == Some(&b'"') {
                return Some((at + 1, has_escapes));
            }
            has_escapes = true;
            at += 2;
        }
    }

    fn string(&mut self) -> Option<Cow<'a, str>> {
        let (end, has_escapes) = self.string_end(self.at)?;
        let inside = self.text.get(self.at + 1..end - 1)?;
        self.at = end;
        if has_escapes { unescaped(inside).map(Cow::Owned) } else { Some(Cow::Borrowed(inside)) }
    }

    /// Everything up to the bracket that closes the current one.
    fn nested(&mut self) -> Option<&'a str> {
        let bytes = self.text.as_bytes();
        let start = self.at;
        let mut depth = 0_usize;
        while let Some(byte) = bytes.get(self.at) {
            match byte {
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth -= 1,
                b'"' => self.at = self.string_end(self.at)?.0 - 1,
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return self.text.get(start..self.at);
            }
        }
        None
    }

    fn value(&mut self) -> Option<Value<'a>> {
        match self.skip_space()? {
            b'"' => self.string().map(Value::Text),
            b'{' => self.nested().map(Value::Object),
            b'[' => self.nested().map(Value::Array),
            _ => {
                let rest = self.text.get(self.at..)?;
                let length = rest
                    .find(|c: char| matches!(c, ',' | '}' | ']') || c.is_ascii_whitespace())
                    .unwrap_or(rest.len());
                let word = rest.get(..length)?;
                self.at += length;
                match word {
                    "null" => Some(Value::Null),
                    "true" | "false" => Some(Value::Plain(word)),
                    _ if word.starts_with(|c: char| c == '-' || c.is_ascii_digit())
                        && word.parse::<f64>().is_ok() =>
                    {
                        Some(Value::Plain(word))
                    }
                    _ => None,
                }
            }
        }
    }
}

/// Unescapes the contents of a JSON string; invalid Unicode becomes a space, as in Loki.
fn unescaped(inside: &str) -> Option<String> {
    let mut text = String::with_capacity(inside.len());
    let mut rest = inside;
    while let Some(at) = rest.find('\\') {
        text.push_str(rest.get(..at)?);
        let escape = *rest.as_bytes().get(at + 1)?;
        rest = rest.get(at + 2..)?;
        match escape {
            b'n' => text.push('\n'),
            b't' => text.push('\t'),
            b'r' => text.push('\r'),
            b'b' => text.push('\u{8}'),
            b'f' => text.push('\u{c}'),
            b'"' | b'\\' | b'/' => text.push(char::from(escape)),
            b'u' => {
                let unit = |text: &str| u32::from_str_radix(text.get(..4)?, 16).ok();
                let mut code = unit(rest)?;
                rest = rest.get(4..)?;
                if (0xD800..0xDC00).contains(&code)
                    && let Some(low) = rest.strip_prefix("\\u").and_then(unit)
                    && (0xDC00..0xE000).contains(&low)
                {
                    code = 0x1_0000 + ((code - 0xD800) << 10) + (low - 0xDC00);
                    rest = rest.get(6..)?;
                }
                text.push(char::from_u32(code).unwrap_or(' '));
            }
            _ => return None,
        }
    }
    text.push_str(rest);
    Some(text)
}

/// Calls `each` with every field of an object until it returns `false`; `Err` when the text is not
/// a complete object. Text after the object is ignored.
pub(super) fn fields<'a>(
    object: &'a str,
    mut each: impl FnMut(Cow<'a, str>, Value<'a>) -> bool,
) -> Result<(), &'static str> {
    let mut reader = Reader { text: object, at: 0 };
    if reader.skip_space() != Some(b'{') {
        return Err("expecting json object, but it is not");
    }
    reader.at += 1;
    if reader.skip_space() == Some(b'}') {
        return Ok(());
    }
    loop {
        if reader.skip_space() != Some(b'"') {
            return Err(BROKEN);
        }
        let key = reader.string().ok_or(BROKEN)?;
        if reader.skip_space() != Some(b':') {
            return Err(BROKEN);
        }
        reader.at += 1;
        let value = reader.value().ok_or(BROKEN)?;
        if !each(key, value) {
            return Ok(());
        }
        match reader.skip_space() {
            Some(b',') => reader.at += 1,
            Some(b'}') => return Ok(()),
            _ => return Err(BROKEN),
        }
    }
}

/// Calls `each` with the label name and text of every leaf: nested names are joined with `_`,
/// arrays and nulls are skipped.
pub(super) fn flatten<'a>(
    line: &'a str,
    each: &mut dyn FnMut(Cow<'a, str>, Cow<'a, str>),
) -> Result<(), &'static str> {
    flatten_object(line, "", 0, &mut { NAMES_BYTES_MAX }, each)
}

fn flatten_object<'a>(
    object: &'a str,
    prefix: &str,
    depth: usize,
    room: &mut usize,
    each: &mut dyn FnMut(Cow<'a, str>, Cow<'a, str>),
) -> Result<(), &'static str> {
    let mut result = Ok(());
    fields(object, |key, value| {
        let name = label_name(prefix, key);
        let Some(rest) = room.checked_sub(name.len()) else {
            result = Err("the names of the line's fields are too long");
            return false;
        };
        *room = rest;
        match value {
            Value::Object(inner) if depth < DEPTH_MAX => {
                result = flatten_object(inner, &name, depth + 1, room, each);
            }
            Value::Text(_) | Value::Plain(_) if !name.is_empty() => each(name, value.into_text()),
            _ => {}
        }
        result.is_ok()
    })?;
    result
}

fn label_name<'a>(prefix: &str, key: Cow<'a, str>) -> Cow<'a, str> {
    if !prefix.is_empty() {
        let key = key.trim();
        let clean: String =
            key.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        return Cow::Owned(if clean.is_empty() {
            prefix.to_owned()
        } else {
            format!("{prefix}_{clean}")
        });
    }
    match key {
        Cow::Borrowed(key) => super::labels::sanitized(key),
        Cow::Owned(key) => Cow::Owned(super::labels::sanitized(&key).into_owned()),
    }
}

/// A step of a path such as `a.b[0]["c d"]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Field(String),
    Element(usize),
}

/// Parses a path.
pub(super) fn parse_path(text: &str) -> Result<Vec<Step>, String> {
    let invalid =
        || format!("cannot parse expression {text:?}: expected a path such as a.b[0][\"c\"]");
    let mut steps = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        if let Some(inside) = rest.strip_prefix('[') {
            if let Some(quoted) = inside.strip_prefix('"') {
                let end = quoted.find("\"]").ok_or_else(invalid)?;
                let (name, after) = quoted.split_at(end);
                steps.push(Step::Field(name.replace("\\\"", "\"")));
                rest = after.get(2..).unwrap_or_default();
            } else {
                let (index, after) = inside.split_once(']').ok_or_else(invalid)?;
                steps.push(Step::Element(index.parse().map_err(|_| invalid())?));
                rest = after;
            }
            continue;
        }
        let name =
            if steps.is_empty() { rest } else { rest.strip_prefix('.').ok_or_else(invalid)? };
        let end = name.find(['.', '[']).unwrap_or(name.len());
        let (name, after) = name.split_at(end);
        let is_name = name.starts_with(|c: char| c == '_' || c.is_alphabetic())
            && name.chars().all(|c| c == '_' || c == '-' || c.is_alphanumeric());
        if !is_name {
            return Err(invalid());
        }
        steps.push(Step::Field(name.to_owned()));
        rest = after;
    }
    if steps.is_empty() { Err(invalid()) } else { Ok(steps) }
}

/// The value at a path; the first one if a name is repeated.
pub(super) fn find<'a>(line: &'a str, path: &[Step]) -> Option<Value<'a>> {
    let mut value = Reader { text: line, at: 0 }.value()?;
    for step in path {
        value = match (step, value) {
            (Step::Field(name), Value::Object(object)) => {
                let mut found = None;
                let _ = fields(object, |key, value| {
                    if key == name.as_str() {
                        found = Some(value);
                    }
                    found.is_none()
                });
                found?
            }
            (Step::Element(index), Value::Array(array)) => element(array, *index)?,
            _ => return None,
        };
    }
    Some(value)
}

fn element(array: &str, index: usize) -> Option<Value<'_>> {
    let mut reader = Reader { text: array, at: 1 };
    for i in 0.. {
        let value = reader.value()?;
        if i == index {
            return Some(value);
        }
        if reader.skip_space()? != b',' {
            return None;
        }
        reader.at += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(line: &str) -> (Vec<String>, bool) {
        let mut out = Vec::new();
        let result = flatten(line, &mut |name, value| out.push(format!("{name}={value}")));
        (out, result.is_ok())
    }

    #[test]
    fn leaves_become_labels() {
        let line = r#"{"a":"x","b":{"c-d":1.50,"e":{"f":true}},"g":[1],"h":null,"i":"\u00e9\n\ud83d\ude00"}"#;
        assert_eq!(
            flat(line),
            (["a=x", "b_c_d=1.50", "b_e_f=true", "i=é\n😀"].map(str::to_owned).to_vec(), true)
        );
        assert_eq!(flat(r#"{"foo":{"cou-nter":1}}""#).0, ["foo_cou_nter=1"]);
    }

    #[test]
    fn what_was_read_before_the_fault_stays() {
        for line in ["{n}", "", "x", "[1]", r#"{"a":}"#, r#"{"a":"#, r#"{"a":"\"#, r#"{"a":"\ud8"#]
        {
            assert!(!flat(line).1, "{line}");
        }
        assert_eq!(flat(r#"{"a":1,"b":{"c":}"#), (vec!["a=1".to_owned()], false));
    }

    #[test]
    fn deep_nesting_is_skipped_without_recursion() {
        let deep = format!("{}1{}", r#"{"a":"#.repeat(50_000), "}".repeat(50_000));
        assert_eq!(flat(&deep), (vec![], true));
        assert!(!flat(&"{\"a\":".repeat(50_000)).1);
        assert!(!flat(&format!("{{\"a\":{}", "[".repeat(50_000))).1);
    }

    #[test]
    fn paths_find_values() {
        let line =
            r#"{"pod":{"uuid":"foo","deployment":{"params": [1,2,"s"], "x y":null}},"pod":2}"#;
        for (path, text) in [
            ("pod.uuid", Some("foo")),
            (r#"["pod"].deployment.params[2]"#, Some("s")),
            ("pod.deployment.params", Some("[1,2,\"s\"]")),
            (r#"pod.deployment["x y"]"#, Some("")),
            ("pod.nope", None),
            ("pod.deployment.params[9]", None),
        ] {
            let found = find(line, &parse_path(path).unwrap()).map(Value::into_text);
            assert_eq!(found.as_deref(), text, "{path}");
        }
        for path in ["", ".", "a..b", "a[", "a[x]", "a\"b", "a["] {
            assert!(parse_path(path).is_err(), "{path}");
        }
    }
}
