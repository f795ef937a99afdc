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
/// A message on one line, similar to Go's, if the pattern does not compile or is too large.
pub fn anywhere(pattern: &str) -> Result<Regex, String> {
    RegexBuilder::new(&syntax::translated(pattern)).size_limit(BYTES_MAX).build().map_err(|error| {
        let message = error.to_string();
        let why = message.rsplit_once("error: ").map_or(message.as_str(), |(_, why)| why);
        let why = match why.trim_end() {
            "unclosed group" => "missing closing )",
            "unopened group" => "unexpected )",
            "unclosed character class" => "missing closing ]",
            "repetition operator missing expression" => "missing argument to repetition operator",
            other => other,
        };
        format!("error parsing regexp: {why}: `{pattern}`")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_on_one_line() {
        for (pattern, message) in [
            ("a(", "error parsing regexp: missing closing ): `a(`"),
            ("a)", "error parsing regexp: unexpected ): `a)`"),
            ("[a", "error parsing regexp: missing closing ]: `[a`"),
            ("*", "error parsing regexp: missing argument to repetition operator: `*`"),
        ] {
            assert_eq!(anywhere(pattern).err().as_deref(), Some(message));
        }
        assert!(anywhere("(a{1000}){1000}").is_err_and(|error| !error.contains('\n')));
    }
}
