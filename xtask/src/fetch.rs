//! `cargo xtask fetch`: downloads all crates and npm packages that later steps build, test or list,
//! and the tools that check them.
//!
//! A default build downloads only its own dependencies. A step that reads the dependency graph of
//! other features, or builds an excluded workspace, would otherwise depend on earlier downloads.

use anyhow::Result;

use crate::dependencies;
use crate::shell::{command, run};
use crate::ui;

/// The main workspace and the workspaces that it excludes.
const MANIFESTS: [&str; 4] =
    ["Cargo.toml", "e2e/s3/Cargo.toml", "examples/rig/Cargo.toml", "fuzz/Cargo.toml"];

/// Downloads the locked crates of every workspace and the locked npm packages. Missing tools are
/// reported by the step that needs them.
pub(crate) fn run_all() -> Result<()> {
    MANIFESTS.iter().try_for_each(|manifest| workspace(manifest))?;
    ui::install()?;
    if let Err(error) = dependencies::programs() {
        eprintln!("the tools of the step dependencies cannot be installed: {error:#}");
    }
    Ok(())
}

/// Downloads the locked crates of the main workspace, with all features.
pub(crate) fn main_workspace() -> Result<()> {
    workspace(MANIFESTS[0])
}

/// Fails if the lock file does not match the manifests.
fn workspace(manifest: &str) -> Result<()> {
    run(&mut command("cargo", &["fetch", "--locked", "--manifest-path", manifest]))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crate::shell::{command, root};

    #[test]
    fn every_workspace_of_the_project_is_fetched() {
        let listed = command("git", &["ls-files", "-z", "*Cargo.lock"]).output().unwrap();
        let listed = String::from_utf8(listed.stdout).unwrap();
        let locked: BTreeSet<String> = listed
            .split_terminator('\0')
            .map(|lock| lock.replace("Cargo.lock", "Cargo.toml"))
            .filter(|manifest| root().join(manifest).is_file())
            .collect();
        assert_eq!(locked, super::MANIFESTS.map(str::to_owned).into());
    }
}
