//! Checks the first line, the names and forbidden content of source files.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::shell::{command, output, root};

/// Meaningless names.
const EMPTY_NAMES: &[&str] = &[
    "common", "utils", "util", "helpers", "misc", "core", "base", "shared", "manager", "handler",
    "handlers", "types", "mod",
];

/// Checks for opening documentation, meaningful names, and no local paths.
pub(super) fn text(path: &Path) -> Result<Vec<String>> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let shown = path.strip_prefix(root()).unwrap_or(path).display().to_string();
    let mut wrong = Vec::new();
    if path.extension().is_some_and(|extension| extension == "rs") {
        if !text.starts_with("//!") {
            wrong.push(format!("{shown}: open with //! what it is and what it is not"));
        }
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        if EMPTY_NAMES.contains(&stem.as_ref()) {
            wrong.push(format!("{shown}: the name {stem:?} says nothing; name the concept"));
        }
    }
    for (i, line) in text.lines().enumerate() {
        if line.ends_with([' ', '\t']) {
            wrong.push(format!("{shown}:{}: space at the end of the line", i + 1));
        }
        for local in ["/wo".to_owned() + "rk/", "/ro".to_owned() + "ot/"] {
            if line.contains(&local) {
                wrong.push(format!("{shown}:{}: names a path of one machine ({local})", i + 1));
            }
        }
    }
    Ok(wrong)
}

/// All text files that are not generated, as listed by git.
pub(super) fn sources() -> Result<Vec<PathBuf>> {
    let arguments = ["ls-files", "--cached", "--others", "--exclude-standard", "-z"];
    let listed = output(&mut command("git", &arguments))?;
    let kinds = ["rs", "ts", "tsx", "mjs", "css", "toml", "md", "py", "yml", "yaml"];
    Ok(listed
        .split('\0')
        .map(|name| root().join(name))
        .filter(|path| {
            path.extension().is_some_and(|extension| kinds.iter().any(|kind| extension == *kind))
        })
        .filter(|path| path.is_file())
        .collect())
}
