//! Loki's patterns: literals between captures such as `<ip> - <_>`.

/// A part of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Literal(String),
    /// A name, or `_` for a discarded capture.
    Capture(String),
}

/// A pattern.
#[derive(Debug, Clone)]
pub struct Pattern {
    parts: Vec<Part>,
}

impl Pattern {
    fn parse(text: &str) -> Vec<Part> {
        let mut parts: Vec<Part> = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(at) = rest.find('<') {
            let (before, from) = rest.split_at(at);
            literal.push_str(before);
            let name =
                from.get(1..).and_then(|inside| inside.split_once('>')).map(|(name, _)| name);
            match name {
                Some(name) if is_name(name) => {
                    if !literal.is_empty() {
                        parts.push(Part::Literal(std::mem::take(&mut literal)));
                    }
                    parts.push(Part::Capture(name.to_owned()));
                    rest = from.get(name.len() + 2..).unwrap_or_default();
                }
                _ => {
                    literal.push('<');
                    rest = from.get(1..).unwrap_or_default();
                }
            }
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            parts.push(Part::Literal(literal));
        }
        parts
    }

    /// The pattern of a `| pattern` stage: named captures, not adjacent to each other.
    ///
    /// # Errors
    /// What is wrong with it, worded as in Loki.
    pub fn of_stage(text: &str) -> Result<Self, String> {
        let parts = Self::parse(text);
        let mut names: Vec<&str> = Vec::new();
        for pair in parts.windows(2) {
            if let [Part::Capture(a), Part::Capture(b)] = pair {
                return Err(format!("found consecutive capture '<{a}><{b}>': invalid expression"));
            }
        }
        for part in &parts {
            if let Part::Capture(name) = part
                && name != "_"
            {
                if names.contains(&name.as_str()) {
                    return Err(format!("duplicate capture name ({name}): invalid expression"));
                }
                names.push(name);
            }
        }
        if names.is_empty() {
            return Err("at least one capture is required".to_owned());
        }
        Ok(Self { parts })
    }

    /// The pattern of a line filter: only `<_>`.
    ///
    /// # Errors
    /// As [`Self::of_stage`].
    pub fn of_filter(text: &str) -> Result<Self, String> {
        let parts = Self::parse(text);
        for part in &parts {
            if let Part::Capture(name) = part
                && name != "_"
            {
                return Err(format!("named captures are not allowed: found '<{name}>'"));
            }
        }
        Ok(Self { parts })
    }

    /// Calls `each` with the captures as far as the line matches the pattern.
    pub fn captures<'a>(&self, line: &'a str, mut each: impl FnMut(&str, &'a str)) {
        let mut rest = line;
        let mut parts = self.parts.iter().peekable();
        if let Some(Part::Literal(literal)) = parts.peek() {
            let Some(after) = rest.strip_prefix(literal.as_str()) else { return };
            rest = after;
            parts.next();
        }
        while let Some(part) = parts.next() {
            let Part::Capture(name) = part else { continue };
            let (value, after, is_complete) = match parts.peek() {
                Some(Part::Literal(literal)) => match rest.split_once(literal.as_str()) {
                    Some((value, after)) => (value, after, true),
                    None => (rest, "", false),
                },
                _ => (rest, "", true),
            };
            if name != "_" {
                each(name, value);
            }
            if !is_complete {
                return;
            }
            rest = after;
        }
    }

    /// Whether the whole line matches the pattern, with non-empty captures.
    #[must_use]
    pub fn matches(&self, line: &str) -> bool {
        let mut rest = line;
        let mut is_after_capture = false;
        for part in &self.parts {
            match part {
                Part::Capture(_) => is_after_capture = true,
                Part::Literal(literal) if !is_after_capture => {
                    match rest.strip_prefix(literal.as_str()) {
                        Some(after) => rest = after,
                        None => return false,
                    }
                }
                Part::Literal(literal) => {
                    match rest.find(literal.as_str()) {
                        Some(at) if at > 0 => {
                            rest = rest.get(at + literal.len()..).unwrap_or_default();
                        }
                        _ => return false,
                    }
                    is_after_capture = false;
                }
            }
        }
        if is_after_capture { !rest.is_empty() } else { rest.is_empty() }
    }
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c == '_' || c.is_ascii_alphabetic())
        && name.bytes().all(|b| b == b'_' || b.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captures_lie_between_literals() {
        for (pattern, line, expected) in [
            ("foo <foo> bar", "foo buzz bar", "foo=buzz"),
            ("<foo> bar<fuzz>", " bar", "foo= fuzz="),
            ("<path>?<_>", "/api/status", "path=/api/status"),
            (
                "<ip> - [<_>] \"<method> <_>\"",
                "1.2.3.4 - [now] \"GET /x HTTP\"",
                "ip=1.2.3.4 method=GET",
            ),
            ("foo <f>\"", "bar", ""),
            ("unicode <emoji> character", "unicode 🤷 character", "emoji=🤷"),
        ] {
            let mut out = Vec::new();
            Pattern::of_stage(pattern)
                .unwrap()
                .captures(line, |name, value| out.push(format!("{name}={}", value.trim())));
            assert_eq!(out.join(" "), expected, "{pattern}");
        }
    }

    #[test]
    fn filters_match_whole_lines() {
        for (pattern, line, matches) in [
            ("GET <_> 200", "GET /api 200", true),
            ("GET /api", "GET /api 200", false),
            ("<_>", " bar ", true),
            ("<_>", "", false),
            ("", "", true),
            ("", "x", false),
            ("<_> bar", " bar", false),
            ("a<_>", "a", false),
            ("level=error <_>", "level=error x", true),
        ] {
            assert_eq!(
                Pattern::of_filter(pattern).unwrap().matches(line),
                matches,
                "{pattern:?} {line:?}"
            );
        }
    }

    #[test]
    fn patterns_without_sense_are_refused() {
        for pattern in ["", "<_>", "foo", "<f><f>", "<f> f<f>", "f<f><_>"] {
            assert!(Pattern::of_stage(pattern).is_err(), "{pattern}");
        }
        assert!(Pattern::of_filter("<verb> x").is_err());
    }
}
