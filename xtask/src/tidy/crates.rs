//! Checks dependencies between crates, and the dependencies of the published crate.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use serde_json::Value;

use super::{EDGES, OWNED, SDK_PACKAGES_MAX};
use crate::shell::{command, output};

/// Checks edges between crates, owners of heavy crates, and that there are no git dependencies.
pub(super) fn edges() -> Result<Vec<String>> {
    let arguments = ["metadata", "--format-version=1", "--no-deps", "--locked"];
    let metadata: Value = serde_json::from_str(&output(&mut command("cargo", &arguments))?)?;
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

/// Checks that the SDK has few dependencies and none of the engine.
pub(super) fn sdk() -> Result<Vec<String>> {
    let arguments = ["tree", "-p", "glasshouse-sdk", "--features", "grpc,tls", "--edges", "normal"];
    let mut tree = command("cargo", &arguments);
    let text = output(tree.args(["--prefix", "none", "--format", "{p}", "--locked"]))?;
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
