//! The files of rules in the data folder, which the page writes.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use adopt::SystemFiles;
use page_api::{RuleFileEntry, RuleFileList, RuleFileSave};
use serve::RuleFileFault;

use super::{built_in, rule_files};

/// Size of a file that the page shows and writes, in bytes.
const FILE_BYTES_MAX: u64 = 1 << 20;
/// Length of a name.
const NAME_CHARS_MAX: usize = 100;

/// The folder in a data folder.
pub(crate) fn folder(data: &Path) -> PathBuf {
    data.join("rules")
}

/// The texts of files that are in use, those in the data folder with their names.
pub(crate) fn list(folder: &Path, files: &[PathBuf]) -> RuleFileList {
    let entry = |file: &PathBuf| {
        let is_own = file.parent() == Some(folder);
        let name = file.file_name().filter(|_| is_own);
        RuleFileEntry {
            file: file.display().to_string(),
            name: name.map(|name| name.to_string_lossy().into_owned()),
            content: content(file),
        }
    };
    let mut files: Vec<_> = files.iter().map(entry).collect();
    files.sort_by(|a, b| a.file.cmp(&b.file));
    RuleFileList { files }
}

/// The text of a file; empty if it is large or cannot be read.
fn content(file: &Path) -> String {
    if let Some(text) = built_in::text(file) {
        return text.to_owned();
    }
    let is_small = fs::metadata(file).is_ok_and(|data| data.len() <= FILE_BYTES_MAX);
    if is_small { fs::read_to_string(file).unwrap_or_default() } else { String::new() }
}

/// Writes a file, or removes it if the new text is empty, and applies the change. If it cannot be
/// applied, the file is what it was.
///
/// # Errors
/// [`RuleFileFault`].
pub(crate) fn save(
    folder: &Path,
    name: &str,
    save: &RuleFileSave,
    apply: impl Fn() -> Result<(), String>,
) -> Result<RuleFileEntry, RuleFileFault> {
    check_name(name)?;
    let file = folder.join(name);
    let not_written = |error: std::io::Error| RuleFileFault::NotWritten {
        file: file.display().to_string(),
        reason: error.to_string(),
    };
    let before = fs::read_to_string(&file).ok();
    if before != save.read {
        return Err(RuleFileFault::Changed(file.display().to_string()));
    }
    let content = &save.content;
    if content.trim().is_empty() {
        fs::remove_file(&file).map_err(not_written)?;
    } else {
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.map_err(not_written)?;
        write(&file, content).map_err(not_written)?;
        if let Err(error) = rule_files::read(&file, &SystemFiles) {
            put_back(&file, before.as_deref());
            return Err(RuleFileFault::Invalid(error.to_string()));
        }
    }
    if let Err(error) = apply() {
        put_back(&file, before.as_deref());
        return Err(RuleFileFault::Invalid(error));
    }
    Ok(RuleFileEntry {
        file: file.display().to_string(),
        name: Some(name.to_owned()),
        content: content.clone(),
    })
}

fn check_name(name: &str) -> Result<(), RuleFileFault> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let stem = name.strip_suffix(".yml").or_else(|| name.strip_suffix(".yaml"));
    let is_valid = stem.is_some_and(|stem| !stem.is_empty())
        && name.len() <= NAME_CHARS_MAX
        && !name.starts_with('.')
        && name.chars().all(is_plain);
    if is_valid {
        return Ok(());
    }
    Err(RuleFileFault::Invalid(format!(
        "{name:?} is not a name of a file of rules: letters, digits, '-', '_' and '.', at most \
         {NAME_CHARS_MAX}, ending in .yml"
    )))
}

/// Replaces the file at once: a reader sees the old text or the new one.
fn write(file: &Path, content: &str) -> std::io::Result<()> {
    let new = file.with_extension("new");
    let mut options = fs::OpenOptions::new();
    let mut written = options.write(true).create(true).truncate(true).mode(0o600).open(&new)?;
    written.write_all(content.as_bytes())?;
    written.sync_all()?;
    fs::rename(new, file)
}

fn put_back(file: &Path, before: Option<&str>) {
    let put_back = match before {
        Some(content) => write(file, content),
        None => fs::remove_file(file),
    };
    if let Err(error) = put_back {
        tracing::error!(file = %file.display(), %error, "a file of rules is not what it was");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_written_if_it_is_valid_and_was_read_as_it_is() {
        const GOOD: &str = "groups: [{name: g, rules: [{record: a, expr: up}]}]\n";
        let data = tempfile::tempdir().unwrap();
        let folder = folder(data.path());
        let attempt = |name: &str, read: Option<&str>, content: &str, apply: Result<(), String>| {
            let body = RuleFileSave { read: read.map(str::to_owned), content: content.to_owned() };
            save(&folder, name, &body, || apply.clone()).map(|entry| entry.content)
        };
        let kind = |result: Result<String, RuleFileFault>| match result {
            Ok(_) => "written",
            Err(RuleFileFault::Invalid(_)) => "invalid",
            Err(RuleFileFault::Changed(_)) => "changed",
            Err(RuleFileFault::NotWritten { .. }) => "not written",
        };
        let text = || fs::read_to_string(folder.join("a.yml")).ok();
        for (name, read, content, apply, expected, after) in [
            ("../a.yml", None, GOOD, Ok(()), "invalid", None),
            (".a.yml", None, GOOD, Ok(()), "invalid", None),
            ("a.txt", None, GOOD, Ok(()), "invalid", None),
            ("a.yml", None, "groups: [", Ok(()), "invalid", None),
            ("a.yml", None, GOOD, Err("no".to_owned()), "invalid", None),
            ("a.yml", Some("x"), GOOD, Ok(()), "changed", None),
            ("a.yml", None, "", Ok(()), "not written", None),
            ("a.yml", None, GOOD, Ok(()), "written", Some(GOOD)),
            ("a.yml", None, GOOD, Ok(()), "changed", Some(GOOD)),
            ("a.yml", Some(GOOD), "groups: [{name: g}, {name: g}]", Ok(()), "invalid", Some(GOOD)),
            ("a.yml", Some(GOOD), "", Err("no".to_owned()), "invalid", Some(GOOD)),
            ("a.yml", Some(GOOD), " ", Ok(()), "written", None),
        ] {
            assert_eq!(kind(attempt(name, read, content, apply)), expected, "{name} {content}");
            assert_eq!(text().as_deref(), after, "{name} {content}");
        }
    }
}
