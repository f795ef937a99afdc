//! Checks the length of files, `lib.rs` and crates. Clippy checks functions: `clippy.toml`.
//!
//! Larger ones are listed in [`EXCEPTIONS`] with their size. The list can only shrink: an exception
//! that is exceeded, at least a tenth too large or obsolete is an error.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::shell::root;

/// Lines of a source file, tests included.
const FILE_LINES_MAX: usize = 500;

/// Lines of a `lib.rs`, which serves as the table of contents of its crate.
const LIB_LINES_MAX: usize = 120;

/// Lines of Rust in a crate. Tests do not count, so that the limit never discourages them.
const CRATE_LINES_MAX: usize = 15_000;

/// Larger files and crates with their size when listed; crates rounded up to the next thousand.
const EXCEPTIONS: &[(&str, usize)] = &[
    ("crates/glasshouse-sdk", 18_000),
    ("crates/glasshouse-sdk/src/http/tests.rs", 508),
    ("crates/lang/src/logql/parser.rs", 579),
    ("crates/lang/src/promql/ast.rs", 559),
    ("crates/lang/src/traceql/parser.rs", 538),
    ("crates/store", 16_400),
    ("crates/store/src/tests/sim_files.rs", 512),
    ("crates/store/src/metrics/head.rs", 502),
    ("crates/store/src/metrics/part/reader.rs", 583),
    ("crates/store/src/metrics/part/tests.rs", 711),
    ("crates/store/src/write_ahead/writer.rs", 509),
    ("e2e/s3/src/lib.rs", 180),
    ("examples/agent/page/src/style.css", 517),
    ("examples/agent/src/lib.rs", 132),
];

/// Extensions of checked files; tables and prose may be long.
const CODE: &[&str] = &["css", "mjs", "py", "rs", "ts", "tsx"];

/// The types of the page.
const GENERATED: &str = "ui/src/api/generated.ts";

/// A file or crate with its size and limit.
struct Measured {
    name: String,
    lines: usize,
    limit: usize,
}

/// Compares all files and crates with their limits or exceptions.
pub(super) fn check(files: &[PathBuf]) -> Result<Vec<String>> {
    let mut measured = Vec::new();
    // A generated file is read where it is generated from.
    let written = files.iter().filter(|path| !path.ends_with(GENERATED));
    for path in written.filter(|path| has_extension(path, CODE)) {
        let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
        let is_lib = path.file_name().is_some_and(|name| name == "lib.rs");
        measured.push(Measured {
            name: shown(path),
            lines: text.lines().count(),
            limit: if is_lib { LIB_LINES_MAX } else { FILE_LINES_MAX },
        });
    }
    for manifest in files.iter().filter(|path| path.ends_with("Cargo.toml")) {
        let folder = manifest.parent().unwrap_or(manifest);
        let lines = crate_lines(files, folder)?;
        measured.push(Measured { name: shown(folder), lines, limit: CRATE_LINES_MAX });
    }
    Ok(compare(&measured, EXCEPTIONS))
}

/// Lines of Rust in a crate's folder `src`, without tests.
fn crate_lines(files: &[PathBuf], folder: &Path) -> Result<usize> {
    let source = folder.join("src");
    let mut lines = 0;
    for path in
        files.iter().filter(|path| path.starts_with(&source) && has_extension(path, &["rs"]))
    {
        let inside = path.strip_prefix(&source).unwrap_or(path);
        if !inside.components().any(|part| part.as_os_str() == "tests")
            && !path.ends_with("tests.rs")
        {
            let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
            lines += lines_before_tests(&text);
        }
    }
    Ok(lines)
}

/// Lines before the test module at the end of a file.
fn lines_before_tests(text: &str) -> usize {
    text.find("\n#[cfg(test)]\nmod tests {").map_or(text, |end| &text[..=end]).lines().count()
}

fn compare(measured: &[Measured], exceptions: &[(&str, usize)]) -> Vec<String> {
    let listed = |name: &str| exceptions.iter().find(|(listed, _)| *listed == name);
    let mut wrong: Vec<String> = measured
        .iter()
        .filter_map(|Measured { name, lines, limit }| match listed(name) {
            None if lines > limit => Some(format!("{name}: {lines} lines, more than {limit}")),
            Some((_, size)) if lines > size => {
                Some(format!("{name}: {lines} lines; it may shrink from {size}, not grow"))
            }
            Some(_) if lines <= limit => Some(format!(
                "{name}: {lines} lines are within {limit}: take it off the exceptions"
            )),
            Some((_, size)) if lines * 10 < size * 9 => {
                Some(format!("{name}: {lines} lines; lower its exception from {size}"))
            }
            _ => None,
        })
        .collect();
    let is_gone = |name: &str| measured.iter().all(|measured| measured.name != name);
    wrong.extend(
        exceptions
            .iter()
            .filter(|(name, _)| is_gone(name))
            .map(|(name, _)| format!("{name} is not there: take it off the exceptions")),
    );
    wrong
}

fn has_extension(path: &Path, kinds: &[&str]) -> bool {
    path.extension().is_some_and(|extension| kinds.iter().any(|kind| extension == *kind))
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

#[cfg(test)]
mod tests {
    use super::{Measured, compare, lines_before_tests};

    fn measured(lines: usize) -> [Measured; 1] {
        [Measured { name: "long.rs".to_owned(), lines, limit: 500 }]
    }

    #[test]
    fn what_is_too_long_needs_an_exception() {
        assert!(compare(&measured(500), &[]).is_empty());
        assert_eq!(compare(&measured(501), &[]), ["long.rs: 501 lines, more than 500"]);
        assert!(compare(&measured(501), &[("long.rs", 501)]).is_empty());
    }

    #[test]
    fn exceptions_only_shrink() {
        let exceptions = [("long.rs", 1000)];
        assert!(compare(&measured(900), &exceptions).is_empty());
        for (lines, says) in [(1001, "not grow"), (899, "lower"), (500, "take it off")] {
            let wrong = compare(&measured(lines), &exceptions);
            assert!(wrong.len() == 1 && wrong[0].contains(says), "{lines}: {wrong:?}");
        }
        let wrong = compare(&[], &exceptions);
        assert!(wrong[0].contains("is not there"), "{wrong:?}");
    }

    #[test]
    fn tests_at_the_end_of_a_file_do_not_count() {
        assert_eq!(lines_before_tests("a\nb\n#[cfg(test)]\nmod tests {\n}\n"), 2);
        assert_eq!(lines_before_tests("a\n#[cfg(test)]\nmod tests;\nb\n"), 4);
    }
}
