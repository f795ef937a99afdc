//! Shared test support: readable test cases, corpora of other projects stored outside the
//! repository, and lists of tolerated failures.
//!
//! Used by tests only. Independent of language and format: the caller evaluates a case.

#![allow(clippy::panic, reason = "a test fails by a panic")]

mod cases;
mod corpora;
mod tolerated;

pub use cases::{check_cases, is_update};
pub use corpora::{Corpus, corpus_bytes, corpus_folder, corpus_text};
pub use tolerated::Tolerated;

use std::io::Write as _;

/// Prints a line even if the test passes: the test harness captures only the output of the print
/// macros.
pub fn say(line: &str) {
    let _unwritable = writeln!(std::io::stderr().lock(), "{line}");
}
