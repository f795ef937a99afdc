//! Parts of Go's standard library that templates show: formats of numbers, strings, times and URLs.

pub(crate) mod float;
pub(crate) mod layout;
pub(crate) mod number;
pub(crate) mod printf;
pub(crate) mod quote;
pub(crate) mod time;
pub(crate) mod title;
pub(crate) mod url;
pub(crate) mod verb;
