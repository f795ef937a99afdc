//! Checks that ARCHITECTURE.md and the tree agree.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context, Result};

use crate::shell::root;

/// The text of ARCHITECTURE.md.
pub(super) fn read() -> Result<String> {
    fs::read_to_string(root().join("ARCHITECTURE.md")).context("ARCHITECTURE.md")
}

/// Checks that ARCHITECTURE.md describes exactly the existing crates.
pub(super) fn crates() -> Result<Vec<String>> {
    let map = read()?;
    let mut wrong = Vec::new();
    let mut crates: BTreeSet<String> = BTreeSet::new();
    for entry in fs::read_dir(root().join("crates"))? {
        crates.insert(entry?.file_name().to_string_lossy().into_owned());
    }
    for name in &crates {
        if !map.contains(&format!("### `crates/{name}`")) {
            wrong.push(format!("ARCHITECTURE.md has no section \"### `crates/{name}`\""));
        }
    }
    for line in map.lines().filter_map(|line| line.strip_prefix("### `crates/")) {
        let name = line.split('`').next().unwrap_or_default();
        if !crates.contains(name) {
            wrong.push(format!("ARCHITECTURE.md names crates/{name}, which is not there"));
        }
    }
    Ok(wrong)
}

/// Checks that the paths in ARCHITECTURE.md exist.
pub(super) fn paths() -> Result<Vec<String>> {
    let map = read()?;
    let is_path = |text: &&str| {
        text.contains('/') && text.split('/').next().is_some_and(|top| root().join(top).is_dir())
    };
    let missing = map.split('`').skip(1).step_by(2).filter(|text| !text.starts_with('/'));
    let missing = missing.filter(is_path).filter(|path| !root().join(path).exists());
    Ok(missing.map(|path| format!("ARCHITECTURE.md names {path}, which is not there")).collect())
}

/// Checks that decisions are numbered without gaps and listed in ARCHITECTURE.md.
pub(super) fn decisions() -> Result<Vec<String>> {
    let map = read()?;
    let mut names = Vec::new();
    for entry in fs::read_dir(root().join("docs/decisions"))? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    let mut wrong = Vec::new();
    for (i, name) in names.iter().enumerate() {
        if !name.starts_with(&format!("{:04}-", i + 1)) {
            wrong.push(format!("docs/decisions/{name}: number {:04} comes here", i + 1));
        }
        if !map.contains(&format!("(docs/decisions/{name})")) {
            wrong.push(format!("ARCHITECTURE.md does not list docs/decisions/{name}"));
        }
    }
    Ok(wrong)
}
