//! Project rules that no compiler checks. They run as a test too.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::fetch;
use crate::shell::{command, root};

/// Which crate may use which others of the workspace. The table is the architecture: a new edge
/// comes with a decision record.
const EDGES: &[(&str, &[&str])] = &[
    ("signals", &[]),
    ("wire", &["signals"]),
    ("lang", &[]),
    ("page-api", &[]),
    ("store", &["signals"]),
    ("receive", &["signals", "store", "wire"]),
    ("query", &["lang", "signals", "store"]),
    ("serve", &["page-api", "query", "signals", "wire"]),
    ("glasshouse", &["agent", "page-api", "query", "receive", "serve", "signals", "store", "wire"]),
    ("glasshouse-sdk", &[]),
    ("agent", &["glasshouse-sdk"]),
    ("bench", &[]),
    ("xtask", &[]),
];

/// Heavy outside crates, and the only crates that may name them.
const OWNED: &[(&str, &[&str])] = &[
    ("datafusion", &["query"]),
    ("datafusion-datasource", &["query"]),
    ("parquet", &["store"]),
    ("object_store", &["query", "store"]),
    ("opentelemetry-proto", &["bench", "glasshouse-sdk", "wire"]),
    ("prost", &["bench", "glasshouse-sdk", "wire"]),
    ("rust-embed", &["agent", "serve"]),
    ("clap", &["bench", "glasshouse"]),
    ("anyhow", &["agent", "bench", "glasshouse", "xtask"]),
];

/// Packages that a service compiles for the SDK, with gRPC and TLS.
const SDK_PACKAGES_MAX: usize = 150;

/// Names that say nothing about what is inside.
const EMPTY_NAMES: &[&str] = &[
    "common", "utils", "util", "helpers", "misc", "core", "base", "shared", "manager", "handler",
    "handlers", "types", "mod",
];

/// Checks every rule and reports all that is wrong at once.
pub(crate) fn run() -> Result<()> {
    // `cargo tree` lists features that no default build downloads.
    fetch::main_workspace()?;
    let mut wrong = Vec::new();
    wrong.extend(crate_rules()?);
    wrong.extend(sdk_rules()?);
    wrong.extend(map_rules()?);
    wrong.extend(path_rules()?);
    wrong.extend(decision_rules()?);
    for file in sources(&root())? {
        wrong.extend(file_rules(&file)?);
    }
    if wrong.is_empty() {
        eprintln!("tidy: all rules hold");
        return Ok(());
    }
    bail!("{} things are out of order:\n  {}", wrong.len(), wrong.join("\n  "))
}

/// Edges between crates, owners of heavy crates, no git dependencies.
fn crate_rules() -> Result<Vec<String>> {
    let output = command("cargo", &["metadata", "--format-version=1", "--no-deps", "--locked"])
        .output()
        .context("cargo metadata")?;
    if !output.status.success() {
        bail!("cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    }
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    let packages = metadata["packages"].as_array().context("no packages")?;
    let inside: BTreeSet<&str> =
        packages.iter().filter_map(|package| package["name"].as_str()).collect();
    let mut wrong = Vec::new();
    for package in packages {
        let name = package["name"].as_str().unwrap_or_default();
        let Some((_, allowed)) = EDGES.iter().find(|(crate_name, _)| *crate_name == name) else {
            wrong.push(format!("crate {name} is not in the edge table of xtask/src/tidy.rs"));
            continue;
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let used = dependency["name"].as_str().unwrap_or_default();
            let is_for_tests = dependency["kind"] == "dev";
            if inside.contains(used) && !allowed.contains(&used) && !is_for_tests {
                wrong.push(format!(
                    "{name} may not use {used}: the edge is not in the table of xtask/src/tidy.rs"
                ));
            }
            let owners = OWNED.iter().find(|(owned, _)| *owned == used).map(|(_, owners)| *owners);
            if owners.is_some_and(|owners| !owners.contains(&name)) && !is_for_tests {
                wrong.push(format!(
                    "{name} may not use {used}: only {} may",
                    owners.unwrap_or_default().join(", ")
                ));
            }
            if dependency["source"].as_str().is_some_and(|source| source.starts_with("git+")) {
                wrong.push(format!("{name} uses {used} from git: only released crates"));
            }
        }
    }
    Ok(wrong)
}

/// What a service gets with the SDK: few packages, and nothing of the engine.
fn sdk_rules() -> Result<Vec<String>> {
    let arguments = ["tree", "-p", "glasshouse-sdk", "--features", "grpc,tls", "--edges", "normal"];
    let output = command("cargo", &arguments)
        .args(["--prefix", "none", "--format", "{p}", "--locked"])
        .output()
        .context("cargo tree")?;
    if !output.status.success() {
        bail!("cargo tree: {}", String::from_utf8_lossy(&output.stderr));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let packages: BTreeSet<&str> =
        text.lines().map(|line| line.split(" (").next().unwrap_or(line)).collect();
    let mut wrong = Vec::new();
    for heavy in packages.iter().filter(|name| {
        ["arrow", "datafusion", "parquet"].iter().any(|heavy| name.starts_with(heavy))
    }) {
        wrong.push(format!("a service with glasshouse-sdk compiles {heavy}"));
    }
    if packages.len() > SDK_PACKAGES_MAX {
        wrong.push(format!(
            "a service with glasshouse-sdk compiles {} packages, more than {SDK_PACKAGES_MAX}",
            packages.len()
        ));
    }
    Ok(wrong)
}

/// ARCHITECTURE.md names every crate and no other.
fn map_rules() -> Result<Vec<String>> {
    let map = fs::read_to_string(root().join("ARCHITECTURE.md")).context("ARCHITECTURE.md")?;
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

/// Paths that ARCHITECTURE.md names are there.
fn path_rules() -> Result<Vec<String>> {
    let map = fs::read_to_string(root().join("ARCHITECTURE.md")).context("ARCHITECTURE.md")?;
    let is_path = |text: &&str| {
        text.contains('/') && text.split('/').next().is_some_and(|top| root().join(top).is_dir())
    };
    let missing = map.split('`').skip(1).step_by(2).filter(|text| !text.starts_with('/'));
    let missing = missing.filter(is_path).filter(|path| !root().join(path).exists());
    Ok(missing.map(|path| format!("ARCHITECTURE.md names {path}, which is not there")).collect())
}

/// Decisions are numbered without gaps, and ARCHITECTURE.md lists them.
fn decision_rules() -> Result<Vec<String>> {
    let map = fs::read_to_string(root().join("ARCHITECTURE.md")).context("ARCHITECTURE.md")?;
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

/// Opening documentation, telling names, no local paths.
fn file_rules(path: &Path) -> Result<Vec<String>> {
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

/// The text files that we write, as git lists them.
fn sources(folder: &Path) -> Result<Vec<PathBuf>> {
    let arguments = ["ls-files", "--cached", "--others", "--exclude-standard", "-z"];
    let output = command("git", &arguments).current_dir(folder).output().context("git ls-files")?;
    let kinds = ["rs", "ts", "tsx", "css", "toml", "md", "py", "yml", "yaml"];
    Ok(String::from_utf8_lossy(&output.stdout)
        .split('\0')
        .map(|name| folder.join(name))
        .filter(|path| {
            path.extension().is_some_and(|extension| kinds.iter().any(|kind| extension == *kind))
        })
        .filter(|path| path.is_file())
        .collect())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_house_is_in_order() {
        if let Err(wrong) = super::run() {
            panic!("{wrong:#}");
        }
    }
}
