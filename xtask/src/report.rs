//! The summary of `cargo xtask test`: which tests ran, and what was skipped and why.
//!
//! A test that lacks a prerequisite prints `SKIPPED: <what>: <why>`; one that runs a corpus of a
//! real system prints `CORPUS: <name>: <n> passed, <n> tolerated`. All other output of passing
//! tests is hidden.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::shell::shown;

/// Prefixes of lines for the summary. The last is pytest's.
const NOTES: [&str; 3] = ["SKIPPED: ", "CORPUS: ", "SKIPPED ["];

/// Counts and notes of a run.
#[derive(Default)]
pub(crate) struct Report {
    notes: Vec<String>,
    tests: Tests,
}

/// Numbers of Rust tests by result.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Tests {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) ignored: usize,
}

impl Report {
    /// Records that something was skipped, and why.
    pub(crate) fn skipped(&mut self, what: &str) {
        let note = format!("{}{what}", NOTES[0]);
        eprintln!("{note}");
        self.note(&note);
    }

    /// Runs `cargo test` without arguments for the test binaries.
    pub(crate) fn cargo_test(&mut self, command: &mut Command) -> Result<()> {
        let mut output = TestOutput::default();
        self.run(command.args(["--", "--show-output"]), |report, line| {
            report.count(line);
            output.shows(line)
        })
    }

    /// Runs pytest.
    pub(crate) fn pytest(&mut self, command: &mut Command) -> Result<()> {
        self.run(command.arg("-rs").env("PYTHONUNBUFFERED", "1"), |_, _| true)
    }

    /// Runs a command and prints the lines of its output that satisfy `is_shown`.
    fn run(
        &mut self,
        command: &mut Command,
        mut is_shown: impl FnMut(&mut Self, &str) -> bool,
    ) -> Result<()> {
        let shown = shown(command);
        eprintln!("$ {shown}");
        let mut child = command
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start: {shown}"))?;
        let mut output = BufReader::new(child.stdout.take().context("no output")?);
        let mut bytes = Vec::new();
        while output.read_until(b'\n', &mut bytes)? > 0 {
            let text = String::from_utf8_lossy(&bytes);
            let line = text.trim_end();
            self.note(line);
            if is_shown(self, line) {
                eprintln!("{line}");
            }
            bytes.clear();
        }
        let status = child.wait()?;
        if status.success() { Ok(()) } else { bail!("{shown}: {status}") }
    }

    /// Records a line for the summary, once.
    fn note(&mut self, line: &str) {
        if NOTES.iter().any(|begin| line.starts_with(begin))
            && !self.notes.iter().any(|note| note == line)
        {
            self.notes.push(line.to_owned());
        }
    }

    /// Adds the counts in `test result: ok. 12 passed; 0 failed; 3 ignored; …`.
    fn count(&mut self, line: &str) {
        let Some(result) = line.strip_prefix("test result: ") else { return };
        let number = |name: &str| {
            result
                .split([';', '.'])
                .find_map(|part| part.trim().strip_suffix(name)?.trim().parse::<usize>().ok())
                .unwrap_or_default()
        };
        self.tests.passed += number("passed");
        self.tests.failed += number("failed");
        self.tests.ignored += number("ignored");
    }

    /// The counts since the last call.
    pub(crate) fn take_tests(&mut self) -> Tests {
        std::mem::take(&mut self.tests)
    }

    /// The notes, in order of appearance.
    pub(crate) fn notes(&self) -> &[String] {
        &self.notes
    }
}

/// The position in the output of a test binary.
#[derive(Default)]
struct TestOutput {
    is_of_passing_tests: bool,
}

impl TestOutput {
    /// Whether a line is shown: everything except the output of passing tests.
    fn shows(&mut self, line: &str) -> bool {
        match line {
            "successes:" => self.is_of_passing_tests = true,
            "failures:" => self.is_of_passing_tests = false,
            line if line.starts_with("test result:") => self.is_of_passing_tests = false,
            _ => {}
        }
        !self.is_of_passing_tests
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::{Report, TestOutput, Tests};

    fn printing(text: &str) -> Command {
        let mut command = Command::new("printf");
        command.arg(text);
        command
    }

    #[test]
    fn notes_are_kept_once() {
        let mut report = Report::default();
        let lines = "SKIPPED: a: b\\nother\\nCORPUS: c: 1 passed, 0 tolerated\\nSKIPPED: a: b\\n";
        report.run(&mut printing(lines), |_, _| false).unwrap();
        assert_eq!(report.notes(), ["SKIPPED: a: b", "CORPUS: c: 1 passed, 0 tolerated"]);
    }

    #[test]
    fn what_passing_tests_print_is_not_shown() {
        let mut output = TestOutput::default();
        let lines = "\
test a ... ok
test b ... FAILED

successes:

---- a stdout ----
noise

failures:

---- b stdout ----
assertion failed
test result: FAILED. 1 passed; 1 failed
test c ... ok";
        let shown: Vec<&str> = lines.lines().filter(|line| output.shows(line)).collect();
        assert!(!shown.contains(&"noise"), "{shown:?}");
        for line in ["test b ... FAILED", "assertion failed", "test c ... ok"] {
            assert!(shown.contains(&line), "{line} is missing in {shown:?}");
        }
    }

    #[test]
    fn results_are_added_up() {
        let mut report = Report::default();
        report.count("test result: ok. 12 passed; 0 failed; 3 ignored; 0 measured; 1 filtered out");
        report.count("test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured");
        report.count("test a ... ok");
        assert_eq!(report.take_tests(), Tests { passed: 13, failed: 2, ignored: 3 });
        assert_eq!(report.take_tests(), Tests::default());
    }

    #[test]
    fn a_command_that_fails_is_an_error() {
        let mut report = Report::default();
        assert!(report.run(&mut Command::new("false"), |_, _| true).is_err());
    }
}
