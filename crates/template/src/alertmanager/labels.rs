//! `KV` and what its methods return: `Pairs` and `Strings`.

use std::collections::BTreeMap;

use crate::call::{Call, Kind, Method, Parameters, Returned, argument, text};
use crate::text::{Overflow, Text};
use crate::value::{Field, Type, Value};

/// The name of the label that comes first.
const ALERT_NAME: &str = "alertname";

/// Types that a parameter of the type `[]string` takes.
pub(super) const STRINGS_KIND: Kind = Kind::Of(&["[]string", "template.Strings"]);

/// `template.KV`: labels or annotations.
pub(super) static KV: Type = Type {
    methods: &[
        Method { name: "SortedPairs", parameters: Parameters::NONE, body: sorted_pairs },
        Method { name: "Remove", parameters: Parameters::fixed(&[STRINGS_KIND]), body: remove },
        Method {
            name: "Names",
            parameters: Parameters::NONE,
            body: |_, kv, _| Ok(strings(pairs(kv).map(|(name, _)| name))),
        },
        Method {
            name: "Values",
            parameters: Parameters::NONE,
            body: |_, kv, _| Ok(strings(pairs(kv).map(|(_, value)| value))),
        },
    ],
    print: Some(|kv, out| print_pairs(pairs(kv), out)),
    holds_strings: true,
    ..Type::new("template.KV")
};

/// `template.Pair`
static PAIR: Type = Type {
    fields: &[Field { name: "Name", json: "Name" }, Field { name: "Value", json: "Value" }],
    ..Type::new("template.Pair")
};

/// `template.Pairs`
static PAIRS: Type = Type {
    methods: &[
        Method {
            name: "Names",
            parameters: Parameters::NONE,
            body: |_, list, _| Ok(strings(listed(list).map(|(name, _)| name))),
        },
        Method {
            name: "Values",
            parameters: Parameters::NONE,
            body: |_, list, _| Ok(strings(listed(list).map(|(_, value)| value))),
        },
    ],
    print: Some(|list, out| print_pairs(listed(list), out)),
    ..Type::new("template.Pairs")
};

/// `template.Strings`
static STRINGS: Type = Type {
    methods: &[Method {
        name: "Join",
        parameters: Parameters::fixed(&[Kind::String]),
        body: |call, list, arguments| join(call, list, text(arguments, 0)),
    }],
    holds_strings: true,
    ..Type::new("template.Strings")
};

/// Labels or annotations in templates.
pub(super) fn kv(labels: &BTreeMap<String, String>) -> Value {
    Value::string_map(&KV, labels)
}

/// Names and values in order of names, `alertname` first.
fn pairs(kv: &Value) -> impl Iterator<Item = (&str, &str)> {
    let entries = match kv {
        Value::Map(map) => Some(map.entries()),
        _ => None,
    };
    let all = move || {
        let entries = entries.into_iter().flatten();
        entries.map(|(name, value)| (name.as_str(), value.as_text().unwrap_or_default()))
    };
    let first = all().filter(|(name, _)| *name == ALERT_NAME);
    first.chain(all().filter(|(name, _)| *name != ALERT_NAME))
}

/// Names and values of a list of pairs.
fn listed(list: &Value) -> impl Iterator<Item = (&str, &str)> {
    list.items().iter().map(|pair| match pair {
        Value::Struct(pair) => {
            let text = |name| pair.field(name).and_then(Value::as_text).unwrap_or_default();
            (text("Name"), text("Value"))
        }
        _ => ("", ""),
    })
}

fn strings<'a>(items: impl Iterator<Item = &'a str>) -> Value {
    Value::strings(&STRINGS, items.map(str::to_owned))
}

fn print_pairs<'a>(
    pairs: impl Iterator<Item = (&'a str, &'a str)>,
    out: &mut Text,
) -> Result<(), Overflow> {
    for (index, (name, value)) in pairs.enumerate() {
        out.push(if index > 0 { ", " } else { "" })?;
        out.push(name)?;
        out.push("=")?;
        out.push(value)?;
    }
    Ok(())
}

fn sorted_pairs(_: &mut Call<'_, '_>, kv: &Value, _: &[Value]) -> Returned {
    let pair =
        |(name, value): (&str, &str)| Value::structure(&PAIR, vec![name.into(), value.into()]);
    Ok(Value::list(&PAIRS, pairs(kv).map(pair).collect::<Result<_, _>>()?)?)
}

/// The labels without those with these names.
fn remove(_: &mut Call<'_, '_>, kv: &Value, arguments: &[Value]) -> Returned {
    let names: Vec<&str> =
        argument(arguments, 0).items().iter().filter_map(Value::as_text).collect();
    let kept = pairs(kv).filter(|(name, _)| !names.contains(name));
    let kept = kept.map(|(name, value)| (name.to_owned(), value.into())).collect();
    Ok(Value::map(&KV, kept)?)
}

/// Strings with a separator between them.
pub(super) fn join(call: &Call<'_, '_>, list: &Value, separator: &str) -> Returned {
    let mut out = call.text();
    for (index, item) in list.items().iter().enumerate() {
        if index > 0 {
            out.push(separator)?;
        }
        out.push(item.as_text().unwrap_or_default())?;
    }
    Ok(out.finish().into())
}
