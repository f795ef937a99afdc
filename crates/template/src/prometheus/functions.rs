//! The functions of Prometheus' templates that need nothing but their arguments.

use std::collections::BTreeMap;

use super::host::{strip_domain, strip_port};
use super::sample::QUERY_RESULT;
use crate::call::{Call, Function, Kind, Parameters, Returned, argument, text};
use crate::go::quote::quote;
use crate::go::title::{self, title};
use crate::go::url::{query_escape, query_unescape};
use crate::value::{ANY_MAP, Safe, Value};
use crate::{humanize, pattern};

const TEXT: Parameters = Parameters::fixed(&[Kind::String]);
const RESULT: Kind = Kind::Of(&["template.queryResult"]);
const A_SAMPLE: Kind = Kind::Of(&["*template.sample"]);

/// All functions but those that [`super::Expander`] binds.
pub(super) static TABLES: &[&[Function]] =
    &[TABLE, humanize::NUMBERS, humanize::DURATION, pattern::TABLE];

static TABLE: &[Function] = &[
    Function { name: "first", parameters: Parameters::fixed(&[RESULT]), body: first },
    Function {
        name: "label",
        parameters: Parameters::fixed(&[Kind::String, A_SAMPLE]),
        body: |_, arguments| label(argument(arguments, 1), text(arguments, 0)),
    },
    Function {
        name: "value",
        parameters: Parameters::fixed(&[A_SAMPLE]),
        body: |_, arguments| field(argument(arguments, 0), "Value"),
    },
    Function {
        name: "strvalue",
        parameters: Parameters::fixed(&[A_SAMPLE]),
        body: |_, arguments| label(argument(arguments, 0), "__value__"),
    },
    Function {
        name: "sortByLabel",
        parameters: Parameters::fixed(&[Kind::String, RESULT]),
        body: sort_by_label,
    },
    Function { name: "args", parameters: Parameters::at_least(&[], Kind::Any), body: args },
    Function {
        name: "safeHtml",
        parameters: TEXT,
        body: |_, arguments| Ok(Value::Safe(Safe::Html, text(arguments, 0).into())),
    },
    Function {
        name: "title",
        parameters: TEXT,
        body: |_, arguments| Ok(title(text(arguments, 0), title::Rest::Kept).into()),
    },
    Function {
        name: "toUpper",
        parameters: TEXT,
        body: |_, arguments| Ok(text(arguments, 0).to_uppercase().into()),
    },
    Function {
        name: "toLower",
        parameters: TEXT,
        body: |_, arguments| Ok(text(arguments, 0).to_lowercase().into()),
    },
    Function {
        name: "graphLink",
        parameters: TEXT,
        body: |call, arguments| link(call, arguments, 0),
    },
    Function {
        name: "tableLink",
        parameters: TEXT,
        body: |call, arguments| link(call, arguments, 1),
    },
    Function {
        name: "stripPort",
        parameters: TEXT,
        body: |_, arguments| Ok(strip_port(text(arguments, 0)).into()),
    },
    Function {
        name: "stripDomain",
        parameters: TEXT,
        body: |_, arguments| Ok(strip_domain(text(arguments, 0)).into()),
    },
    Function {
        name: "parseDuration",
        parameters: TEXT,
        body: |_, arguments| Ok(Value::Float(seconds(text(arguments, 0))?)),
    },
    Function {
        name: "urlQueryEscape",
        parameters: TEXT,
        body: |call, arguments| {
            let mut out = call.text();
            query_escape(text(arguments, 0), &mut out)?;
            Ok(out.finish().into())
        },
    },
];

fn first(_: &mut Call<'_, '_>, arguments: &[Value]) -> Returned {
    let samples = argument(arguments, 0).items();
    let none = "first() called on vector with no elements";
    samples.first().cloned().ok_or_else(|| none.to_owned())
}

/// A field of a sample.
fn field(sample: &Value, name: &str) -> Returned {
    match sample {
        Value::Struct(sample) => Ok(sample.field(name).cloned().unwrap_or(Value::Nil)),
        _ => Err("runtime error: invalid memory address or nil pointer dereference".to_owned()),
    }
}

/// A label of a sample; empty if it is absent.
fn label(sample: &Value, name: &str) -> Returned {
    match field(sample, "Labels")? {
        Value::Map(labels) => Ok(labels.get(name)),
        _ => Ok("".into()),
    }
}

fn sort_by_label(_: &mut Call<'_, '_>, arguments: &[Value]) -> Returned {
    let name = text(arguments, 0);
    let key = |sample: &Value| match label(sample, name) {
        Ok(Value::String(value)) => value.to_string(),
        _ => String::new(),
    };
    let mut samples = argument(arguments, 1).items().to_vec();
    samples.sort_by_cached_key(key);
    Ok(Value::list(&QUERY_RESULT, samples)?)
}

/// A map of the arguments by `arg0`, `arg1` and so on.
fn args(_: &mut Call<'_, '_>, arguments: &[Value]) -> Returned {
    let named = arguments.iter().enumerate().map(|(at, value)| (format!("arg{at}"), value.clone()));
    Ok(Value::map(&ANY_MAP, named.collect::<BTreeMap<_, _>>())?)
}

/// A link to the page of a query: 0 is its graph, 1 its table.
fn link(call: &mut Call<'_, '_>, arguments: &[Value], tab: u8) -> Returned {
    let mut out = call.text();
    out.push("/graph?g0.expr=")?;
    query_escape(text(arguments, 0), &mut out)?;
    out.push(&format!("&g0.tab={tab}"))?;
    Ok(out.finish().into())
}

/// The path of a URL.
pub(super) fn path(url: &str) -> String {
    let after_scheme = url.split_once("://").map_or(url, |(_, after)| after);
    let path = after_scheme.find('/').and_then(|at| after_scheme.get(at..)).unwrap_or_default();
    let path = path.split(['?', '#']).next().unwrap_or_default();
    // A path has no `+` for spaces.
    query_unescape(&path.replace('+', "%2B")).unwrap_or_else(|_| path.to_owned())
}

/// Units in descending order, in milliseconds.
const UNITS: [(&str, u64); 7] = [
    ("y", 365 * 86_400_000),
    ("w", 7 * 86_400_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// Longest duration in milliseconds: fits 64-bit nanoseconds.
const MILLISECONDS_MAX: u64 = i64::MAX as u64 / 1_000_000;

/// Seconds of a duration such as `-1h30m`.
fn seconds(duration: &str) -> Result<f64, String> {
    match duration.strip_prefix('-') {
        Some(positive) => Ok(-(milliseconds(positive)? as f64) / 1000.0),
        None => Ok(milliseconds(duration)? as f64 / 1000.0),
    }
}

fn milliseconds(duration: &str) -> Result<u64, String> {
    match duration {
        "0" => return Ok(0),
        "" => return Err("empty duration string".to_owned()),
        _ => {}
    }
    let invalid = || format!("not a valid duration string: {}", quote(duration));
    let out_of_range = || "duration out of range".to_owned();
    let (mut rest, mut units, mut total) = (duration, UNITS.iter(), 0_u64);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(invalid)?;
        let (count, after) = rest.split_at(digits);
        let count: u64 = count.parse().map_err(|_| invalid())?;
        let letters = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let (name, after) = after.split_at(letters);
        if UNITS.iter().all(|(known, _)| *known != name) {
            let (name, duration) = (quote(name), quote(duration));
            return Err(format!("unknown unit {name} in duration {duration}"));
        }
        let (_, unit) = units.find(|(known, _)| *known == name).ok_or_else(invalid)?;
        let part = count.checked_mul(*unit).ok_or_else(out_of_range)?;
        total = total.checked_add(part).ok_or_else(out_of_range)?;
        if total > MILLISECONDS_MAX {
            return Err(out_of_range());
        }
        rest = after;
    }
    Ok(total)
}
