//! Functions on the content of lists, maps and strings.

use crate::call::{Call, Returned, argument};
use crate::value::{ANY_LIST, Value};

pub(super) fn length(_: &mut Call<'_, '_>, arguments: &[Value]) -> Returned {
    let length = match argument(arguments, 0) {
        Value::String(text) | Value::Safe(_, text) => text.len(),
        Value::List(list) => list.items().len(),
        Value::Map(map) => map.entries().len(),
        Value::Nil => return Err("len of nil pointer".to_owned()),
        other => return Err(format!("len of type {}", other.type_name())),
    };
    Ok(Value::Int(length as i64))
}

/// An index that is at most `length`.
fn position(index: &Value, length: usize) -> Result<usize, String> {
    let Some(number) = index.as_integer() else {
        return Err(match index {
            Value::Nil => "cannot index slice/array with nil".to_owned(),
            other => format!("cannot index slice/array with type {}", other.type_name()),
        });
    };
    let position = usize::try_from(number).ok().filter(|position| *position <= length);
    position.ok_or_else(|| format!("index out of range: {number}"))
}

/// `x[1][2]`: the first argument indexed by the others.
pub(super) fn index(_: &mut Call<'_, '_>, arguments: &[Value]) -> Returned {
    let Some((item, indexes)) = arguments.split_first() else { return Ok(Value::Nil) };
    if matches!(item, Value::Nil) {
        return Err("index of untyped nil".to_owned());
    }
    let mut item = item.clone();
    for index in indexes {
        item = match &item {
            Value::List(list) => {
                let items = list.items();
                let position = position(index, items.len())?;
                items.get(position).cloned().ok_or("reflect: slice index out of range")?
            }
            Value::String(text) | Value::Safe(_, text) => {
                let position = position(index, text.len())?;
                let byte = text.as_bytes().get(position);
                Value::Int((*byte.ok_or("reflect: string index out of range")?).into())
            }
            Value::Map(map) => match index {
                Value::String(key) => map.get(key),
                Value::Nil => return Err("value is nil; should be of type string".to_owned()),
                other => {
                    let found = other.type_name();
                    return Err(format!("value has type {found}; should be string"));
                }
            },
            Value::Nil => return Err("index of nil pointer".to_owned()),
            other => return Err(format!("can't index item of type {}", other.type_name())),
        };
    }
    Ok(item)
}

/// `x[1:2]`: the first argument between the others. Parts of a character become U+FFFD.
pub(super) fn slice(_: &mut Call<'_, '_>, arguments: &[Value]) -> Returned {
    let Some((item, indexes)) = arguments.split_first() else { return Ok(Value::Nil) };
    if indexes.len() > 3 {
        return Err(format!("too many slice indexes: {}", indexes.len()));
    }
    let length = match item {
        Value::Nil => return Err("slice of untyped nil".to_owned()),
        Value::String(_) | Value::Safe(..) if indexes.len() == 3 => {
            return Err("cannot 3-index slice a string".to_owned());
        }
        Value::String(text) | Value::Safe(_, text) => text.len(),
        Value::List(list) => list.items().len(),
        other => return Err(format!("can't slice item of type {}", other.type_name())),
    };
    let mut bounds = [0, length, length];
    for (bound, index) in bounds.iter_mut().zip(indexes) {
        *bound = position(index, length)?;
    }
    let [start, end, capacity] = bounds;
    if start > end {
        return Err(format!("invalid slice index: {start} > {end}"));
    }
    if end > capacity {
        return Err(format!("invalid slice index: {end} > {capacity}"));
    }
    if let Value::List(list) = item {
        let kind = item.kind().unwrap_or(&ANY_LIST);
        let items = list.items().get(start..end).unwrap_or_default();
        return Ok(Value::list(kind, items.to_vec())?);
    }
    let bytes = item.as_text().unwrap_or_default().as_bytes();
    let text = String::from_utf8_lossy(bytes.get(start..end).unwrap_or_default());
    match item {
        Value::Safe(safe, _) => Ok(Value::Safe(*safe, text.into())),
        _ => Ok(Value::String(text.into())),
    }
}

/// No value of a template is a function.
pub(super) fn call(_: &mut Call<'_, '_>, arguments: &[Value]) -> Returned {
    match argument(arguments, 0) {
        Value::Nil => Err("call of nil".to_owned()),
        other => Err(format!("non-function of type {}", other.type_name())),
    }
}
