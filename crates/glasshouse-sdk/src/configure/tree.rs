//! YAML as a tree with positions. Scalars keep their spelling, so that `version: 1.10` is not 1.1.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;

/// A value and its position, line and column from 1.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) place: (u64, u64),
    pub(crate) content: Content,
}

/// The content of a node.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Content {
    /// Null or empty.
    Nothing,
    /// A string, number or boolean as written.
    Scalar(String),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping, in the order of the file.
    Map(Vec<(String, Node)>),
}

/// Parses one document. The parser limits depth, size and aliases.
///
/// # Errors
/// A one-line message with the position, if the text is not valid YAML.
pub(crate) fn parse(text: &str) -> Result<Node, String> {
    let has_content =
        text.lines().any(|line| !matches!(line.trim().bytes().next(), None | Some(b'#')));
    if !has_content {
        return Ok(Node { place: (1, 1), content: Content::Nothing });
    }
    // A source excerpt below a message could show secrets.
    let options = serde_saphyr::options! {
        with_snippet: false,
        // A `.nan` is one invalid value, not an unreadable file.
        non_finite_float_policy: serde_saphyr::NonFiniteFloatPolicy::PassThrough,
    };
    let raw: Spanned<Raw> =
        serde_saphyr::from_str_with_options(text, options).map_err(|error| {
            let message = error.to_string();
            let line = message.lines().next().unwrap_or_default();
            line.strip_prefix("error: ").unwrap_or(line).to_owned()
        })?;
    Ok(node(raw, text))
}

fn node(spanned: Spanned<Raw>, source: &str) -> Node {
    let place = (spanned.referenced.line(), spanned.referenced.column());
    let content = match spanned.value {
        Raw::Nothing => Content::Nothing,
        Raw::Text(text) => Content::Scalar(text),
        Raw::Typed(text) => {
            let span = spanned.defined.span();
            let start = span.byte_offset().and_then(|offset| usize::try_from(offset).ok());
            let length = span.byte_len().and_then(|length| usize::try_from(length).ok());
            let written = start
                .zip(length)
                .and_then(|(start, length)| source.get(start..start.checked_add(length)?))
                .map(str::trim)
                .filter(|written| !written.is_empty());
            Content::Scalar(written.map_or(text, str::to_owned))
        }
        Raw::List(items) => {
            Content::List(items.into_iter().map(|item| node(item, source)).collect())
        }
        Raw::Map(entries) => Content::Map(
            entries.into_iter().map(|(key, value)| (key, node(value, source))).collect(),
        ),
    };
    Node { place, content }
}

enum Raw {
    Nothing,
    Text(String),
    /// A number or boolean; its spelling is looked up in the source.
    Typed(String),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(String, Spanned<Raw>)>),
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Nothing)
    }

    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Nothing)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Raw, D::Error> {
        Raw::deserialize(deserializer)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Raw, E> {
        Ok(Raw::Typed(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Raw, E> {
        Ok(Raw::Typed(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Raw, E> {
        Ok(Raw::Typed(value.to_string()))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Raw, E> {
        Ok(Raw::Typed(value.to_string()))
    }

    fn visit_u128<E>(self, value: u128) -> Result<Raw, E> {
        Ok(Raw::Typed(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Raw, E> {
        Ok(Raw::Typed(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Raw, E> {
        Ok(Raw::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Raw, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Raw::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Raw, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = access.next_entry()? {
            entries.push(entry);
        }
        Ok(Raw::Map(entries))
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scalars(text: &str) -> Vec<String> {
        let Content::Map(entries) = parse(text).unwrap().content else { panic!("no map") };
        let scalar = |(_, node): (String, Node)| match node.content {
            Content::Scalar(text) => text,
            other => format!("{other:?}"),
        };
        entries.into_iter().map(scalar).collect()
    }

    #[test]
    fn scalars_stay_as_they_are_written() {
        let text = "{a: 1.10, b: '1.10', c: off, d: 007, e: ~, f: x y, g: true, h: 1e3}";
        let expected = ["1.10", "1.10", "off", "007", "Nothing", "x y", "true", "1e3"];
        assert_eq!(scalars(text), expected);
        assert_eq!(
            scalars("a: &x 2.50\nb: *x\nc: 'ü'\nd: 0.20 # e\n"),
            ["2.50", "2.50", "ü", "0.20"]
        );
    }

    #[test]
    fn places_are_lines_and_columns() {
        let Content::Map(entries) = parse("# c\na:\n  b: 1\n").unwrap().content else { panic!() };
        let Content::Map(inner) = &entries[0].1.content else { panic!() };
        assert_eq!(inner[0].1.place, (3, 6));
    }

    #[test]
    fn hostile_documents_are_refused_without_harm() {
        let deep = "[".repeat(100_000);
        let bomb = "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n\
                    c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\n\
                    e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e]\n\
                    g: [*f,*f,*f,*f,*f,*f,*f,*f,*f]\n";
        for text in ["a: [", "a: b: c", "? [a]\n: b", deep.as_str(), bomb] {
            let error = parse(text).unwrap_err();
            assert!(!error.is_empty() && !error.contains('\n'), "{error:?}");
        }
        assert_eq!(parse("# nothing\n").unwrap().content, Content::Nothing);
    }
}
