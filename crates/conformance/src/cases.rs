//! Test cases of this repository: text files of questions and expected answers.
//!
//! Unindented lines are the question; lines below it, indented by four spaces, are the answer.
//! Lines starting with `#` are comments; an empty line ends a case.
//!
//! With `UPDATE=1` in the environment the answers are rewritten, except for known failures. Review
//! the diff before committing.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::Tolerated;

const INDENT: &str = "    ";

/// Whether answers are to be rewritten.
#[must_use]
pub fn is_update() -> bool {
    std::env::var_os("UPDATE").is_some_and(|value| !value.is_empty() && value != "0")
}

/// A section of a file.
#[derive(Debug, PartialEq)]
enum Part<'a> {
    /// A comment or an empty line.
    Line(&'a str),
    Case(Case<'a>),
}

#[derive(Debug, PartialEq)]
struct Case<'a> {
    line: usize,
    question: String,
    answer: Vec<&'a str>,
}

fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut question: Vec<&str> = Vec::new();
    let mut lines = text.lines().enumerate().peekable();
    while let Some((at, line)) = lines.next() {
        if line.is_empty() || line.starts_with('#') {
            parts.push(Part::Line(line));
            continue;
        }
        question.push(line);
        let is_over = |next: &str| next.is_empty() || next.starts_with(INDENT);
        if lines.peek().is_some_and(|(_, next)| !is_over(next)) {
            continue;
        }
        let mut answer = Vec::new();
        while let Some((_, line)) = lines.next_if(|(_, next)| next.starts_with(INDENT)) {
            answer.push(line.strip_prefix(INDENT).unwrap_or(line));
        }
        let line = at + 2 - question.len();
        parts.push(Part::Case(Case { line, question: question.join("\n"), answer }));
        question.clear();
    }
    parts
}

/// Compares every case in the folder's `.txt` files with the result of `answer`, and returns their
/// number. `known-failures.txt` lists exceptions, as `file.txt: question`.
///
/// # Panics
/// If an answer differs, a known failure passes, or a file cannot be read or written.
pub fn check_cases(folder: &Path, answer: impl Fn(&str) -> String) -> usize {
    let mut known = Tolerated::read(&folder.join("known-failures.txt"));
    let (mut wrong, mut count) = (String::new(), 0);
    for file in files(folder) {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut updated = String::new();
        for part in parts(&text) {
            let case = match part {
                Part::Line(line) => {
                    let _infallible = writeln!(updated, "{line}");
                    continue;
                }
                Part::Case(case) => case,
            };
            count += 1;
            let found = answer(&case.question);
            let expected = case.answer.join("\n");
            let id = format!("{name}: {}", case.question.replace('\n', " "));
            let mut kept = &found;
            if found != expected {
                if known.failed(&id) {
                    kept = &expected;
                } else {
                    let line = case.line;
                    let _infallible = writeln!(
                        wrong,
                        "{name}:{line}\n{}\n  expected:\n{expected}\n  found:\n{found}\n",
                        case.question
                    );
                }
            }
            let _infallible = writeln!(updated, "{}", case.question);
            for line in kept.lines() {
                let _infallible = writeln!(updated, "{INDENT}{line}");
            }
        }
        if is_update() && updated != text {
            std::fs::write(&file, updated).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }
    let idle = known.idle();
    assert!(idle.is_empty(), "known failures that are none: take them off the list: {idle:?}");
    assert!(wrong.is_empty() || is_update(), "{wrong}");
    assert!(count > 0, "no cases in {}", folder.display());
    count
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{} cannot be read: {error}", folder.display()));
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|ending| ending == "txt"))
        .filter(|path| path.file_name().is_some_and(|name| name != "known-failures.txt"))
        .collect();
    files.sort();
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_stand_at_the_margin_and_answers_below_them() {
        let text = "# Sums\n\na +\nb\n    = a + b\n\nc\n    ! 1:1\n    more\nd\n    = d\n";
        let case = |line, question: &str, answer: &[&'static str]| {
            Part::Case(Case { line, question: question.into(), answer: answer.into() })
        };
        assert_eq!(
            parts(text),
            [
                Part::Line("# Sums"),
                Part::Line(""),
                case(3, "a +\nb", &["= a + b"]),
                Part::Line(""),
                case(7, "c", &["! 1:1", "more"]),
                case(10, "d", &["= d"]),
            ]
        );
    }
}
