//! Escapes a value for its place in a document.

use super::attribute::Attribute;
use super::context::{Context, Quote, State, UrlPart};
use super::script::ScriptState;
use crate::go::verb::Verb;
use crate::text::{Overflow, Text};
use crate::value::{Safe, Value};

/// What replaces a value that is not safe at its place, as in Go.
const UNSAFE: &str = "ZgotmplZ";

type Escaped = Result<(), String>;

/// Writes a value at a place of a document.
///
/// # Errors
/// If no value may be printed there, or the text is full.
pub(crate) fn escape(context: &mut Context, value: &Value, out: &mut Text) -> Escaped {
    context.before_print();
    match context.state {
        State::Text => match value {
            Value::Safe(Safe::Html, text) => out.push(text)?,
            _ => push_text(out, &printed(value, out)?, true)?,
        },
        State::TextOnly => {
            let is_escaped = matches!(value, Value::Safe(Safe::Html, _));
            push_text(out, &printed(value, out)?, !is_escaped)?;
        }
        State::AttributeName => out.push(&attribute_name(&printed(value, out)?))?,
        State::Value => attribute(context, value, out)?,
        State::Style => out.push(&style(&printed(value, out)?))?,
        State::Script => script(context, value, out)?,
        State::Comment | State::Tag | State::AfterName | State::BeforeValue => {}
    }
    Ok(())
}

/// The value as text, within the limit of the output.
fn printed(value: &Value, out: &Text) -> Result<String, Overflow> {
    let mut text = Text::new(out.left());
    match value {
        Value::Nil => {}
        value => Verb::value().part(&mut text, value)?,
    }
    Ok(text.finish())
}

/// Writes text for an element or a quoted attribute. The `&` of text that is escaped already stays.
fn push_text(out: &mut Text, text: &str, escapes_ampersand: bool) -> Result<(), Overflow> {
    for c in text.chars() {
        match c {
            '&' if !escapes_ampersand => out.push("&")?,
            '+' => out.push("&#43;")?,
            c => crate::builtins::escape_html(c.encode_utf8(&mut [0; 4]), out)?,
        }
    }
    Ok(())
}

/// The name of an attribute, if a value may give it.
fn attribute_name(text: &str) -> String {
    let name = text.to_ascii_lowercase();
    let is_plain = Attribute::named(&name) == Attribute::Plain;
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if is_plain && is_name { name } else { UNSAFE.to_owned() }
}

fn attribute(context: &Context, value: &Value, out: &mut Text) -> Escaped {
    let text = printed(value, out)?;
    let is_url = matches!(value, Value::Safe(Safe::Url, _));
    let is_text = matches!(
        context.attribute,
        Attribute::Plain | Attribute::Sensitive | Attribute::ScriptType
    );
    let is_html = is_text && matches!(value, Value::Safe(Safe::Html, _));
    let text = match context.attribute {
        _ if is_html => without_tags(&text),
        Attribute::Plain | Attribute::Sensitive | Attribute::ScriptType => text,
        Attribute::Content if has_safe_scheme(&text) => text,
        Attribute::Content => UNSAFE.to_owned(),
        Attribute::Url => url(&text, context.url, is_url, out.left())?,
        Attribute::UrlList => url(&text, UrlPart::Start, is_url, out.left())?.replace(',', "%2c"),
        Attribute::Style => style(&text),
        Attribute::Refused => {
            let places = "event handlers, srcdoc and attributes with composed names";
            return Err(format!("values are not supported in {places}"));
        }
    };
    match context.quote {
        Quote::None if text.is_empty() => out.push(UNSAFE)?,
        Quote::None => push_unquoted(out, &text, !is_html)?,
        Quote::Double | Quote::Single => push_text(out, &text, !is_html)?,
    }
    Ok(())
}

fn push_unquoted(out: &mut Text, text: &str, escapes_ampersand: bool) -> Result<(), Overflow> {
    for c in text.chars() {
        match c {
            '\t' | '\n' | '\u{b}' | '\u{c}' | '\r' | ' ' | '=' | '`' => {
                out.push(&format!("&#{};", u32::from(c)))?;
            }
            '\0' => out.push("&#xfffd;")?,
            '\u{fdd0}'..='\u{fdef}' | '\u{fff0}'..='\u{ffff}' => {
                out.push(&format!("&#x{:x};", u32::from(c)))?;
            }
            c => push_text(out, c.encode_utf8(&mut [0; 4]), escapes_ampersand)?,
        }
    }
    Ok(())
}

/// The text of HTML without its tags and comments.
fn without_tags(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, tag)) = rest.split_once('<') {
        kept.push_str(before);
        let is_tag = tag.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!'));
        if let Some((_, after)) = tag.split_once('>').filter(|_| is_tag) {
            rest = after;
        } else {
            kept.push('<');
            rest = tag;
        }
    }
    kept.push_str(rest);
    kept
}

/// A URL or part of one, percent-encoded for its place. A whole URL must have a safe scheme.
fn url(text: &str, part: UrlPart, is_safe: bool, limit: usize) -> Result<String, Overflow> {
    let mut out = Text::new(limit);
    if part == UrlPart::Start && !is_safe && !has_safe_scheme(text) {
        out.push("#")?;
        out.push(UNSAFE)?;
        return Ok(out.finish());
    }
    let keeps_reserved = is_safe || part != UrlPart::Query;
    let bytes = text.as_bytes();
    for (index, byte) in bytes.iter().copied().enumerate() {
        let is_escape = || {
            let digits = bytes.get(index + 1..index + 3).unwrap_or_default();
            digits.len() == 2 && digits.iter().all(u8::is_ascii_hexdigit)
        };
        let is_kept = match byte {
            b'!' | b'#' | b'$' | b'&' | b'*' | b'+' | b',' | b'/' | b':' | b';' | b'=' | b'?'
            | b'@' | b'[' | b']' => keeps_reserved,
            b'%' => keeps_reserved && is_escape(),
            b'-' | b'.' | b'_' | b'~' => true,
            byte => byte.is_ascii_alphanumeric(),
        };
        if is_kept {
            out.fill(byte.into(), 1)?;
        } else {
            out.push(&format!("%{byte:02x}"))?;
        }
    }
    Ok(out.finish())
}

/// Whether a URL has no scheme, or one that runs no script.
fn has_safe_scheme(text: &str) -> bool {
    match text.split_once(':') {
        Some((scheme, _)) if !scheme.contains('/') => {
            ["http", "https", "mailto"].iter().any(|safe| scheme.eq_ignore_ascii_case(safe))
        }
        _ => true,
    }
}

/// A part of a value in a style: words, numbers and colours.
fn style(text: &str) -> String {
    let is_safe = |c: char| c.is_ascii_alphanumeric() || " #%.,_-".contains(c);
    if text.chars().all(is_safe) && !text.contains("--") {
        text.to_owned()
    } else {
        UNSAFE.to_owned()
    }
}

fn script(context: &mut Context, value: &Value, out: &mut Text) -> Escaped {
    match context.script.state {
        ScriptState::Code => {
            context.script.divides = true;
            literal(value, out)?;
        }
        ScriptState::String(_) | ScriptState::RegularExpression { .. } => {
            push_script_text(out, &printed(value, out)?)?;
        }
        ScriptState::TemplateLiteral => {
            return Err("values are not supported in template literals of scripts".to_owned());
        }
        ScriptState::LineComment | ScriptState::BlockComment => {}
    }
    Ok(())
}

/// A value as a literal of a script: as in JSON.
fn literal(value: &Value, out: &mut Text) -> Result<(), Overflow> {
    match value {
        Value::Nil => out.push(" null "),
        Value::Bool(_) | Value::Int(_) => {
            out.push(" ")?;
            Verb::value().part(out, value)?;
            out.push(" ")
        }
        Value::Float(number) if number.is_finite() => out.push(&format!(" {number} ")),
        Value::List(list) => {
            out.push("[")?;
            for (index, item) in list.items().iter().enumerate() {
                out.push(if index > 0 { "," } else { "" })?;
                literal(item, out)?;
            }
            out.push("]")
        }
        Value::Map(map) => {
            out.push("{")?;
            for (index, (key, item)) in map.entries().iter().enumerate() {
                out.push(if index > 0 { ",\"" } else { "\"" })?;
                push_script_text(out, key)?;
                out.push("\":")?;
                literal(item, out)?;
            }
            out.push("}")
        }
        _ => {
            let text = printed(value, out)?;
            out.push("\"")?;
            push_script_text(out, &text)?;
            out.push("\"")
        }
    }
}

/// Writes text for a string or a regular expression of a script: what could end it or mean something
/// in it is escaped.
fn push_script_text(out: &mut Text, text: &str) -> Result<(), Overflow> {
    for c in text.chars() {
        let is_kept = c.is_alphanumeric() || matches!(c, ' ' | '_' | ',' | ':' | ';' | '@' | '%');
        if is_kept {
            out.fill(c, 1)?;
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            out.push(&format!("\\u{unit:04x}"))?;
        }
    }
    Ok(())
}
