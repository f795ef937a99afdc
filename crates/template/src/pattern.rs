//! Functions with regular expressions: `match` and `reReplaceAll`.

use signals::regexp::{Replacement, anywhere};

use crate::call::{Call, Function, Kind, Parameters, Returned, text};
use crate::value::Value;

/// Both functions.
pub(crate) static TABLE: &[Function] = &[
    Function {
        name: "match",
        parameters: Parameters::fixed(&[Kind::String, Kind::String]),
        body: is_match,
    },
    Function {
        name: "reReplaceAll",
        parameters: Parameters::fixed(&[Kind::String, Kind::String, Kind::String]),
        body: replace_all,
    },
];

/// Steps of a call: to compile a pattern takes up to some milliseconds.
const STEPS: usize = 1_000;

fn is_match(call: &mut Call<'_, '_>, arguments: &[Value]) -> Returned {
    call.take_steps(STEPS)?;
    Ok(Value::Bool(anywhere(text(arguments, 0))?.is_match(text(arguments, 1))))
}

/// The third argument with all matches of the first replaced by the second.
fn replace_all(call: &mut Call<'_, '_>, arguments: &[Value]) -> Returned {
    call.take_steps(STEPS)?;
    let pattern = anywhere(text(arguments, 0))?;
    let replacement = Replacement::new(text(arguments, 1), &pattern);
    let searched = text(arguments, 2);
    let mut out = call.text();
    let mut end = 0;
    for captures in pattern.captures_iter(searched) {
        let Some(found) = captures.get(0) else { continue };
        out.push(searched.get(end..found.start()).unwrap_or_default())?;
        for piece in replacement.pieces(&captures) {
            out.push(piece)?;
        }
        end = found.end();
    }
    out.push(searched.get(end..).unwrap_or_default())?;
    Ok(out.finish().into())
}
