//! `cargo xtask bench`: measurements in release mode.

use anyhow::Result;

use crate::shell::{command, run as run_command};
use crate::{run, ui};

/// Builds the release binary and runs the `bench` program.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    ui::build()?;
    let binary = run::build(true)?;
    let mut bench = command("cargo", &["run", "--release", "--package", "bench", "--", "--binary"]);
    run_command(bench.arg(binary).args(arguments))
}
