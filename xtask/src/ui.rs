//! Installs, checks and builds the TypeScript packages, which share one npm workspace.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result};

use crate::shell::{command, need, root, run};

/// A folder with a `package.json`.
struct Package {
    folder: &'static str,
    /// A file that every build updates.
    output: &'static str,
    /// Earlier packages in the list that are bundled into this one.
    uses: &'static [&'static str],
}

/// All packages, in dependency order.
const PACKAGES: [Package; 3] = [
    Package { folder: "sdk/web", output: "dist/index.js", uses: &[] },
    Package { folder: "examples/agent/page", output: "dist/index.html", uses: &["sdk/web"] },
    Package { folder: "ui", output: "dist/index.html", uses: &[] },
];

/// Installs the locked packages unless the lock file is unchanged since the last installation.
pub(crate) fn install() -> Result<()> {
    need("npm", &["nodejs", "npm"])?;
    let lock = modified(&root().join("package-lock.json"));
    let installed = modified(&root().join("node_modules/.package-lock.json"));
    if installed.is_some() && installed >= lock {
        return Ok(());
    }
    run(&mut command("npm", &["ci", "--no-audit", "--no-fund"]))
}

/// Builds each package whose sources are newer than its output.
pub(crate) fn build() -> Result<()> {
    install()?;
    PACKAGES.iter().try_for_each(Package::build)
}

/// Lints, type-checks, tests and builds each package.
pub(crate) fn check() -> Result<()> {
    install()?;
    for package in &PACKAGES {
        package.npm(&["run", "lint"])?;
        package.npm(&["test"])?;
        package.build()?;
    }
    Ok(())
}

impl Package {
    fn path(&self) -> PathBuf {
        root().join(self.folder)
    }

    fn npm(&self, arguments: &[&str]) -> Result<()> {
        run(command("npm", arguments).current_dir(self.path()))
    }

    fn build(&self) -> Result<()> {
        let built = modified(&self.path().join(self.output));
        let mut newest = newest_source(&self.path())?;
        for used in PACKAGES.iter().filter(|package| self.uses.contains(&package.folder)) {
            newest = newest.max(modified(&used.path().join(used.output)));
        }
        if built.is_some() && built >= newest {
            eprintln!("{}: up to date", self.folder);
            return Ok(());
        }
        self.npm(&["run", "build"])
    }
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|metadata| metadata.modified()).ok()
}

fn newest_source(folder: &Path) -> Result<Option<SystemTime>> {
    let mut newest = None;
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        let outputs = ["node_modules", "dist", "test-results"];
        let is_output = outputs.iter().any(|output| path.ends_with(output));
        if path.is_dir() && !is_output {
            newest = newest.max(newest_source(&path)?);
        } else if path.is_file() {
            newest = newest.max(modified(&path));
        }
    }
    Ok(newest)
}
