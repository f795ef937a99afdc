//! The functions that every template has: Go's predefined ones.

mod compare;
mod content;
mod escape;

pub(crate) use escape::escape_html;

use crate::call::{Function, Kind, Parameters, argument};
use crate::value::Value;

const ONE: Parameters = Parameters::fixed(&[Kind::Any]);
const TWO: Parameters = Parameters::fixed(&[Kind::Any, Kind::Any]);
const SOME: Parameters = Parameters::at_least(&[Kind::Any], Kind::Any);
const ANY: Parameters = Parameters::at_least(&[], Kind::Any);

/// Go's functions. `and` and `or` do not evaluate all arguments, so the execution has them built in.
pub(crate) static TABLE: &[Function] = &[
    Function { name: "and", parameters: SOME, body: |_, _| Err("not called".to_owned()) },
    Function { name: "or", parameters: SOME, body: |_, _| Err("not called".to_owned()) },
    Function {
        name: "not",
        parameters: ONE,
        body: |_, arguments| Ok(Value::Bool(!argument(arguments, 0).is_true())),
    },
    Function { name: "eq", parameters: SOME, body: compare::equal },
    Function { name: "ne", parameters: TWO, body: compare::not_equal },
    Function { name: "lt", parameters: TWO, body: compare::less },
    Function { name: "le", parameters: TWO, body: compare::less_or_equal },
    Function { name: "gt", parameters: TWO, body: compare::greater },
    Function { name: "ge", parameters: TWO, body: compare::greater_or_equal },
    Function { name: "len", parameters: ONE, body: content::length },
    Function { name: "index", parameters: SOME, body: content::index },
    Function { name: "slice", parameters: SOME, body: content::slice },
    Function { name: "call", parameters: SOME, body: content::call },
    Function { name: "print", parameters: ANY, body: escape::print },
    Function { name: "println", parameters: ANY, body: escape::println },
    Function {
        name: "printf",
        parameters: Parameters::at_least(&[Kind::String], Kind::Any),
        body: escape::printf,
    },
    Function { name: "html", parameters: ANY, body: escape::html },
    Function { name: "js", parameters: ANY, body: escape::js },
    Function { name: "urlquery", parameters: ANY, body: escape::urlquery },
];
