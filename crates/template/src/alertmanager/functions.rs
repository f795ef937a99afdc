//! The functions of Alertmanager's templates that need nothing but their arguments.

use std::collections::BTreeMap;

use base64::engine::general_purpose::URL_SAFE;
use base64::{DecodeError, Engine as _};

use super::json;
use super::labels::{STRINGS_KIND, join};
use crate::call::{Call, Function, Kind, Parameters, Returned, argument, text};
use crate::go::layout;
use crate::go::time::Time;
use crate::go::title::{self, title};
use crate::go::url::query_unescape;
use crate::value::{ANY_LIST, ANY_MAP, STRING_LIST, Safe, Value};
use crate::{humanize, pattern};

const TEXT: Parameters = Parameters::fixed(&[Kind::String]);
const TWO_TEXTS: Parameters = Parameters::fixed(&[Kind::String, Kind::String]);
const A_TIME: Kind = Kind::Of(&["time.Time"]);
const TEXT_AND_TIME: Parameters = Parameters::fixed(&[Kind::String, A_TIME]);

/// Parameters of `since`.
pub(super) const TIME: Parameters = Parameters::fixed(&[A_TIME]);

/// All functions but those that [`super::Expander`] binds.
pub(super) static TABLES: &[&[Function]] = &[TABLE, humanize::DURATION, pattern::TABLE];

static TABLE: &[Function] = &[
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
        name: "title",
        parameters: TEXT,
        body: |_, arguments| Ok(title(text(arguments, 0), title::Rest::Lower).into()),
    },
    Function {
        name: "trimSpace",
        parameters: TEXT,
        body: |_, arguments| Ok(text(arguments, 0).trim().into()),
    },
    Function {
        name: "join",
        parameters: Parameters::fixed(&[Kind::String, STRINGS_KIND]),
        body: |call, arguments| join(call, argument(arguments, 1), text(arguments, 0)),
    },
    Function {
        name: "safeHtml",
        parameters: TEXT,
        body: |_, arguments| Ok(Value::Safe(Safe::Html, text(arguments, 0).into())),
    },
    Function {
        name: "safeUrl",
        parameters: TEXT,
        body: |_, arguments| Ok(Value::Safe(Safe::Url, text(arguments, 0).into())),
    },
    Function {
        name: "urlUnescape",
        parameters: TEXT,
        body: |_, arguments| Ok(query_unescape(text(arguments, 0))?.into()),
    },
    Function {
        name: "stringSlice",
        parameters: Parameters::at_least(&[], Kind::String),
        body: |_, arguments| Ok(Value::list(&STRING_LIST, arguments.to_vec())?),
    },
    Function { name: "date", parameters: TEXT_AND_TIME, body: date },
    Function {
        name: "tz",
        parameters: TEXT_AND_TIME,
        body: |_, arguments| match argument(arguments, 1) {
            Value::Time(time) => Ok(Value::Time(time.in_zone(text(arguments, 0))?)),
            _ => Ok(Value::Nil),
        },
    },
    Function {
        name: "toDate",
        parameters: TWO_TEXTS,
        body: |_, arguments| {
            let time = layout::parse(text(arguments, 0), text(arguments, 1));
            Ok(Value::Time(time.unwrap_or_else(|_| Time::zero())))
        },
    },
    Function {
        name: "mustToDate",
        parameters: TWO_TEXTS,
        body: |_, arguments| {
            Ok(Value::Time(layout::parse(text(arguments, 0), text(arguments, 1))?))
        },
    },
    Function {
        name: "toJson",
        parameters: Parameters::fixed(&[Kind::Any]),
        body: |call, arguments| {
            let mut out = call.text();
            json::write(argument(arguments, 0), &mut out)?;
            Ok(out.finish().into())
        },
    },
    Function {
        name: "base64encode",
        parameters: TEXT,
        body: |_, arguments| Ok(URL_SAFE.encode(text(arguments, 0)).into()),
    },
    Function { name: "base64decode", parameters: TEXT, body: base64_decode },
    Function {
        name: "list",
        parameters: Parameters::at_least(&[], Kind::Any),
        body: |_, arguments| Ok(Value::list(&ANY_LIST, arguments.to_vec())?),
    },
    Function {
        name: "append",
        parameters: Parameters::at_least(&[Kind::Of(&["[]interface {}"])], Kind::Any),
        body: |_, arguments| {
            let mut items = argument(arguments, 0).items().to_vec();
            items.extend_from_slice(arguments.get(1..).unwrap_or_default());
            Ok(Value::list(&ANY_LIST, items)?)
        },
    },
    Function { name: "dict", parameters: Parameters::at_least(&[], Kind::Any), body: dict },
];

fn date(call: &mut Call<'_, '_>, arguments: &[Value]) -> Returned {
    let mut out = call.text();
    if let Value::Time(time) = argument(arguments, 1) {
        time.format(text(arguments, 0), &mut out)?;
    }
    Ok(out.finish().into())
}

fn base64_decode(_: &mut Call<'_, '_>, arguments: &[Value]) -> Returned {
    let encoded = text(arguments, 0).replace(['\r', '\n'], "");
    let decoded = URL_SAFE.decode(&encoded).map_err(|error| {
        let at = match error {
            DecodeError::InvalidByte(at, _) | DecodeError::InvalidLastSymbol(at, _) => at,
            // Go names the start of the last four bytes.
            DecodeError::InvalidLength(_) | DecodeError::InvalidPadding => encoded.len() / 4 * 4,
        };
        format!("illegal base64 data at input byte {at}")
    })?;
    Ok(String::from_utf8_lossy(&decoded).into_owned().into())
}

/// A map of keys and values by turns.
fn dict(_: &mut Call<'_, '_>, arguments: &[Value]) -> Returned {
    let (pairs, rest) = arguments.as_chunks::<2>();
    if !rest.is_empty() {
        return Err("dict requires an even number of arguments".to_owned());
    }
    let mut entries = BTreeMap::new();
    for [key, value] in pairs {
        let Value::String(key) = key else { return Err("dict keys must be strings".to_owned()) };
        entries.insert(key.to_string(), value.clone());
    }
    Ok(Value::map(&ANY_MAP, entries)?)
}
