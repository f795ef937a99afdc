//! The page: installed, built and tested with npm.

use std::fs;
use std::path::PathBuf;
use std::time::SystemTime;

use anyhow::{Context, Result};

use crate::shell::{command, need, root, run};

fn folder() -> PathBuf {
    root().join("ui")
}

/// Runs npm in the folder of the page.
pub(crate) fn npm(arguments: &[&str]) -> Result<()> {
    run(command("npm", arguments).current_dir(folder()))
}

/// Installs the locked packages, unless that was done since the lock file last changed.
pub(crate) fn install() -> Result<()> {
    need("npm", &["nodejs", "npm"])?;
    let lock = modified(&folder().join("package-lock.json"));
    let installed = modified(&folder().join("node_modules/.package-lock.json"));
    if installed.is_some() && installed >= lock {
        return Ok(());
    }
    npm(&["ci", "--no-audit", "--no-fund"])
}

/// Builds `ui/dist`, unless it is newer than every source.
pub(crate) fn build() -> Result<()> {
    install()?;
    let built = modified(&folder().join("dist/index.html"));
    if built.is_some() && built >= newest_source(&folder())? {
        eprintln!("ui: up to date");
        return Ok(());
    }
    npm(&["run", "build"])
}

fn modified(path: &std::path::Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|metadata| metadata.modified()).ok()
}

fn newest_source(folder: &std::path::Path) -> Result<Option<SystemTime>> {
    let mut newest = None;
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        let is_output = path.ends_with("node_modules") || path.ends_with("ui/dist");
        if path.is_dir() && !is_output {
            newest = newest.max(newest_source(&path)?);
        } else if path.is_file() {
            newest = newest.max(modified(&path));
        }
    }
    Ok(newest)
}
