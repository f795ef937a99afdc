//! Test corpora of other projects, stored outside the repository.
//!
//! `GLASSHOUSE_CORPORA` names their folder; if it is set, a missing file fails the test. Otherwise
//! they are expected next to the repository, and a test without its corpus prints a notice and
//! passes.

use std::path::{Path, PathBuf};

use crate::{Tolerated, say};

/// The folder of the corpora, and whether they are required.
struct Place {
    root: PathBuf,
    is_required: bool,
}

impl Place {
    fn named(variable: Option<std::ffi::OsString>) -> Self {
        let is_required = variable.is_some();
        let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora");
        Self { root: variable.map_or_else(beside, PathBuf::from), is_required }
    }

    fn find<T>(&self, path: &str, read: impl Fn(&Path) -> Option<T>) -> Option<T> {
        let found = read(&self.root.join(path));
        assert!(
            found.is_some() || !self.is_required,
            "{path} is not in {}, where GLASSHOUSE_CORPORA says that it is",
            self.root.display()
        );
        found
    }
}

fn found<T>(path: &str, read: impl Fn(&Path) -> Option<T>) -> Option<T> {
    let found = Place::named(std::env::var_os("GLASSHOUSE_CORPORA")).find(path, read);
    if found.is_none() {
        say(&format!("SKIPPED: {path} is absent"));
    }
    found
}

/// The content of a corpus file; `None`, with a notice, if the corpora are absent.
///
/// # Panics
/// If `GLASSHOUSE_CORPORA` is set and the file is missing.
#[must_use]
pub fn corpus_bytes(path: &str) -> Option<Vec<u8>> {
    found(path, |path| std::fs::read(path).ok())
}

/// Like [`corpus_bytes`], as text.
///
/// # Panics
/// If `GLASSHOUSE_CORPORA` is set and the file is missing.
#[must_use]
pub fn corpus_text(path: &str) -> Option<String> {
    found(path, |path| std::fs::read_to_string(path).ok())
}

/// The path of a corpus folder; `None`, with a notice, if the corpora are absent.
///
/// # Panics
/// If `GLASSHOUSE_CORPORA` is set and the folder is missing.
#[must_use]
pub fn corpus_folder(path: &str) -> Option<PathBuf> {
    found(path, |path| path.is_dir().then(|| path.to_owned()))
}

/// Counts the cases of a corpus. A case is identified by the corpus and a hash of its text, so that
/// names are stable and no corpus text is copied into our files.
#[derive(Debug)]
pub struct Corpus {
    name: String,
    passed: usize,
    tolerated: Tolerated,
    wrong: Vec<String>,
}

impl Corpus {
    /// A corpus and its tolerated failures.
    #[must_use]
    pub fn new(name: &str, tolerated: Tolerated) -> Self {
        let tolerated = tolerated.of(&format!("{name} "));
        Self { name: name.to_owned(), passed: 0, tolerated, wrong: Vec::new() }
    }

    /// Records the result of the case with this text; `why` describes a failure.
    pub fn note(&mut self, case: &str, why: Option<String>) {
        let Some(why) = why else {
            self.passed += 1;
            return;
        };
        let name = format!("{} {}", self.name, fingerprint(case));
        if !self.tolerated.failed(&name) {
            self.wrong.push(format!("{name}: {why}"));
        }
    }

    /// Prints the number of passed cases.
    ///
    /// # Panics
    /// If a case failed that is not tolerated, or a tolerated case passed.
    pub fn finish(self) {
        let (name, passed) = (&self.name, self.passed);
        say(&format!("CORPUS: {name}: {passed} passed, {} tolerated", self.tolerated.count()));
        let wrong = self.faults();
        assert!(wrong.is_empty(), "{name}, {} wrong:\n{}", wrong.len(), wrong.join("\n"));
    }

    fn faults(&self) -> Vec<String> {
        let mut faults = self.wrong.clone();
        if self.passed == 0 {
            faults.push("no case has passed".to_owned());
        }
        let idle = self.tolerated.idle().into_iter();
        faults.extend(idle.map(|case| format!("{case} does not fail: take it off the list")));
        faults
    }
}

/// 64-bit FNV-1a, folded to eight hexadecimal digits.
fn fingerprint(text: &str) -> String {
    let mix = |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325, mix);
    format!("{:08x}", (hash >> 32) as u32 ^ hash as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_absent_is_skipped_unless_it_is_required() {
        let read = |path: &Path| std::fs::read(path).ok();
        let nowhere = || std::env::temp_dir().join("no-such-corpora").into_os_string();
        let optional = Place { is_required: false, ..Place::named(Some(nowhere())) };
        assert_eq!(optional.find("a.json", read), None);
        let required = std::panic::catch_unwind(|| Place::named(Some(nowhere())).find("a", read));
        assert!(required.is_err());
    }

    #[test]
    fn a_tolerated_case_that_passes_fails_the_test() {
        let finish = |list: &str, why: Option<&str>| {
            let mut corpus = Corpus::new("c", Tolerated::parse(list));
            corpus.note("a", None);
            corpus.note("b", why.map(str::to_owned));
            corpus.faults().is_empty()
        };
        assert!(finish("", None));
        assert!(!finish("", Some("wrong")));
        assert!(finish("reason\n  c 29622ee9\n", Some("wrong")));
        assert!(!finish("reason\n  c 29622ee9\n", None));
        assert!(finish("reason\n  other 1\n", None));
    }
}
