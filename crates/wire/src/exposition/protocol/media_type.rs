//! Media types with parameters, with the leniency and the messages of Go's `mime` package, which
//! decides what Prometheus accepts.

/// A media type: lower-case name, parameters with lower-case names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MediaType {
    pub(crate) name: String,
    parameters: Vec<(String, String)>,
}

impl MediaType {
    /// Parses the value of a `Content-Type` header.
    pub(crate) fn parse(header: &str) -> Result<Self, &'static str> {
        let (base, _) = header.split_once(';').unwrap_or((header, ""));
        let name = base.trim().to_lowercase();
        check(&name)?;
        let mut rest = header.get(base.len()..).unwrap_or_default();
        let mut parameters: Vec<(String, String)> = Vec::new();
        loop {
            rest = rest.trim_start();
            if rest.is_empty() || rest.trim() == ";" {
                return Ok(Self { name, parameters });
            }
            let Some((key, value, tail)) = parameter(rest) else {
                return Err("mime: invalid media parameter");
            };
            if parameters.iter().any(|(other, text)| *other == key && *text != value) {
                return Err("mime: duplicate parameter name");
            }
            parameters.push((key, value));
            rest = tail;
        }
    }

    /// The value of a parameter.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find_map(|(key, value)| (key == name).then_some(value.as_str()))
    }
}

fn check(name: &str) -> Result<(), &'static str> {
    let (kind, rest) = token(name);
    if kind.is_empty() {
        return Err("mime: no media type");
    }
    if rest.is_empty() {
        return Ok(());
    }
    let Some(rest) = rest.strip_prefix('/') else {
        return Err("mime: expected slash after first token");
    };
    match token(rest) {
        ("", _) => Err("mime: expected token after slash"),
        (_, "") => Ok(()),
        _ => Err("mime: unexpected content after media subtype"),
    }
}

/// Splits after the token of RFC 2045 at the start, which may be empty.
fn token(text: &str) -> (&str, &str) {
    let is_token = |byte: u8| byte.is_ascii_graphic() && !b"()<>@,;:\\\"/[]?=".contains(&byte);
    let end = text.bytes().position(|byte| !is_token(byte)).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// Reads `; name = value`.
fn parameter(text: &str) -> Option<(String, String, &str)> {
    let (name, rest) = token(text.strip_prefix(';')?.trim_start());
    if name.is_empty() {
        return None;
    }
    let rest = rest.trim_start().strip_prefix('=')?.trim_start();
    if let Some(quoted) = rest.strip_prefix('"') {
        let (value, rest) = quoted_value(quoted)?;
        return Some((name.to_lowercase(), value, rest));
    }
    let (value, rest) = token(rest);
    (!value.is_empty()).then(|| (name.to_lowercase(), value.to_owned(), rest))
}

/// Reads a quoted string after its first quote.
fn quoted_value(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, text.get(at + 1..)?)),
            '\r' | '\n' => return None,
            '\\' => value.push(characters.next()?.1),
            _ => value.push(character),
        }
    }
    None
}
