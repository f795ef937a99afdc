//! What the tests of several crates share: our own cases as readable text, the corpora of other
//! projects that lie outside the repository, and the lists of what is tolerated.
//!
//! Only tests use it. It knows no language and no format: a caller says what a text comes to.

#![allow(clippy::panic, reason = "a test fails by a panic")]

mod cases;
mod corpora;
mod tolerated;

pub use cases::{check_cases, is_update};
pub use corpora::{Corpus, corpus_bytes, corpus_folder, corpus_text};
pub use tolerated::Tolerated;

use std::io::Write as _;

/// Writes a line that is seen even when the test passes: the test runner holds back only what the
/// printing macros write.
pub fn say(line: &str) {
    let _unwritable = writeln!(std::io::stderr().lock(), "{line}");
}
