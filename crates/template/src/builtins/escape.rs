//! Functions that print values, and escape what they print.

use crate::call::{Call, Returned, text};
use crate::go::printf;
use crate::go::url::query_escape;
use crate::set::Mode;
use crate::text::{Overflow, Text};
use crate::value::{Safe, Value};

pub(super) fn print(call: &mut Call<'_, '_>, arguments: &[Value]) -> Returned {
    printed(call, arguments).map(Value::from)
}

pub(super) fn println(call: &mut Call<'_, '_>, arguments: &[Value]) -> Returned {
    let mut out = call.text();
    printf::println(&mut out, arguments)?;
    Ok(out.finish().into())
}

pub(super) fn printf(call: &mut Call<'_, '_>, arguments: &[Value]) -> Returned {
    let mut out = call.text();
    printf::printf(&mut out, text(arguments, 0), arguments.get(1..).unwrap_or_default())?;
    Ok(out.finish().into())
}

fn printed(call: &Call<'_, '_>, values: &[Value]) -> Result<String, String> {
    let mut out = call.text();
    printf::print(&mut out, values)?;
    Ok(out.finish())
}

/// What is escaped: the values as they are printed without a function.
fn escapable(call: &Call<'_, '_>, values: &[Value]) -> Result<String, String> {
    let shown = |value: &Value| match value {
        Value::Nil => "<no value>".into(),
        value => value.clone(),
    };
    printed(call, &values.iter().map(shown).collect::<Vec<_>>())
}

/// Escapes for HTML. A document does not escape the result again.
pub(super) fn html(call: &mut Call<'_, '_>, arguments: &[Value]) -> Returned {
    let mut out = call.text();
    escape_html(&escapable(call, arguments)?, &mut out)?;
    Ok(safe(call, Safe::Html, out))
}

/// Escapes for the query of a URL. A document does not escape the result again.
pub(super) fn urlquery(call: &mut Call<'_, '_>, arguments: &[Value]) -> Returned {
    let mut out = call.text();
    query_escape(&escapable(call, arguments)?, &mut out)?;
    Ok(safe(call, Safe::Url, out))
}

fn safe(call: &Call<'_, '_>, safe: Safe, out: Text) -> Value {
    match call.execution.set.mode {
        Mode::Text => out.finish().into(),
        Mode::Html => Value::Safe(safe, out.finish().into()),
    }
}

/// Escapes for a string of JavaScript.
pub(super) fn js(call: &mut Call<'_, '_>, arguments: &[Value]) -> Returned {
    let mut out = call.text();
    for c in escapable(call, arguments)?.chars() {
        match c {
            '\\' => out.push("\\\\")?,
            '\'' => out.push("\\'")?,
            '"' => out.push("\\\"")?,
            '<' | '>' | '&' | '=' => out.push(&unicode_escape(c))?,
            c if c < ' ' || (!c.is_ascii() && c.is_control()) => out.push(&unicode_escape(c))?,
            c => out.fill(c, 1)?,
        }
    }
    Ok(out.finish().into())
}

fn unicode_escape(c: char) -> String {
    format!("\\u{:04X}", u32::from(c))
}

/// Replaces the characters that have a meaning in HTML.
pub(crate) fn escape_html(text: &str, out: &mut Text) -> Result<(), Overflow> {
    for c in text.chars() {
        match c {
            '\0' => out.push("\u{fffd}")?,
            '"' => out.push("&#34;")?,
            '\'' => out.push("&#39;")?,
            '&' => out.push("&amp;")?,
            '<' => out.push("&lt;")?,
            '>' => out.push("&gt;")?,
            c => out.fill(c, 1)?,
        }
    }
    Ok(())
}
