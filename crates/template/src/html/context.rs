//! The place in a document, which the text of templates moves.

use super::attribute::{Attribute, is_script_type};
use super::script::Script;
use crate::go::quote::quote;

/// A place in a document.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Context {
    pub(super) state: State,
    element: Element,
    pub(super) attribute: Attribute,
    pub(super) quote: Quote,
    pub(super) url: UrlPart,
    pub(super) script: Script,
}

/// What is at a place.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum State {
    /// Text and elements.
    #[default]
    Text,
    /// Text without elements.
    TextOnly,
    /// Inside a tag, before a name or the end of the tag.
    Tag,
    AttributeName,
    AfterName,
    BeforeValue,
    Value,
    Comment,
    Script,
    Style,
}

/// Elements whose content is not text and elements.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Element {
    #[default]
    Other,
    Script,
    Style,
    Textarea,
    Title,
}

/// How the value of an attribute ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Quote {
    #[default]
    None,
    Double,
    Single,
}

/// The part of a URL.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum UrlPart {
    #[default]
    Start,
    BeforeQuery,
    Query,
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\u{c}' | '\r')
}

impl Element {
    fn named(name: &str) -> Self {
        match name.to_ascii_lowercase().as_str() {
            "script" => Self::Script,
            "style" => Self::Style,
            "textarea" => Self::Textarea,
            "title" => Self::Title,
            _ => Self::Other,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Other => "",
            Self::Script => "script",
            Self::Style => "style",
            Self::Textarea => "textarea",
            Self::Title => "title",
        }
    }

    /// What its content is.
    fn content(self) -> State {
        match self {
            Self::Other => State::Text,
            Self::Script => State::Script,
            Self::Style => State::Style,
            Self::Textarea | Self::Title => State::TextOnly,
        }
    }
}

impl Context {
    /// Moves over a text of a template. Returns what of it is written: comments are not, and a `<`
    /// that starts no tag is escaped.
    pub(super) fn step<'t>(&mut self, text: &'t str, out: &mut String) -> Result<&'t str, String> {
        match self.state {
            State::Text => Ok(self.elements(text, out)),
            State::TextOnly | State::Script | State::Style => Ok(self.content(text, out)),
            State::Comment => Ok(match text.split_once("-->") {
                Some((_, rest)) => {
                    *self = Self::default();
                    rest
                }
                None => "",
            }),
            State::Tag => self.tag(text, out),
            State::AttributeName => self.rest_of_name(text, out),
            State::AfterName => Ok(self.after_name(text, out)),
            State::BeforeValue => Ok(self.before_value(text, out)),
            State::Value => self.value(text, out),
        }
    }

    /// Moves over a text of a template.
    pub(crate) fn text(&mut self, text: &str) -> Result<String, String> {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while !rest.is_empty() {
            rest = self.step(rest, &mut out)?;
        }
        Ok(out)
    }

    fn elements<'t>(&mut self, text: &'t str, out: &mut String) -> &'t str {
        let Some(at) = text.find('<') else {
            out.push_str(text);
            return "";
        };
        let (before, tag) = text.split_at(at);
        out.push_str(before);
        if let Some(comment) = tag.strip_prefix("<!--") {
            self.state = State::Comment;
            return comment;
        }
        let inner = tag.get(1..).unwrap_or_default();
        let name = inner.strip_prefix('/').unwrap_or(inner);
        let length = tag_name_length(name);
        if length == 0 {
            let is_doctype = inner.get(..8).is_some_and(|s| s.eq_ignore_ascii_case("!doctype"));
            out.push_str(if is_doctype { "<" } else { "&lt;" });
            return inner;
        }
        let is_end = name.len() < inner.len();
        let named = Element::named(name.get(..length).unwrap_or_default());
        let (written, rest) = tag.split_at(tag.len() - name.len() + length);
        out.push_str(written);
        let element = if is_end { Element::Other } else { named };
        *self = Self { state: State::Tag, element, ..Self::default() };
        rest
    }

    /// The content of an element that only its end tag ends.
    fn content<'t>(&mut self, text: &'t str, out: &mut String) -> &'t str {
        let end = end_tag(text, self.element.name());
        let (content, rest) = text.split_at(end.unwrap_or(text.len()));
        match self.state {
            State::TextOnly => out.push_str(&content.replace('<', "&lt;")),
            State::Script => {
                self.script.text(content);
                out.push_str(content);
            }
            _ => out.push_str(content),
        }
        if end.is_some() {
            *self = Self::default();
        }
        rest
    }

    fn tag<'t>(&mut self, text: &'t str, out: &mut String) -> Result<&'t str, String> {
        let rest = spaces(text, out);
        if let Some(content) = rest.strip_prefix('>') {
            out.push('>');
            let state = self.element.content();
            *self = Self { state, element: self.element, ..Self::default() };
            return Ok(content);
        }
        if rest.is_empty() {
            return Ok("");
        }
        if rest.starts_with('=') {
            let found = quote(rest);
            return Err(format!("expected space, attr name, or end of tag, but got {found}"));
        }
        let length = name_length(rest)?;
        let name = rest.get(..length).unwrap_or_default();
        self.attribute = match Attribute::named(name) {
            Attribute::Sensitive
                if self.element == Element::Script && name.eq_ignore_ascii_case("type") =>
            {
                Attribute::ScriptType
            }
            attribute => attribute,
        };
        self.name(rest, out)
    }

    /// More of a name whose start is written: the whole name is not known.
    fn rest_of_name<'t>(&mut self, text: &'t str, out: &mut String) -> Result<&'t str, String> {
        if name_length(text)? > 0 {
            self.attribute = Attribute::Refused;
        }
        self.name(text, out)
    }

    /// An attribute's name.
    fn name<'t>(&mut self, text: &'t str, out: &mut String) -> Result<&'t str, String> {
        let (name, rest) = text.split_at(name_length(text)?);
        out.push_str(name);
        self.state = if rest.is_empty() { State::AttributeName } else { State::AfterName };
        Ok(rest)
    }

    fn after_name<'t>(&mut self, text: &'t str, out: &mut String) -> &'t str {
        let rest = spaces(text, out);
        if let Some(value) = rest.strip_prefix('=') {
            out.push('=');
            self.state = State::BeforeValue;
            return value;
        }
        if !rest.is_empty() {
            self.state = State::Tag;
        }
        rest
    }

    fn before_value<'t>(&mut self, text: &'t str, out: &mut String) -> &'t str {
        let rest = spaces(text, out);
        if rest.is_empty() {
            return rest;
        }
        self.state = State::Value;
        self.url = UrlPart::Start;
        for (delimiter, quote) in [('"', Quote::Double), ('\'', Quote::Single)] {
            if let Some(value) = rest.strip_prefix(delimiter) {
                out.push(delimiter);
                self.quote = quote;
                return value;
            }
        }
        self.quote = Quote::None;
        rest
    }

    fn value<'t>(&mut self, text: &'t str, out: &mut String) -> Result<&'t str, String> {
        let end = match self.quote {
            Quote::Double => text.find('"'),
            Quote::Single => text.find('\''),
            Quote::None => text.find(|c| is_space(c) || c == '>'),
        };
        let (value, rest) = text.split_at(end.unwrap_or(text.len()));
        let quotes = |c| matches!(c, '"' | '\'' | '<' | '=' | '`');
        if let Some(c) = value.chars().find(|c| self.quote == Quote::None && quotes(*c)) {
            let c = quote(&c.to_string());
            return Err(format!("{c} in unquoted attr: {}", quote(value)));
        }
        out.push_str(value);
        if value.contains(['#', '?']) {
            self.url = UrlPart::Query;
        } else if self.url == UrlPart::Start && !value.trim().is_empty() {
            self.url = UrlPart::BeforeQuery;
        }
        if end.is_none() {
            return Ok("");
        }
        if self.attribute == Attribute::ScriptType && !is_script_type(value) {
            self.element = Element::Other;
        }
        *self = Self { state: State::Tag, element: self.element, ..Self::default() };
        if rest.starts_with(['"', '\'']) {
            let (delimiter, rest) = rest.split_at(1);
            out.push_str(delimiter);
            return Ok(rest);
        }
        Ok(rest)
    }

    /// Whether a document may end here.
    pub(crate) fn is_text(&self) -> bool {
        self.state == State::Text
    }

    /// Moves to where a value stands that is printed next.
    pub(super) fn before_print(&mut self) {
        match self.state {
            State::Tag | State::AfterName => {
                self.state = State::AttributeName;
                self.attribute = Attribute::Plain;
            }
            State::AttributeName => self.attribute = Attribute::Refused,
            State::BeforeValue => {
                self.state = State::Value;
                self.quote = Quote::None;
                self.url = UrlPart::Start;
            }
            _ => {}
        }
    }
}

/// Writes the spaces at the start; returns the rest.
fn spaces<'t>(text: &'t str, out: &mut String) -> &'t str {
    let rest = text.trim_start_matches(is_space);
    out.push_str(text.get(..text.len() - rest.len()).unwrap_or_default());
    rest
}

/// The length of a tag's name at the start of a text: letters and digits, with single `-` or `:`
/// between them.
fn tag_name_length(text: &str) -> usize {
    if !text.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return 0;
    }
    let mut bytes = text.bytes().enumerate().peekable();
    while let Some((at, byte)) = bytes.next() {
        let is_followed = bytes.peek().is_some_and(|(_, next)| next.is_ascii_alphanumeric());
        let separates = matches!(byte, b'-' | b':') && is_followed;
        if !byte.is_ascii_alphanumeric() && !separates {
            return at;
        }
    }
    text.len()
}

/// The length of an attribute's name at the start of a text.
fn name_length(text: &str) -> Result<usize, String> {
    let end = text.find(|c| is_space(c) || matches!(c, '=' | '>' | '\'' | '"' | '<'));
    let end = end.unwrap_or(text.len());
    match text.get(end..).and_then(|rest| rest.chars().next()) {
        Some(c @ ('\'' | '"' | '<')) => {
            let name: String = text.chars().take(32).collect();
            Err(format!("{} in attribute name: {}", quote(&c.to_string()), quote(&name)))
        }
        _ => Ok(end),
    }
}

/// Where the end tag of an element starts.
fn end_tag(text: &str, name: &str) -> Option<usize> {
    text.match_indices("</").map(|(at, _)| at).find(|at| {
        let rest = text.get(at + 2..).unwrap_or_default();
        let is_named = rest.get(..name.len()).is_some_and(|found| found.eq_ignore_ascii_case(name));
        let after = rest.get(name.len()..).unwrap_or_default();
        is_named && after.starts_with(|c| is_space(c) || matches!(c, '>' | '/'))
    })
}
