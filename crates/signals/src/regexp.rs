//! Regular expressions of Go and the replacements for their matches, which users write in
//! configurations and templates.

mod replacement;
mod syntax;

use regex::{Regex, RegexBuilder};

pub use replacement::Replacement;

use crate::matcher::anchored;

/// Bound on the memory of a compiled pattern that may match anywhere.
const BYTES_MAX: usize = 1 << 20;

/// Compiles a pattern that must match the whole text; `.` matches newlines.
///
/// # Errors
/// A message if the pattern does not compile or is too large.
pub(crate) fn whole(pattern: &str) -> Result<Regex, String> {
    anchored(&syntax::translated(pattern)).map_err(|error| format!("error parsing regexp: {error}"))
}

/// Compiles a pattern that may match anywhere in a text.
///
/// # Errors
/// A message if the pattern does not compile or is too large.
pub fn anywhere(pattern: &str) -> Result<Regex, String> {
    RegexBuilder::new(&syntax::translated(pattern))
        .size_limit(BYTES_MAX)
        .build()
        .map_err(|error| format!("error parsing regexp: {error}"))
}
